// What a switch costs: there and back, in a flat loop and four calls deep on both sides (where each
// switch is followed by four returns that the processor cannot predict).
//
//     RESULT pair_ns=2.5 deep_pair_ns=45.0
//
// With TENON_BENCH_GOAL set, more than 6 ns for the flat pair is an error.
// Start reading at main.
#include "context/context.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STACK_BYTES = 64 << 10, SAMPLES = 7 };

static const double goal_ns = 6;

static struct context home;
static struct context away;
static char stack[STACK_BYTES];
static volatile long visits;

static void visit_flat(void *argument) {
    (void)argument;
    for (;;) {
        visits++;
        context_switch(&away, &home);
    }
}

// noinline alone would let the compiler turn the calls into jumps.
#define STAY __asm__ volatile("")

#define LEVEL(name, next)                                                                          \
    __attribute__((noinline)) static void name(struct context *from, struct context *to) {         \
        next(from, to);                                                                            \
        STAY;                                                                                      \
    }

LEVEL(level_4, context_switch)
LEVEL(level_3, level_4)
LEVEL(level_2, level_3)
LEVEL(level_1, level_2)

static void visit_deep(void *argument) {
    (void)argument;
    for (;;) {
        visits++;
        level_1(&away, &home);
    }
}

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

// The median over samples of one turn of the loop; every turn is checked to have happened.
static double measure(void (*entry)(void *), bool is_deep, long turns) {
    double samples[SAMPLES];
    context_init_thread(&home);
    context_init(&away, stack, sizeof stack, entry, NULL);
    for (int s = 0; s < SAMPLES; s++) {
        long before = visits;
        double start_ns = now_ns();
        for (long i = 0; i < turns; i++) {
            if (is_deep) {
                level_1(&home, &away);
            } else {
                context_switch(&home, &away);
            }
        }
        samples[s] = (now_ns() - start_ns) / (double)turns;
        REQUIRE(visits == before + turns, "a switch was lost");
    }
    context_deinit(&away);
    qsort(samples, SAMPLES, sizeof samples[0], compare);
    return samples[SAMPLES / 2];
}

int main(int count, char **arguments) {
    long turns = count > 1 ? atol(arguments[1]) : 1000000;
    double flat_ns = measure(visit_flat, false, turns);
    double deep_ns = measure(visit_deep, true, turns);
    printf("RESULT pair_ns=%.2f deep_pair_ns=%.2f\n", flat_ns, deep_ns);
    if (getenv("TENON_BENCH_GOAL") != NULL && flat_ns > goal_ns) {
        fprintf(stderr, "a switch there and back takes %.2f ns, the goal is %.0f\n", flat_ns,
                goal_ns);
        return 1;
    }
    return 0;
}
