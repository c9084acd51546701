// The full matrix of distances, n x n doubles in row order: in memory, or in a NumPy file that is
// mapped while it is filled.
//
// Invariant: `rows` has n * n doubles that can all be written without running out of disk, because
// the file's room was reserved before. matrix_unmap takes any that a function here has begun.
// Start reading at matrix_map_file.
#ifndef DISTMAT_MATRIX_H
#define DISTMAT_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "output.h"

struct matrix {
    size_t n;
    double *rows;
    void *mapping; // NULL for an empty matrix in memory
    size_t mapping_bytes;
    int fd; // by which another process can map the same; -1: it cannot
    bool owns_fd;
};

// n x n doubles of anonymous memory. Returns 0 or a negative errno value.
int matrix_map_memory(struct matrix *matrix, size_t n);

// The same in memory that other processes can map, which costs more to touch first.
int matrix_map_shared(struct matrix *matrix, size_t n);

// Where the rows begin in what `fd` stands for.
size_t matrix_rows_at(const struct matrix *matrix);

// Writes the header of a .npy file (format version 1.0) into an output that is a regular file,
// reserves its room and maps it. Returns 0 or a negative errno value: -ENOSPC when the disk is too
// small, -ESPIPE for a stream.
int matrix_map_file(struct matrix *matrix, size_t n, struct output *output);

void matrix_unmap(struct matrix *matrix);

#endif
