// The chord loops for any processor: one place at a time, plain C, no fused multiply-add.
//
// Invariant: nothing here depends on the machine. Start reading at chord_portable, at the end.
#include "chord.h"

static inline double lane_multiply_add(double a, double b, double c) {
    return a * b + c;
}

#include "chord_lane.h"

#include "chord_kernel.h"

static void run_plain(const struct stretch *stretch, double *distances) {
    kernel_run(stretch, distances);
}

static void run_far(const struct stretch *stretch, double *distances) {
    kernel_run_far(stretch, distances);
}

const struct chord_loops chord_portable = {
    .name = "portable",
    .run = run_plain,
    .run_far = run_far,
};
