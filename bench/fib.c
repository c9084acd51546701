// fib - fork-join without a cutoff: a PFrame for every call, beside its serial twin.
//
//     RESULT compiler=gcc nodes=.. twin_ns=2.9 one_ns=2.4 two_ns=1.2 one_per_twin=0.82 ..
//
// The twin is the same recursion with a real call for every node. Nodes are spawns here: every
// second call. `./dev clang` builds it for clang. Start reading at fib.
#include "forkjoin.h"

static int n;
static long result;
static long expected;

REAL_CALL static long twin(int k) {
    if (k < 2) {
        return k;
    }
    const long left = twin(k - 1);
    BARRIER;
    const long right = twin(k - 2);
    BARRIER;
    return left + right;
}

TN_PFRAME(long, fib, (int, k)) {
    if (k < 2) {
        return k;
    }
    tn_task(fib) left = tn_spawn(fib, k - 1);
    const long right = fib(self, k - 2);
    return tn_await(fib, left) + right;
}

static void run_twin(void) {
    result = twin(n);
}

static int run_on(int threads) {
    return tn_run_with(TN_RUN(.num_threads = threads), fib, &result, n);
}

static bool is_right(void) {
    return result == expected;
}

int main(void) {
    n = measure_is_quick() ? 25 : 38;
    expected = twin(n);
    // There are fib(n + 1) - 1 spawns: one for each call with k >= 2.
    const struct forkjoin bench = {.title = "fib",
                                   .nodes = (double)twin(n + 1) - 1,
                                   .twin = run_twin,
                                   .run_on = run_on,
                                   .is_right = is_right};
    forkjoin_measure(&bench);
    printf(" n=%d\n", n);
    return 0;
}
