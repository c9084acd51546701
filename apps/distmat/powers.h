// Powers of ten as 128-bit significands, for the conversion of doubles to decimals.
//
// Invariant: powers_of(k) = ceil(10^k * 2^(127 - floor(log2 10^k))), so bit 127 is always set.
// The table is worked out once by powers_start() in a few microseconds, which keeps 617 pairs of
// magic numbers out of the sources. Start reading at powers_start in powers.c.
#ifndef DISTMAT_POWERS_H
#define DISTMAT_POWERS_H

#include <stdint.h>

#define POWERS_MIN (-292)
#define POWERS_MAX 324

struct power {
    uint64_t high;
    uint64_t low;
};

extern struct power powers_table[POWERS_MAX - POWERS_MIN + 1];

// Fills the table. Call it before anything is formatted; later calls write the same values again,
// so they are harmless but belong before any second thread.
void powers_start(void);

// The significand of 10^k, POWERS_MIN <= k <= POWERS_MAX.
static inline struct power powers_of(int k) {
    return powers_table[k - POWERS_MIN];
}

// floor(log2(10^k)) for |k| <= 1233; arithmetic shifts round towards minus infinity.
static inline int powers_floor_log2(int k) {
    return (k * 1741647) >> 19;
}

#endif
