// cbor_format.h - what cbor_write.c and cbor_read.c share: whole first bytes (RFC 8949), tags of
// typed arrays (RFC 8746), numbers in memory. Invariant: the numbers are the standards'; nothing
// here is ours. Start reading at base/cbor_head.h.
#ifndef TENON_CLUSTER_CBOR_FORMAT_H
#define TENON_CLUSTER_CBOR_FORMAT_H

#include <string.h>

#include "base/cbor_head.h"
#include "cluster/schema.h"

// First bytes that stand for a whole item, or for one of known size.
enum {
    CBOR_FALSE = CBOR_SIMPLE << 5 | CBOR_MINOR_FALSE,
    CBOR_TRUE = CBOR_SIMPLE << 5 | CBOR_MINOR_TRUE,
    CBOR_HALF = CBOR_SIMPLE << 5 | CBOR_MINOR_HALF,
    CBOR_SINGLE = CBOR_SIMPLE << 5 | CBOR_MINOR_SINGLE,
    CBOR_DOUBLE = CBOR_SIMPLE << 5 | CBOR_MINOR_DOUBLE,
};

#define CBOR_HOST_IS_LITTLE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

// RFC 8746, 2.1: 0b010_f_s_e_ll, float, signed, little endian, and the size, which for floats
// counts from half precision on. Of single bytes there is one order only.
static inline unsigned cbor_array_tag(const struct tn_data_field *field, bool is_little) {
    const unsigned bytes = field->element_bytes;
    const unsigned size = bytes == 8 ? 3 : bytes == 4 ? 2 : bytes == 2 ? 1 : 0;
    if (field->kind == TN_DATA_FLOATS) {
        return 80 + 4u * is_little + size - 1;
    }
    return 64 + 8u * (field->kind == TN_DATA_INTS) + 4u * (is_little && bytes > 1) + size;
}

static inline uint64_t cbor_load_uint(const void *at, unsigned bytes) {
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (bytes) {
    case 1:
        memcpy(&one, at, 1);
        return one;
    case 2:
        memcpy(&two, at, 2);
        return two;
    case 4:
        memcpy(&four, at, 4);
        return four;
    default:
        memcpy(&eight, at, 8);
        return eight;
    }
}

static inline int64_t cbor_load_int(const void *at, unsigned bytes) {
    const unsigned shift = 64 - 8 * bytes;
    return (int64_t)(cbor_load_uint(at, bytes) << shift) >> shift;
}

// Stores the low `bytes` bytes of a number.
static inline void cbor_store(void *at, uint64_t value, unsigned bytes) {
    const uint8_t one = (uint8_t)value;
    const uint16_t two = (uint16_t)value;
    const uint32_t four = (uint32_t)value;
    memcpy(at,
           bytes == 1   ? (const void *)&one
           : bytes == 2 ? (const void *)&two
           : bytes == 4 ? (const void *)&four
                        : (const void *)&value,
           bytes);
}

#endif
