// Forgotten children that wait to begin lie on the heap, and beside their stacks from then on.
//
// Invariant: every child that began has told how it was called, and whether it ended. Start reading
// at children_that_wait_to_begin_have_no_stacks.
#include <tenon/event.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <stdio.h>

#include "frame/frame.h"
#include "scheduler/hard.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

enum { CHILDREN = 1000, FEW = 130, WEIGHED = 20000 };
// Of one that waits: its page, and a context, which is large where it is the C library's.
enum { WAITING_BYTES = 4200 + sizeof(struct context) };

struct large {
    long values[16];
};

static struct tn_event *go;
static _Atomic long begun, ended, beside, sum;

static void begins(struct tn_self *self, long value) {
    begun++;
    sum += value;
    beside += frame_current(self)->lies_by == task_stack_of(self);
}

TN_FRAME(void, waits, (long, value)) {
    begins(self, value);
    ended += tn_event_wait(self, go, NULL) == TN_OK;
}

TN_FRAME(void, waits_with_much, (struct large, large)) {
    begins(self, large.values[0] + large.values[15]);
    ended += tn_event_wait(self, go, NULL) == TN_OK;
}

TN_PFRAME(long, holds, (long, value)) {
    begins(self, value);
    (void)tn_hold(self);
    ended++;
    return value;
}

TN_PFRAME(long, answers, (long, value)) {
    begins(self, value);
    ended++;
    return value;
}

static size_t stacks_made(struct tn_self *self) {
    return task_stack_of(self)->scheduler->stacks.stores[STACK_64K].made;
}

TN_FRAME(void, forgets_very_many) {
    go = tn_event_create(self, "go");
    for (long i = 0; i < CHILDREN; i++) {
        if (i % 2 == 0) {
            tn_task(waits) child = tn_spawn(waits, i);
            tn_forget(child);
        } else {
            tn_task(waits_with_much) child =
                tn_spawn(waits_with_much, (struct large){.values = {[0] = i - 1, [15] = 1}});
            tn_forget(child);
        }
    }
    EXPECT_EQ(begun, 0);
    EXPECT(stacks_made(self) < 200);
    EXPECT(frame_check(frame_current(self)) == CHILDREN);
    EXPECT_EQ(tn_yield(self), TN_OK);
    EXPECT_EQ(begun, CHILDREN);
    EXPECT(frame_check(frame_current(self)) == CHILDREN);
    EXPECT(stacks_made(self) >= CHILDREN);
    EXPECT_EQ(tn_event_post(go, NULL), TN_OK);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    EXPECT_EQ(frame_check(frame_current(self)), 0);
}

TEST(children_that_wait_to_begin_have_no_stacks_and_lie_beside_them_later) {
    EXPECT_EQ(tn_run_with(WITH(1), forgets_very_many, NULL), TN_OK);
    EXPECT_EQ(ended, CHILDREN);
    EXPECT_EQ(beside, CHILDREN);
    EXPECT_EQ(sum, (long)CHILDREN * (CHILDREN - 1) / 2);
}

static long resident_bytes(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    EXPECT(file != NULL && fscanf(file, "%*d %ld", &pages) == 1);
    (void)fclose(file);
    return pages * (long)os_page_bytes();
}

TN_FRAME(void, weighs_very_many) {
    go = tn_event_create(self, "go");
    const long before = resident_bytes();
    for (long i = 0; i < WEIGHED; i++) {
        tn_task(waits) child = tn_spawn(waits, i);
        tn_forget(child);
    }
    EXPECT((resident_bytes() - before) / WEIGHED < 1000);
    EXPECT_EQ(tn_yield(self), TN_OK);
    EXPECT_EQ(begun, WEIGHED);
    EXPECT((resident_bytes() - before) / WEIGHED < (long)WAITING_BYTES); // the lobby is empty
    EXPECT_EQ(tn_event_post(go, NULL), TN_OK);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
}

TEST(a_child_costs_a_part_of_a_page_until_it_begins_and_one_page_then) {
    if (test_slowness() > 1 || os_page_bytes() != 4096) {
        TEST_SKIP("the memory of others is not to be told from it");
    }
    EXPECT_EQ(tn_run_with(WITH(1), weighs_very_many, NULL), TN_OK);
    EXPECT_EQ(ended, WEIGHED);
}

// Those of whom somebody has a handle stay where they were made, which is with whoever knows them.
TN_FRAME(void, shares_some) {
    struct tn_frame *shared[FEW];
    for (long i = 0; i < FEW; i++) {
        tn_task(answers) child = tn_spawn(answers, 0);
        tn_forget(child);
        tn_task(answers) other = tn_spawn(answers, i);
        shared[i] = tn_share(other);
        if (i % 2 == 0) {
            tn_forget(other);
        }
    }
    for (long i = 0; i < FEW; i++) {
        long value = -1;
        EXPECT_EQ(tn_join(answers, shared[i], &value), TN_OK);
        EXPECT_EQ(value, i);
    }
    EXPECT_EQ(tn_children_wait(self), TN_OK);
}

TEST(a_child_that_somebody_knows_stays_where_it_is) {
    EXPECT_EQ(tn_run_with(WITH(2), shares_some, NULL), TN_OK);
    EXPECT_EQ(begun, 2 * FEW);
    EXPECT_EQ(ended, 2 * FEW);
    EXPECT(beside < begun);
}

TN_PFRAME(void, leaves_them_all, (bool, yields)) {
    for (long i = 0; i < FEW; i++) {
        tn_task(holds) child = tn_spawn(holds, i);
        tn_forget(child);
    }
    if (yields) {
        (void)tn_yield(self);
    }
}

TN_FRAME(void, sees_them_removed, (bool, yields)) {
    for (int i = 0; i < 3; i++) {
        tn_task(leaves_them_all) child = tn_spawn(leaves_them_all, yields);
        tn_await(leaves_them_all, child);
        EXPECT_EQ(begun, ended);
    }
}

TEST(children_are_removed_before_they_begin) {
    EXPECT_EQ(tn_run_with(WITH(1), sees_them_removed, NULL, false), TN_OK);
    EXPECT_EQ(begun, 0);
}

TEST(children_are_removed_as_they_begin_on_other_threads) {
    for (int threads = 1; threads <= 3; threads++) {
        EXPECT_EQ(tn_run_with(WITH(threads), sees_them_removed, NULL, threads != 2), TN_OK);
        EXPECT_EQ(begun, ended);
    }
}
