// random.h - the only generator of pseudo-random numbers: small, fast, from a seed.
//
// Invariant: the same seed gives the same sequence on every machine, which is what replaying a
// failed run depends on. Not for secrets. Start reading at random_next.
//
// The generator is xoshiro256** and its seeding splitmix64, both public-domain algorithms of
// Blackman and Vigna.
#ifndef TENON_BASE_RANDOM_H
#define TENON_BASE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

struct random {
    uint64_t state[4];
};

// One step of splitmix64: a good mixer on its own, for hashes and for deriving seeds.
static inline uint64_t random_mix(uint64_t *state) {
    uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

// Any seed is fine, 0 too: the mixer never leaves all four words zero.
static inline void random_init(struct random *random, uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        random->state[i] = random_mix(&seed);
    }
}

static inline uint64_t random_rotate(uint64_t value, int by) {
    return (value << by) | (value >> (64 - by));
}

static inline uint64_t random_next(struct random *random) {
    uint64_t *state = random->state;
    uint64_t result = random_rotate(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = random_rotate(state[3], 45);
    return result;
}

// A number in 0 .. bound-1. bound must not be 0. The bias is below bound / 2^64.
static inline uint64_t random_below(struct random *random, uint64_t bound) {
    ASSERT(bound != 0);
    return (uint64_t)(((unsigned __int128)random_next(random) * bound) >> 64);
}

// True about once in `times` calls.
static inline bool random_once_in(struct random *random, uint64_t times) {
    return random_below(random, times) == 0;
}

#endif
