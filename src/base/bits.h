// bits.h - powers of two, rounding, and the few compiler words that base needs.
//
// Invariant: pure functions of their arguments. "Power" always means a power of two.
// Start reading anywhere.
#ifndef TENON_BASE_BITS_H
#define TENON_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

// The structure of which `pointer` is the field `member`.
#define container_of(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

static inline bool bits_is_power(uint64_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

// The smallest multiple of `power` (a power of two) that is >= value. Must not overflow.
static inline uint64_t bits_round_up(uint64_t value, uint64_t power) {
    ASSERT(bits_is_power(power));
    return (value + power - 1) & ~(power - 1);
}

static inline uint64_t bits_round_down(uint64_t value, uint64_t power) {
    ASSERT(bits_is_power(power));
    return value & ~(power - 1);
}

// The position of the highest set bit: 0 for 1, 63 for the largest. value must not be 0.
static inline unsigned int bits_log2(uint64_t value) {
    ASSERT(value != 0);
    return 63u - (unsigned int)__builtin_clzll(value);
}

// The smallest power >= value; 1 for 0. value must be <= 2^63.
static inline uint64_t bits_power_above(uint64_t value) {
    ASSERT(value <= UINT64_C(1) << 63);
    return value <= 1 ? 1 : UINT64_C(1) << (bits_log2(value - 1) + 1);
}

// The position of the lowest set bit. value must not be 0.
static inline unsigned int bits_lowest(uint64_t value) {
    ASSERT(value != 0);
    return (unsigned int)__builtin_ctzll(value);
}

static inline unsigned int bits_count(uint64_t value) {
    return (unsigned int)__builtin_popcountll(value);
}

#endif
