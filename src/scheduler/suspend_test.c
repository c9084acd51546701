// Leaving a stack: where the commit runs, and that what follows is what the loop would choose.
// Invariant: each test says with how many threads it is so.
#include "scheduler/suspend.h"

#include <string.h>

#include <tenon/run.h>
#include <tenon/time.h>

#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static void note_place(struct task_stack *stack, void *argument) {
    *(const void **)argument = __builtin_frame_address(0);
    worker_requeue(stack, NULL);
}

// Whether a commit of the running stack runs there, and not on the loop's.
static bool commits_here(struct tn_self *self) {
    struct task_stack *stack = task_stack_of(self);
    const void *place = NULL;
    suspend_stack(stack, note_place, &place);
    EXPECT(place != NULL);
    const uintptr_t offset = (uintptr_t)place - (uintptr_t)stack->memory.low;
    return offset < stack->memory.bytes;
}

TN_PFRAME(void, ends_at_once) {
}

TN_PFRAME(void, expects_its_commits, (bool, here)) {
    EXPECT_EQ(commits_here(self), here);
    tn_task(ends_at_once) child = tn_spawn(ends_at_once);
    EXPECT(!commits_here(self)); // the loop has to see the task
    tn_await(ends_at_once, child);
    EXPECT_EQ(commits_here(self), here);
}

TEST(only_a_thread_that_is_alone_commits_before_it_leaves_the_stack) {
    EXPECT_EQ(tn_run_with(WITH(1), expects_its_commits, NULL, true), TN_OK);
    EXPECT_EQ(tn_run_with(WITH(2), expects_its_commits, NULL, false), TN_OK);
}

static char order[16];
static int ordered;

TN_FRAME(void, says, (char, name), (int, times)) {
    for (int i = 0; i < times; i++) {
        order[ordered++] = name;
        (void)tn_yield(self);
    }
}

// Who is alone in the queue follows itself.
TN_FRAME(void, lets_three_take_turns) {
    tn_spawn(says, 'a', 2);
    tn_spawn(says, 'b', 3);
    tn_spawn(says, 'c', 5);
    tn_children_wait(self);
}

TEST(who_yields_goes_behind_all_that_wait_already) {
    for (int threads = 1; threads <= 2; threads++) {
        ordered = 0;
        EXPECT_EQ(tn_run_with(WITH(threads), lets_three_take_turns, NULL), TN_OK);
        EXPECT_EQ(ordered, 10);
        EXPECT_EQ(memcmp(order, "abcabcbccc", 10), 0);
    }
}

static bool is_late;

TN_FRAME(void, yields_until_it_is_late) {
    while (!is_late) {
        EXPECT_EQ(tn_yield(self), TN_OK);
    }
}

TN_FRAME(void, sleeps_beside, (int, others)) {
    is_late = false;
    for (int i = 0; i < others; i++) {
        tn_spawn(yields_until_it_is_late);
    }
    EXPECT_EQ(tn_sleep(self, 0.001), TN_OK);
    is_late = true;
    tn_children_wait(self);
}

TEST(those_who_follow_one_another_without_end_come_to_the_loop, .seconds = 30) {
    for (int others = 1; others <= 3; others++) {
        EXPECT_EQ(tn_run_with(WITH(1), sleeps_beside, NULL, others), TN_OK);
    }
}
