// drop_test.c - what a frame lets go of before it ends.
#include <malloc.h>
#include <tenon.h>

#include "support/test.h"

TN_FRAME(void, makes_many) {
    struct tn_event *event = tn_event_create(self, "tick");
    size_t before = 0;
    for (int i = 0; i < 20000; i++) {
        struct tn_awaitable *timer = tn_timer(self, 1000);
        struct tn_awaitable *soon = tn_timer(self, 0);
        struct tn_awaitable *all = tn_all(self, soon, soon);
        struct tn_awaitable *first = tn_any(self, tn_of_event(event), timer, all);
        EXPECT_EQ(tn_wait(self, first), TN_OK);
        EXPECT_EQ(tn_winner(first), 2);
        tn_drop(self, first);
        tn_drop(self, all);
        tn_drop(self, soon);
        tn_drop(self, timer);
        if (i == 10000) {
            before = mallinfo2().uordblks;
        }
    }
    EXPECT(mallinfo2().uordblks < before + 65536);
    tn_drop(self, NULL);
    tn_drop(self, tn_of_event(event)); // found, not made: nothing happens
    tn_drop(self, tn_of_frame(tn_this(self)));
    EXPECT_EQ(tn_event_post(event, event), TN_OK);
    void *value = NULL;
    EXPECT_EQ(tn_event_wait(self, event, &value), TN_OK);
    EXPECT(value == event);
}

TEST(awaitables_that_are_dropped_each_time_round_take_no_memory) {
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), makes_many, NULL), TN_OK);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2), makes_many, NULL), TN_OK);
}

TN_FRAME(int, waits, (struct tn_awaitable *, awaitable)) {
    return tn_wait(self, awaitable);
}

TN_FRAME(void, drops_under_a_waiter) {
    struct tn_awaitable *never = tn_any(self, tn_never(self), tn_timer(self, 1000));
    tn_task(waits) waiter = tn_spawn(waits, never);
    tn_sleep(self, 0.001);
    tn_drop(self, never);
    int outcome = TN_OK;
    EXPECT_EQ(tn_try_await(waits, waiter, &outcome), TN_OK);
    EXPECT_EQ(outcome, TN_REMOVED);
}

TEST(who_waits_for_what_is_dropped_hears_that_it_was_removed) {
    EXPECT_EQ(tn_run(drops_under_a_waiter, NULL), TN_OK);
}
