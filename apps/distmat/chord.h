// The chord calculator's inner loops, one pair for each instruction set a program may meet.
//
// Invariant: all of them compute within 1e-12 of the distance, or a micrometre where that is more;
// those with fused multiply-add agree with each other to the last bit.
// Start reading at chord_loops_here.
#ifndef DISTMAT_CHORD_H
#define DISTMAT_CHORD_H

#include "calculator.h"

struct chord_loops {
    const char *name; // of the instruction set
    void (*run)(const struct stretch *stretch, double *distances);
    void (*run_far)(const struct stretch *stretch, double *distances); // stores past the caches
};

extern const struct chord_loops chord_portable;

// The loops that this machine can execute, fastest first; NULL past the last one. Implemented once
// for each processor family, in the folder of that name. From any thread.
const struct chord_loops *chord_loops_here(size_t i);

#endif
