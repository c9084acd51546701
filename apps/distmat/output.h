// Where results go: a file that appears whole or not at all, or a stream.
//
// A regular file is written without a name where the system can do that (so that not even a crash
// leaves half a file behind), else under a temporary one beside it, and takes its place only in
// output_commit. Streams and devices are written as they are.
//
// Invariant: until output_commit returns 0, an existing file at the path is untouched.
// Start reading at output_open.
#ifndef DISTMAT_OUTPUT_H
#define DISTMAT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output {
    int fd;
    bool is_stream;  // standard output, a pipe or a device: bytes are gone when written
    char *path;      // of the file to be, links resolved; NULL for standard output
    char *temporary; // its name until then; NULL while it has none
    uint64_t bytes;  // written so far
};

// Opens for writing; "-" is standard output. Returns 0 or a negative errno value.
int output_open(struct output *output, const char *path);

// Writes all bytes, in order. Returns 0 or a negative errno value.
int output_write(struct output *output, const void *bytes, size_t count);

// Puts the file in its place and closes. Returns 0; on failure, a negative errno value, and what
// was at the path before is still there.
int output_commit(struct output *output);

// Closes and leaves no trace, except for what a stream has carried away already.
void output_discard(struct output *output);

#endif
