// Section 6 of the contract, failing: who is asked and in which order, what those who wait receive.
// What is kept of failures is in 06_failures_kept.c, time limits and shields in 06_limits.c.
#include "contract/contract.h"

#include <signal.h>
#include <string.h>

// Marks a tag and passes.
static enum tn_verdict note(const struct tn_failure *failure, int *replace, void *data) {
    EXPECT_EQ(*replace, failure->code);
    mark(*(const char *)data);
    return TN_PASS;
}

static enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)note(failure, replace, data);
    return TN_ABSORB;
}

LEVEL_FRAME(int, fails, (int, code)) {
    TN_FAIL(self, code, "as asked: %d", code);
    return 99;
}

static void expect_code(const struct tn_failure *failure, int code) {
    EXPECT(failure != NULL);
    EXPECT_EQ(failure->code, code);
}

// ---- up the hierarchy ------------------------------------------------------------------------

static struct tn_frame *_Atomic failing;

LEVEL_FRAME(void, parent_of_failing) {
    EXPECT_EQ(tn_on_failure(self, absorb, "p"), TN_OK);
    tn_task(fails) task = tn_spawn(fails, -5);
    failing = tn_share(task);
    EXPECT_EQ(tn_try_await(fails, task, NULL), -5);
}

LEVEL_FRAME(void, stranger) {
    EXPECT_EQ(tn_on_failure(self, absorb, "s"), TN_OK);
    tn_task(parent_of_failing) task = tn_spawn(parent_of_failing);
    EXPECT_EQ(tn_try_await(parent_of_failing, task, NULL), TN_OK);
    EXPECT_EQ(tn_yield(self), TN_OK);
}

LEVEL_FRAME(void, waits_for_failing, (struct tn_frame *, frame)) {
    EXPECT_EQ(tn_on_failure(self, absorb, "w"), TN_OK);
    EXPECT_EQ(tn_join(fails, frame, NULL), -5);
    EXPECT_EQ(tn_wait(self, tn_of_frame(frame)), -5);
    EXPECT_EQ(tn_yield(self), TN_OK);
}

// A failure travels up the hierarchy, not along who awaits
CONTRACT(a_failure_goes_up_the_tree_and_not_along_who_waits) {
    tn_task(stranger) above = tn_spawn(stranger);
    tn_await(stranger, above);
    EXPECT_MARKS("p");
    EXPECT_EQ(tn_on_failure(self, absorb, "r"), TN_OK);
    tn_task(fails) child = tn_spawn(fails, -5);
    struct tn_frame *frame = tn_share(child);
    tn_task(waits_for_failing) first = tn_spawn(waits_for_failing, frame);
    tn_task(waits_for_failing) second = tn_spawn(waits_for_failing, frame);
    tn_await(waits_for_failing, second);
    tn_await(waits_for_failing, first);
    EXPECT_MARKS("r");
}

LEVEL_FRAME(int, nested, (int, depth)) {
    static const char tags[] = "0123";
    EXPECT_EQ(tn_on_failure(self, note, (void *)(uintptr_t)&tags[depth]), TN_OK);
    if (depth == 0) {
        TN_FAIL(self, -3, "the innermost");
        return 1;
    }
    tn_task(nested) below = tn_spawn(nested, depth - 1);
    return tn_await(nested, below);
}

// [...] the frame's own handler, then its parents'; a handler may absorb it, replace it, or pass.
CONTRACT(the_frames_own_handler_is_asked_first_then_those_around_it) {
    EXPECT_EQ(tn_on_failure(self, absorb, "r"), TN_OK);
    tn_task(nested) task = tn_spawn(nested, 3);
    EXPECT_EQ(tn_await(nested, task), 0);
    EXPECT_MARKS("0123r");
    tn_task(nested) last = tn_spawn(nested, 0);
    EXPECT_EQ(tn_await(nested, last), 0);
    EXPECT_MARKS("0r");
    EXPECT_EQ(tn_yield(self), TN_OK);
}

LEVEL_FRAME(int, absorbs_its_own) {
    EXPECT_EQ(tn_on_failure(self, absorb, "o"), TN_OK);
    TN_FAIL(self, -3, "mine");
    return 1;
}

CONTRACT(a_handler_may_be_that_of_the_failed_frame_and_be_set_at_its_creation) {
    tn_task(absorbs_its_own) task = tn_spawn(absorbs_its_own);
    EXPECT_EQ(tn_try_await(absorbs_its_own, task, NULL), -3);
    EXPECT_MARKS("o");
    tn_task(fails) other =
        tn_spawn_with(TN_OPTIONS(.on_failure = absorb, .on_failure_data = "c"), fails, -4);
    EXPECT_EQ(tn_try_await(fails, other, NULL), -4);
    EXPECT_MARKS("c");
}

static enum tn_verdict make_worse(const struct tn_failure *failure, int *replace, void *data) {
    (void)data;
    *replace = failure->code - 1;
    return TN_PASS;
}

static enum tn_verdict expect_replaced(const struct tn_failure *failure, int *replace, void *data) {
    EXPECT_EQ(*replace, -12);
    EXPECT_EQ(failure->code, -12);
    EXPECT(failure->cause != NULL && failure->cause->cause != NULL);
    EXPECT_EQ(failure->cause->code, -11);
    EXPECT_EQ(failure->cause->cause->code, -10);
    EXPECT_STR(failure->cause->cause->message, "as asked: -10");
    EXPECT(failure->cause->cause->cause == NULL);
    mark(*(const char *)data);
    *replace = -50;
    return TN_ABSORB;
}

LEVEL_FRAME(int, makes_worse, (int, depth)) {
    EXPECT_EQ(tn_on_failure(self, make_worse, NULL), TN_OK);
    if (depth == 0) {
        tn_task(fails) task = tn_spawn(fails, -10);
        return tn_await(fails, task);
    }
    tn_task(makes_worse) task = tn_spawn(makes_worse, depth - 1);
    return tn_await(makes_worse, task);
}

CONTRACT(a_handler_may_replace_a_failure_which_becomes_the_cause) {
    EXPECT_EQ(tn_on_failure(self, expect_replaced, "x"), TN_OK);
    tn_task(makes_worse) task = tn_spawn(makes_worse, 1);
    EXPECT_EQ(tn_try_await(makes_worse, task, NULL), TN_OK); // it absorbed nothing, nor did it fail
    EXPECT_MARKS("x");
}

static enum tn_verdict absorb_as(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure;
    *replace = *(const int *)data;
    return TN_ABSORB;
}

CONTRACT(who_waits_receives_what_the_absorbing_handler_made_of_it) {
    static const int code = -77;
    EXPECT_EQ(tn_on_failure(self, absorb_as, (void *)(uintptr_t)&code), TN_OK);
    tn_task(fails) task = tn_spawn(fails, -10);
    struct tn_frame *frame = tn_share(task);
    int value = 5;
    EXPECT_EQ(tn_try_await(fails, task, &value), -77);
    EXPECT_EQ(value, 5);
    expect_code(tn_failure_of(frame), -10);
}

LEVEL_FRAME(int, absorbs_as_a_value) {
    static const int code = 1;
    EXPECT_EQ(tn_on_failure(self, absorb_as, (void *)(uintptr_t)&code), TN_OK);
    tn_task(fails) task = tn_spawn(fails, -10);
    return tn_try_await(fails, task, NULL);
}

static void run_absorbs_as_a_value(void *argument) {
    (void)argument;
    int code = 0;
    EXPECT_EQ(contract_run(absorbs_as_a_value, &code), TN_OK);
    EXPECT_EQ(code, -10);
}

static void run_fails_with_three(void *argument) {
    (void)argument;
    EXPECT_EQ(contract_run(fails, NULL, 3), TN_OUT_OF_RANGE);
}

// Programmer's errors [...] stop the program in debug builds and return an error otherwise, with a
// sentence that says what to do.
CONTRACT_OUTSIDE(a_failures_code_is_negative) {
    const int how = contract_is_checked() ? SIGABRT : 0;
    EXPECT_DIES(run_fails_with_three, NULL, how, "a failure has a negative code, not 3");
    EXPECT_DIES(run_absorbs_as_a_value, NULL, how, "put a negative code there");
}

// Unhandled at root: run ends and returns it.
CONTRACT_OUTSIDE(what_nobody_absorbs_is_what_the_run_returns) {
    int answer = 12;
    EXPECT_EQ(contract_run(fails, &answer, -6), -6);
    EXPECT_EQ(contract_run(makes_worse, &answer, 1), -12);
    EXPECT_EQ(answer, 12);
}

// ---- where and when --------------------------------------------------------------------------

static _Atomic int failed_on;

static enum tn_verdict expect_here(const struct tn_failure *failure, int *replace, void *data) {
    EXPECT_EQ(tn_thread_index(), failed_on);
    return absorb(failure, replace, data);
}

LEVEL_FRAME(void, marks_its_end) {
    failed_on = -1;
    (void)tn_hold(self);
    mark('e');
}

LEVEL_FRAME(void, fails_with_children) {
    tn_task(marks_its_end) below = tn_spawn(marks_its_end);
    EXPECT(tn_share(below) != NULL);
    WAIT_UNTIL(failed_on == -1);
    failed_on = tn_thread_index();
    TN_FAIL(self, -5, "with children");
    mark('f');
}

// Handlers run on the thread where it happened, before the failed frame's children are removed.
CONTRACT(handlers_run_where_it_happened_before_the_children_are_removed) {
    failed_on = -2;
    EXPECT_EQ(tn_on_failure(self, expect_here, "h"), TN_OK);
    tn_task(fails_with_children) task = tn_spawn(fails_with_children);
    EXPECT_EQ(tn_try_await(fails_with_children, task, NULL), -5);
    EXPECT_MARKS("hfe");
}

LEVEL_FRAME(int, never_runs) {
    mark('!');
    return 1;
}

LEVEL_FRAME(int, goes_on_after_failing) {
    TN_FAIL(self, -5, "the first");
    EXPECT_EQ(tn_sleep(self, 100), TN_CANCELLED);
    tn_task(never_runs) task = tn_spawn(never_runs);
    EXPECT_EQ(tn_try_await(never_runs, task, NULL), TN_CANCELLED);
    EXPECT_EQ(tn_yield(self), TN_CANCELLED);
    TN_FAIL(self, -6, "the second failure of a frame is ignored");
    return 8;
}

LEVEL_FRAME(int, awaits_right_after_failing) {
    tn_task(never_runs) before = tn_spawn(never_runs);
    TN_FAIL(self, -5, "the first");
    EXPECT_EQ(tn_try_await(never_runs, before, NULL), TN_CANCELLED);
    return 8;
}

CONTRACT(a_frame_that_has_failed_waits_no_more_and_returns_nothing, .threads = {1}) {
    EXPECT_EQ(tn_on_failure(self, absorb, "a"), TN_OK);
    tn_task(goes_on_after_failing) task = tn_spawn(goes_on_after_failing);
    EXPECT_EQ(tn_await(goes_on_after_failing, task), 0);
    EXPECT_EQ(tn_try_await(goes_on_after_failing, task, NULL), -5);
    tn_task(awaits_right_after_failing) other = tn_spawn(awaits_right_after_failing);
    EXPECT_EQ(tn_try_await(awaits_right_after_failing, other, NULL), -5);
    EXPECT_MARKS("aa");
    EXPECT_EQ(tn_yield(self), TN_OK);
}

LEVEL_FRAME(void, fails_when_removed, (int, code)) {
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    TN_FAIL(self, code, "on the way out");
}

CONTRACT(a_frame_that_is_being_removed_may_fail) {
    EXPECT_EQ(tn_on_failure(self, absorb, "a"), TN_OK);
    tn_task(fails_when_removed) task = tn_spawn(fails_when_removed, -9);
    struct tn_frame *frame = tn_share(task);
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), TN_OK);
    EXPECT(tn_remove(self, frame));
    EXPECT_MARKS("a");
    EXPECT_EQ(tn_try_await(fails_when_removed, task, NULL), -9);
    expect_code(tn_failure_of(frame), -9);
    expect_code(tn_children_failures(self), -9);
}

static void clean_up_badly(struct tn_self *self, void *code) {
    TN_FAIL(self, *(const int *)code, "while cleaning up");
}

LEVEL_FRAME(int, cleans_up_badly) {
    static const int code = -8;
    EXPECT_EQ(tn_cleanup_push(self, clean_up_badly, (void *)(uintptr_t)&code), TN_OK);
    return 4;
}

CONTRACT(a_failure_while_cleaning_up_goes_up_from_the_frame) {
    EXPECT_EQ(tn_on_failure(self, absorb, "a"), TN_OK);
    tn_task(cleans_up_badly) task = tn_spawn(cleans_up_badly);
    EXPECT_EQ(tn_try_await(cleans_up_badly, task, NULL), -8);
    EXPECT_MARKS("a");
    expect_code(tn_children_failures(self), -8);
}

// ---- outcomes --------------------------------------------------------------------------------

LEVEL_FRAME(void, holds) {
    (void)tn_hold(self);
}

LEVEL_FRAME(void, is_cancelled_itself) {
    tn_task(holds) below = tn_spawn(holds);
    const int code = tn_try_await(holds, below, NULL);
    EXPECT_EQ(tn_kind_of(code), TN_KIND_CANCELLED);
    mark('c');
}

// Who awaits a failed frame receives the failure as the outcome of await; nothing is lost: value,
// failed, cancelled, timed out, removed [...] are different outcomes
CONTRACT(the_ways_in_which_a_wait_ends_are_told_apart) {
    EXPECT_EQ(tn_on_failure(self, absorb, "a"), TN_OK);
    tn_task(never_runs) value = tn_spawn(never_runs);
    EXPECT_EQ(tn_kind_of(tn_try_await(never_runs, value, NULL)), TN_KIND_VALUE);
    tn_task(fails) failed = tn_spawn(fails, -1);
    EXPECT_EQ(tn_kind_of(tn_try_await(fails, failed, NULL)), TN_KIND_FAILED);
    tn_task(is_cancelled_itself) removed = tn_spawn(is_cancelled_itself);
    struct tn_frame *frame = tn_share(removed);
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), TN_OK);
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(tn_kind_of(tn_try_await(is_cancelled_itself, removed, NULL)), TN_KIND_REMOVED);
    EXPECT_EQ(tn_kind_of(TN_TIMED_OUT), TN_KIND_TIMED_OUT); // how that comes about: 06_limits.c
    EXPECT_MARKS("!ac");
}
