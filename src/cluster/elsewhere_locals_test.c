// DFrames in other processes, which are threads here (support/loopback.h): frame-local values.
#include <tenon.h>

#include "frame/frame.h"
#include "frame/local.h"
#include "support/loopback.h"
#include "support/test.h"

TN_DATA(wide, (double, a), (double, b), (double, c), (double, d));
TN_DLOCAL(int, travels);
TN_DLOCAL(struct wide, wide);
TN_DLOCAL(char, narrow);
TN_LOCAL(int, stays);

TN_DFRAME(int, sees, (int, n)) {
    EXPECT(loopback_here() >= 0);
    EXPECT_EQ(tn_local_get(stays), 0); // its type may be anything, so it does not travel
    EXPECT_NEAR(tn_local_get(wide).d, 4, 0);
    EXPECT_EQ(tn_local_get(narrow), 'x');
    return tn_local_get(travels) * 10 + n;
}

TN_PFRAME(void, sets_and_sends, (int, count)) {
    EXPECT_EQ(tn_local_set(stays, 5), TN_OK);
    EXPECT_EQ(tn_local_set(wide, ((struct wide){1, 2, 3, 4})), TN_OK);
    EXPECT_EQ(tn_local_set(narrow, 'x'), TN_OK);
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_local_set(travels, i), TN_OK);
        tn_task(sees) child = tn_spawn(sees, 3);
        EXPECT_EQ(tn_await(sees, child), i * 10 + 3);
    }
}

TEST(values_that_travel_are_seen_as_they_were_when_it_was_sent) {
    loopback_send_all(2, 1);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2), sets_and_sends, NULL, 20), TN_OK);
}

TN_DFRAME(int, sleeps, (int, n)) {
    (void)tn_sleep(self, 1000);
    return tn_local_get(travels) + n;
}

TN_PFRAME(void, sends_and_removes, (int, count)) {
    EXPECT_EQ(tn_local_set(travels, 1), TN_OK);
    for (int i = 0; i < count; i++) {
        tn_task(sleeps) child = tn_spawn_with(TN_OPTIONS(.seconds = i % 3 * 0.0001), sleeps, i);
        struct tn_frame *frame = tn_share(child);
        EXPECT(frame != NULL);
        if (i % 2 == 0) {
            (void)tn_remove(self, frame);
        }
        EXPECT(i % 2 != 0 || tn_frame_has_ended(frame));
    }
}

// Memory checkers see that nothing is left.
TEST(a_dframe_that_never_runs_there_leaves_no_values) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), sends_and_removes, NULL, 30), TN_OK);
}

// ---- what comes from outside -----------------------------------------------------------------

TN_PFRAME(void, restores, (int, rounds)) {
    struct frame *frame = frame_current(self);
    uint64_t values[5] = {1, 8, 42, 3, 0};
    EXPECT_EQ(local_restore(frame, values, sizeof values), TN_OK);
    values[1] = 9;
    EXPECT_EQ(local_restore(frame, values, 3 * sizeof values[0]), TN_MALFORMED);
    values[1] = UINT64_MAX;
    EXPECT_EQ(local_restore(frame, values, sizeof values), TN_MALFORMED);
    for (int i = 1; i < rounds; i++) {
        EXPECT_EQ(local_restore(frame, values, (size_t)i), TN_MALFORMED);
    }
}

TEST(a_snapshot_that_is_none_is_refused) {
    EXPECT_EQ(tn_run(restores, NULL, 16), TN_OK);
}
