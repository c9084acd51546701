// measure.h - what the benches share: a clock, medians, and whether this is the small run that the
// tests make (TENON_BENCH_QUICK=1). Start reading at measure_pairs.
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double measure_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline bool measure_is_quick(void) {
    const char *quick = getenv("TENON_BENCH_QUICK");
    return quick != NULL && strcmp(quick, "0") != 0;
}

static inline int measure_compare(const void *left, const void *right) {
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

// Sorts the samples.
static inline double measure_median(double *samples, size_t count) {
    qsort(samples, count, sizeof *samples, measure_compare);
    return samples[count / 2];
}

// Runs each of `count` sides once per round, `rounds` times in turn, so that what disturbs the
// machine disturbs all of them alike; medians[i] is the median time of side i in seconds.
#define MEASURE_ROUNDS_MAX 64
static inline void measure_pairs(void (*const *sides)(void), size_t count, size_t rounds,
                                 double *medians) {
    for (size_t i = 0; i < count; i++) {
        sides[i](); // once to warm up
    }
    double samples[8][MEASURE_ROUNDS_MAX];
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            const double start = measure_now();
            sides[i]();
            samples[i][round] = measure_now() - start;
        }
    }
    for (size_t i = 0; i < count; i++) {
        medians[i] = measure_median(samples[i], rounds);
    }
}

#endif
