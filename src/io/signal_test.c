// signal_test.c - signals as awaitables. Invariant: a signal is raised only while it is watched.
#include <tenon/signal.h>

#include <signal.h>

#include <tenon.h>

#include "os/fault.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

TN_FRAME(void, raises_after, (double, seconds), (int, number)) {
    tn_sleep(self, seconds);
    EXPECT_EQ(raise(number), 0);
}

TN_FRAME(int, waits_for_interrupt) {
    tn_spawn(raises_after, 0.002, SIGINT);
    return tn_signal_wait(self, SIGINT);
}

TEST(an_interrupt_ends_the_wait_and_not_the_process) {
    for (int n = 1; n <= 3; n++) {
        int code = 1;
        EXPECT_EQ(tn_run_with(WITH(n), waits_for_interrupt, &code), TN_OK);
        EXPECT_EQ(code, TN_OK);
    }
}

TN_FRAME(void, lives_until_interrupted) {
    tn_hold(self);
}

TN_FRAME(int, stops_its_work) {
    tn_task(lives_until_interrupted) work = tn_spawn(lives_until_interrupted);
    struct tn_frame *frame = tn_share(work);
    tn_spawn(raises_after, 0.002, SIGTERM);
    struct tn_awaitable *first =
        tn_any(self, tn_of_frame(frame), tn_signal(self, SIGTERM), tn_signal(self, SIGINT));
    EXPECT_EQ(tn_wait(self, first), TN_OK);
    EXPECT(tn_remove(self, frame));
    return tn_winner(first);
}

TEST(a_signal_is_one_of_several_awaitables) {
    for (int n = 1; n <= 3; n++) {
        int winner = -1;
        EXPECT_EQ(tn_run_with(WITH(n), stops_its_work, &winner), TN_OK);
        EXPECT_EQ(winner, 1);
    }
}

TN_FRAME(void, raises_before_it_waits) {
    struct tn_awaitable *first = tn_signal(self, SIGUSR1);
    struct tn_awaitable *other = tn_signal(self, SIGUSR2);
    EXPECT_EQ(raise(SIGUSR1), 0);
    EXPECT_EQ(tn_wait(self, first), TN_OK); // it came after the making
    EXPECT_EQ(tn_wait(self, first), TN_OK); // and stays
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.003);
    EXPECT_EQ(tn_wait(self, other), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    tn_drop(self, other);
}

TEST(what_comes_after_the_making_is_not_missed) {
    for (int n = 1; n <= 3; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), raises_before_it_waits, NULL), TN_OK);
    }
}

TEST_DIES(after_the_last_wait_a_signal_does_what_it_did, SIGTERM, "") {
    int winner = -1;
    EXPECT_EQ(tn_run_with(WITH(1), stops_its_work, &winner), TN_OK);
    (void)raise(SIGTERM);
}

TN_FRAME(void, waits_for_what_nobody_can_catch) {
    (void)tn_signal(self, SIGKILL);
}

TEST_DIES(what_nobody_can_catch_is_refused, SIGABRT, "nobody can wait for the signal 9") {
    (void)!tn_run_with(WITH(1), waits_for_what_nobody_can_catch, NULL);
}

TN_FRAME(int, makes_with_the_nth_call_failing, (int, n)) {
    fault_fail_call((uint64_t)n);
    struct tn_awaitable *awaitable = tn_signal(self, SIGUSR1);
    fault_fail_call(0);
    if (awaitable == NULL) {
        return TN_NO_MEMORY;
    }
    EXPECT_EQ(raise(SIGUSR1), 0);
    return tn_wait(self, awaitable);
}

TEST(waiting_for_a_signal_bears_that_the_nth_call_fails) {
    int failures = 0;
    for (int n = 1; n <= 6; n++) {
        int code = 1;
        EXPECT_EQ(tn_run_with(WITH(1), makes_with_the_nth_call_failing, &code, n), TN_OK);
        EXPECT(code == TN_OK || code == TN_NO_MEMORY);
        failures += code != TN_OK;
    }
    EXPECT(failures >= 2);
}
