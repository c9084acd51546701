// cbor_read.c - CBOR to values: see cbor.h. Every length is compared with what is left before it is
// used. Start reading at cbor_read.
#include <string.h>

#include "base/bits.h"
#include "cluster/cbor.h"
#include "cluster/cbor_format.h"

struct input {
    const unsigned char *at;
    size_t left;
    unsigned char *scratch;
    size_t scratch_left;
};

struct head {
    unsigned first; // the whole first byte
    enum cbor_major major;
    uint64_t number;
};

static enum cbor_code take_head(struct input *input, struct head *head) {
    if (input->left == 0) {
        return CBOR_SHORT;
    }
    head->first = *input->at;
    head->major = (enum cbor_major)(head->first >> 5);
    const unsigned low = head->first & 31;
    const unsigned extra = low < CBOR_MINOR_ONE_BYTE ? 0 : 1u << (low - CBOR_MINOR_ONE_BYTE);
    if (low > 27) { // no definite length, or nothing that is defined
        return CBOR_TYPE;
    }
    if (extra >= input->left) {
        return CBOR_SHORT;
    }
    head->number = low;
    if (extra > 0) {
        head->number = 0;
        for (unsigned i = 1; i <= extra; i++) {
            head->number = head->number << 8 | input->at[i];
        }
    }
    input->at += 1 + extra;
    input->left -= 1 + extra;
    return CBOR_OK;
}

static enum cbor_code take_integer(struct input *input, const struct tn_data_field *field,
                                   char *value) {
    struct head head;
    const enum cbor_code code = take_head(input, &head);
    if (code != CBOR_OK) {
        return code;
    }
    if (head.major != CBOR_UNSIGNED && head.major != CBOR_NEGATIVE) {
        return CBOR_TYPE;
    }
    const bool is_signed = field->kind == TN_DATA_INT;
    const unsigned bits = 8u * field->element_bytes - is_signed;
    const uint64_t most = UINT64_MAX >> (64 - bits);
    if (head.number > most || (head.major == CBOR_NEGATIVE && !is_signed)) {
        return CBOR_RANGE;
    }
    cbor_store(value, head.major == CBOR_NEGATIVE ? ~head.number : head.number,
               field->element_bytes);
    return CBOR_OK;
}

static enum cbor_code take_bool(struct input *input, char *value) {
    struct head head;
    const enum cbor_code code = take_head(input, &head);
    if (code != CBOR_OK) {
        return code;
    }
    if (head.first != CBOR_FALSE && head.first != CBOR_TRUE) {
        return CBOR_TYPE;
    }
    *value = head.first == CBOR_TRUE;
    return CBOR_OK;
}

static float single_of(uint64_t bits) {
    const uint32_t word = (uint32_t)bits;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

// RFC 8949, appendix D: a half has 5 bits of exponent and 10 of fraction.
static float single_of_half(uint64_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t exponent = (uint32_t)half >> 10 & 31;
    const uint32_t fraction = (uint32_t)half & 0x3ff;
    if (exponent == 0) { // zero, or a multiple of two to the power of -24
        const float value = (float)fraction * 0x1p-24f;
        return sign != 0 ? -value : value;
    }
    const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    return single_of(sign | wide << 23 | fraction << 13);
}

static enum cbor_code take_float(struct input *input, const struct tn_data_field *field,
                                 char *value) {
    struct head head;
    const enum cbor_code code = take_head(input, &head);
    if (code != CBOR_OK) {
        return code;
    }
    double wide;
    switch (head.first) {
    case CBOR_HALF:
        wide = (double)single_of_half(head.number);
        break;
    case CBOR_SINGLE:
        wide = (double)single_of(head.number);
        break;
    case CBOR_DOUBLE:
        memcpy(&wide, &head.number, sizeof wide);
        break;
    default:
        return CBOR_TYPE;
    }
    if (field->element_bytes == sizeof wide) {
        memcpy(value, &wide, sizeof wide);
    } else if (head.first == CBOR_DOUBLE) {
        return CBOR_RANGE;
    } else if (head.first == CBOR_SINGLE) { // also one that is not a number keeps its bits
        cbor_store(value, head.number, 4);
    } else {
        const float narrow = (float)wide;
        memcpy(value, &narrow, sizeof narrow);
    }
    return CBOR_OK;
}

// ---- views -----------------------------------------------------------------------------------

static void swap_elements(unsigned char *at, size_t bytes, unsigned element_bytes) {
    for (size_t i = 0; i < bytes; i += element_bytes) {
        for (unsigned k = 0; k < element_bytes / 2; k++) {
            const unsigned char kept = at[i + k];
            at[i + k] = at[i + element_bytes - 1 - k];
            at[i + element_bytes - 1 - k] = kept;
        }
    }
}

// The tag that says what the elements of an array are. Bytes may have theirs, or none.
static enum cbor_code take_tag(struct input *input, const struct tn_data_field *field,
                               struct head *head, bool *is_swapped) {
    const bool is_array = field->kind >= TN_DATA_INTS;
    enum cbor_code code = take_head(input, head);
    if (code != CBOR_OK || (head->major != CBOR_TAG && !is_array)) {
        return code;
    }
    if (head->major != CBOR_TAG || field->kind == TN_DATA_TEXT) {
        return CBOR_TYPE;
    }
    if (head->number == cbor_array_tag(field, !CBOR_HOST_IS_LITTLE)) {
        *is_swapped = field->element_bytes > 1;
    } else if (head->number != cbor_array_tag(field, CBOR_HOST_IS_LITTLE)) {
        return CBOR_TYPE;
    }
    return take_head(input, head);
}

static enum cbor_code take_view(struct input *input, const struct tn_data_field *field,
                                char *value) {
    struct head head;
    bool is_swapped = false;
    const enum cbor_code code = take_tag(input, field, &head, &is_swapped);
    if (code != CBOR_OK) {
        return code;
    }
    const bool is_text = field->kind == TN_DATA_TEXT && head.major == CBOR_TEXT;
    if (head.major != CBOR_BYTES && !is_text) {
        return CBOR_TYPE;
    }
    if (head.number > input->left) {
        return CBOR_SHORT;
    }
    const size_t bytes = (size_t)head.number;
    const size_t extent = bits_round_up(bytes, 8);
    if (bytes % field->element_bytes != 0) {
        return CBOR_RANGE;
    }
    if (extent > input->scratch_left) {
        return CBOR_ROOM;
    }
    if (bytes > 0) {
        memcpy(input->scratch, input->at, bytes);
    }
    if (is_swapped) {
        swap_elements(input->scratch, bytes, field->element_bytes);
    }
    const struct schema_view view = {input->scratch, bytes / field->element_bytes};
    memcpy(value, &view, sizeof view);
    input->at += bytes;
    input->left -= bytes;
    input->scratch += extent;
    input->scratch_left -= extent;
    return CBOR_OK;
}

// ---- structures ------------------------------------------------------------------------------

static enum cbor_code take_fields(struct input *input, const struct tn_data_type *type,
                                  char *values);

static enum cbor_code take_field(struct input *input, const struct tn_data_field *field,
                                 char *value) {
    switch (field->kind) {
    case TN_DATA_BOOL:
        return take_bool(input, value);
    case TN_DATA_CHAR:
    case TN_DATA_INT:
    case TN_DATA_UINT:
        return take_integer(input, field, value);
    case TN_DATA_FLOAT:
        return take_float(input, field, value);
    case TN_DATA_STRUCT:
        return take_fields(input, field->type, value);
    default:
        return take_view(input, field, value);
    }
}

static enum cbor_code take_fields(struct input *input, const struct tn_data_type *type,
                                  char *values) {
    struct head head;
    enum cbor_code code = take_head(input, &head);
    if (code == CBOR_OK && (head.major != CBOR_ARRAY || head.number != type->count)) {
        code = CBOR_TYPE;
    }
    for (unsigned i = 0; i < type->count && code == CBOR_OK; i++) {
        code = take_field(input, &type->fields[i], values + type->fields[i].offset);
    }
    return code;
}

size_t cbor_scratch_bytes(const struct tn_data_type *type, size_t bytes) {
    return bits_round_up(bytes, 8) + 8 * (size_t)type->count;
}

enum cbor_code cbor_read(const struct tn_data_type *type, const void *buffer, size_t bytes,
                         void *values, void *scratch, size_t scratch_bytes) {
    struct input input = {buffer, bytes, scratch, scratch_bytes};
    memset(values, 0, type->bytes);
    const enum cbor_code code = take_fields(&input, type, values);
    return code == CBOR_OK && input.left > 0 ? CBOR_LONG : code;
}

const char *cbor_text(enum cbor_code code) {
    switch (code) {
    case CBOR_OK:
        return "it is what it should be";
    case CBOR_SHORT:
        return "it ends before its end";
    case CBOR_TYPE:
        return "another type stands where this one should";
    case CBOR_RANGE:
        return "a number does not fit";
    case CBOR_LONG:
        return "something is left over";
    case CBOR_ROOM:
        return "there is no room for its arrays";
    }
    return "it is broken in an unknown way";
}
