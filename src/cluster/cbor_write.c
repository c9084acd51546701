// cbor_write.c - values to CBOR: see cbor.h. Start reading at cbor_write.
#include <string.h>

#include "cluster/cbor.h"
#include "cluster/cbor_format.h"

struct output {
    unsigned char *at;
    size_t room;
    size_t length;
};

static void put_bytes(struct output *output, const void *bytes, size_t count) {
    if (count > 0 && output->length <= output->room && count <= output->room - output->length) {
        memcpy(output->at + output->length, bytes, count);
    }
    output->length += count;
}

static void put_big_endian(struct output *output, uint64_t value, unsigned bytes) {
    unsigned char digits[8];
    for (unsigned i = 0; i < bytes; i++) {
        digits[i] = (unsigned char)(value >> 8 * (bytes - 1 - i));
    }
    put_bytes(output, digits, bytes);
}

// The first byte of an item and its number, in the shortest form.
static void put_head(struct output *output, enum cbor_major major, uint64_t number) {
    unsigned extra = 0; // two to this power of bytes follow
    if (number >= CBOR_MINOR_ONE_BYTE) {
        extra = number > UINT32_MAX ? 8 : number > UINT16_MAX ? 4 : number > UINT8_MAX ? 2 : 1;
    }
    const unsigned low = extra == 0   ? (unsigned)number
                         : extra == 1 ? CBOR_MINOR_ONE_BYTE
                         : extra == 2 ? CBOR_MINOR_ONE_BYTE + 1
                         : extra == 4 ? CBOR_MINOR_ONE_BYTE + 2
                                      : CBOR_MINOR_ONE_BYTE + 3;
    put_big_endian(output, (unsigned)major << 5 | low, 1);
    put_big_endian(output, number, extra);
}

static void put_int(struct output *output, int64_t value) {
    if (value < 0) {
        put_head(output, CBOR_NEGATIVE, ~(uint64_t)value);
    } else {
        put_head(output, CBOR_UNSIGNED, (uint64_t)value);
    }
}

static void put_float(struct output *output, const void *value, unsigned bytes) {
    uint64_t bits = 0;
    uint32_t single;
    if (bytes == sizeof single) {
        memcpy(&single, value, sizeof single);
        bits = single;
    } else {
        memcpy(&bits, value, sizeof bits);
    }
    put_big_endian(output, bytes == sizeof single ? CBOR_SINGLE : CBOR_DOUBLE, 1);
    put_big_endian(output, bits, bytes);
}

// Whether these are UTF-8: no stray, overlong or surrogate sequence, and none above 0x10ffff.
static bool is_utf8(const unsigned char *at, size_t count) {
    size_t i = 0;
    while (i < count) {
        const unsigned char first = at[i++];
        const unsigned more = first < 0x80   ? 0
                              : first < 0xc2 ? 9
                              : first < 0xe0 ? 1
                              : first < 0xf0 ? 2
                              : first < 0xf5 ? 3
                                             : 9;
        if (more > count - i) {
            return false;
        }
        for (unsigned k = 0; k < more; k++) {
            const unsigned char next = at[i + k];
            unsigned char low = 0x80, high = 0xbf;
            if (k == 0) {
                low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : low;
                high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : high;
            }
            if (next < low || next > high) {
                return false;
            }
        }
        i += more;
    }
    return true;
}

static void put_view(struct output *output, const struct tn_data_field *field, const void *value) {
    struct schema_view view;
    memcpy(&view, value, sizeof view);
    const size_t bytes = view.count * field->element_bytes;
    enum cbor_major major = CBOR_BYTES;
    if (field->kind == TN_DATA_TEXT && is_utf8(view.data, bytes)) {
        major = CBOR_TEXT;
    }
    if (field->kind >= TN_DATA_INTS) {
        put_head(output, CBOR_TAG, cbor_array_tag(field, CBOR_HOST_IS_LITTLE));
    }
    put_head(output, major, bytes);
    put_bytes(output, view.data, bytes);
}

static void put_fields(struct output *output, const struct tn_data_type *type, const char *values);

static void put_field(struct output *output, const struct tn_data_field *field, const char *value) {
    switch (field->kind) {
    case TN_DATA_BOOL:
        put_big_endian(output, *value != 0 ? CBOR_TRUE : CBOR_FALSE, 1);
        break;
    case TN_DATA_CHAR:
        put_head(output, CBOR_UNSIGNED, (unsigned char)*value);
        break;
    case TN_DATA_INT:
        put_int(output, cbor_load_int(value, field->element_bytes));
        break;
    case TN_DATA_UINT:
        put_head(output, CBOR_UNSIGNED, cbor_load_uint(value, field->element_bytes));
        break;
    case TN_DATA_FLOAT:
        put_float(output, value, field->element_bytes);
        break;
    case TN_DATA_STRUCT:
        put_fields(output, field->type, value);
        break;
    default:
        put_view(output, field, value);
        break;
    }
}

static void put_fields(struct output *output, const struct tn_data_type *type, const char *values) {
    put_head(output, CBOR_ARRAY, type->count);
    for (unsigned i = 0; i < type->count; i++) {
        put_field(output, &type->fields[i], values + type->fields[i].offset);
    }
}

size_t cbor_write(const struct tn_data_type *type, const void *values, void *buffer, size_t room) {
    struct output output = {buffer, room, 0};
    put_fields(&output, type, values);
    return output.length;
}
