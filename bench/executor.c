// What an executor and a map cost: an item handed in and its result taken, on one thread, by ones
// and by fifties; ten million trivial items mapped with one thread and with two.
//     bench_executor [items of the map]
// Start reading at main.
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>

#include <tenon.h>

#define ROUNDS_MAX 9
#define ITEMS 20000
#define BATCH 50

static int rounds;

TN_FRAME(long, frame_item, (long, x)) {
    return x + 1;
}

TN_PFRAME(long, pframe_item, (long, x)) {
    return x + 1;
}

TN_PFRAME(long, trivial, (long, x)) {
    return x ^ 5;
}

static void check(bool holds) {
    if (!holds) {
        fprintf(stderr, "bench_executor: a wrong result\n");
        exit(1);
    }
}

// Nanoseconds per item.
TN_FRAME(double, one_by_one, (bool, is_pframe)) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    const double start = tn_now();
    for (long i = 0; i < ITEMS; i++) {
        long value = 0;
        if (is_pframe) {
            (void)tn_take(pframe_item, tn_submit(executor, pframe_item, i), &value);
        } else {
            (void)tn_take(frame_item, tn_submit(executor, frame_item, i), &value);
        }
        check(value == i + 1);
    }
    const double taken = tn_now() - start;
    tn_executor_drop(self, executor);
    return taken * 1e9 / ITEMS;
}

TN_FRAME(double, by_fifties, (bool, is_pframe)) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct tn_future futures[BATCH];
    const double start = tn_now();
    for (long i = 0; i < ITEMS; i += BATCH) {
        for (long n = 0; n < BATCH; n++) {
            futures[n] = is_pframe ? tn_submit(executor, pframe_item, i + n)
                                   : tn_submit(executor, frame_item, i + n);
        }
        for (long n = 0; n < BATCH; n++) {
            long value = 0;
            if (is_pframe) {
                (void)tn_take(pframe_item, futures[n], &value);
            } else {
                (void)tn_take(frame_item, futures[n], &value);
            }
            check(value == i + n + 1);
        }
    }
    const double taken = tn_now() - start;
    tn_executor_drop(self, executor);
    return taken * 1e9 / ITEMS;
}

// The same with frames alone.
TN_FRAME(double, frames_alone) {
    const double start = tn_now();
    for (long i = 0; i < ITEMS; i++) {
        tn_task(frame_item) task = tn_spawn(frame_item, i);
        check(tn_await(frame_item, task) == i + 1);
    }
    return (tn_now() - start) * 1e9 / ITEMS;
}

TN_PFRAME(double, mapped, (size_t, items)) {
    long value, sum = 0, expected = 0;
    const double start = tn_now();
    struct tn_map *map = tn_map(trivial, items, 0);
    while (tn_map_next(trivial, map, &value)) {
        sum += value;
    }
    check(tn_map_finish(self, map) == TN_OK);
    const double taken = tn_now() - start;
    for (size_t i = 0; i < items; i++) {
        expected += (long)i ^ 5;
    }
    check(sum == expected);
    return taken;
}

static double median_of(double (*sample)(void)) {
    double each[ROUNDS_MAX];
    for (int i = 0; i < rounds; i++) {
        each[i] = sample();
    }
    return measure_median(each, (size_t)rounds);
}

static double frames_one_by_one_ns(void) {
    double ns = 0;
    check(tn_run_with(TN_RUN(.num_threads = 1), one_by_one, &ns, false) == TN_OK);
    return ns;
}

static double pframes_one_by_one_ns(void) {
    double ns = 0;
    check(tn_run_with(TN_RUN(.num_threads = 1), one_by_one, &ns, true) == TN_OK);
    return ns;
}

static double frames_by_fifties_ns(void) {
    double ns = 0;
    check(tn_run_with(TN_RUN(.num_threads = 1), by_fifties, &ns, false) == TN_OK);
    return ns;
}

static double pframes_by_fifties_ns(void) {
    double ns = 0;
    check(tn_run_with(TN_RUN(.num_threads = 1), by_fifties, &ns, true) == TN_OK);
    return ns;
}

static double frames_alone_ns(void) {
    double ns = 0;
    check(tn_run_with(TN_RUN(.num_threads = 1), frames_alone, &ns) == TN_OK);
    return ns;
}

static double map_seconds(int threads, size_t items) {
    double seconds = 0;
    check(tn_run_with(TN_RUN(.num_threads = threads), mapped, &seconds, items) == TN_OK);
    return seconds;
}

int main(int argc, char **argv) {
    rounds = measure_is_quick() ? 1 : ROUNDS_MAX;
    const size_t items = argc > 1             ? strtoul(argv[1], NULL, 10)
                         : measure_is_quick() ? 100000
                                              : 10000000;
    printf("RESULT submit_take_frame_ns=%.0f submit_take_pframe_ns=%.0f\n",
           median_of(frames_one_by_one_ns), median_of(pframes_one_by_one_ns));
    printf("RESULT by_fifties_frame_ns=%.0f by_fifties_pframe_ns=%.0f create_await_frame_ns=%.0f\n",
           median_of(frames_by_fifties_ns), median_of(pframes_by_fifties_ns),
           median_of(frames_alone_ns));
    double one[ROUNDS_MAX], ratio[ROUNDS_MAX];
    for (int i = 0; i < rounds; i++) {
        one[i] = map_seconds(1, items);
        ratio[i] = one[i] / map_seconds(2, items);
    }
    printf("RESULT map_item_ns=%.2f map_two_threads_ratio=%.2f\n",
           measure_median(one, (size_t)rounds) * 1e9 / (double)items,
           measure_median(ratio, (size_t)rounds));
    return 0;
}
