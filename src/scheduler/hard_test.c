// hard_test.c - each hard mode takes the rare path it is for, and results stay what they are.
//
// Invariant: every test ends with a look at the marks, which prove that the mode had its way.
#include "scheduler/hard.h"

#include <stdlib.h>

#include <tenon/event.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

TN_PFRAME(long, fib, (int, n)) {
    if (n < 2) {
        return n;
    }
    tn_task(fib) left = tn_spawn(fib, n - 1);
    const long right = fib(self, n - 2);
    return tn_await(fib, left) + right;
}

static void expect_fib(int threads) {
    long answer = 0;
    EXPECT_EQ(tn_run_with(WITH(threads), fib, &answer, 12), TN_OK);
    EXPECT_EQ(answer, 144);
}

TN_PFRAME(int, tells_its_thread) {
    return tn_thread_index();
}

TN_PFRAME(int, counts_children_elsewhere, (int, count)) {
    int elsewhere = 0;
    for (int i = 0; i < count; i++) {
        const int here = tn_thread_index();
        tn_task(tells_its_thread) child = tn_spawn(tells_its_thread);
        elsewhere += tn_await(tells_its_thread, child) != here;
    }
    return elsewhere;
}

TEST(in_steal_mode_a_thief_takes_what_is_spawned) {
    hard_choose(HARD_STEAL);
    for (int threads = 2; threads <= 4; threads++) {
        const uint64_t before = hard_marks(HARD_STOLEN);
        int elsewhere = 0;
        EXPECT_EQ(tn_run_with(WITH(threads), counts_children_elsewhere, &elsewhere, 20), TN_OK);
        EXPECT_EQ(elsewhere, 20); // the others are free: one of them takes it
        EXPECT(hard_marks(HARD_STOLEN) > before);
        expect_fib(threads);
    }
    TEST_NOTE("%llu tasks were stolen", (unsigned long long)hard_marks(HARD_STOLEN));
    EXPECT_EQ(hard_marks(HARD_MOVED) + hard_marks(HARD_QUEUED) + hard_marks(HARD_ASLEEP), 0);
}

TEST(in_steal_mode_one_thread_alone_is_not_waited_for) {
    hard_choose(HARD_STEAL);
    expect_fib(1);
    EXPECT_EQ(hard_marks(HARD_STOLEN), 0);
}

static int order[4];
static int ordered;

TN_FRAME(void, comes_second) {
    order[ordered++] = 2;
}

// The timer is there; the frame that is ready comes first all the same.
TN_FRAME(void, waits_for_what_is_done) {
    struct tn_awaitable *timer = tn_timer(self, 0);
    EXPECT_EQ(tn_wait(self, timer), TN_OK);
    tn_task(comes_second) child = tn_spawn(comes_second);
    order[ordered++] = 1;
    EXPECT_EQ(tn_wait(self, timer), TN_OK);
    order[ordered++] = 3;
    tn_await(comes_second, child);
}

TEST(in_park_mode_each_await_goes_through_the_queue) {
    hard_choose(HARD_PARK);
    EXPECT_EQ(tn_run_with(WITH(1), waits_for_what_is_done, NULL), TN_OK);
    EXPECT(ordered == 3 && order[0] == 1 && order[1] == 2 && order[2] == 3);
    for (int threads = 1; threads <= 4; threads++) {
        const uint64_t before = hard_marks(HARD_QUEUED);
        expect_fib(threads);
        EXPECT(hard_marks(HARD_QUEUED) - before >= 100); // of 232 awaits; the rest was waited for
    }
}

TN_FRAME(void, sleeps_now_and_then) {
    for (int i = 0; i < 5; i++) {
        tn_sleep(self, 0.001);
    }
}

TEST(in_park_mode_a_worker_sleeps_without_spinning) {
    hard_choose(HARD_PARK);
    EXPECT_EQ(tn_run_with(WITH(2), sleeps_now_and_then, NULL), TN_OK);
    EXPECT(hard_marks(HARD_ASLEEP) >= 5);
    EXPECT_EQ(hard_marks(HARD_STOLEN) + hard_marks(HARD_MOVED), 0);
}

TN_PFRAME(int, counts_moves, (int, count)) {
    int moves = 0;
    for (int i = 0; i < count; i++) {
        const int before = tn_thread_index();
        tn_sleep(self, 0.0005);
        moves += tn_thread_index() != before;
    }
    return moves;
}

TEST(in_move_mode_a_pframe_resumes_on_another_thread) {
    hard_choose(HARD_MOVE);
    int moves = 0;
    EXPECT_EQ(tn_run_with(WITH(1), counts_moves, &moves, 5), TN_OK);
    EXPECT_EQ(moves, 0);
    for (int threads = 2; threads <= 4; threads++) {
        EXPECT_EQ(tn_run_with(WITH(threads), counts_moves, &moves, 40), TN_OK);
        EXPECT(moves >= 30); // unless the other one is just falling asleep
        expect_fib(threads);
    }
    TEST_NOTE("%llu stacks were moved", (unsigned long long)hard_marks(HARD_MOVED));
    EXPECT(hard_marks(HARD_MOVED) > 0);
    EXPECT_EQ(hard_marks(HARD_STOLEN) + hard_marks(HARD_QUEUED) + hard_marks(HARD_ASLEEP), 0);
}

TN_FRAME(void, stays_where_it_is) {
    for (int i = 0; i < 10; i++) {
        tn_sleep(self, 0.0005);
        EXPECT_EQ(tn_thread_index(), 0);
    }
}

TEST(in_move_mode_a_plain_frame_stays_on_its_thread) {
    hard_choose(HARD_MOVE);
    EXPECT_EQ(tn_run_with(WITH(4), stays_where_it_is, NULL), TN_OK);
    EXPECT_EQ(hard_marks(HARD_MOVED), 0);
}

TEST(without_a_mode_no_mark_is_set) {
    hard_choose(0);
    for (int threads = 1; threads <= 4; threads++) {
        expect_fib(threads);
    }
    for (int i = 0; i < HARD_MARKS; i++) {
        EXPECT_EQ(hard_marks((enum hard_mark)i), 0);
    }
}

static void begin_with(void *text) {
    setenv("TENON_HARD", text, 1);
    hard_begin();
    EXPECT(hard_is(HARD_STEAL) && hard_is(HARD_MOVE) && !hard_is(HARD_PARK));
}

TEST(the_environment_chooses_modes_by_name) {
    EXPECT_DIES(begin_with, (void *)(uintptr_t) "steal,move", 0, "");
    EXPECT_DIES(begin_with, (void *)(uintptr_t) "steal,mov", SIGABRT, "TENON_HARD is a list of");
}
