// Works out the table of powers of ten with a small big number: multiplied by ten for the positive
// exponents, and 2^1152 divided by ten for the negative ones. Dividing floor by floor is exact:
// floor(floor(x / 10) / 10) = floor(x / 100).
//
// Invariant: every entry is the ceiling of the true significand, and its bit 127 is set.
// Start reading at powers_start.
#include "powers.h"

#include <stdbool.h>
#include <string.h>

#define LIMBS 37 // of 32 bits: 1184 bits hold 2^1152 as well as 10^324

struct big {
    uint32_t limb[LIMBS]; // least significant first
};

struct power powers_table[POWERS_MAX - POWERS_MIN + 1];

static void multiply_by_ten(struct big *number) {
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t)number->limb[i] * 10;
        number->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void divide_by_ten(struct big *number) {
    uint64_t remainder = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        remainder = (remainder << 32) | number->limb[i];
        number->limb[i] = (uint32_t)(remainder / 10);
        remainder %= 10;
    }
}

// The 32 bits that start `shift` bits below the top of the highest limb in use.
static uint32_t bits_at(const struct big *number, int top, int shift) {
    uint64_t pair = (uint64_t)number->limb[top] << 32;
    if (top > 0) {
        pair |= number->limb[top - 1];
    }
    return (uint32_t)((pair << shift) >> 32);
}

// The first 128 bits of the number, rounded up when `truncated` or when bits are cut off.
static struct power leading_bits(const struct big *number, bool truncated) {
    int top = LIMBS - 1;
    while (number->limb[top] == 0) {
        top--;
    }
    int shift = __builtin_clz(number->limb[top]);
    uint32_t word[4];
    for (int i = 0; i < 4; i++) {
        word[i] = top >= i ? bits_at(number, top - i, shift) : 0;
    }
    bool more = truncated;
    if (top >= 4) {
        more |= (uint32_t)(number->limb[top - 4] << shift) != 0;
        for (int i = 0; i < top - 4; i++) {
            more |= number->limb[i] != 0;
        }
    }
    struct power power = {
        .high = (uint64_t)word[0] << 32 | word[1],
        .low = (uint64_t)word[2] << 32 | word[3],
    };
    if (more) {
        power.low++;
        power.high += power.low == 0;
    }
    return power;
}

void powers_start(void) {
    struct big number;
    memset(&number, 0, sizeof number);
    number.limb[0] = 1;
    for (int k = 0; k <= POWERS_MAX; k++) {
        powers_table[k - POWERS_MIN] = leading_bits(&number, false);
        multiply_by_ten(&number);
    }
    memset(&number, 0, sizeof number);
    number.limb[LIMBS - 1] = 1;
    for (int k = -1; k >= POWERS_MIN; k--) {
        divide_by_ten(&number);
        powers_table[k - POWERS_MIN] = leading_bits(&number, true);
    }
}
