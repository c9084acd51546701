// packed_write.c - see packed.h. Start reading at packed_write.
#include "io/packed.h"

#include <string.h>

static size_t head_bytes(uint64_t argument) {
    return argument < CBOR_MINOR_ONE_BYTE ? 1
           : argument <= UINT8_MAX    ? 2
           : argument <= UINT16_MAX   ? 3
           : argument <= UINT32_MAX   ? 5
                                      : 9;
}

static unsigned char *write_head(unsigned char *to, enum cbor_major major, uint64_t argument) {
    const size_t bytes = head_bytes(argument);
    static const unsigned char minors[] = {[2] = 24, [3] = 25, [5] = 26, [9] = 27};
    const unsigned minor = bytes == 1 ? (unsigned)argument : minors[bytes];
    *to++ = (unsigned char)((unsigned)major << 5 | minor);
    for (size_t i = bytes - 1; i-- > 0;) {
        *to++ = (unsigned char)(argument >> (8 * i));
    }
    return to;
}

static uint64_t argument_of(int64_t integer) {
    return integer >= 0 ? (uint64_t)integer : (uint64_t)(-(integer + 1));
}

static size_t children_of(const struct tn_message *item) {
    return item->kind == TN_MESSAGE_MAP ? 2 * item->count : item->count;
}

static size_t measure(const struct tn_message *item, int depth) {
    size_t bytes;
    switch (item->kind) {
    case TN_MESSAGE_INTEGER:
        return head_bytes(argument_of(item->value.integer));
    case TN_MESSAGE_REAL:
        return 1 + sizeof item->value.real;
    case TN_MESSAGE_TEXT:
    case TN_MESSAGE_BYTES:
        return head_bytes(item->count) + item->count;
    case TN_MESSAGE_LIST:
    case TN_MESSAGE_MAP:
        bytes = head_bytes(item->count);
        for (size_t i = 0; i < children_of(item); i++) {
            const size_t more =
                depth == PACKED_DEPTH_MAX ? 0 : measure(&item->value.items[i], depth + 1);
            if (more == 0 || bytes + more < bytes) {
                return 0;
            }
            bytes += more;
        }
        return bytes;
    default:
        return 1;
    }
}

size_t packed_bytes(const struct tn_message *item) {
    return measure(item, 1);
}

static unsigned char *write_real(unsigned char *to, double real) {
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    *to++ = CBOR_SIMPLE << 5 | CBOR_MINOR_DOUBLE;
    for (int shift = 56; shift >= 0; shift -= 8) {
        *to++ = (unsigned char)(bits >> shift);
    }
    return to;
}

static unsigned char *write_content(unsigned char *to, const struct tn_message *item) {
    const bool is_text = item->kind == TN_MESSAGE_TEXT;
    to = write_head(to, is_text ? CBOR_TEXT : CBOR_BYTES, item->count);
    if (item->count > 0) {
        memcpy(to, is_text ? item->value.text : item->value.bytes, item->count);
    }
    return to + item->count;
}

unsigned char *packed_write(unsigned char *to, const struct tn_message *item) {
    switch (item->kind) {
    case TN_MESSAGE_BOOL:
        return write_head(to, CBOR_SIMPLE, item->value.truth ? CBOR_MINOR_TRUE : CBOR_MINOR_FALSE);
    case TN_MESSAGE_INTEGER:
        return write_head(to, item->value.integer >= 0 ? CBOR_UNSIGNED : CBOR_NEGATIVE,
                          argument_of(item->value.integer));
    case TN_MESSAGE_REAL:
        return write_real(to, item->value.real);
    case TN_MESSAGE_TEXT:
    case TN_MESSAGE_BYTES:
        return write_content(to, item);
    case TN_MESSAGE_LIST:
    case TN_MESSAGE_MAP:
        to = write_head(to, item->kind == TN_MESSAGE_LIST ? CBOR_ARRAY : CBOR_MAP, item->count);
        for (size_t i = 0; i < children_of(item); i++) {
            to = packed_write(to, &item->value.items[i]);
        }
        return to;
    default:
        return write_head(to, CBOR_SIMPLE, CBOR_MINOR_NULL);
    }
}
