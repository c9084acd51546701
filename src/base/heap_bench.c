// heap_bench.c - a million timers: what a push, a pop and a removal cost.
//
// Invariant: the result is checked (keys come out sorted), so the work cannot be optimised away.
// Start reading at main.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "base/heap.h"
#include "base/random.h"

enum { TIMERS = 1000000 };

// As large as a timer with what belongs to it.
struct timer {
    struct heap_node node;
    char rest[24];
};

static struct timer *timers;
static struct heap heap;
static struct random generator;

static double now_ns(void) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void push_all(void) {
    for (size_t i = 0; i < TIMERS; i++) {
        heap_push(&heap, &timers[i].node, random_below(&generator, 1000000000));
    }
}

static void pop_all(void) {
    uint64_t last = 0;
    for (size_t i = 0; i < TIMERS; i++) {
        uint64_t key = heap_pop(&heap)->key;
        REQUIRE(key >= last, "the keys come out sorted");
        last = key;
    }
}

// Each timer that fires is set again, up to a second later.
static void pop_and_push_all(void) {
    for (size_t i = 0; i < TIMERS; i++) {
        struct heap_node *node = heap_pop(&heap);
        heap_push(&heap, node, node->key + random_below(&generator, 1000000000));
    }
}

static void remove_all(void) {
    for (size_t i = 0; i < TIMERS; i++) {
        heap_remove(&heap, &timers[i * 7919 % TIMERS].node);
    }
}

static void report(const char *name, void (*body)(void)) {
    double before = now_ns();
    body();
    printf("RESULT heap_%s_ns=%.0f\n", name, (now_ns() - before) / TIMERS);
}

int main(void) {
    timers = calloc(TIMERS, sizeof *timers);
    REQUIRE(timers != NULL, "64 MB for a million timers");
    random_init(&generator, 1);
    heap_init(&heap);
    report("push", push_all);
    report("pop", pop_all);
    push_all();
    report("pop_and_push", pop_and_push_all);
    report("remove", remove_all);
    free(timers);
    return 0;
}
