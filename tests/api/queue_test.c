// Queues of work: limits, order, waiting until all is done.
// Invariant: what was put in is got out once, and joined only when it has been dealt with.
#include <tenon.h>

#include "api/misused.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

TN_QUEUE(int, jobs);

static _Atomic int worked;

TN_PFRAME(void, works, (tn_queue(jobs) *, todo)) {
    for (int job; tn_get(jobs, todo, &job) == TN_OK;) {
        if (job % 5 == 0) {
            tn_yield(self);
        }
        worked++;
        EXPECT_EQ(tn_task_done(todo), TN_OK);
    }
}

TN_PFRAME(void, puts_and_joins, (size_t, max)) {
    tn_queue(jobs) todo = TN_QUEUE_OF(.name = "todo", .max = max);
    for (int i = 0; i < 3; i++) {
        tn_spawn(works, &todo);
    }
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < 50; i++) {
            EXPECT_EQ(tn_put(jobs, &todo, i), TN_OK);
            EXPECT(max == 0 || tn_queue_count(&todo) <= max);
        }
        EXPECT_EQ(tn_queue_join(self, &todo), TN_OK);
        EXPECT_EQ(worked, 50 * round);
    }
    EXPECT_EQ(tn_queue_close(&todo), TN_OK);
    EXPECT_EQ(tn_put(jobs, &todo, 1), TN_CLOSED);
    tn_children_wait(self);
    EXPECT_EQ(tn_queue_join(self, &todo), TN_OK);
    EXPECT_EQ(tn_queue_free(&todo), TN_OK);
}

TEST(a_join_ends_when_everything_has_been_dealt_with) {
    for (int n = 1; n <= 4; n++) {
        for (size_t max = 0; max <= 10; max += 5) {
            worked = 0;
            EXPECT_EQ(tn_run_with(WITH(n), puts_and_joins, NULL, max), TN_OK);
        }
    }
}

static bool is_less(const void *one, const void *other) {
    return *(const int *)one < *(const int *)other;
}

static void expect_next(struct tn_self *self, tn_queue(jobs) *queue, int expected) {
    int job = -1;
    EXPECT_EQ(tn_try_get(jobs, queue, &job), TN_OK);
    EXPECT_EQ(job, expected);
}

TN_FRAME(void, orders) {
    tn_queue(jobs) oldest = TN_QUEUE_OF(.max = 100), newest = TN_QUEUE_OF(.order = TN_NEWEST_FIRST);
    tn_queue(jobs) least = TN_QUEUE_OF(.order = TN_LEAST_FIRST, .is_before = is_less);
    for (int i = 0; i < 100; i++) {
        EXPECT_EQ(tn_put(jobs, &oldest, i), TN_OK);
        EXPECT_EQ(tn_put(jobs, &newest, i), TN_OK);
        EXPECT_EQ(tn_put(jobs, &least, i * 37 % 100), TN_OK);
    }
    EXPECT_EQ(tn_try_put(jobs, &oldest, 1), TN_WOULD_WAIT);
    for (int i = 0; i < 100; i++) {
        expect_next(self, &oldest, i);
        expect_next(self, &newest, 99 - i);
        expect_next(self, &least, i);
    }
    int none;
    EXPECT_EQ(tn_try_get(jobs, &least, &none), TN_WOULD_WAIT);
    EXPECT_EQ(tn_queue_free(&oldest), TN_OK);
    EXPECT_EQ(tn_queue_free(&newest), TN_OK);
    EXPECT_EQ(tn_queue_free(&least), TN_OK);
}

TEST(the_oldest_the_newest_or_the_least_comes_first) {
    EXPECT_EQ(tn_run_with(WITH(1), orders, NULL), TN_OK);
}

TN_FRAME(void, puts_one, (tn_queue(jobs) *, queue), (int, job)) {
    EXPECT_EQ(tn_put(jobs, queue, job), TN_OK);
}

TN_FRAME(void, orders_a_full_one) {
    tn_queue(jobs) least =
        TN_QUEUE_OF(.max = 2, .order = TN_LEAST_FIRST, .is_before = is_less);
    EXPECT_EQ(tn_put(jobs, &least, 5), TN_OK);
    EXPECT_EQ(tn_put(jobs, &least, 7), TN_OK);
    tn_spawn(puts_one, &least, 1);
    tn_yield(self); // it waits
    expect_next(self, &least, 5);
    expect_next(self, &least, 1);
    expect_next(self, &least, 7);
    tn_children_wait(self);
    EXPECT_EQ(tn_queue_free(&least), TN_OK);
}

TEST(who_waits_to_put_something_in_is_served_in_its_order) {
    EXPECT_EQ(tn_run_with(WITH(1), orders_a_full_one, NULL), TN_OK);
}

TN_FRAME(void, is_done_too_often) {
    tn_queue(jobs) todo = TN_QUEUE_OF(.name = "todo");
    EXPECT_EQ(tn_put(jobs, &todo, 1), TN_OK);
    int job;
    EXPECT_EQ(tn_get(jobs, &todo, &job), TN_OK);
    EXPECT_EQ(tn_task_done(&todo), TN_OK);
    EXPECT_EQ(tn_task_done(&todo), TN_OUT_OF_RANGE);
    EXPECT_EQ(tn_queue_free(&todo), TN_OK);
}

static void run_is_done_too_often(void *argument) {
    (void)argument;
    EXPECT_EQ(tn_run_with(MISUSED_RUN, is_done_too_often, NULL), TN_OK);
    misused_end();
}

TEST(saying_too_often_that_a_job_is_done_is_told) {
    EXPECT_MISUSE(run_is_done_too_often, "the latch todo was told too often that a part is done");
}
