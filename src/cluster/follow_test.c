// In a process that runs one DFrame after another, the next one may begin in the frame of the one
// before (run_guests in guest_end.c, frame/follow.h), and shall know nothing of it.
//
// The guests of a batch wait behind one that holds their only thread, so that each could follow.
// Each gives its frame a body that counts ends: there are as many as guests if none follows.
// Start reading at squares_in_a_row.
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <tenon.h>
#include <tenon/cleanup.h>
#include <tenon/event.h>
#include <tenon/local.h>

#include "cluster/guest.h"
#include "frame/current.h"
#include "scheduler/hard.h"
#include "support/loopback.h"
#include "support/test.h"

enum { WAITING = 30 }; // there is room for them behind one that runs

static atomic_int may_go, frames_ended;

static void count_and_settle(struct frame *frame, int outcome) {
    frames_ended++;
    guest_body.settled(frame, outcome);
}

static struct frame_body counting;

// By root, before it spawns anything.
static void count_ends(void) {
    counting = guest_body;
    counting.settled = count_and_settle;
    frames_ended = 0;
}

// Keeps its thread.
TN_DFRAME(int, holds_all_up) {
    while (!may_go) {
        os_thread_yield();
    }
    return 0;
}

// ---- how many frames -------------------------------------------------------------------------

TN_DFRAME(long, square, (int, n)) {
    frame_current(self)->body = &counting;
    return (long)n * n;
}

TN_PFRAME(void, squares_in_a_row) {
    tn_task(square) tasks[WAITING];
    count_ends();
    may_go = 0;
    tn_task(holds_all_up) first = tn_spawn(holds_all_up);
    for (int i = 0; i < WAITING; i++) {
        tasks[i] = tn_spawn(square, i);
    }
    may_go = 1;
    EXPECT_EQ(tn_await(holds_all_up, first), 0);
    for (int i = 0; i < WAITING; i++) {
        EXPECT_EQ(tn_await(square, tasks[i]), (long)i * i);
    }
}

TEST(many_in_a_row_begin_in_few_frames) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), squares_in_a_row, NULL), TN_OK);
    TEST_NOTE("%d frames of %d guests", frames_ended, WAITING);
    EXPECT(hard_is(HARD_PARK) ? frames_ended >= WAITING : frames_ended < WAITING);
}

// ---- what the one before was like ------------------------------------------------------------

enum act { PLAIN, SLEEPS, AWAITS, FORGETS, CLEANS, FAILS, HANDLES, REMEMBERS, SHARES, OWNS, ACTS };

TN_LOCAL(int, remembered);

static atomic_int cleaned, handled;
static struct tn_frame *shared;
static int shared_n;

static void count_cleaning(struct tn_self *self, void *data) {
    (void)self, (void)data;
    cleaned++;
}

static enum tn_verdict count_handled(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure, (void)replace, (void)data;
    handled++;
    return TN_ABSORB;
}

TN_PFRAME(int, fails, (int, n)) {
    TN_FAIL(self, -EINVAL, "%d fails", n);
    return n;
}

TN_PFRAME(void, sleeps_for_long) {
    EXPECT_EQ(tn_cleanup_push(self, count_cleaning, NULL), TN_OK);
    (void)tn_sleep(self, 100);
}

TN_DFRAME_DECLARE(int, acts, (int, act), (int, n));

// As any that has just begun.
static void know_nothing(struct tn_self *self) {
    struct frame *frame = frame_current(self);
    char path[64];
    EXPECT(tn_frame_path((struct tn_frame *)(void *)frame, path, sizeof path) > 0);
    EXPECT(strstr(path, "/acts") != NULL);
    EXPECT_EQ(frame_check(frame), 0);
    EXPECT_EQ(tn_local_get(remembered), 0);
    EXPECT(tn_children_failures(self) == NULL);
    EXPECT(frame->handler == NULL && frame->cleanups == NULL && frame->received == NULL);
    EXPECT(!frame->has_waited && atomic_load_relaxed(&frame->classes) == NULL);
    if (shared != NULL) { // its result stays for whoever has its handle
        int value = 0;
        EXPECT(tn_frame_has_ended(shared));
        EXPECT_EQ(tn_join(acts, shared, &value), TN_OK);
        EXPECT_EQ(value, shared_n);
    }
}

TN_DFRAME_DEFINE(int, acts, (int, act), (int, n)) {
    know_nothing(self);
    if (act == SLEEPS) {
        EXPECT_EQ(tn_sleep(self, 0.0001), TN_OK);
    } else if (act == FORGETS) {
        tn_task(sleeps_for_long) child = tn_spawn(sleeps_for_long);
        EXPECT_EQ(tn_sleep(self, 0.0001), TN_OK);
        tn_forget(child);
    } else if (act == CLEANS) {
        EXPECT_EQ(tn_cleanup_push(self, count_cleaning, NULL), TN_OK);
    } else if (act == FAILS) {
        TN_FAIL(self, -EINVAL, "%d fails", n);
    } else if (act == AWAITS || act == HANDLES) {
        int value = 0;
        EXPECT_EQ(tn_on_failure(self, count_handled, NULL), TN_OK);
        tn_task(fails) child = tn_spawn(fails, n);
        EXPECT_EQ(tn_try_await(fails, child, &value), -EINVAL);
    } else if (act == REMEMBERS) {
        EXPECT_EQ(tn_local_set(remembered, n + 1), TN_OK);
    } else if (act == SHARES) {
        shared = tn_this(self);
        shared_n = n;
    } else if (act == OWNS) {
        EXPECT(tn_event_create(self, "owned") != NULL);
    }
    return n;
}

// Each act `times` in a row, then plain ones.
static int act_of(int act, int i, int times) {
    return i % (times + 2) < times ? act : PLAIN;
}

// What each act leaves is over when its parent has the result.
static void expect_end(int act, int n, int outcome, int value) {
    static int to_clean, to_handle;
    to_clean += act == CLEANS;
    to_handle += act == AWAITS || act == HANDLES;
    EXPECT_EQ(outcome, act == FAILS ? -EINVAL : TN_OK);
    EXPECT_EQ(value, act == FAILS ? 0 : n);
    EXPECT(cleaned >= to_clean && handled >= to_handle);
}

TN_PFRAME(void, batch, (int, times)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    for (int act = PLAIN; act < ACTS; act++) {
        tn_task(acts) tasks[WAITING];
        may_go = 0;
        tn_task(holds_all_up) first = tn_spawn(holds_all_up);
        for (int i = 0; i < WAITING; i++) {
            tasks[i] = tn_spawn(acts, act_of(act, i, times), i);
        }
        may_go = 1;
        EXPECT_EQ(tn_await(holds_all_up, first), 0);
        for (int i = 0; i < WAITING; i++) {
            int value = 0;
            const int outcome = tn_try_await(acts, tasks[i], &value);
            expect_end(act_of(act, i, times), i, outcome, value);
        }
    }
}

TEST(who_follows_knows_nothing_of_the_one_before) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), batch, NULL, 1), TN_OK);
    shared = NULL;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), batch, NULL, 3), TN_OK);
}

// ---- ends ------------------------------------------------------------------------------------

TN_DFRAME(int, waits_to_be_removed) {
    return tn_sleep(self, 100);
}

TN_PFRAME(void, removes_who_follows) {
    for (int i = 0; i < WAITING; i++) {
        may_go = 0;
        tn_task(holds_all_up) first = tn_spawn(holds_all_up);
        tn_task(square) second = tn_spawn(square, i);
        tn_task(waits_to_be_removed) third = tn_spawn(waits_to_be_removed);
        tn_task(square) fourth = tn_spawn(square, i);
        may_go = 1;
        EXPECT_EQ(tn_await(holds_all_up, first), 0);
        EXPECT_EQ(tn_await(square, second), (long)i * i);
        if (i % 2 == 0) {
            EXPECT_EQ(tn_sleep(self, 0.0005), TN_OK); // else it may not have begun
        }
        struct tn_frame *frame = tn_share(third);
        EXPECT(frame != NULL && tn_remove(self, frame));
        EXPECT_EQ(tn_await(square, fourth), (long)i * i);
    }
}

TEST(who_follows_is_removed_as_any_other) {
    loopback_send_all(1, 1);
    counting = guest_body;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), removes_who_follows, NULL), TN_OK);
}

TN_PFRAME(void, asks_now_and_then) {
    count_ends();
    for (int i = 0; i < 20 * WAITING; i++) {
        tn_task(square) task = tn_spawn(square, i);
        EXPECT_EQ(tn_await(square, task), (long)i * i);
        if (i % WAITING == 0) { // it waits in vain
            EXPECT_EQ(tn_sleep(self, 0.001), TN_OK);
        }
    }
}

TEST(who_waits_for_the_next_one_in_vain_ends) {
    for (int processes = 1; processes <= 2; processes++) {
        loopback_send_all(processes, processes);
        EXPECT_EQ(tn_run_with(TWO_THREADS, asks_now_and_then, NULL), TN_OK);
        TEST_NOTE("%d frames of %d guests", frames_ended, 20 * WAITING);
    }
}
