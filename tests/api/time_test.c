// Sleeping, yielding, holding: order and accuracy.
// Invariant: no sleep ends early, and equal ones end in the order in which they began.
#include <tenon/event.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <math.h>

#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static int order[256];
static int count;

TN_FRAME(void, notes_after, (double, seconds), (int, number)) {
    tn_sleep(self, seconds);
    order[count++] = number;
}

TN_FRAME(int, sleeps_in_all_orders) {
    static const int places[] = {3, 0, 4, 1, 2};
    for (int i = 0; i < 5; i++) {
        tn_task(notes_after) child = tn_spawn(notes_after, 0.02 + 0.02 * places[i], places[i]);
        tn_forget(child);
    }
    return tn_children_wait(self);
}

TEST(shorter_sleeps_end_first) {
    for (int n = 1; n <= 4; n++) {
        int code = -1;
        count = 0;
        EXPECT_EQ(tn_run_with(WITH(n), sleeps_in_all_orders, &code), TN_OK);
        EXPECT_EQ(count, 5);
        for (int i = 0; i < 5; i++) {
            EXPECT_EQ(order[i], i);
        }
    }
}

// Each deadline is at or after the one before, so none may overtake.
TN_FRAME(int, sleeps_alike) {
    for (int i = 0; i < 200; i++) {
        tn_task(notes_after) child = tn_spawn(notes_after, 0.02, i);
        tn_forget(child);
    }
    return tn_children_wait(self);
}

TEST(equal_sleeps_end_in_the_order_of_creation) {
    for (int n = 1; n <= 4; n++) {
        int code = -1;
        count = 0;
        EXPECT_EQ(tn_run_with(WITH(n), sleeps_alike, &code), TN_OK);
        EXPECT_EQ(count, 200);
        for (int i = 0; i < 200; i++) {
            EXPECT_EQ(order[i], i);
        }
    }
}

TN_FRAME(void, takes_turns, (int, number)) {
    for (int i = 0; i < 3; i++) {
        order[count++] = number;
        const int code = i == 0 ? tn_yield(self) : tn_sleep(self, i == 1 ? 0 : -1);
        EXPECT_EQ(code, TN_OK);
    }
}

TN_FRAME(int, turns) {
    for (int i = 0; i < 3; i++) {
        tn_task(takes_turns) child = tn_spawn(takes_turns, i);
        tn_forget(child);
    }
    return tn_children_wait(self);
}

TEST(a_sleep_of_nothing_lets_all_others_run_once) {
    for (int n = 1; n <= 4; n++) {
        int code = -1;
        count = 0;
        EXPECT_EQ(tn_run_with(WITH(n), turns, &code), TN_OK);
        EXPECT_EQ(count, 9);
        for (int i = 0; i < 9; i++) {
            EXPECT_EQ(order[i], i % 3);
        }
    }
}

TN_PFRAME(int, measures_sleeps) {
    for (int i = 0; i < 20; i++) {
        const double seconds = 0.0003 * i;
        const double start = tn_now();
        EXPECT_EQ(tn_sleep(self, seconds), TN_OK);
        EXPECT(tn_now() - start >= seconds - 1e-9);
    }
    EXPECT_EQ(tn_sleep(self, nan("")), TN_OK);
    EXPECT_EQ(tn_sleep(self, -INFINITY), TN_OK);
    return 1;
}

TEST(no_sleep_ends_early) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), measures_sleeps, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

TN_PFRAME(int, sleeps_for_ever) {
    return tn_sleep(self, INFINITY);
}

TN_PFRAME(int, removes_sleepers) {
    tn_task(sleeps_for_ever) each[10];
    for (int i = 0; i < 10; i++) {
        each[i] = tn_spawn(sleeps_for_ever);
    }
    tn_sleep(self, 0.002);
    for (int i = 0; i < 10; i++) {
        EXPECT(tn_remove(self, tn_share(each[i])));
    }
    return 1;
}

TEST(an_endless_sleep_may_be_removed) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), removes_sleepers, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

TN_PFRAME(void, nap, (int, i)) {
    tn_sleep(self, 0.00001 * (i * 7919 % 1000));
}

TN_PFRAME(int, many_naps, (int, how_many)) {
    for (int i = 0; i < how_many; i++) {
        tn_task(nap) child = tn_spawn(nap, i);
        tn_forget(child);
    }
    return tn_children_wait(self);
}

TEST(thousands_may_sleep_at_once, .seconds = 30) {
    for (int n = 1; n <= 8; n *= 2) {
        int code = -1;
        const double start = tn_now();
        EXPECT_EQ(tn_run_with(WITH(n), many_naps, &code, 5000), TN_OK);
        EXPECT_EQ(code, TN_OK);
        EXPECT(tn_now() - start < 3.0 * test_slowness());
    }
}

enum { QUEUED = 300 };

static int queued_before_the_sleeper;

TN_FRAME(void, keeps_the_thread_for_a_moment) {
    count++;
    tn_block(0.001);
}

TN_FRAME(void, sleeps_beside_many) {
    tn_sleep(self, 0.01);
    queued_before_the_sleeper = count;
}

TN_FRAME(int, queues_many) {
    tn_task(sleeps_beside_many) sleeper = tn_spawn(sleeps_beside_many);
    tn_forget(sleeper);
    for (int i = 0; i < QUEUED; i++) {
        tn_task(keeps_the_thread_for_a_moment) child = tn_spawn(keeps_the_thread_for_a_moment);
        tn_forget(child);
    }
    return tn_children_wait(self);
}

// After ten of them, or a few more until the clock is looked at; not after all of them.
TEST(who_has_slept_does_not_wait_behind_all_that_is_queued, .seconds = 60) {
    for (int n = 1; n <= 2; n++) {
        int code = -1;
        count = 0;
        EXPECT_EQ(tn_run_with(WITH(n), queues_many, &code), TN_OK);
        EXPECT_EQ(code, TN_OK);
        EXPECT_EQ(count, QUEUED);
        EXPECT(queued_before_the_sleeper <= 100);
    }
}

static bool is_over;

TN_FRAME(void, sleeps_and_sleeps) {
    while (!is_over) {
        tn_sleep(self, 1e-9);
        count++;
    }
}

static bool was_between;

TN_FRAME(void, ends_at_once) {
}

TN_FRAME(int, creates_among_sleepers) {
    for (int i = 0; i < 50; i++) {
        tn_task(sleeps_and_sleeps) child = tn_spawn(sleeps_and_sleeps);
        tn_forget(child);
    }
    for (int i = 0; i < 200; i++) {
        tn_yield(self);
        const int before = count;
        tn_task(ends_at_once) child = tn_spawn_with(TN_OPTIONS(.is_immediate = true), ends_at_once);
        was_between = was_between || count != before;
        tn_await(ends_at_once, child);
    }
    is_over = true;
    return tn_children_wait(self);
}

// A creation is no wait: the other frames of the thread stand still meanwhile.
TEST(who_has_slept_does_not_come_between_a_creation_and_its_immediate_frame) {
    for (int n = 1; n <= 2; n++) {
        int code = -1;
        is_over = false;
        was_between = false;
        EXPECT_EQ(tn_run_with(WITH(n), creates_among_sleepers, &code), TN_OK);
        EXPECT_EQ(code, TN_OK);
        EXPECT(!was_between);
    }
}

TN_FRAME(int, yields_among_sleepers) {
    for (int i = 0; i < 50; i++) {
        tn_task(sleeps_and_sleeps) child = tn_spawn(sleeps_and_sleeps);
        tn_forget(child);
    }
    tn_yield(self);
    for (int i = 0; i < 100; i++) {
        tn_yield(self);
    }
    is_over = true;
    return tn_children_wait(self);
}

// Three of the sleepers, then one of the queue: of the starts, then of the yields.
TEST(sleeps_that_end_all_the_time_starve_nobody) {
    for (int n = 1; n <= 2; n++) {
        int code = -1;
        count = 0;
        is_over = false;
        EXPECT_EQ(tn_run_with(WITH(n), yields_among_sleepers, &code), TN_OK);
        EXPECT_EQ(code, TN_OK);
        EXPECT(count <= 3 * (50 + 100) + 2 * 50);
    }
}
