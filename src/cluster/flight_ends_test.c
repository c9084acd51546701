// How a DFrame ends that was in flight: by the end of its parent, a failure, a lost process; and
// what it says before: frame/flight.h.
//
// Invariant: each test says how many have to become frames. Start reading at leaves_one.
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <tenon.h>
#include <tenon/event.h>

#include "support/flights.h"

enum { MANY = 200 };

// ---- ends ------------------------------------------------------------------------------------

TN_DFRAME(int, sleeps_until_removed) {
    begun++;
    EXPECT_EQ(tn_sleep(self, 1000), TN_CANCELLED);
    ended++;
    return 0;
}

static void compute_until_begun(void) {
    while (begun == 0) {
        os_thread_yield();
    }
}

TN_PFRAME(void, leaves_one) {
    meet(self);
    (void)tn_spawn(sleeps_until_removed);
    compute_until_begun();
    expect_births(self, 1, 2);
}

TN_PFRAME(void, has_one_that_leaves_one) {
    tn_task(leaves_one) task = tn_spawn(leaves_one);
    struct tn_frame *frame = tn_share(task); // so it has a stack of its own
    EXPECT_EQ(tn_join(leaves_one, frame, NULL), TN_OK);
    EXPECT_EQ(ended, 1);
}

TEST(the_end_of_its_parent_removes_it) {
    run_with_others(&has_one_that_leaves_one_tn_type);
    for (int threads = 1; threads <= 2; threads++) { // also where that is all of the run
        loopback_send_all(1, 1);
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = threads), leaves_one, NULL), TN_OK);
        EXPECT_EQ(ended, 1);
    }
}

TN_PFRAME(int, is_removed_meanwhile) {
    meet(self);
    tn_task(sleeps_until_removed) task = tn_spawn(sleeps_until_removed);
    compute_until_begun();
    while (atomic_load_relaxed(&frame_current(self)->cancelled) == TN_OK) {
        os_thread_yield();
    }
    EXPECT_EQ(tn_try_await(sleeps_until_removed, task, NULL), TN_CANCELLED);
    EXPECT_EQ(ended, 1);
    return 0;
}

TN_PFRAME(void, removes_one_that_computes) {
    tn_task(is_removed_meanwhile) task = tn_spawn(is_removed_meanwhile);
    struct tn_frame *frame = tn_share(task);
    while (begun == 0) {
        EXPECT_EQ(tn_sleep(self, 0.0001), TN_OK);
    }
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(tn_join(is_removed_meanwhile, frame, NULL), TN_REMOVED);
}

TEST(the_removal_of_its_parent_removes_it) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, removes_one_that_computes, NULL), TN_OK);
}

// ---- what is no plain result -----------------------------------------------------------------

TN_DFRAME(int, fails, (int, n)) {
    TN_FAIL(self, -EINVAL, "%d is not allowed", n);
    return n;
}

TN_PFRAME(void, hears_of_failures) {
    meet(self);
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    for (int i = 0; i < MANY; i++) {
        tn_task(fails) task = tn_spawn(fails, i);
        if (i % 2 == 1) {
            compute_until_heard(self);
        }
        EXPECT_EQ(tn_try_await(fails, task, NULL), -EINVAL);
        EXPECT(!task_stack_of(self)->worker->is_on_wire); // nobody relies on it to listen
    }
    EXPECT_EQ(births(self), MANY + 1);
    EXPECT_STR(tn_children_failures(self)->message, "0 is not allowed");
    EXPECT(strstr(tn_children_failures(self)->path, "/hears_of_failures/fails") != NULL);
}

TEST(a_failure_makes_a_frame_of_it) {
    run_with_others(&hears_of_failures_tn_type);
}

TN_PFRAME(void, loses_one) {
    meet(self);
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(sleeps_until_removed) task = tn_spawn(sleeps_until_removed);
    compute_until_begun();
    expect_births(self, 1, 2);
    loopback_kill(0, SIGKILL);
    EXPECT_EQ(tn_try_await(sleeps_until_removed, task, NULL), TN_LOST);
    EXPECT_EQ(births(self), 2);
    tn_task(square) next = tn_spawn(square, 4);
    EXPECT_EQ(tn_await(square, next), 16);
}

TEST(so_does_a_lost_process) {
    run_with_others(&loses_one_tn_type);
}

// ---- what it says meanwhile ------------------------------------------------------------------

TN_DFRAME(int, knocks, (struct tn_port, port), (int64_t, value)) {
    EXPECT_EQ(tn_port_post(self, port, value), TN_OK);
    return (int)value;
}

TN_PFRAME(void, hears_a_knock) {
    meet(self);
    struct tn_event *event = tn_event_create_with(self, TN_EVENT("knock", .is_singleshot = true));
    tn_task(knocks) task = tn_spawn(knocks, tn_port_of(event), 12);
    expect_births(self, 1, 2);
    EXPECT_EQ(tn_await(knocks, task), 12);
    void *heard = NULL;
    EXPECT_EQ(tn_event_wait(self, event, &heard), TN_OK);
    EXPECT_EQ((intptr_t)heard, 12);
}

TEST(what_it_posts_is_there_before_its_result) {
    run_with_others(&hears_a_knock_tn_type);
}
