// Comparing results: files byte by byte, matrices bit by bit, one calculator with another.
// Invariant: what could not be read counts as different. Start reading at compare_files.
#ifndef DISTMAT_COMPARE_H
#define DISTMAT_COMPARE_H

#include <stdbool.h>

#include "calculator.h"
#include "matrix.h"

// True when both descriptors are of regular files with the same bytes.
bool compare_files(int a, int b);

// True when every row of the matrix equals, bit for bit, what the calculator gives for it here and
// now, on one thread and in one go. False also when there is no memory for a row.
bool compare_matrix(const struct matrix *matrix, const struct places *places,
                    const struct calculator *calculator, double radius_km);

// How two calculators differ over every `step`-th destination.
struct difference {
    double worst_km;    // the largest difference
    double worst_share; // the largest difference as a share of what is tolerated
};

// Compares with haversine: tolerated are 1e-12 of the distance, or a micrometre where that is more,
// and what haversine itself loses near antipodes, where it computes 1 - a. Returns 0 or -ENOMEM.
int compare_with_haversine(const struct matrix *matrix, const struct places *places,
                           double radius_km, size_t step, struct difference *difference);

#endif
