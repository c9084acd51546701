// copy.c - see copy.h.
#include "cluster/copy.h"

#include <string.h>

#include "base/bits.h"

static size_t fixed_bytes(const struct tn_data_type *type) {
    return bits_round_up(type->bytes, 8);
}

size_t copy_bytes(const struct tn_data_type *type, const void *values) {
    size_t bytes = fixed_bytes(type);
    for (unsigned i = 0; i < type->count; i++) {
        const struct tn_data_field *field = &type->fields[i];
        if (schema_is_view(field)) {
            struct schema_view view;
            memcpy(&view, (const char *)values + field->offset, sizeof view);
            bytes += bits_round_up(view.count * field->element_bytes, 8);
        }
    }
    return bytes;
}

// Fewer than 8 bytes, and zeros behind them. Most structures are no longer than that; whoever sends
// such a word reads it at once, which waits for its parts if it was written in several.
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a word's first half is its lower one");
static uint64_t word_of(const char *from, size_t bytes) {
    uint64_t word = 0;
    uint32_t half;
    if (bytes == sizeof half) {
        memcpy(&half, from, sizeof half);
        return half;
    }
    memcpy(&word, from, bytes);
    return word;
}

// The structure, and zeros up to a multiple of 8.
static size_t write_fixed(const struct tn_data_type *type, const char *values, char *to) {
    const size_t words = type->bytes / 8 * 8, rest = type->bytes - words;
    if (words > 0) {
        memcpy(to, values, words);
    }
    if (rest > 0) {
        const uint64_t last = word_of(values + words, rest);
        memcpy(to + words, &last, sizeof last);
    }
    return fixed_bytes(type);
}

void copy_write(const struct tn_data_type *type, const void *values, void *buffer) {
    char *const to = buffer;
    size_t at = write_fixed(type, values, to);
    for (unsigned i = 0; i < type->count; i++) {
        const struct tn_data_field *field = &type->fields[i];
        if (!schema_is_view(field)) {
            continue;
        }
        struct schema_view view;
        memcpy(&view, (const char *)values + field->offset, sizeof view);
        const size_t bytes = view.count * field->element_bytes;
        const size_t end = at + bits_round_up(bytes, 8);
        if (bytes > 0) {
            memset(to + end - 8, 0, 8);
            memcpy(to + at, view.data, bytes);
        }
        view.data = (const void *)(uintptr_t)at;
        memcpy(to + field->offset, &view, sizeof view);
        at = end;
    }
}

static bool has_bools(const struct tn_data_type *type, const unsigned char *values) {
    for (unsigned i = 0; i < type->count; i++) {
        const struct tn_data_field *field = &type->fields[i];
        if (field->kind == TN_DATA_BOOL && values[field->offset] > 1) {
            return false;
        }
        if (field->kind == TN_DATA_STRUCT && !has_bools(field->type, values + field->offset)) {
            return false;
        }
    }
    return true;
}

bool copy_read(const struct tn_data_type *type, const void *buffer, size_t bytes, void *values) {
    size_t at = fixed_bytes(type);
    if (bytes < at) {
        return false;
    }
    memcpy(values, buffer, type->bytes); // once: the other side may still write there
    if (!has_bools(type, values)) {
        return false;
    }
    for (unsigned i = 0; i < type->count; i++) {
        const struct tn_data_field *field = &type->fields[i];
        if (!schema_is_view(field)) {
            continue;
        }
        struct schema_view view;
        memcpy(&view, (const char *)values + field->offset, sizeof view);
        if ((uintptr_t)view.data != at || view.count > (bytes - at) / field->element_bytes) {
            return false;
        }
        const size_t extent = bits_round_up(view.count * field->element_bytes, 8);
        if (extent > bytes - at) {
            return false;
        }
        view.data = (const char *)buffer + at;
        memcpy((char *)values + field->offset, &view, sizeof view);
        at += extent;
    }
    return at == bytes;
}
