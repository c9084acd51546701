// The haversine formula, digit for digit what CPython computes with the same libm: the same
// operations in the same order, and no fused multiply-add (the build says -ffp-contract=off).
//
// Invariant: distance(a, b) == distance(b, a), bit for bit: differences only change sign, and
// squares and products do not care. Start reading at distance.
#include "calculator.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// Reached through a pointer that may change, so that the compiler cannot turn pow(x, 2) into x * x.
static double (*volatile library_pow)(double, double) = pow;

// True when the exact square lies within 1/32 of a unit in the last place of the middle between
// two doubles: then a pow() that is off by a little more than half a unit may round differently.
static bool is_near_tie(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t significand = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
    unsigned __int128 square = (unsigned __int128)significand * significand;
    // 105 or 106 bits, of which 53 stay: what is cut off, moved to the top of a word.
    unsigned cut = 52 + (unsigned)(square >> 105);
    uint64_t rest = (uint64_t)square << (64 - cut);
    return rest - (UINT64_C(30) << 58) < UINT64_C(1) << 60;
}

// x ** 2 as CPython does it: by pow(), which differs from x * x about once in a thousand.
static double squared(double value) {
    double square = value * value;
    if (__builtin_expect(is_near_tie(value), 0)) {
        square = library_pow(value, 2);
    }
    return square;
}

static double distance(const struct stretch *stretch, size_t origin) {
    const struct places *places = stretch->places;
    size_t destination = stretch->destination;
    double latitude = places->latitude[destination] - places->latitude[origin];
    double longitude = places->longitude[destination] - places->longitude[origin];
    double cosines = places->cos_latitude[origin] * places->cos_latitude[destination];
    double a = squared(sin(latitude * 0.5)) + cosines * squared(sin(longitude * 0.5));
    // Rounding can carry antipodes past 1, where Python's sqrt would raise an error.
    double rest = a < 1 ? 1 - a : 0;
    double c = 2 * atan2(sqrt(a), sqrt(rest));
    return stretch->radius_km * c;
}

static void calculate(const struct stretch *stretch, double *distances) {
    for (size_t i = 0; i < stretch->count; i++) {
        distances[i] = distance(stretch, stretch->origin + i);
    }
}

const struct calculator calculator_haversine = {
    .name = "haversine",
    .summary = "the reference: the original's formula, digit for digit (default)",
    .calculate = calculate,
};
