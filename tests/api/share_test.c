// Handles that are shared or forgotten, and waiting for all children.
// Invariant: a shared frame keeps its outcome until its parent has ended, whoever asks.
#include <tenon/event.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <string.h>

#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

TN_PFRAME(int, later, (double, seconds), (int, value)) {
    tn_sleep(self, seconds);
    return value;
}

TN_PFRAME(int, now, (int, value)) {
    return value;
}

TN_PFRAME(int, waits_for, (struct tn_frame *, frame)) {
    return tn_wait(self, tn_of_frame(frame));
}

TN_FRAME(int, waits_for_bound, (struct tn_frame *, frame)) {
    return waits_for(self, frame);
}

TN_PFRAME(int, many_wait_for_one, (double, seconds)) {
    tn_task(later) child = tn_spawn(later, seconds, 42);
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_share(child), frame);
    tn_task(waits_for) waiters[40];
    tn_task(waits_for_bound) bound[40];
    for (int i = 0; i < 40; i++) {
        waiters[i] = tn_spawn(waits_for, frame);
        bound[i] = tn_spawn(waits_for_bound, frame);
    }
    for (int i = 0; i < 40; i++) {
        int code = 1;
        EXPECT_EQ(tn_try_await(waits_for, waiters[i], &code), TN_OK);
        EXPECT_EQ(code, TN_OK);
        EXPECT_EQ(tn_await(waits_for_bound, bound[i]), TN_OK);
    }
    EXPECT(tn_frame_has_ended(frame));
    EXPECT_EQ(tn_wait(self, tn_of_frame(frame)), TN_OK);
    return tn_await(later, child);
}

TEST(many_may_wait_for_a_shared_frame) {
    for (int n = 1; n <= 8; n *= 2) {
        for (int i = 0; i < 10; i++) {
            int answer = 0;
            EXPECT_EQ(tn_run_with(WITH(n), many_wait_for_one, &answer, 0.001 * (i % 3)), TN_OK);
            EXPECT_EQ(answer, 42);
        }
    }
}

// Shared only after it has ended on another thread, then awaited: the handle must stay valid.
TN_PFRAME(int, shares_late) {
    tn_task(now) child = tn_spawn(now, 6);
    tn_sleep(self, 0.002);
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_await(now, child), 6);
    tn_task(later) others[50];
    for (int i = 0; i < 50; i++) {
        others[i] = tn_spawn(later, 0.001, i);
        EXPECT(tn_share(others[i]) != frame);
    }
    EXPECT(frame != NULL);
    EXPECT(tn_frame_has_ended(frame));
    EXPECT_EQ(tn_wait(self, tn_of_frame(frame)), TN_OK);
    EXPECT(!tn_remove(self, frame));
    return 1;
}

TEST(a_frame_may_be_shared_after_it_has_ended) {
    for (int n = 1; n <= 8; n *= 2) {
        for (int i = 0; i < 10; i++) {
            int answer = 0;
            EXPECT_EQ(tn_run_with(WITH(n), shares_late, &answer), TN_OK);
            EXPECT_EQ(answer, 1);
        }
    }
}

TN_PFRAME(int, shares_taken) {
    tn_task(now) child = tn_spawn(now, 6);
    EXPECT_EQ(tn_await(now, child), 6);
    EXPECT(tn_share(child) == NULL);
    return 1;
}

TEST(a_handle_whose_result_was_taken_cannot_be_shared) {
    int answer = 0;
    EXPECT_EQ(tn_run_with(WITH(1), shares_taken, &answer), TN_OK);
    EXPECT_EQ(answer, 1);
}

// ---- forgetting ------------------------------------------------------------------------------

static _Atomic int ended;

TN_PFRAME(void, counts, (double, seconds)) {
    if (seconds >= 0) {
        tn_sleep(self, seconds);
    }
    ended++;
}

TN_FRAME(void, counts_bound, (double, seconds)) {
    counts(self, seconds);
}

TN_PFRAME(int, forgets_many, (int, count)) {
    for (int i = 0; i < count; i++) {
        tn_task(counts) a = tn_spawn(counts, i % 3 == 0 ? 0.001 : i % 3 == 1 ? 0 : -1);
        tn_task(counts_bound) b = tn_spawn(counts_bound, i % 3 == 0 ? 0.001 : -1);
        tn_forget(a);
        tn_forget(b);
    }
    return tn_children_wait(self);
}

TEST(children_wait_waits_for_forgotten_ones_too) {
    for (int n = 1; n <= 8; n *= 2) {
        int code = -1;
        ended = 0;
        EXPECT_EQ(tn_run_with(WITH(n), forgets_many, &code, 200), TN_OK);
        EXPECT_EQ(code, TN_OK);
        EXPECT_EQ(ended, 400);
    }
}

TN_PFRAME(int, waits_for_nobody) {
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    tn_task(later) child = tn_spawn(later, 0.001, 4);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    return tn_await(later, child);
}

TEST(children_wait_may_be_called_with_none_and_twice) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), waits_for_nobody, &answer), TN_OK);
        EXPECT_EQ(answer, 4);
    }
}

// A hundred thousand children of one frame, each with a frame of its own.
TN_FRAME(int, has_very_many_children, (int, count)) {
    for (int i = 0; i < count; i++) {
        tn_task(counts_bound) child = tn_spawn(counts_bound, -1.0);
        if (i % 2 == 0) {
            tn_forget(child);
        }
    }
    return tn_children_wait(self);
}

TEST(a_frame_may_have_very_many_children, .seconds = 60) {
    const int count = 100000 / test_slowness();
    for (int n = 1; n <= 2; n++) {
        int code = -1;
        ended = 0;
        EXPECT_EQ(tn_run_with(WITH(n), has_very_many_children, &code, count), TN_OK);
        EXPECT_EQ(code, TN_OK);
        EXPECT_EQ(ended, count);
    }
}

// ---- paths -----------------------------------------------------------------------------------

static char seen[64];

TN_PFRAME(int, parse) {
    const size_t length = tn_frame_path(tn_this(self), seen, sizeof seen);
    EXPECT_EQ(length, strlen(seen));
    return 1;
}

TN_PFRAME(int, fetch) {
    tn_task(parse) child = tn_spawn(parse);
    return tn_await(parse, child);
}

TN_PFRAME(int, root) {
    tn_task(fetch) child = tn_spawn(fetch);
    return tn_await(fetch, child);
}

TEST(a_path_names_all_frames_above_also_those_that_run_in_place) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), root, &answer), TN_OK);
        EXPECT_STR(seen, "/root/fetch/parse");
    }
}

TN_FRAME(int, cut_path) {
    char text[6];
    memset(text, 'x', sizeof text);
    EXPECT_EQ(tn_frame_path(tn_this(self), text, sizeof text), 5);
    EXPECT_STR(text, "_path");
    EXPECT_EQ(tn_frame_path(tn_this(self), text, 1), 0);
    EXPECT_STR(text, "");
    return 1;
}

TEST(a_long_path_is_cut_at_the_front) {
    int answer = 0;
    EXPECT_EQ(tn_run_with(WITH(1), cut_path, &answer), TN_OK);
}
