// One place at a time in plain C: what chord_kernel.h expects of an instruction set, shown by its
// simplest example. The includer has defined lane_multiply_add(a, b, c), in one rounding or in two.
//
// Invariant: nothing here depends on the machine. Start reading at lanes_load.
#ifndef DISTMAT_CHORD_LANE_H
#define DISTMAT_CHORD_LANE_H

#include <math.h>

#define LANES 1

struct lane {
    double value;
};

#define lanes struct lane

static inline lanes lanes_all(double value) {
    return (lanes){value};
}

static inline lanes lanes_load(const double *from) {
    return (lanes){*from};
}

static inline void lanes_store(double *to, lanes a) {
    *to = a.value;
}

static inline void lanes_stream(double *to, lanes a) {
    *to = a.value;
}

static inline void lanes_fence(void) {
}

static inline lanes lanes_add(lanes a, lanes b) {
    return (lanes){a.value + b.value};
}

static inline lanes lanes_subtract(lanes a, lanes b) {
    return (lanes){a.value - b.value};
}

static inline lanes lanes_multiply(lanes a, lanes b) {
    return (lanes){a.value * b.value};
}

// a * b + c, in one rounding where the machine can.
static inline lanes lanes_multiply_add(lanes a, lanes b, lanes c) {
    return (lanes){lane_multiply_add(a.value, b.value, c.value)};
}

static inline lanes lanes_root(lanes a) {
    return (lanes){sqrt(a.value)};
}

// Which lanes are negative, in whatever form the next two like best.
static inline lanes lanes_sign(lanes a) {
    return (lanes){signbit(a.value) ? -1.0 : 1.0};
}

// -a where the sign says so.
static inline lanes lanes_flip(lanes a, lanes sign) {
    return (lanes){a.value * sign.value};
}

// a where the sign says so, else 0.
static inline lanes lanes_where(lanes sign, lanes a) {
    return (lanes){sign.value < 0 ? a.value : 0};
}

#endif
