// skynet - a million leaves: each node has ten children, each leaf returns its number, and the
// numbers are added up on the way back. One PFrame for each node.
//
//     RESULT compiler=gcc nodes=.. twin_ns=.. one_ns=.. two_ns=.. one_per_twin=.. speedup=..
//            leaves=.. long_speedup=..
//
//   long   ten times as many leaves: a million last for 4 ms, which is not so much more than what
//          it takes to start a thread
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

// Of two threads over one.
static double speedup(const struct forkjoin *bench, size_t rounds) {
    double samples[2][MEASURE_ROUNDS_MAX];
    for (size_t round = 0; round < rounds; round++) {
        for (int threads = 1; threads <= 2; threads++) {
            samples[threads - 1][round] = forkjoin_once(bench, threads);
        }
    }
    return measure_median(samples[0], rounds) / measure_median(samples[1], rounds);
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
    printf(" leaves=%ld", leaves);
    leaves *= 10;
    printf(" long_speedup=%.2f\n", speedup(&bench, measure_rounds(9)));
    return 0;
}
