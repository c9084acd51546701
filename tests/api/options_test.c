// options_test.c - tn_spawn_with, tn_join, tn_current.
#include <string.h>
#include <tenon.h>

#include "support/test.h"

static char order[64];

static void mark(char letter) {
    order[strlen(order)] = letter;
}

TN_FRAME(int, two_steps, (char, letter)) {
    mark(letter);
    tn_yield(self);
    mark(letter);
    return letter;
}

TN_FRAME(void, starts_one_at_once) {
    tn_task(two_steps) a = tn_spawn(two_steps, 'a');
    tn_task(two_steps) b = tn_spawn_with(TN_OPTIONS(.is_immediate = true), two_steps, 'b');
    mark('-');
    tn_await_all(self, &a, &b);
    EXPECT_EQ(tn_await(two_steps, b), 'b');
}

TEST(an_immediate_frame_runs_to_its_first_wait_before_creation_returns) {
    memset(order, 0, sizeof order);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), starts_one_at_once, NULL), TN_OK);
    EXPECT(strcmp(order, "b-aba") == 0);
}

TN_PFRAME(int, three, (int, n)) {
    return 3 * n;
}

TN_PFRAME(void, starts_pframes_at_once) {
    for (int i = 0; i < 100; i++) {
        tn_task(three) task = tn_spawn_with(TN_OPTIONS(.is_immediate = true), three, i);
        struct tn_frame *frame = tn_share(task);
        EXPECT(frame != NULL && tn_frame_has_ended(frame));
        EXPECT_EQ(tn_await(three, task), 3 * i);
    }
}

TEST(an_immediate_frame_that_never_waits_ends_and_keeps_its_result) {
    for (int threads = 1; threads <= 4; threads *= 2) {
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = threads), starts_pframes_at_once, NULL), TN_OK);
    }
}

TN_PFRAME(int, nested, (int, depth)) {
    if (depth == 0) {
        return 1;
    }
    tn_task(nested) below = tn_spawn_with(TN_OPTIONS(.is_immediate = true), nested, depth - 1);
    return 1 + tn_await(nested, below);
}

TEST(immediate_frames_nest) {
    int count = 0;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2), nested, &count, 1000), TN_OK);
    EXPECT_EQ(count, 1001);
}

TN_FRAME(int, where) {
    const int before = tn_thread_index();
    tn_sleep(self, 0.001);
    return tn_thread_index() == before ? before : -1;
}

TN_PFRAME(int, where_free) {
    const int before = tn_thread_index();
    tn_sleep(self, 0.001);
    return tn_thread_index() == before ? before : -1;
}

TN_PFRAME(void, pins) {
    for (int k = 0; k < 4; k++) {
        tn_task(where) frame = tn_spawn_with(TN_OPTIONS(.thread = TN_THREAD(k)), where);
        tn_task(where_free) pframe =
            tn_spawn_with(TN_OPTIONS(.thread = TN_THREAD(k), .is_immediate = true), where_free);
        EXPECT_EQ(tn_await(where, frame), k);
        EXPECT_EQ(tn_await(where_free, pframe), k);
    }
}

TEST(a_pinned_frame_runs_on_its_thread_only) {
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 4), pins, NULL), TN_OK);
}

TN_FRAME(void, tells_its_name) {
    char path[64];
    EXPECT_EQ(tn_frame_path(tn_this(self), path, sizeof path), 12);
    EXPECT(strcmp(path, "/names_a/dns") == 0);
}

TN_FRAME(void, names_a) {
    tn_task(tells_its_name) task = tn_spawn_with(TN_OPTIONS(.name = "dns"), tells_its_name);
    tn_await(tells_its_name, task);
}

TEST(a_name_given_at_creation_stands_in_the_path) {
    EXPECT_EQ(tn_run(names_a, NULL), TN_OK);
}

TN_PFRAME(void, joins, (struct tn_frame *, frame), (int, expected)) {
    for (int i = 0; i < 3; i++) {
        int value = 0;
        EXPECT_EQ(tn_join(three, frame, &value), TN_OK);
        EXPECT_EQ(value, expected);
        tn_sleep(self, 0.001);
    }
}

TN_PFRAME(void, shares) {
    tn_task(three) task = tn_spawn(three, 7);
    struct tn_frame *frame = tn_share(task);
    for (int i = 0; i < 8; i++) {
        tn_task(joins) one = tn_spawn(joins, frame, 21);
        tn_forget(one);
    }
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    EXPECT_EQ(tn_join(three, frame, NULL), TN_OK);
    EXPECT_EQ(tn_await(three, task), 21);
}

TEST(a_result_is_joined_many_times_by_many) {
    for (int threads = 1; threads <= 4; threads *= 2) {
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = threads), shares, NULL), TN_OK);
    }
}

static int current_depth(void) {
    struct tn_self *self = tn_current();
    return tn_sleep(self, 0.001);
}

TN_PFRAME(int, sleeps_below) {
    EXPECT(tn_current() == self);
    return current_depth();
}

TEST(the_current_self_is_found_from_any_depth) {
    int code = 1;
    EXPECT_EQ(tn_run(sleeps_below, &code), TN_OK);
    EXPECT_EQ(code, TN_OK);
}
