// Failures: who is asked, in which order, what those who wait receive, how a run ends.
// Invariant: each handler is asked once for each failure below it.
#include <tenon/event.h>
#include <tenon/failure.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <stdio.h>
#include <string.h>

#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static _Atomic int asked;
static struct tn_failure last;
static char last_message[128];
static char last_path[128];

static enum tn_verdict note(const struct tn_failure *failure, int *replace, void *data) {
    EXPECT_EQ(*replace, failure->code);
    last = *failure;
    snprintf(last_message, sizeof last_message, "%s", failure->message);
    snprintf(last_path, sizeof last_path, "%s", failure->path);
    asked++;
    return *(const enum tn_verdict *)data;
}

static enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure;
    (void)replace;
    (void)data;
    asked++;
    return TN_ABSORB;
}

static enum tn_verdict make_worse(const struct tn_failure *failure, int *replace, void *data) {
    (void)data;
    *replace = failure->code - 1;
    return TN_PASS;
}

static enum tn_verdict always_absorb = TN_ABSORB;
static enum tn_verdict always_pass = TN_PASS;

// ---- one failure -----------------------------------------------------------------------------

static _Atomic unsigned fail_line; // frames on several threads write it

TN_PFRAME(int, fails, (int, code)) {
    fail_line = __LINE__ + 1;
    TN_FAIL(self, code, "reading %s at %d", "a file", 17);
    EXPECT_EQ(tn_sleep(self, 5), TN_CANCELLED);
    TN_FAIL(self, code - 100, "a second one is ignored");
    return 5;
}

TN_FRAME(int, fails_bound, (int, code)) {
    return fails(self, code);
}

TN_PFRAME(int, absorbs, (int, code)) {
    EXPECT_EQ(tn_on_failure(self, note, &always_absorb), TN_OK);
    tn_task(fails) a = tn_spawn(fails, code);
    int value = 8;
    EXPECT_EQ(tn_try_await(fails, a, &value), code);
    EXPECT_EQ(value, 8);
    EXPECT_EQ(tn_await(fails, a), 0);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(last.code, code);
    EXPECT_EQ(last.line, fail_line);
    EXPECT_STR(strrchr(last.file, '/'), "/failure_test.c");
    EXPECT_STR(last_message, "reading a file at 17");
    EXPECT_STR(last_path, "/absorbs/fails");
    tn_task(fails_bound) b = tn_spawn(fails_bound, code - 1);
    EXPECT_EQ(tn_await(fails_bound, b), 0);
    EXPECT_EQ(tn_try_await(fails_bound, b, NULL), code - 1);
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(tn_sleep(self, 0.001), TN_OK);
    return 1;
}

TEST(an_absorbed_failure_is_the_outcome_of_the_await) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        asked = 0;
        EXPECT_EQ(tn_run_with(WITH(n), absorbs, &answer, -5), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

TEST(an_unhandled_failure_ends_the_run) {
    for (int n = 1; n <= 4; n++) {
        int answer = 12;
        EXPECT_EQ(tn_run_with(WITH(n), fails, &answer, -5), -5);
        EXPECT_EQ(answer, 12);
        EXPECT_EQ(tn_run_with(WITH(n), fails_bound, &answer, -6), -6);
    }
}

static void complain(void) {
    const int code = tn_run_with(WITH(2), fails, NULL, -5);
    EXPECT_EQ(tn_complain(code), 1);
    raise(SIGABRT);
}

TEST_DIES(a_complaint_says_where_and_what, SIGABRT, "/fails failed at ") {
    complain();
}

TEST_DIES(a_complaint_has_the_message, SIGABRT, "reading a file at 17") {
    complain();
}

TEST(every_code_has_a_text) {
    for (int code = TN_NO_THREAD; code <= 0; code = code == TN_CANCELLED ? -200 : code + 1) {
        EXPECT(tn_status_text(code) != NULL && tn_status_text(code)[0] != '\0');
    }
    EXPECT_STR(tn_status_text(-2), "No such file or directory");
}

// ---- the order of handlers -------------------------------------------------------------------

TN_PFRAME(int, handles_itself, (int, code)) {
    tn_on_failure(self, absorb, NULL);
    return fails(self, code);
}

TN_PFRAME(int, passes, (int, code), (int, depth)) {
    tn_on_failure(self, depth % 2 == 0 ? make_worse : NULL, NULL);
    if (depth == 0) {
        tn_task(fails) child = tn_spawn(fails, code);
        return tn_await(fails, child);
    }
    tn_task(passes) child = tn_spawn(passes, code, depth - 1);
    return tn_await(passes, child);
}

TN_FRAME(int, top, (int, code)) {
    tn_on_failure(self, note, &always_absorb);
    tn_task(handles_itself) own = tn_spawn(handles_itself, code);
    EXPECT_EQ(tn_try_await(handles_itself, own, NULL), code);
    EXPECT_EQ(asked, 1);
    tn_task(passes) child = tn_spawn(passes, code, 4);
    (void)tn_await(passes, child);
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(last.code, code - 3);
    return 1;
}

TEST(handlers_are_asked_from_the_inside_and_may_replace_the_code) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        asked = 0;
        EXPECT_EQ(tn_run_with(WITH(n), top, &answer, -20), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

TN_PFRAME(int, nobody_absorbs, (int, code)) {
    tn_on_failure(self, note, &always_pass);
    tn_task(passes) child = tn_spawn(passes, code, 2);
    EXPECT_EQ(tn_await(passes, child), 0);
    EXPECT_EQ(tn_yield(self), TN_CANCELLED);
    return 1;
}

TEST(a_run_ends_with_the_code_that_the_last_handler_left) {
    for (int n = 1; n <= 4; n++) {
        asked = 0;
        EXPECT_EQ(tn_run_with(WITH(n), nobody_absorbs, NULL, -40), -42);
        EXPECT_EQ(asked, 1);
    }
}

// ---- many ------------------------------------------------------------------------------------

static _Atomic int alive;

TN_PFRAME(int, holds) {
    alive++;
    const int code = tn_hold(self);
    alive--;
    return code;
}

TN_PFRAME(int, fails_after, (double, seconds), (int, code)) {
    tn_task(holds) below = tn_spawn(holds);
    (void)below;
    tn_sleep(self, seconds);
    TN_FAIL(self, code, "later");
    return 0;
}

TN_PFRAME(int, has_failing_branch) {
    for (int i = 0; i < 20; i++) {
        tn_task(holds) other = tn_spawn(holds);
        tn_forget(other);
    }
    tn_task(fails_after) child = tn_spawn(fails_after, 0.002, -9);
    tn_forget(child);
    const int code = tn_hold(self);
    EXPECT_EQ(code, TN_CANCELLED);
    return code;
}

TEST(an_unhandled_failure_removes_the_whole_tree) {
    for (int n = 1; n <= 8; n *= 2) {
        for (int i = 0; i < 10; i++) {
            EXPECT_EQ(tn_run_with(WITH(n), has_failing_branch, NULL), -9);
            EXPECT_EQ(alive, 0);
        }
    }
}

TN_PFRAME(int, many_failures, (int, count)) {
    tn_on_failure(self, absorb, NULL);
    tn_task(fails_after) each[64];
    for (int i = 0; i < count; i++) {
        each[i] = tn_spawn(fails_after, 0.0001 * (i % 5), -1 - i);
    }
    EXPECT(tn_children_wait(self) == TN_OK);
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_try_await(fails_after, each[i], NULL), -1 - i);
    }
    return 1;
}

TEST(all_failures_of_siblings_are_kept) {
    for (int n = 1; n <= 8; n *= 2) {
        int answer = 0;
        asked = 0;
        EXPECT_EQ(tn_run_with(WITH(n), many_failures, &answer, 64), TN_OK);
        EXPECT_EQ(answer, 1);
        EXPECT_EQ(asked, 64);
        EXPECT_EQ(alive, 0);
    }
}

TN_PFRAME(int, awaits_all_of_them) {
    tn_on_failure(self, absorb, NULL);
    tn_task(fails) bad = tn_spawn(fails, -3);
    tn_task(fails_bound) worse = tn_spawn(fails_bound, -4);
    EXPECT_EQ(tn_await_all(self, &bad, &worse), -3);
    EXPECT_EQ(tn_try_await(fails_bound, worse, NULL), -4);
    tn_task(fails) shared = tn_spawn(fails, -6);
    EXPECT_EQ(tn_wait(self, tn_of_frame(tn_share(shared))), -6);
    return 1;
}

TEST(all_of_several_is_the_first_bad_one) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), awaits_all_of_them, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}
