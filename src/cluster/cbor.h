// cbor.h - arguments and results between different builds and machines: CBOR (RFC 8949).
//
// A structure is an array of its fields, in order; a number is written in its shortest form, a
// float in its own size; bool is true or false; text is a text string, or a byte string when it is
// not UTF-8; bytes are a byte string; other views are typed arrays (RFC 8746) of this machine's
// order, so that their elements are copied and not visited.
//
// Reading takes any CBOR that says the same: longer forms of numbers, either order of bytes in an
// array, half and single floats where they lose nothing. What has no definite length is refused,
// and so is each number that does not fit, and all that is left over. Invariant: reading stays
// inside `bytes`, writes only `values` and scratch memory, and recurses as deep as the type does,
// whatever the input. Start reading at cbor_read.
#ifndef TENON_CLUSTER_CBOR_H
#define TENON_CLUSTER_CBOR_H

#include "cluster/schema.h"

enum cbor_code {
    CBOR_OK = 0,
    CBOR_SHORT = -1, // it ends before its end
    CBOR_TYPE = -2,  // something else stands there
    CBOR_RANGE = -3, // a number that does not fit
    CBOR_LONG = -4,  // more follows
    CBOR_ROOM = -5,  // scratch memory is too small
};

// Writes the values, if `room` bytes are enough. Returns how many they need.
size_t cbor_write(const struct tn_data_type *type, const void *values, void *buffer, size_t room);

// How much scratch memory is enough for an input of `bytes` bytes.
size_t cbor_scratch_bytes(const struct tn_data_type *type, size_t bytes);

// Reads the values from exactly `bytes` bytes. The views point into `scratch` (at a multiple of 8),
// where their elements are copied. Returns CBOR_OK, or what is wrong: then `values` is not to be
// used.
enum cbor_code cbor_read(const struct tn_data_type *type, const void *buffer, size_t bytes,
                         void *values, void *scratch, size_t scratch_bytes);

// A sentence for people. Never NULL.
const char *cbor_text(enum cbor_code code);

#endif
