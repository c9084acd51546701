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

static void calculate(const struct run *run, double *distances) {
    const struct places *places = run->places;
    double latitude = places->latitude[run->destination];
    double longitude = places->longitude[run->destination];
    for (size_t i = 0; i < run->count; i++) {
        size_t origin = run->origin + i;
        double mean = (places->latitude[origin] + latitude) / 2;
        double x = (longitude - places->longitude[origin]) * cos(mean);
        double y = latitude - places->latitude[origin];
        distances[i] = sqrt(x * x + y * y) * run->radius_km;
    }
}

const struct calculator calculator_equirectangular = {
    .name = "equirectangular",
    .summary = "flat-map approximation (the original's misplaced parenthesis mended)",
    .calculate = calculate,
};
