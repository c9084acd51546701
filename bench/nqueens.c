// nqueens - in how many ways n queens stand on a board of n by n without threatening each other: a
// PFrame for every safe place of a queen, no cutoff.
//
//     RESULT compiler=gcc nodes=.. twin_ns=.. one_ns=.. two_ns=.. one_per_twin=.. speedup=..
//
// A board is three masks of threatened columns: straight below, and along both diagonals.
// Start reading at place.
#include "forkjoin.h"

#define N_MAX 16

static int n;
static const long solutions[N_MAX + 1] = {[8] = 92, [13] = 73712};
static long nodes;

static unsigned free_columns(unsigned down, unsigned left, unsigned right) {
    return ~(down | left | right) & ((1u << n) - 1);
}

REAL_CALL static long place_twin(unsigned down, unsigned left, unsigned right) {
    nodes++;
    if (down == (1u << n) - 1) {
        return 1;
    }
    long sum = 0;
    for (unsigned left_over = free_columns(down, left, right); left_over != 0;) {
        const unsigned queen = left_over & -left_over;
        left_over -= queen;
        sum += place_twin(down | queen, (left | queen) << 1, (right | queen) >> 1);
        BARRIER;
    }
    return sum;
}

TN_PFRAME(long, place, (unsigned, down), (unsigned, left), (unsigned, right)) {
    if (down == (1u << n) - 1) {
        return 1;
    }
    tn_task(place) children[N_MAX];
    int count = 0;
    for (unsigned left_over = free_columns(down, left, right); left_over != 0;) {
        const unsigned queen = left_over & -left_over;
        left_over -= queen;
        children[count++] =
            tn_spawn(place, down | queen, (left | queen) << 1, (right | queen) >> 1);
    }
    long sum = 0;
    while (count > 0) { // the newest first: it is called in place
        count--;
        sum += tn_await(place, children[count]);
    }
    return sum;
}

static long found;

static void run_twin(void) {
    found = place_twin(0, 0, 0);
}

static int run_on(int threads) {
    return tn_run_with(TN_RUN(.num_threads = threads), place, &found, 0, 0, 0);
}

static bool is_right(void) {
    return found == solutions[n];
}

int main(void) {
    n = measure_is_quick() ? 8 : 13;
    run_twin();
    const struct forkjoin bench = {.title = "queens",
                                   .nodes = (double)nodes,
                                   .twin = run_twin,
                                   .run_on = run_on,
                                   .is_right = is_right,
                                   .rounds = 5};
    forkjoin_measure(&bench);
    printf(" n=%d\n", n);
    return 0;
}
