// DFrames in other processes, which are threads here (support/loopback.h): which attempt they are.
#include <signal.h>
#include <stdatomic.h>

#include <tenon.h>

#include "support/loopback.h"
#include "support/test.h"

// ---- below one that was sent -----------------------------------------------------------------

TN_DFRAME(struct tn_attempt, which) {
    return tn_attempt_of(self);
}

TN_PFRAME(struct tn_attempt, which_pframe) {
    return tn_attempt_of(self);
}

TN_DFRAME(struct tn_attempt, asks_below, (int, here)) {
    EXPECT(here != loopback_here());
    const struct tn_attempt mine = tn_attempt_of(self);
    tn_task(which_pframe) pframe = tn_spawn(which_pframe);
    tn_task(which) dframe = tn_spawn(which);
    const struct tn_attempt part = tn_await(which, dframe);
    EXPECT_EQ(part.run, mine.run);
    EXPECT_EQ(part.task, mine.task);
    EXPECT_EQ(part.attempt, mine.attempt);
    EXPECT_EQ(tn_await(which_pframe, pframe).task, 0);
    return mine;
}

TN_PFRAME(void, lets_ask, (int, count)) {
    uint64_t last = 0;
    struct tn_event *event = tn_event_create(self, "any");
    for (int i = 0; i < count; i++) {
        tn_task(asks_below) child = tn_spawn(asks_below, loopback_here());
        const struct tn_attempt attempt = tn_await(asks_below, child);
        EXPECT_EQ(attempt.run, tn_port_of(event).run); // the owner's number, not that of its own
        EXPECT(attempt.task > last);
        EXPECT_EQ(attempt.attempt, 1);
        last = attempt.task;
    }
}

TEST(a_dframe_below_one_that_was_sent_is_a_part_of_it) {
    loopback_send_all(2, 2);
    EXPECT_EQ(tn_run_with(TWO_THREADS, lets_ask, NULL, 10), TN_OK);
}

// ---- those whose process is gone -------------------------------------------------------------

static struct tn_attempt told[4];
static _Atomic int begun;
static _Atomic int begun_in;

// Stays until its process is killed, the first `deaths` times.
TN_DFRAME(struct tn_attempt, stays, (int, deaths)) {
    const struct tn_attempt mine = tn_attempt_of(self);
    const int number = begun;
    told[number] = mine;
    begun_in = loopback_here();
    begun = number + 1;
    if (number < deaths) {
        (void)tn_sleep(self, 1000);
    }
    return mine;
}

TN_PFRAME(void, kills_some, (int, deaths)) {
    tn_task(stays) child = tn_spawn_with(TN_OPTIONS(.begins_max = deaths + 1), stays, deaths);
    struct tn_frame *frame = tn_share(child);
    for (int i = 0; i < deaths; i++) {
        while (begun == i) {
            EXPECT_EQ(tn_sleep(self, 0.0005), TN_OK);
        }
        loopback_kill(begun_in, SIGKILL);
    }
    struct tn_attempt last;
    EXPECT_EQ(tn_join(stays, frame, &last), TN_OK);
    EXPECT_EQ(begun, deaths + 1);
    for (int i = 0; i <= deaths; i++) {
        EXPECT_EQ(told[i].run, last.run);
        EXPECT_EQ(told[i].task, last.task);
        EXPECT_EQ(told[i].attempt, i + 1);
    }
    tn_task(which) other = tn_spawn(which);
    EXPECT(tn_await(which, other).task != last.task);
}

TEST(each_attempt_has_the_next_number_and_the_same_task) {
    loopback_send_all(4, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, kills_some, NULL, 3), TN_OK);
}

// The last attempt has no process but this one.
TEST(an_attempt_that_is_made_here_after_others_elsewhere_is_counted_with_them) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, kills_some, NULL, 1), TN_OK);
    EXPECT_EQ(begun_in, -1);
}
