// fib - fork-join without a cutoff: a PFrame for every call, beside its serial twin.
//
//     RESULT compiler=gcc n=38 twin_ns=2.9 one_ns=2.4 two_ns=1.2 one_per_twin=0.82 ...
//
// The twin is the same recursion with a real call for every node. Medians of paired runs; ns are
// per spawned task. `./dev clang` builds it for clang. Fails when a result is wrong. Start reading
// at main.
#include <stdio.h>

#include <tenon.h>

#include "measure.h"

// Aligned, because the twin takes up to a fifth longer in other places, which flatters the frames.
#if defined(__clang__)
#define COMPILER "clang"
#define REAL_CALL __attribute__((noinline, aligned(64)))
#else
#define COMPILER "gcc"
#define REAL_CALL __attribute__((noipa, aligned(64)))
#endif

static int n;
static long expected;

// The barrier keeps the compiler from turning one of the two calls into a loop.
REAL_CALL static long twin(int k) {
    if (k < 2) {
        return k;
    }
    const long left = twin(k - 1);
    __asm__ volatile("" ::: "memory");
    const long right = twin(k - 2);
    __asm__ volatile("" ::: "memory");
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

static void check(long result, int code) {
    if (code != TN_OK || result != expected) {
        fprintf(stderr, "fib(%d) gave %ld, code %d; expected %ld\n", n, result, code, expected);
        exit(1);
    }
}

static void run_twin(void) {
    check(twin(n), TN_OK);
}

static void run_on(int threads) {
    long result = 0;
    const int code = tn_run_with(TN_RUN(.num_threads = threads), fib, &result, n);
    check(result, code);
}

static void run_on_one(void) {
    run_on(1);
}

static void run_on_two(void) {
    run_on(2);
}

int main(void) {
    n = measure_is_quick() ? 25 : 38;
    expected = twin(n);
    void (*const sides[])(void) = {run_twin, run_on_one, run_on_two};
    double seconds[3];
    measure_pairs(sides, 3, measure_is_quick() ? 3 : 9, seconds);
    // There are fib(n + 1) - 1 spawns: one for each call with k >= 2.
    const double spawns = (double)twin(n + 1) - 1;
    printf("%-24s %8s %12s %12s\n", "side", "s", "ns per task", "per twin");
    const char *const names[] = {"serial twin", "PFrames, one thread", "PFrames, two threads"};
    for (int i = 0; i < 3; i++) {
        printf("%-24s %8.4f %12.2f %12.2f\n", names[i], seconds[i], seconds[i] / spawns * 1e9,
               seconds[i] / seconds[0]);
    }
    printf("RESULT compiler=" COMPILER " n=%d twin_ns=%.2f one_ns=%.2f two_ns=%.2f "
           "one_per_twin=%.3f two_per_twin=%.3f\n",
           n, seconds[0] / spawns * 1e9, seconds[1] / spawns * 1e9, seconds[2] / spawns * 1e9,
           seconds[1] / seconds[0], seconds[2] / seconds[0]);
    return 0;
}
