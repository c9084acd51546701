// The chord loops for 64-bit Arm, whose every processor has NEON with fused multiply-add: two
// places at a time.
// Invariant: as chord_kernel.h says. Start reading at chord_loops_here, at the end.
#include "chord.h"

#include <arm_neon.h>

#define LANES 2
#define lanes float64x2_t

static inline lanes lanes_all(double value) {
    return vdupq_n_f64(value);
}

static inline lanes lanes_load(const double *from) {
    return vld1q_f64(from);
}

static inline void lanes_store(double *to, lanes a) {
    vst1q_f64(to, a);
}

static inline void lanes_stream(double *to, lanes a) {
    vst1q_f64(to, a);
}

static inline void lanes_fence(void) {
}

static inline lanes lanes_add(lanes a, lanes b) {
    return vaddq_f64(a, b);
}

static inline lanes lanes_subtract(lanes a, lanes b) {
    return vsubq_f64(a, b);
}

static inline lanes lanes_multiply(lanes a, lanes b) {
    return vmulq_f64(a, b);
}

static inline lanes lanes_multiply_add(lanes a, lanes b, lanes c) {
    return vfmaq_f64(c, a, b);
}

static inline lanes lanes_root(lanes a) {
    return vsqrtq_f64(a);
}

static inline lanes lanes_sign(lanes a) {
    uint64x2_t top = vdupq_n_u64(UINT64_C(1) << 63);
    return vreinterpretq_f64_u64(vandq_u64(vreinterpretq_u64_f64(a), top));
}

static inline lanes lanes_flip(lanes a, lanes sign) {
    return vreinterpretq_f64_u64(veorq_u64(vreinterpretq_u64_f64(a), vreinterpretq_u64_f64(sign)));
}

static inline lanes lanes_where(lanes sign, lanes a) {
    uint64x2_t all = vreinterpretq_u64_s64(vshrq_n_s64(vreinterpretq_s64_f64(sign), 63));
    return vreinterpretq_f64_u64(vandq_u64(all, vreinterpretq_u64_f64(a)));
}

#include "chord_kernel.h"

static void run_plain(const struct stretch *stretch, double *distances) {
    kernel_run(stretch, distances);
}

static void run_far(const struct stretch *stretch, double *distances) {
    kernel_run_far(stretch, distances);
}

static const struct chord_loops chord_neon = {
    .name = "neon",
    .run = run_plain,
    .run_far = run_far,
};

const struct chord_loops *chord_loops_here(size_t i) {
    return i == 0 ? &chord_neon : i == 1 ? &chord_portable : NULL;
}
