// fib_waits - the same fork-join with leaves that wait: one leaf in 100,000 sleeps 1 ms, one in
// 100,000 awaits an event that a thread outside of the run posts.
//
//     RESULT n=40 leaves=.. waits=.. one_s=.. one_waits_s=.. one_overhead=.. two_..
//
// The sum must be right all the same; `overhead` is the time with waits over the time without, less
// one. Leaves know their number, which fib would not need; both sides do. Start reading at fib.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <tenon.h>

#include "measure.h"

enum { ONE_IN = 100000, N_MAX = 64 };

static int n;
static long leaves[N_MAX]; // of fib(k)
static bool waits;
static struct tn_event *bell;

static _Atomic long slept;
static _Atomic long heard;

// noinline, or it would take part in what the compiler thinks of inlining the recursion.
__attribute__((noinline, cold)) static void wait_at(struct tn_self *self, long leaf) {
    if (leaf % ONE_IN == 0) {
        slept += tn_sleep(self, 1e-3) == TN_OK;
    } else {
        heard += tn_event_wait(self, bell, NULL) == TN_OK;
    }
}

TN_PFRAME(long, fib, (int, k), (long, leaf)) {
    if (k < 2) {
        if (leaf % (ONE_IN / 2) == 0 && waits) {
            wait_at(self, leaf);
        }
        return k;
    }
    tn_task(fib) left = tn_spawn(fib, k - 1, leaf);
    const long right = fib(self, k - 2, leaf + leaves[k - 1]);
    return tn_await(fib, left) + right;
}

// ---- the thread outside ----------------------------------------------------------------------

static _Atomic int ringing; // 0: root has not begun, 1: rings, 2: root has ended

static void *ring(void *argument) {
    (void)argument;
    const struct timespec pause = {.tv_nsec = 500000};
    while (ringing == 0) {
        nanosleep(&pause, NULL);
    }
    while (ringing == 1) {
        (void)tn_event_post(bell, NULL);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

TN_PFRAME(long, root) {
    if (!waits) {
        return fib(self, n, 0);
    }
    pthread_t thread;
    bell = tn_event_create(self, "bell");
    ringing = 0;
    if (bell == NULL || pthread_create(&thread, NULL, ring, NULL) != 0) {
        return -1;
    }
    ringing = 1;
    const long sum = fib(self, n, 0);
    ringing = 2;
    (void)pthread_join(thread, NULL);
    return sum;
}

// ---- measuring -------------------------------------------------------------------------------

static double run_once(int threads, bool with_waits) {
    waits = with_waits;
    slept = 0;
    heard = 0;
    long sum = 0;
    const double start = measure_now();
    const int code = tn_run_with(TN_RUN(.num_threads = threads), root, &sum);
    const double seconds = measure_now() - start;
    const long all = leaves[n] / ONE_IN;
    const bool is_right =
        code == TN_OK && sum == leaves[n - 1] && (!with_waits || (slept >= all && heard >= all));
    if (!is_right) {
        fprintf(stderr,
                "%d threads, waits %d: fib(%d) gave %ld, code %d, after %ld sleeps and %ld "
                "events\n",
                threads, with_waits, n, sum, code, slept, heard);
        exit(1);
    }
    return seconds;
}

int main(void) {
    n = measure_is_quick() ? 29 : 40;
    leaves[0] = leaves[1] = 1;
    for (int k = 2; k <= n; k++) {
        leaves[k] = leaves[k - 1] + leaves[k - 2];
    }
    const size_t rounds = measure_rounds(9);
    double samples[4][MEASURE_ROUNDS_MAX];
    for (size_t round = 0; round < rounds; round++) {
        for (int side = 0; side < 4; side++) {
            samples[side][round] = run_once(1 + side / 2, side % 2 == 1);
        }
    }
    double seconds[4];
    for (int side = 0; side < 4; side++) {
        seconds[side] = measure_median(samples[side], rounds);
    }
    printf("fib(%d), %ld leaves, %ld sleep 1 ms, %ld await an event\n", n, leaves[n], (long)slept,
           (long)heard);
    for (int threads = 1; threads <= 2; threads++) {
        const double *side = &seconds[2 * (threads - 1)];
        printf("%d threads: %.3f s without waits, %.3f s with: %+.1f %%\n", threads, side[0],
               side[1], (side[1] / side[0] - 1) * 100);
    }
    printf("RESULT n=%d leaves=%ld waits=%ld one_s=%.3f one_waits_s=%.3f one_overhead=%.3f "
           "two_s=%.3f two_waits_s=%.3f two_overhead=%.3f\n",
           n, leaves[n], (long)(slept + heard), seconds[0], seconds[1], seconds[1] / seconds[0] - 1,
           seconds[2], seconds[3], seconds[3] / seconds[2] - 1);
    return 0;
}
