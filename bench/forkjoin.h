// forkjoin.h - what the fork-join benches share: a sequential twin and the same recursion in
// PFrames on one and on two threads, run in turn, checked, and reported as ratios.
//
//     RESULT compiler=gcc nodes=.. twin_ns=.. one_ns=.. two_ns=.. one_per_twin=.. speedup=..
//
// TENON_BENCH_SIDE=0 (the twin), 1 or 2 (threads) runs that side alone: after a run of two threads
// the next ones of one thread are slower for a while, on machines whose cores share a budget. All
// figures that need another side are 0 then.
//
// Start reading at forkjoin_measure.
#ifndef BENCH_FORKJOIN_H
#define BENCH_FORKJOIN_H

#include <stdio.h>

#include <tenon.h>

#include "measure.h"

// A twin makes a real call for every node. Aligned, because it takes up to a fifth longer in other
// places, which flatters the frames.
#if defined(__clang__)
#define COMPILER "clang"
#define REAL_CALL __attribute__((noinline, aligned(64)))
#else
#define COMPILER "gcc"
#define REAL_CALL __attribute__((noipa, aligned(64)))
#endif
// Keeps the compiler from turning one of two calls into a loop.
#define BARRIER __asm__ volatile("" ::: "memory")

struct forkjoin {
    const char *title;     // what is computed, for the table
    double nodes;          // calls that the twin makes, one PFrame or plain call each
    void (*prepare)(void); // NULL: nothing to prepare; not measured
    void (*twin)(void);
    int (*run_on)(int threads);
    bool (*is_right)(void); // looks at what the last of the two has left; not measured
    size_t rounds;          // 0: nine
};

// Side 0 is the twin, side n runs on n threads. The seconds that it took.
static double forkjoin_once(const struct forkjoin *bench, int side) {
    if (bench->prepare != NULL) {
        bench->prepare();
    }
    int code = TN_OK;
    const double start = measure_now();
    if (side == 0) {
        bench->twin();
    } else {
        code = bench->run_on(side);
    }
    const double seconds = measure_now() - start;
    if (code != TN_OK || !bench->is_right()) {
        fprintf(stderr, "%s is wrong on %d threads (0: the twin), code %d\n", bench->title, side,
                code);
        exit(1);
    }
    return seconds;
}

static bool forkjoin_is_wanted(int side) {
    const char *only = getenv("TENON_BENCH_SIDE");
    return only == NULL || atoi(only) == side;
}

static double forkjoin_ratio(double one, double other) {
    return other > 0 ? one / other : 0;
}

// Prints a table and the pairs of a RESULT line; leaves that line open, for what a bench may add.
static void forkjoin_measure(const struct forkjoin *bench) {
    static const char *const names[] = {"sequential twin", "PFrames, one thread",
                                        "PFrames, two threads"};
    const size_t rounds = measure_rounds(bench->rounds > 0 ? bench->rounds : 9);
    double samples[3][MEASURE_ROUNDS_MAX];
    double seconds[3];
    for (size_t round = 0; round <= rounds; round++) { // the first one warms up
        for (int side = 0; side < 3; side++) {
            samples[side][round > 0 ? round - 1 : 0] =
                forkjoin_is_wanted(side) ? forkjoin_once(bench, side) : 0;
        }
    }
    for (int side = 0; side < 3; side++) {
        seconds[side] = measure_median(samples[side], rounds);
    }
    printf("%s, %.0f nodes, %s\n%-24s %8s %12s %10s\n", bench->title, bench->nodes, COMPILER, "",
           "s", "ns per node", "per twin");
    for (int i = 0; i < 3; i++) {
        printf("%-24s %8.4f %12.2f %10.3f\n", names[i], seconds[i], seconds[i] / bench->nodes * 1e9,
               forkjoin_ratio(seconds[i], seconds[0]));
    }
    printf("RESULT compiler=" COMPILER " nodes=%.0f twin_ns=%.3f one_ns=%.3f two_ns=%.3f "
           "one_per_twin=%.3f two_per_twin=%.3f speedup=%.2f",
           bench->nodes, seconds[0] / bench->nodes * 1e9, seconds[1] / bench->nodes * 1e9,
           seconds[2] / bench->nodes * 1e9, forkjoin_ratio(seconds[1], seconds[0]),
           forkjoin_ratio(seconds[2], seconds[0]), forkjoin_ratio(seconds[1], seconds[2]));
}

#endif
