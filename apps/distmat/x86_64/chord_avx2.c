// The chord loops with AVX2 and FMA: four places at a time. Compiled with -mavx2 -mfma, called
// only where the processor has them.
// Invariant: as chord_kernel.h says. Start reading at chord_avx2, at the end.
#include "chord_x86_64.h"

#include <immintrin.h>

#define LANES 4
#define lanes __m256d

static inline lanes lanes_all(double value) {
    return _mm256_set1_pd(value);
}

static inline lanes lanes_load(const double *from) {
    return _mm256_loadu_pd(from);
}

static inline void lanes_store(double *to, lanes a) {
    _mm256_storeu_pd(to, a);
}

static inline void lanes_stream(double *to, lanes a) {
    _mm256_stream_pd(to, a);
}

static inline void lanes_fence(void) {
    _mm_sfence();
}

static inline lanes lanes_add(lanes a, lanes b) {
    return _mm256_add_pd(a, b);
}

static inline lanes lanes_subtract(lanes a, lanes b) {
    return _mm256_sub_pd(a, b);
}

static inline lanes lanes_multiply(lanes a, lanes b) {
    return _mm256_mul_pd(a, b);
}

static inline lanes lanes_multiply_add(lanes a, lanes b, lanes c) {
    return _mm256_fmadd_pd(a, b, c);
}

static inline lanes lanes_root(lanes a) {
    return _mm256_sqrt_pd(a);
}

static inline lanes lanes_sign(lanes a) {
    return _mm256_and_pd(a, _mm256_set1_pd(-0.0));
}

static inline lanes lanes_flip(lanes a, lanes sign) {
    return _mm256_xor_pd(a, sign);
}

static inline lanes lanes_where(lanes sign, lanes a) {
    return _mm256_blendv_pd(_mm256_setzero_pd(), a, sign);
}

#include "chord_kernel.h"

static void run_plain(const struct stretch *stretch, double *distances) {
    kernel_run(stretch, distances);
}

static void run_far(const struct stretch *stretch, double *distances) {
    kernel_run_far(stretch, distances);
}

const struct chord_loops chord_avx2 = {
    .name = "avx2",
    .run = run_plain,
    .run_far = run_far,
};
