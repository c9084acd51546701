// The full matrix of distances, n x n doubles in row order: in memory, or in a NumPy file that is
// mapped while it is filled.
//
// Invariant: `rows` has n * n doubles that can all be written without running out of disk, because
// the file's room was reserved before. Start reading at matrix_map_file.
#ifndef DISTMAT_MATRIX_H
#define DISTMAT_MATRIX_H

#include <stddef.h>

#include "output.h"

struct matrix {
    size_t n;
    double *rows;
    void *mapping; // NULL for an empty matrix in memory
    size_t mapping_bytes;
};

// n x n doubles of anonymous memory. Returns 0 or a negative errno value.
int matrix_map_memory(struct matrix *matrix, size_t n);

// Writes the header of a .npy file (format version 1.0) into an output that is a regular file,
// reserves its room and maps it. Returns 0 or a negative errno value: -ENOSPC when the disk is too
// small, -ESPIPE for a stream.
int matrix_map_file(struct matrix *matrix, size_t n, struct output *output);

void matrix_unmap(struct matrix *matrix);

#endif
