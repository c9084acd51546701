// forkjoin_lace - fib with Lace, for a clone of its sources (LACE=FOLDER bench/forkjoin.py);
// nothing of Lace is in this repository. Usage and output: PROGRAM fib SIZE THREADS, as in peer.h.
// Start reading at fib.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lace.h>

TASK_1(long, fib, int, n) {
    if (n < 2) {
        return n;
    }
    SPAWN(fib, n - 1);
    const long right = CALL(fib, n - 2);
    return SYNC(fib) + right;
}

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
    if (count != 4 || strcmp(arguments[1], "fib") != 0) {
        return 2;
    }
    const int n = atoi(arguments[2]);
    lace_start((unsigned)atoi(arguments[3]), 100000);
    const long after = RUN(fib, n + 1); // warms up
    const double start = now();
    const long result = RUN(fib, n);
    const double seconds = now() - start;
    const long before = RUN(fib, n - 1);
    lace_stop();
    if (before + result != after) {
        return 1;
    }
    printf("seconds=%.6f nodes=%ld\n", seconds, after - 1);
    return 0;
}
