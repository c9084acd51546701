// The tour: every runner over the same input, compared.
// Invariant: whatever is shown as equal was compared byte by byte. Start reading at tour.
#ifndef DISTMAT_TOUR_H
#define DISTMAT_TOUR_H

#include "options.h"

// Returns the exit code: 1 when a runner failed or its results differ from those of serial.
int tour(const struct options *options);

#endif
