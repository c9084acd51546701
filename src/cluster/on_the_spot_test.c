// Who waits for the only answer that a run waits for does so where it is (wire_wait_here), and
// keeps nobody else from running meanwhile.
//
// Invariant: a run has one thread, so whoever else runs does so between two answers. Start reading
// at asks_until.
#include <stdatomic.h>

#include <tenon.h>

#include "frame/run.h"
#include "scheduler/hard.h"
#include "support/loopback.h"
#include "support/test.h"

#define ONE_THREAD TN_RUN(.num_threads = 1)

enum { ROUNDS = 400, NAPS = 20, ROUNDS_MAX = 1000000 };

static atomic_int naps, turns;

TN_DFRAME(int, adds_one, (int, n)) {
    EXPECT_EQ(loopback_here(), 0);
    return n + 1;
}

static void ask(struct tn_self *self, int i) {
    tn_task(adds_one) task = tn_spawn(adds_one, i);
    EXPECT_EQ(tn_await(adds_one, task), i + 1);
}

static const struct worker *only_worker(struct tn_self *self) {
    return &frame_current(self)->run->scheduler.workers[0];
}

TN_PFRAME(void, asks_again_and_again) {
    for (int i = 0; i < ROUNDS; i++) {
        ask(self, i);
    }
    TEST_NOTE("%u of %d might be waited for on the spot", only_worker(self)->waits_here, ROUNDS);
    EXPECT(hard_is(HARD_PARK) || only_worker(self)->waits_here >= ROUNDS / 2);
    EXPECT(!only_worker(self)->listens); // it runs something
}

TEST(each_answer_that_is_waited_for_on_the_spot_is_the_right_one) {
    loopback_share(false);
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(ONE_THREAD, asks_again_and_again, NULL), TN_OK);
}

TN_FRAME(void, naps_now_and_then) {
    while (naps < NAPS) {
        EXPECT_EQ(tn_sleep(self, 0.0002), TN_OK);
        naps++;
    }
}

TN_FRAME(void, lets_others_go_first) {
    while (turns < NAPS) {
        EXPECT_EQ(tn_yield(self), TN_OK);
        turns++;
    }
}

// How often it asks until both others have done all they wanted to.
TN_PFRAME(int, asks_until) {
    int rounds = 0;
    naps = turns = 0;
    tn_task(naps_now_and_then) first = tn_spawn(naps_now_and_then);
    tn_task(lets_others_go_first) second = tn_spawn(lets_others_go_first);
    while ((naps < NAPS || turns < NAPS) && rounds < ROUNDS_MAX) {
        ask(self, rounds++);
    }
    tn_await(naps_now_and_then, first);
    tn_await(lets_others_go_first, second);
    return rounds;
}

TEST(who_sleeps_or_yields_goes_on_while_another_asks_without_end) {
    int rounds = 0;
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(ONE_THREAD, asks_until, &rounds), TN_OK);
    TEST_NOTE("%d rounds, %d naps, %d turns", rounds, naps, turns);
    EXPECT(rounds > 0 && rounds < ROUNDS_MAX);
}

// One that takes long is not waited for on the spot to the end: others run meanwhile.
TN_DFRAME(int, takes_long) {
    EXPECT_EQ(tn_sleep(self, 0.05), TN_OK);
    return 7;
}

TN_PFRAME(int, waits_for_long) {
    naps = 0;
    tn_task(naps_now_and_then) other = tn_spawn(naps_now_and_then);
    tn_task(takes_long) task = tn_spawn(takes_long);
    EXPECT_EQ(tn_await(takes_long, task), 7);
    const int meanwhile = naps;
    tn_await(naps_now_and_then, other);
    return meanwhile;
}

TEST(an_answer_that_takes_long_is_waited_for_as_any) {
    int meanwhile = 0;
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(ONE_THREAD, waits_for_long, &meanwhile), TN_OK);
    TEST_NOTE("%d of %d naps meanwhile", meanwhile, NAPS);
    EXPECT(meanwhile > 1); // all of them, but where a machine is busy
}
