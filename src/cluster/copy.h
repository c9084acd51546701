// copy.h - arguments and results between identical builds: a copy of the structure, and behind it
// the elements of its views, each from a multiple of 8 bytes on.
//
// In the copy a view's address is the distance of its elements from the copy's beginning. Reading
// checks everything that could lead outside, and that bool is one, for the other side may be
// broken, and may go on writing there: of the buffer only the structure is read, once. What it
// cannot check is that the layouts are the same: compare builds first.
// Invariant: copy_read of what copy_write wrote gives the same values. Start reading at copy_write.
#ifndef TENON_CLUSTER_COPY_H
#define TENON_CLUSTER_COPY_H

#include "cluster/schema.h"

// How many bytes the copy needs: a multiple of 8.
size_t copy_bytes(const struct tn_data_type *type, const void *values);

// Writes the copy into `buffer` of copy_bytes bytes.
void copy_write(const struct tn_data_type *type, const void *values, void *buffer);

// Reads a copy of exactly `bytes` bytes; `buffer` lies at a multiple of 8. The views point into the
// buffer. Returns false when it is not a copy of this type: then `values` is not to be used.
bool copy_read(const struct tn_data_type *type, const void *buffer, size_t bytes, void *values);

#endif
