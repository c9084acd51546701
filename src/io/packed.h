// packed.h - items as bytes: a part of CBOR (RFC 8949).
//
// Integers of 64 bits with a sign, floats, text, bytes, lists, maps, true, false and null. Written
// in the shortest form, floats with 64 bits; read in any form of definite length.
// Invariant: reading stays inside its bytes and recurses no deeper than PACKED_DEPTH_MAX, whatever
// they are. Start reading at packed_read.
#ifndef TENON_IO_PACKED_H
#define TENON_IO_PACKED_H

#include <tenon/message.h>

#include "base/cbor_head.h"

#define PACKED_DEPTH_MAX 64

// How many bytes the item takes; 0: it is nested too deep, or more than memory has.
size_t packed_bytes(const struct tn_message *item);

// Writes them to `to`, which has room, and returns where they end.
unsigned char *packed_write(unsigned char *to, const struct tn_message *item);

// Reads an item of exactly `bytes` bytes: *item, in one block of memory. TN_OK, TN_MALFORMED,
// TN_OUT_OF_RANGE for an integer that does not fit, TN_NO_MEMORY.
int packed_read(const unsigned char *from, size_t bytes, struct tn_message **item);

#endif
