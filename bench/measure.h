// measure.h - what the benches share: a clock, medians, and whether this is the small run that the
// tests make (TENON_BENCH_QUICK=1). Start reading at measure_rounds.
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

#define MEASURE_ROUNDS_MAX 64
#define MEASURE_SIDES_MAX 8

// How often to measure: `rounds` times, or as the environment says (TENON_BENCH_ROUNDS=n), or once
// in the small run.
static inline size_t measure_rounds(size_t rounds) {
    const char *chosen = getenv("TENON_BENCH_ROUNDS");
    const long number = chosen != NULL ? atol(chosen) : 0;
    if (number > 0 && number <= MEASURE_ROUNDS_MAX) {
        return (size_t)number;
    }
    return measure_is_quick() ? 1 : rounds;
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

// Each side in turn, round by round, so that what disturbs the machine disturbs all alike; the
// medians in seconds.
static inline void measure_all(void (*const *sides)(void), size_t count, size_t rounds,
                               double *medians) {
    static double samples[MEASURE_SIDES_MAX][MEASURE_ROUNDS_MAX];
    for (size_t round = 0; round <= rounds; round++) { // the first one warms up
        for (size_t i = 0; i < count; i++) {
            const double start = measure_now();
            sides[i]();
            samples[i][round == 0 ? 0 : round - 1] = measure_now() - start;
        }
    }
    for (size_t i = 0; i < count; i++) {
        medians[i] = measure_median(samples[i], rounds);
    }
}

#endif
