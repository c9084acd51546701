// split - the same work by one other process, and by two: the twenty sums of
// examples/origin_find_sums.c, each ten times as long. bench/split.py runs it beside distmat.
//
//     bench_split [the first sum's squares]
//     RESULT sums_one_s=.. sums_two_s=.. sums_with_one_s=.. sums_with_two_s=.. bare_one_s=..
//            bare_two_s=.. sums_ratio=.. bare_ratio=..
//
//   one, two            every sum is sent away (TENON_PLACE=remote): the owner only waits
//   with_one, with_two  the owner's thread takes sums too, as in a program that asks for nothing
//   bare                one and two forked processes with a fixed share of the sums each: what the
//                       machine has to give
//   ratio               one over two: of each round, and of those the median
//
// With processes their start is measured too. Start reading at main.
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tenon.h>

#include "measure.h"

enum { COUNT = 20, ROUNDS = 7 };

__extension__ typedef unsigned __int128 wide;

TN_DATA(halves, (uint64_t, high), (uint64_t, low));

static uint64_t first = 50000000;

static void check(bool holds) {
    if (!holds) {
        fprintf(stderr, "bench_split: a wrong result\n");
        exit(1);
    }
}

// One copy for all sides: where a loop lies makes it faster or slower.
__attribute__((noinline)) static wide sum_of_squares(uint64_t n) {
    wide sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        sum += (wide)i * i;
        __asm__("" : "+r"(i)); // or the compiler finds the formula
    }
    return sum;
}

// The formula.
static bool is_sum(wide sum, uint64_t n) {
    return sum == (wide)n * (n - 1) / 2 * (2 * n - 1) / 3;
}

TN_DFRAME(struct halves, sum_elsewhere, (uint64_t, n)) {
    const wide sum = sum_of_squares(n);
    return (struct halves){(uint64_t)(sum >> 64), (uint64_t)sum};
}

TN_PFRAME(void, find_sums) {
    struct halves halves;
    uint64_t n = first;
    struct tn_map *map = tn_map(sum_elsewhere, COUNT, first);
    while (tn_map_next(sum_elsewhere, map, &halves)) {
        check(is_sum((wide)halves.high << 64 | halves.low, n++));
    }
    check(n == first + COUNT);
}

static void split(const char *place, int processes) {
    check(setenv("TENON_PLACE", place, 1) == 0);
    check(tn_run_with(TN_RUN(.num_threads = 1, .num_processes = processes), find_sums, NULL) ==
          TN_OK);
}

static void by_one(void) {
    split("remote", 1);
}

static void by_two(void) {
    split("remote", 2);
}

static void with_one(void) {
    split("", 1);
}

static void with_two(void) {
    split("", 2);
}

static void split_bare(int processes) {
    for (int i = 0; i < processes; i++) {
        const pid_t process = fork();
        check(process >= 0);
        if (process == 0) {
            for (uint64_t k = (uint64_t)i; k < COUNT; k += (uint64_t)processes) {
                check(is_sum(sum_of_squares(first + k), first + k));
            }
            _exit(0);
        }
    }
    for (int i = 0; i < processes; i++) {
        int status = 0;
        check(wait(&status) > 0 && status == 0);
    }
}

static void bare_one(void) {
    split_bare(1);
}

static void bare_two(void) {
    split_bare(2);
}

enum { ONE, TWO, WITH_ONE, WITH_TWO, BARE_ONE, BARE_TWO, SIDES };

static void (*const sides[SIDES])(void) = {by_one, by_two, with_one, with_two, bare_one, bare_two};
static double samples[SIDES][MEASURE_ROUNDS_MAX];

// Before the samples are sorted.
static double ratio_of(int one, int two, size_t rounds) {
    double ratios[MEASURE_ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++) {
        ratios[i] = samples[one][i] / samples[two][i];
    }
    return measure_median(ratios, rounds);
}

int main(int argc, char **argv) {
    const size_t rounds = measure_rounds(ROUNDS);
    first = argc > 1 ? strtoull(argv[1], NULL, 10) : measure_is_quick() ? first / 100 : first;
    for (size_t round = 0; round < rounds; round++) {
        for (int i = 0; i < SIDES; i++) {
            const double begin = measure_now();
            sides[i]();
            samples[i][round] = measure_now() - begin;
        }
    }
    const double sums_ratio = ratio_of(ONE, TWO, rounds);
    const double bare_ratio = ratio_of(BARE_ONE, BARE_TWO, rounds);
    static const char *const names[SIDES] = {"sums_one",      "sums_two", "sums_with_one",
                                             "sums_with_two", "bare_one", "bare_two"};
    printf("RESULT");
    for (int i = 0; i < SIDES; i++) {
        printf(" %s_s=%.4f", names[i], measure_median(samples[i], rounds));
    }
    printf(" sums_ratio=%.3f bare_ratio=%.3f\n", sums_ratio, bare_ratio);
    return 0;
}
