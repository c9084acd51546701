// The chord loops with AVX-512: eight places at a time. Compiled with -mavx512f -mavx512dq, called
// only where the processor has them.
// Invariant: as chord_kernel.h says. Start reading at chord_avx512, at the end.
#include "chord_x86_64.h"

#include <immintrin.h>

#define LANES 8
#define lanes __m512d

static inline lanes lanes_all(double value) {
    return _mm512_set1_pd(value);
}

static inline lanes lanes_load(const double *from) {
    return _mm512_loadu_pd(from);
}

static inline void lanes_store(double *to, lanes a) {
    _mm512_storeu_pd(to, a);
}

static inline void lanes_stream(double *to, lanes a) {
    _mm512_stream_pd(to, a);
}

static inline void lanes_fence(void) {
    _mm_sfence();
}

static inline lanes lanes_add(lanes a, lanes b) {
    return _mm512_add_pd(a, b);
}

static inline lanes lanes_subtract(lanes a, lanes b) {
    return _mm512_sub_pd(a, b);
}

static inline lanes lanes_multiply(lanes a, lanes b) {
    return _mm512_mul_pd(a, b);
}

static inline lanes lanes_multiply_add(lanes a, lanes b, lanes c) {
    return _mm512_fmadd_pd(a, b, c);
}

static inline lanes lanes_root(lanes a) {
    return _mm512_sqrt_pd(a);
}

static inline lanes lanes_sign(lanes a) {
    return _mm512_and_pd(a, _mm512_set1_pd(-0.0));
}

static inline lanes lanes_flip(lanes a, lanes sign) {
    return _mm512_xor_pd(a, sign);
}

static inline lanes lanes_where(lanes sign, lanes a) {
    return _mm512_maskz_mov_pd(_mm512_movepi64_mask(_mm512_castpd_si512(sign)), a);
}

#include "chord_kernel.h"

static void run_plain(const struct stretch *stretch, double *distances) {
    kernel_run(stretch, distances);
}

static void run_far(const struct stretch *stretch, double *distances) {
    kernel_run_far(stretch, distances);
}

const struct chord_loops chord_avx512 = {
    .name = "avx512",
    .run = run_plain,
    .run_far = run_far,
};
