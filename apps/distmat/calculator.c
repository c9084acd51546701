// The list of calculators. Invariant: the default comes first. Start reading at calculator_at.
#include "calculator.h"

#include <string.h>

static const struct calculator *const calculators[] = {
    &calculator_haversine,
    &calculator_chord,
    &calculator_equirectangular,
};

const struct calculator *calculator_at(size_t i) {
    return i < sizeof calculators / sizeof calculators[0] ? calculators[i] : NULL;
}

const struct calculator *calculator_find(const char *name) {
    for (size_t i = 0; calculator_at(i) != NULL; i++) {
        if (strcmp(calculator_at(i)->name, name) == 0) {
            return calculator_at(i);
        }
    }
    return NULL;
}

void calculator_fill(const struct calculator *calculator, const struct stretch *stretch,
                     double *distances) {
    if (calculator->calculate_far != NULL) {
        calculator->calculate_far(stretch, distances);
    } else {
        calculator->calculate(stretch, distances);
    }
}
