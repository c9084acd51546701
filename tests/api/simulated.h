// Whether the library under test runs on the simulated system, told by its clock: it does not count
// with the real one. There, only the one real thread may call the library.
#ifndef API_SIMULATED_H
#define API_SIMULATED_H

#include <tenon/time.h>

#include <stdbool.h>
#include <time.h>

static inline bool is_simulated(void) {
    struct timespec real;
    clock_gettime(CLOCK_MONOTONIC, &real);
    const double difference = tn_now() - ((double)real.tv_sec + (double)real.tv_nsec * 1e-9);
    return difference > 1 || difference < -1;
}

#endif
