// The equirectangular approximation: Pythagoras on a map whose longitudes are shrunk by the cosine
// of the mean latitude. Good for short distances.
//
// The original computes `lng2 - lng1 * cos(...)`, which shrinks only one of the longitudes; here
// the difference is shrunk, as the formula wants it. Differences across the date line are not
// wrapped, as in the original.
//
// Invariant: distance(a, b) == distance(b, a). Start reading at calculate.
#include "calculator.h"

#include <math.h>

static void calculate(const struct stretch *stretch, double *distances) {
    const struct places *places = stretch->places;
    double latitude = places->latitude[stretch->destination];
    double longitude = places->longitude[stretch->destination];
    for (size_t i = 0; i < stretch->count; i++) {
        size_t origin = stretch->origin + i;
        double mean = (places->latitude[origin] + latitude) / 2;
        double x = (longitude - places->longitude[origin]) * cos(mean);
        double y = latitude - places->latitude[origin];
        distances[i] = sqrt(x * x + y * y) * stretch->radius_km;
    }
}

const struct calculator calculator_equirectangular = {
    .name = "equirectangular",
    .summary = "flat-map approximation (the original's misplaced parenthesis mended)",
    .calculate = calculate,
};
