// skynet - a million leaves: each node has ten children, each leaf returns its number, and the
// numbers are added up on the way back. One PFrame for each node.
//
//     RESULT compiler=gcc nodes=.. twin_ns=.. one_ns=.. two_ns=.. one_per_twin=.. speedup=..
//
// The game is A. Temerev's; there the nodes send their sums through channels. Start reading at sum.
#include "forkjoin.h"

enum { CHILDREN = 10 };

static long leaves;

REAL_CALL static long sum_twin(long first, long count) {
    if (count == 1) {
        return first;
    }
    long all = 0;
    for (int i = 0; i < CHILDREN; i++) {
        all += sum_twin(first + i * (count / CHILDREN), count / CHILDREN);
        BARRIER;
    }
    return all;
}

TN_PFRAME(long, sum, (long, first), (long, count)) {
    if (count == 1) {
        return first;
    }
    tn_task(sum) children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = tn_spawn(sum, first + i * (count / CHILDREN), count / CHILDREN);
    }
    long all = 0;
    for (int i = CHILDREN - 1; i >= 0; i--) { // the newest first: it is called in place
        all += tn_await(sum, children[i]);
    }
    return all;
}

static long total;

static void run_twin(void) {
    total = sum_twin(0, leaves);
}

static int run_on(int threads) {
    return tn_run_with(TN_RUN(.num_threads = threads), sum, &total, 0, leaves);
}

static bool is_right(void) {
    return total == leaves * (leaves - 1) / 2;
}

int main(void) {
    leaves = measure_is_quick() ? 1000 : 1000000;
    const double nodes = ((double)leaves * CHILDREN - 1) / (CHILDREN - 1);
    const struct forkjoin bench = {.title = "skynet",
                                   .nodes = nodes,
                                   .twin = run_twin,
                                   .run_on = run_on,
                                   .is_right = is_right,
                                   .rounds = 31};
    forkjoin_measure(&bench);
    printf(" leaves=%ld\n", leaves);
    return 0;
}
