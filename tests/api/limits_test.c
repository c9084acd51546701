// What happens at the limits: stacks that overflow, very many frames, memory that runs out.
// Invariant: running out of something is a code or a sentence, never a crash without one or a hang.
#include <tenon/event.h>
#include <tenon/failure.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "api/simulated.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

// ---- overflow --------------------------------------------------------------------------------

static int too_deep(volatile char *above, int depth) {
    volatile char page[1000];
    page[0] = (char)depth;
    page[999] = above[0];
    return depth == 0 ? 0 : too_deep(page, depth - 1) + page[999];
}

TN_FRAME(int, greedy, (int, depth)) {
    volatile char here = 1;
    return too_deep(&here, depth);
}

TN_FRAME(int, spawns_greedy) {
    tn_sleep(self, 0);
    tn_task(greedy) child = tn_spawn(greedy, 1000000);
    return tn_await(greedy, child);
}

TN_PFRAME(int, greedy_in_place, (int, depth)) {
    volatile char here = 1;
    return too_deep(&here, depth);
}

TN_PFRAME(int, spawns_greedy_in_place) {
    tn_task(greedy_in_place) child = tn_spawn(greedy_in_place, 1000000);
    return tn_await(greedy_in_place, child);
}

static void overflow(void *argument) {
    (void)argument;
    (void)tn_run_with(WITH(1), spawns_greedy, NULL);
}

static void overflow_in_place(void *argument) {
    (void)argument;
    (void)tn_run_with(WITH(1), spawns_greedy_in_place, NULL);
}

static void overflow_elsewhere(void *argument) {
    (void)argument;
    (void)tn_run_with(WITH(4), spawns_greedy, NULL);
}

TEST(a_stack_overflow_names_the_frame_and_where_it_was_spawned) {
    if (test_slowness() > 1) {
        TEST_SKIP("a sanitizer reports the overflow itself");
    }
    EXPECT_DIES(overflow, NULL, SIGSEGV, "limits_test.c:36");
    EXPECT_DIES(overflow_elsewhere, NULL, SIGSEGV, "stack overflow in frame greedy (spawned at ");
    EXPECT_DIES(overflow_in_place, NULL, SIGSEGV,
                "stack overflow in frame greedy_in_place (spawned at ");
}

TN_PFRAME(long, deep_in_place, (int, depth)) {
    volatile char space[300];
    space[0] = (char)depth;
    tn_task(deep_in_place) child = tn_spawn(deep_in_place, depth - 1);
    // (The child of the last one is not awaited. It may be stolen all the same.)
    return depth <= 0 ? space[0] : tn_await(deep_in_place, child) + 1;
}

// More frames in place than a stack has places for tasks, on stacks of every size.
TEST(a_recursion_deeper_than_the_task_stack_goes_on_in_frames, .seconds = 30) {
    for (int n = 1; n <= 4; n *= 2) {
        for (size_t bytes = 1u << 20; bytes <= 8u << 20; bytes *= 8) {
            long answer = 0;
            const struct tn_run_options options = {.num_threads = n, .stack_bytes = bytes};
            EXPECT_EQ(tn_run_with(&options, deep_in_place, &answer, 300), TN_OK);
            EXPECT_EQ(answer, 300);
        }
    }
}

// ---- very many -------------------------------------------------------------------------------

static _Atomic int waiting;

TN_FRAME(void, holds) {
    waiting++;
    (void)tn_hold(self);
}

TN_FRAME(int, has_many_holding, (int, count)) {
    waiting = 0;
    for (int i = 0; i < count; i++) {
        tn_task(holds) child = tn_spawn(holds);
        tn_forget(child);
    }
    while (waiting < count) {
        if (tn_yield(self) != TN_OK) {
            return -1;
        }
    }
    return waiting;
}

TEST(very_many_frames_may_wait_at_once, .seconds = 60) {
    const int count = test_slowness() == 1 && !is_simulated() ? 100000 : 2000;
    const char *guard = getenv("TENON_GUARD");
    int answer = 0;
    const int code = tn_run_with(WITH(2), has_many_holding, &answer, count);
    if (code == TN_NO_MEMORY && (guard != NULL || count == 100000)) {
        TEST_SKIP("each guard is a mapping here, and there are not so many");
    }
    EXPECT_EQ(code, TN_OK);
    EXPECT_EQ(answer, count);
}

// ---- allocation ------------------------------------------------------------------------------

TN_PFRAME(long, one, (long, x)) {
    return x;
}

TN_PFRAME(long, many_lazy, (long, count)) {
    tn_task(one) first = tn_spawn(one, 1);
    long sum = tn_await(one, first);
    const size_t before = mallinfo2().uordblks;
    for (long i = 0; i < count; i++) {
        tn_task(one) a = tn_spawn(one, i);
        tn_task(one) b = tn_spawn(one, i);
        sum += tn_await(one, b) - tn_await(one, a);
    }
    return sum + (long)(mallinfo2().uordblks - before);
}

TEST(a_lazy_pframe_allocates_nothing, .seconds = 30) {
    const char *hard = getenv("TENON_HARD");
    if (hard != NULL && strstr(hard, "park") != NULL) {
        TEST_SKIP("awaits leave their stack, so its tasks may become frames meanwhile");
    }
    long answer = 0;
    EXPECT_EQ(tn_run_with(WITH(1), many_lazy, &answer, 10000000 / test_slowness()), TN_OK);
    EXPECT_EQ(answer, 1);
}

static int refuse_memory(void) {
    const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_AS, &none);
}

TN_PFRAME(int, answers) {
    return 42;
}

// Without any address space there is no stack for a thread, and none for a frame.
TEST(a_run_without_memory_is_a_code) {
    if (test_slowness() > 1 || is_simulated()) {
        TEST_SKIP("the process needs memory of its own");
    }
    int answer = 0;
    EXPECT_EQ(tn_run_with(WITH(2), answers, &answer), TN_OK);
    EXPECT_EQ(refuse_memory(), 0);
    const int code = tn_run_with(WITH(64), answers, &answer);
    EXPECT(code == TN_NO_MEMORY || code == TN_NO_THREAD);
}

// ---- a full task stack -----------------------------------------------------------------------

enum { FILLING = 36000, ROUNDS = 4, OF_A_ROUND = 1000 };

TN_PFRAME(int, does_little, (int, number)) {
    return number;
}

static tn_task(does_little) children[FILLING + ROUNDS * OF_A_ROUND];

static tn_task(does_little) spawn_child(struct tn_self *self, int number) {
    return tn_spawn(does_little, number);
}

// Seconds of the quickest round: the machine may be busy with other things in the others.
TN_PFRAME(double, fills_its_task_stack) {
    double quickest = 1e9;
    for (int at = 0; at < FILLING; at++) {
        children[at] = spawn_child(self, at);
    }
    for (int round = 0; round < ROUNDS; round++) {
        const double start = tn_now();
        for (int at = 0; at < OF_A_ROUND; at++) {
            const int number = FILLING + round * OF_A_ROUND + at;
            children[number] = spawn_child(self, number);
        }
        const double seconds = tn_now() - start;
        quickest = seconds < quickest ? seconds : quickest;
    }
    for (int at = FILLING + ROUNDS * OF_A_ROUND; (at -= 997) >= 0;) {
        EXPECT_EQ(tn_await(does_little, children[at]), at);
    }
    return quickest;
}

TEST(a_spawn_above_a_full_task_stack_does_not_look_through_it) {
    double seconds = 1e9;
    EXPECT_EQ(tn_run_with(WITH(1), fills_its_task_stack, &seconds), TN_OK);
    EXPECT(seconds < 0.02 * test_slowness());
}
