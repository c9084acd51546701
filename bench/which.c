// The rules of thumb of docs/guide/which-one.md, measured: what to take for work that waits, for
// work that calculates, and for calls that block; what handing out work costs by each way.
//     bench_which
// Start reading at main.
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>

#include <tenon.h>

#define ROUNDS_MAX 5
#define WAITS 200
#define WAIT_SECONDS 0.01
#define SUMS 16

static void check(bool holds) {
    if (!holds) {
        fprintf(stderr, "bench_which: a wrong result\n");
        exit(1);
    }
}

// ---- work ------------------------------------------------------------------------------------

TN_FRAME(int, wait_here, (int, i)) {
    return tn_sleep(self, WAIT_SECONDS) + i;
}

TN_PFRAME(int, wait_anywhere, (int, i)) {
    return tn_sleep(self, WAIT_SECONDS) + i;
}

TN_PFRAME(int, block, (int, i)) {
    tn_block(WAIT_SECONDS);
    return i;
}

// The same code for all that call it, also for those that drop the sum.
__attribute__((noinline)) static long sum_of_squares(long n) {
    long sum = 0;
    for (long i = 0; i < n; i++) {
        sum += i * i;
        __asm__ volatile("" : "+r"(i), "+r"(sum)); // or the compiler finds the formula
    }
    return sum;
}

static long terms; // of a sum
static int rounds;

TN_FRAME(long, sum_here, (long, i)) {
    return sum_of_squares(terms + i);
}

TN_PFRAME(long, sum_anywhere, (long, i)) {
    return sum_of_squares(terms + i);
}

// ---- ways ------------------------------------------------------------------------------------

#define MAP(way, function)                                                                         \
    TN_PFRAME(void, way, (size_t, count)) {                                                        \
        struct tn_map *map = tn_map_with(TN_MAP(.chunk = 1), function, count, 0);                  \
        check(tn_map_finish(self, map) == TN_OK);                                                  \
    }
MAP(waits_of_frames, wait_here)
MAP(waits_of_pframes, wait_anywhere)
MAP(blocks_of_pframes, block)
MAP(sums_of_frames, sum_here)
MAP(sums_of_pframes, sum_anywhere)

TN_FRAME(void, blocks_outside, (size_t, count)) {
    struct tn_executor *executor = tn_executor_create(self, TN_EXECUTOR(.blocking_threads = 32));
    for (size_t i = 0; i < count; i++) {
        (void)tn_submit(executor, block, (int)i);
    }
    check(tn_executor_end(self, executor) == TN_OK);
}

TN_FRAME(void, waits_in_turn, (size_t, count)) {
    for (size_t i = 0; i < count; i++) {
        (void)wait_here(self, (int)i);
    }
}

TN_FRAME(void, sums_in_turn, (size_t, count)) {
    for (size_t i = 0; i < count; i++) {
        (void)sum_here(self, (long)i);
    }
}

#define SECONDS(way, count)                                                                        \
    static double way##_s(void) {                                                                  \
        const double start = tn_now();                                                             \
        check(tn_run(way, NULL, count) == TN_OK);                                                  \
        return tn_now() - start;                                                                   \
    }
SECONDS(waits_in_turn, WAITS / 10)
SECONDS(waits_of_frames, WAITS)
SECONDS(waits_of_pframes, WAITS)
SECONDS(blocks_of_pframes, WAITS / 4)
SECONDS(blocks_outside, WAITS / 4)
SECONDS(sums_in_turn, SUMS)
SECONDS(sums_of_frames, SUMS)
SECONDS(sums_of_pframes, SUMS)

static double median_of(double (*sample)(void)) {
    double each[ROUNDS_MAX];
    for (int i = 0; i < rounds; i++) {
        each[i] = sample();
    }
    return measure_median(each, (size_t)rounds);
}

int main(void) {
    terms = measure_is_quick() ? 100000 : 5000000;
    rounds = measure_is_quick() ? 1 : ROUNDS_MAX;
    printf("RESULT waits=%d in_turn_s=%.3f frames_s=%.3f pframes_s=%.3f\n", WAITS,
           median_of(waits_in_turn_s) * 10, median_of(waits_of_frames_s),
           median_of(waits_of_pframes_s));
    printf("RESULT blocks=%d pframes_s=%.3f threads_of_its_own_s=%.3f\n", WAITS / 4,
           median_of(blocks_of_pframes_s), median_of(blocks_outside_s));
    double in_turn[ROUNDS_MAX], frames[ROUNDS_MAX], pframes[ROUNDS_MAX];
    for (int i = 0; i < rounds; i++) {
        const double serial = sums_in_turn_s();
        in_turn[i] = serial;
        frames[i] = serial / sums_of_frames_s();
        pframes[i] = serial / sums_of_pframes_s();
    }
    printf("RESULT sums=%d in_turn_s=%.3f frames_times=%.2f pframes_times=%.2f\n", SUMS,
           measure_median(in_turn, (size_t)rounds), measure_median(frames, (size_t)rounds),
           measure_median(pframes, (size_t)rounds));
    return 0;
}
