// The chord calculator: the fastest loops that this machine can execute.
// Invariant: the choice is the same for the whole process. Start reading at fastest.
#include "chord.h"

static const struct chord_loops *fastest(void) {
    return chord_loops_here(0);
}

static void calculate(const struct stretch *stretch, double *distances) {
    fastest()->run(stretch, distances);
}

static void calculate_far(const struct stretch *stretch, double *distances) {
    fastest()->run_far(stretch, distances);
}

const struct calculator calculator_chord = {
    .name = "chord",
    .summary = "through the chord: vectorised, within 1e-12 (or a micrometre) of the truth",
    .calculate = calculate,
    .calculate_far = calculate_far,
};
