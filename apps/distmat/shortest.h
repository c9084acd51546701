// The shortest decimal that reads back as the same double, and among those the closest one.
//
// Invariant: for a finite value > 0, strtod of digits * 10^exponent gives the value again, and no
// decimal with fewer digits does. The method is Schubfach, as Raffaello Giulietti describes it in
// "The Schubfach way to render doubles" (2020), written here from the paper.
#ifndef DISTMAT_SHORTEST_H
#define DISTMAT_SHORTEST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "powers.h"

struct decimal {
    uint64_t digits; // may end in zeros
    int exponent;    // value = digits * 10^exponent
};

// A 192-bit product of a power and a scaled significand, cut to its upper 128 bits.
struct shortest_product {
    uint64_t high;
    uint64_t low;
};

static inline struct shortest_product shortest_multiply(struct power power, uint64_t scaled) {
    unsigned __int128 upper = (unsigned __int128)power.high * scaled;
    unsigned __int128 lower = (unsigned __int128)power.low * scaled;
    upper += (uint64_t)(lower >> 64);
    return (struct shortest_product){(uint64_t)(upper >> 64), (uint64_t)upper};
}

// Rounds to odd: the lowest bit remembers whether anything was cut off, so that comparisons with
// halves stay right. The ceiling in the table adds less than two units of the lower word.
static inline uint64_t shortest_round_to_odd(struct power power, uint64_t scaled) {
    struct shortest_product product = shortest_multiply(power, scaled);
    return product.high | (product.low > 1);
}

// The decimal of significand * 2^binary; `uneven` says that the next double below is only half as
// far away as the one above (the significand is a power of two).
static inline struct decimal shortest_of_parts(uint64_t significand, int binary, bool uneven) {
    int k = (binary * 1262611 - (uneven ? 524031 : 0)) >> 22;
    struct power power = powers_of(-k);
    int shift = binary + powers_floor_log2(-k) + 1;
    uint64_t left = shortest_round_to_odd(power, (4 * significand - 2 + uneven) << shift);
    uint64_t middle = shortest_round_to_odd(power, (4 * significand) << shift);
    uint64_t right = shortest_round_to_odd(power, (4 * significand + 2) << shift);
    // An odd significand does not own the borders of its interval: ties are read to even.
    uint64_t lower = left + (significand & 1);
    uint64_t upper = right - (significand & 1);
    uint64_t floor = middle / 4;

    // One digit less if exactly one such decimal is inside, else the nearer neighbour; that one can
    // only be outside while the other is inside when the interval is uneven. Everything but that
    // rare case is selected without branches: which it is cannot be predicted.
    uint64_t tens = floor / 10 * 10;
    bool tens_inside = lower <= 4 * tens;
    bool next_tens_inside = 4 * tens + 40 <= upper;
    uint64_t half = 4 * floor + 2;
    uint64_t up = (middle > half) | ((middle == half) & floor & 1);
    if (uneven) {
        bool floor_inside = lower <= 4 * floor;
        bool ceiling_inside = 4 * floor + 4 <= upper;
        up = floor_inside != ceiling_inside ? ceiling_inside : up;
    }
    uint64_t full = floor + up;
    uint64_t shorter = tens + 10 * (uint64_t)next_tens_inside;
    uint64_t choose_shorter = -(uint64_t)(tens_inside ^ next_tens_inside);
    return (struct decimal){full ^ ((full ^ shorter) & choose_shorter), k};
}

// value must be finite and > 0.
static inline struct decimal shortest_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int biased = (int)(bits >> 52) & 0x7ff;
    if (biased == 0) {
        return shortest_of_parts(fraction, 1 - 1075, false);
    }
    bool uneven = fraction == 0 && biased > 1;
    return shortest_of_parts(fraction | UINT64_C(1) << 52, biased - 1075, uneven);
}

#endif
