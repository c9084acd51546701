// DFrames in other processes, which are threads here (support/loopback.h): how they end.
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <tenon.h>

#include "os/os.h"
#include "support/loopback.h"
#include "support/test.h"

// ---- failures --------------------------------------------------------------------------------

TN_DFRAME(int, parse, (int, line)) {
    TN_FAIL(self, -EINVAL, "line %d is no number", line);
    return line;
}

TN_DFRAME(int, fetch, (int, line)) {
    tn_task(parse) child = tn_spawn(parse, line);
    return tn_await(parse, child);
}

TN_PFRAME(int, lets_fetch, (int, line)) {
    tn_task(fetch) child = tn_spawn(fetch, line);
    return tn_await(fetch, child);
}

TEST(a_failure_that_nobody_absorbs_ends_the_run_with_its_path_and_place) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, lets_fetch, NULL, 7), -EINVAL);
    const struct tn_failure *failure = tn_run_failures();
    EXPECT(failure != NULL);
    EXPECT_STR(failure->message, "line 7 is no number");
    EXPECT_STR(failure->path, "/lets_fetch/fetch/parse");
    EXPECT(strstr(failure->file, "ends_test.c") != NULL);
    EXPECT(failure->line > 0);
    EXPECT(failure->next == NULL);
}

// On whichever thread of the run hears that a process is lost.
static enum tn_verdict absorb_and_count(const struct tn_failure *failure, int *replace,
                                        void *data) {
    (void)failure, (void)replace;
    atomic_fetch_add((_Atomic int *)data, 1);
    return TN_ABSORB;
}

TN_PFRAME(int, absorbs, (int, line)) {
    _Atomic int asked = 0;
    int answer = 0;
    EXPECT_EQ(tn_on_failure(self, absorb_and_count, &asked), TN_OK);
    tn_task(fetch) child = tn_spawn(fetch, line);
    EXPECT_EQ(tn_try_await(fetch, child, &answer), -EINVAL);
    EXPECT_EQ(asked, 1);
    const struct tn_failure *kept = tn_children_failures(self);
    EXPECT(kept != NULL && kept->next == NULL);
    EXPECT_STR(kept->message, "line 3 is no number");
    tn_task(fetch) again = tn_spawn(fetch, line);
    struct tn_frame *frame = tn_share(again);
    EXPECT_EQ(tn_join(fetch, frame, &answer), -EINVAL);
    EXPECT(frame != NULL && tn_failure_of(frame) != NULL);
    return asked;
}

TEST(handlers_above_a_dframe_hear_of_its_failure_and_may_absorb_it) {
    loopback_send_all(1, 1);
    int asked = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, absorbs, &asked, 3), TN_OK);
    EXPECT_EQ(asked, 2);
}

static enum tn_verdict replace_it(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure, (void)data;
    *replace = -EIO;
    return TN_PASS;
}

TN_DFRAME(int, fetch_with_handler, (int, line)) {
    EXPECT_EQ(tn_on_failure(self, replace_it, NULL), TN_OK);
    tn_task(parse) child = tn_spawn(parse, line);
    return tn_await(parse, child);
}

TN_PFRAME(int, lets_handle, (int, line)) {
    tn_task(fetch_with_handler) child = tn_spawn(fetch_with_handler, line);
    return tn_await(fetch_with_handler, child);
}

TEST(a_failure_travels_with_what_led_to_it) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, lets_handle, NULL, 9), -EIO);
    const struct tn_failure *failure = tn_run_failures();
    EXPECT(failure != NULL && failure->cause != NULL);
    EXPECT_EQ(failure->cause->code, -EINVAL);
    EXPECT_STR(failure->cause->message, "line 9 is no number");
    EXPECT_STR(failure->cause->path, "/lets_handle/fetch_with_handler/parse");
    EXPECT(failure->cause->cause == NULL);
}

TN_DFRAME(int, fetch_or_zero, (int, line)) {
    int value = 0;
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(parse) child = tn_spawn(parse, line);
    return tn_try_await(parse, child, &value) == -EINVAL ? 42 : 0;
}

TN_PFRAME(int, lets_absorb, (int, line)) {
    tn_task(fetch_or_zero) child = tn_spawn(fetch_or_zero, line);
    return tn_await(fetch_or_zero, child);
}

TEST(a_failure_that_a_dframe_absorbs_is_not_heard_of_outside) {
    loopback_send_all(1, 2);
    int answer = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, lets_absorb, &answer, 9), TN_OK);
    EXPECT_EQ(answer, 42);
    EXPECT(tn_run_failures() == NULL);
}

// ---- removal and deadlines -------------------------------------------------------------------

static _Atomic int begun, unwound;
static _Atomic int held_in; // the process where the last of these began

static void count_unwound(struct tn_self *self, void *data) {
    (void)self, (void)data;
    unwound++;
}

TN_DFRAME(int, holds, (int, n)) {
    EXPECT_EQ(tn_cleanup_push(self, count_unwound, NULL), TN_OK);
    held_in = loopback_here();
    begun++;
    const int code = tn_sleep(self, 1000);
    return code == TN_OK ? n : code;
}

static int wait_for_begun(struct tn_self *self, int count) {
    while (begun < count) {
        const int code = tn_sleep(self, 0.0005);
        if (code != TN_OK) {
            return code;
        }
    }
    return TN_OK;
}

TN_PFRAME(void, removes_one, (int, n)) {
    tn_task(holds) child = tn_spawn(holds, n);
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(wait_for_begun(self, 1), TN_OK);
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(unwound, 1); // gone there before it is gone here
    EXPECT_EQ(tn_join(holds, frame, NULL), TN_REMOVED);
    EXPECT(!tn_remove(self, frame));
}

TEST(a_removed_dframe_has_unwound_elsewhere_when_the_removal_is_over) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, removes_one, NULL, 1), TN_OK);
}

TN_PFRAME(void, removes_at_once, (int, n)) {
    for (int i = 0; i < n; i++) {
        tn_task(holds) child = tn_spawn(holds, n);
        struct tn_frame *frame = tn_share(child);
        if (i % 3 == 1) {
            (void)tn_yield(self);
        }
        EXPECT(tn_remove(self, frame));
        EXPECT_EQ(begun, unwound);
    }
}

TEST(a_dframe_may_be_removed_at_any_moment_of_its_way) {
    loopback_send_all(2, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, removes_at_once, NULL, 30), TN_OK);
}

TN_PFRAME(void, leaves_some, (int, n)) {
    for (int i = 0; i < n; i++) {
        (void)tn_spawn(holds, i);
    }
    EXPECT_EQ(wait_for_begun(self, 3), TN_OK);
}

TEST(the_end_of_a_parent_ends_its_dframes_elsewhere) {
    loopback_send_all(1, 3);
    EXPECT_EQ(tn_run_with(TWO_THREADS, leaves_some, NULL, 3), TN_OK);
    EXPECT_EQ(unwound, 3);
}

TN_PFRAME(int, has_a_deadline, (double, seconds)) {
    tn_task(holds) child = tn_spawn_with(TN_OPTIONS(.seconds = seconds), holds, 1);
    const int code = tn_try_await(holds, child, NULL);
    EXPECT_EQ(unwound, begun);
    return code;
}

TEST(a_deadline_reaches_a_dframe_elsewhere) {
    loopback_send_all(1, 1);
    int code = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, has_a_deadline, &code, 0.02 * test_slowness()), TN_OK);
    EXPECT_EQ(code, TN_TIMED_OUT);
    EXPECT_EQ(begun, 1);
}

TN_PFRAME(int, is_in_a_scope, (double, seconds)) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, seconds);
    tn_task(holds) child = tn_spawn(holds, 1);
    const int code = tn_try_await(holds, child, NULL);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    return code;
}

TEST(a_scope_ends_the_wait_for_a_dframe_and_the_dframe) {
    loopback_send_all(1, 1);
    int code = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, is_in_a_scope, &code, 0.02), TN_OK);
    EXPECT_EQ(code, TN_TIMED_OUT);
    EXPECT_EQ(unwound, begun);
}

TN_PFRAME(void, runs_out, (int, n)) {
    tn_task(holds) child = tn_spawn(holds, n);
    EXPECT_EQ(tn_try_await(holds, child, NULL), TN_TIMED_OUT);
}

TEST(the_deadline_of_the_run_reaches_its_dframes) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1, .seconds = 0.1), runs_out, NULL, 1),
              TN_TIMED_OUT);
    EXPECT_EQ(unwound, begun);
}

// ---- processes that are gone -----------------------------------------------------------------

TN_PFRAME(int, loses_one, (int, detail)) {
    _Atomic int asked = 0;
    EXPECT_EQ(tn_on_failure(self, absorb_and_count, &asked), TN_OK);
    tn_task(holds) child = tn_spawn(holds, 1);
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(wait_for_begun(self, 1), TN_OK);
    loopback_kill(held_in, detail);
    const int code = tn_join(holds, frame, NULL);
    EXPECT_EQ(asked, 1);
    const struct tn_failure *failure = tn_failure_of(frame);
    EXPECT(failure != NULL);
    EXPECT(strstr(failure->message, detail > 0 ? "SIGKILL" : "exit code 3") != NULL);
    EXPECT_STR(failure->path, "/loses_one/holds");
    return code;
}

TEST(a_dframe_whose_process_is_killed_is_lost_and_says_why) {
    loopback_send_all(1, 1);
    int code = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, loses_one, &code, SIGKILL), TN_OK);
    EXPECT_EQ(code, TN_LOST);
}

TEST(a_dframe_whose_process_exits_is_lost_and_says_why) {
    loopback_send_all(1, 1);
    int code = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, loses_one, &code, -3), TN_OK);
    EXPECT_EQ(code, TN_LOST);
}

TN_DFRAME(int, counts_itself, (int, n)) {
    begun++;
    return n;
}

// One thread, so the others wait for it: none of them has begun.
TN_PFRAME(void, loses_what_has_begun, (int, n)) {
    _Atomic int asked = 0;
    EXPECT_EQ(tn_on_failure(self, absorb_and_count, &asked), TN_OK);
    tn_task(holds) first = tn_spawn(holds, 0);
    struct tn_frame *frame = tn_share(first);
    EXPECT_EQ(wait_for_begun(self, 1), TN_OK);
    tn_task(counts_itself) others[8];
    for (int i = 0; i < n; i++) {
        others[i] = tn_spawn(counts_itself, i);
    }
    loopback_kill(held_in, SIGKILL);
    EXPECT_EQ(tn_join(holds, frame, NULL), TN_LOST);
    int sum = 0;
    for (int i = 0; i < n; i++) {
        int value = 0;
        const int code = tn_try_await(counts_itself, others[i], &value);
        EXPECT(code == TN_OK || code == TN_LOST);
        sum += code == TN_OK ? 1 : 0;
    }
    EXPECT(begun - 1 >= sum && begun - 1 <= n);
    tn_task(counts_itself) last = tn_spawn(counts_itself, n);
    EXPECT_EQ(tn_await(counts_itself, last), n);
}

TEST(what_had_not_begun_in_a_lost_process_is_run_elsewhere) {
    loopback_send_all(2, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, loses_what_has_begun, NULL, 8), TN_OK);
}

TEST(with_no_process_left_dframes_run_here) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, loses_what_has_begun, NULL, 8), TN_OK);
}

TN_PFRAME(int, is_lied_to, (int, n)) {
    _Atomic int asked = 0;
    EXPECT_EQ(tn_on_failure(self, absorb_and_count, &asked), TN_OK);
    tn_task(counts_itself) warm = tn_spawn(counts_itself, n);
    EXPECT_EQ(tn_await(counts_itself, warm), n);
    loopback_lie(0);
    tn_task(counts_itself) child = tn_spawn(counts_itself, n);
    int value = 0;
    const int code = tn_try_await(counts_itself, child, &value);
    EXPECT(code == TN_LOST || (code == TN_OK && value == n));
    tn_task(counts_itself) last = tn_spawn(counts_itself, n);
    return tn_await(counts_itself, last);
}

TEST(a_process_that_breaks_the_rules_is_cut_off_and_the_program_lives) {
    loopback_send_all(1, 1);
    int answer = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, is_lied_to, &answer, 5), TN_OK);
    EXPECT_EQ(answer, 5);
}
