// Calculators: how far apart places are. Each fills a stretch of distances from many origins to one
// destination; which origins share a call never changes a digit.
//
// Invariant: for any cut of a range into calls the results are the same to the last bit, and the
// distance does not depend on which of the two places is the destination.
// Start reading at struct calculator.
#ifndef DISTMAT_CALCULATOR_H
#define DISTMAT_CALCULATOR_H

#include <stddef.h>

#include "places.h"

// The mean radius of the Earth (IUGG), the default of the original.
#define CALCULATOR_RADIUS_KM 6371.0088

// One destination and a stretch of origins: places[origin] ... places[origin + count - 1].
struct stretch {
    const struct places *places;
    size_t destination;
    size_t origin;
    size_t count;
    double radius_km;
};

struct calculator {
    const char *name;
    const char *summary; // one line for --help
    // Writes stretch->count distances in kilometres. Any thread.
    void (*calculate)(const struct stretch *stretch, double *distances);
    // The same for results that will not be read soon: stores go past the caches. NULL where the
    // arithmetic is too slow for that to matter.
    void (*calculate_far)(const struct stretch *stretch, double *distances);
};

extern const struct calculator calculator_haversine;
extern const struct calculator calculator_chord;
extern const struct calculator calculator_equirectangular;

// The i-th calculator, or NULL past the last one; 0 is the default.
const struct calculator *calculator_at(size_t i);

// The calculator of that name, or NULL.
const struct calculator *calculator_find(const char *name);

// Distances for results that stay: calculate_far where there is one.
void calculator_fill(const struct calculator *calculator, const struct stretch *stretch,
                     double *distances);

#endif
