// The chord method, once for every instruction set: the includer has defined `lanes` (a vector of
// doubles), LANES (how many) and the lanes_... operations; see chord_lane.h for all of them.
//
// Both places lie on the unit sphere as vectors. Their dot product says whether they are less than
// a quarter turn apart; if not, the antipode of one takes its place, and the arc is pi less what
// comes out. So the chord is never longer than sqrt(2), nothing cancels near coincident places nor
// near antipodes, and one polynomial on [0, 2] turns the squared chord into the arc:
// arc = sqrt(s) * P(s). The radius is multiplied into the coefficients beforehand.
//
// Invariant: a lane's result depends on its own two places alone, and the tail goes through the
// same operations as the rest. Start reading at kernel_distances.
#ifndef DISTMAT_CHORD_KERNEL_H
#define DISTMAT_CHORD_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "calculator.h"

#define KERNEL_DEGREE 16

// Printed by chord_coefficients.py; largest relative error 8.2e-16.
static const double kernel_coefficients[KERNEL_DEGREE + 1] = {
    1.0000000000000004,      0.04166666666653165,    0.004687500006454357,
    0.0006975445211373895,   0.00011868067426087207, 2.1840617950545224e-05,
    4.264731073453256e-06,   7.758273059160498e-07,  3.2459078938964154e-07,
    -1.7248690090851614e-07, 2.2648661319600187e-07, -1.6601832612506252e-07,
    9.434683039598811e-08,   -3.735558983615367e-08, 1.0121860900581835e-08,
    -1.664287284488911e-09,  1.308933671927025e-10,
};

struct kernel {
    lanes x;
    lanes y;
    lanes z;
    lanes half_turn; // pi times the radius
    lanes coefficients[KERNEL_DEGREE + 1];
};

static inline void kernel_prepare(struct kernel *kernel, const struct stretch *stretch) {
    kernel->x = lanes_all(stretch->places->x[stretch->destination]);
    kernel->y = lanes_all(stretch->places->y[stretch->destination]);
    kernel->z = lanes_all(stretch->places->z[stretch->destination]);
    kernel->half_turn = lanes_all(stretch->radius_km * 3.14159265358979323846);
    for (int i = 0; i <= KERNEL_DEGREE; i++) {
        kernel->coefficients[i] = lanes_all(stretch->radius_km * kernel_coefficients[i]);
    }
}

// Distances from LANES origins, the first of which is places[origin].
static inline lanes kernel_distances(const struct kernel *kernel, const struct places *places,
                                     size_t origin) {
    lanes x = lanes_load(places->x + origin);
    lanes y = lanes_load(places->y + origin);
    lanes z = lanes_load(places->z + origin);
    lanes dot = lanes_multiply(x, kernel->x);
    dot = lanes_multiply_add(y, kernel->y, dot);
    dot = lanes_multiply_add(z, kernel->z, dot);
    lanes side = lanes_sign(dot);
    x = lanes_subtract(x, lanes_flip(kernel->x, side));
    y = lanes_subtract(y, lanes_flip(kernel->y, side));
    z = lanes_subtract(z, lanes_flip(kernel->z, side));
    lanes square = lanes_multiply(x, x);
    square = lanes_multiply_add(y, y, square);
    square = lanes_multiply_add(z, z, square);
    lanes factor = kernel->coefficients[KERNEL_DEGREE];
    for (int i = KERNEL_DEGREE - 1; i >= 0; i--) {
        factor = lanes_multiply_add(factor, square, kernel->coefficients[i]);
    }
    lanes arc = lanes_multiply(lanes_root(square), factor);
    return lanes_add(lanes_where(side, kernel->half_turn), lanes_flip(arc, side));
}

// The first `count` < LANES distances only. The columns are padded, so the loads are safe.
static inline void kernel_part(const struct kernel *kernel, const struct stretch *stretch,
                               size_t done, size_t count, double *distances) {
    double part[LANES];
    lanes_store(part, kernel_distances(kernel, stretch->places, stretch->origin + done));
    memcpy(distances + done, part, count * sizeof part[0]);
}

static inline void kernel_run(const struct stretch *stretch, double *distances) {
    struct kernel kernel;
    kernel_prepare(&kernel, stretch);
    size_t i = 0;
    for (; i + LANES <= stretch->count; i += LANES) {
        lanes_store(distances + i, kernel_distances(&kernel, stretch->places, stretch->origin + i));
    }
    if (i < stretch->count) {
        kernel_part(&kernel, stretch, i, stretch->count - i, distances);
    }
}

// Past the caches: such stores must be aligned, so the first few distances are stored plainly.
static inline void kernel_run_far(const struct stretch *stretch, double *distances) {
    struct kernel kernel;
    kernel_prepare(&kernel, stretch);
    size_t misaligned = ((uintptr_t)distances / sizeof(double)) % LANES;
    size_t i = misaligned > 0 ? LANES - misaligned : 0;
    i = i < stretch->count ? i : stretch->count;
    if (i > 0) {
        kernel_part(&kernel, stretch, 0, i, distances);
    }
    for (; i + LANES <= stretch->count; i += LANES) {
        lanes_stream(distances + i,
                     kernel_distances(&kernel, stretch->places, stretch->origin + i));
    }
    if (i < stretch->count) {
        kernel_part(&kernel, stretch, i, stretch->count - i, distances);
    }
    lanes_fence();
}

#endif
