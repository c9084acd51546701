// memory_test.c - each call that may fail does, one after the other, in a program that uses all
// that asks for memory.
//
// Invariant: the run returns what its manual says or the program is told otherwise; no failing call
// ends the process, and (under AddressSanitizer) none leaks. Start reading at uses_much.
#include <tenon/event.h>
#include <tenon/failure.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <sys/mman.h>

#include "os/fault.h"
#include "scheduler/hard.h"
#include "support/test.h"

enum { THREADS = 2, ANSWER = 42 };

TN_PFRAME(long, one, (long, x)) {
    return x;
}

struct large {
    long values[20];
};

TN_PFRAME(long, takes_much, (struct large, large)) {
    tn_yield(self);
    return large.values[19];
}

TN_FRAME(void, holds) {
    tn_task(one) child = tn_spawn(one, 1);
    tn_await(one, child);
    tn_hold(self);
}

static enum tn_verdict pass(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure;
    (void)replace;
    (void)data;
    return TN_PASS;
}

// A little of everything. What was not to be had is a NULL, a code, or the failure of this frame.
TN_PFRAME(int, uses_much) {
    struct tn_event *event = tn_event_create(self, "event");
    tn_task(one) a = tn_spawn(one, 1);
    tn_task(holds) b = tn_spawn(holds);
    tn_task(one) c = tn_spawn(one, 3);
    tn_task(takes_much) d = tn_spawn(takes_much, (struct large){{0}});
    struct tn_frame *frame = tn_share(b);
    if (event == NULL || frame == NULL || tn_this(self) == NULL ||
        tn_on_failure(self, pass, NULL) != TN_OK || tn_event_post(event, NULL) != TN_OK ||
        tn_event_post_after(event, NULL, 100) != TN_OK) {
        return ANSWER;
    }
    struct tn_awaitable *any = tn_any(self, tn_timer(self, 0.001), tn_of_event(event));
    const int code = tn_wait(self, any);
    tn_forget(c);
    (void)tn_remove(self, frame);
    const int of_d = tn_try_await(takes_much, d, NULL);
    const long sum = tn_await(one, a);
    return code == TN_OK && of_d == TN_OK && sum != 1 ? ANSWER + 1 : ANSWER;
}

static void run_much(void *argument) {
    const uint64_t *fails_at = argument;
    fault_fail_call(*fails_at);
    for (int i = 0; i < 2; i++) { // and once more, when nothing fails
        int answer = ANSWER;
        const int code = tn_run_with(TN_RUN(.num_threads = THREADS), uses_much, &answer);
        EXPECT(code == TN_OK || code == TN_NO_MEMORY || code == TN_NO_THREAD);
        EXPECT(code == TN_OK || (i == 0 && *fails_at != 0));
        EXPECT_EQ(answer, ANSWER);
        fault_fail_call(0);
    }
}

static void count_calls(void *argument) {
    uint64_t *count = argument;
    uint64_t none = 0;
    const uint64_t before = fault_calls();
    run_much(&none);
    *count = (fault_calls() - before) / 2 + 5; // it depends on who runs what
}

// In processes of their own: ThreadSanitizer follows no fork of a process that has had threads.
static void fail_each_call_in_turn(unsigned modes) {
    hard_choose(modes);
    uint64_t *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(shared != MAP_FAILED);
    EXPECT_DIES(count_calls, shared, 0, "");
    const uint64_t count = *shared;
    for (uint64_t n = 1; n <= count; n++) {
        EXPECT_DIES(run_much, &n, 0, "");
    }
    TEST_NOTE("%d calls failed, one at a time", (int)count);
    EXPECT(count >= 20);
}

TEST(each_call_that_may_fail_does_and_is_survived, .seconds = 60) {
    fail_each_call_in_turn(0);
}

TEST(each_call_fails_while_all_is_stolen, .seconds = 60) {
    fail_each_call_in_turn(HARD_STEAL);
}

TEST(each_call_fails_while_all_goes_through_queues, .seconds = 60) {
    fail_each_call_in_turn(HARD_PARK | HARD_MOVE);
}
