// cbor_head.h - the numbers at the head of each item of CBOR (RFC 8949, 3): what both readers and
// writers of it here share.
//
// An item begins with a byte of a major type and a minor, `major << 5 | minor`. Invariant: these
// are the standard's; nothing here is ours. Start reading at enum cbor_major.
#ifndef TENON_BASE_CBOR_HEAD_H
#define TENON_BASE_CBOR_HEAD_H

// The upper three bits of an item's first byte.
enum cbor_major {
    CBOR_UNSIGNED = 0,
    CBOR_NEGATIVE = 1,
    CBOR_BYTES = 2,
    CBOR_TEXT = 3,
    CBOR_ARRAY = 4,
    CBOR_MAP = 5,
    CBOR_TAG = 6,
    CBOR_SIMPLE = 7,
};

// The lower five bits of an item of CBOR_SIMPLE, and of one whose argument follows.
enum cbor_minor {
    CBOR_MINOR_FALSE = 20,
    CBOR_MINOR_TRUE = 21,
    CBOR_MINOR_NULL = 22,
    CBOR_MINOR_ONE_BYTE = 24, // an argument of 1 byte follows; 25, 26, 27: of 2, 4, 8
    CBOR_MINOR_HALF = 25,
    CBOR_MINOR_SINGLE = 26,
    CBOR_MINOR_DOUBLE = 27,
};

#endif
