// Section 6 of the contract, failures: what is kept of them, where, and for how long.
#include "contract/contract.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure;
    (void)replace;
    (void)data;
    return TN_ABSORB;
}

static _Atomic unsigned line_of_failing;

LEVEL_FRAME(int, fails, (int, code)) {
    line_of_failing = __LINE__ + 1;
    TN_FAIL(self, code, "reading %s", "a file");
    return 99;
}

LEVEL_FRAME(void, fails_after, (double, seconds), (int, code)) {
    (void)tn_sleep(self, contract_seconds(seconds));
    TN_FAIL(self, code, "code %d", code);
}

static void expect_codes(const struct tn_failure *failure, const int *codes) {
    for (; *codes != 0; codes++) {
        EXPECT(failure != NULL);
        EXPECT_EQ(failure->code, *codes);
        failure = failure->next;
    }
    EXPECT(failure == NULL);
}

// [...] a failure carries code, message, frame path, source location and cause.
CONTRACT(a_failure_says_what_where_and_why) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(fails) task = tn_spawn(fails, -2);
    struct tn_frame *frame = tn_share(task);
    EXPECT(tn_failure_of(tn_this(self)) == NULL);
    (void)tn_await(fails, task);
    const struct tn_failure *failure = tn_failure_of(frame);
    EXPECT(failure != NULL);
    EXPECT_EQ(failure->code, -2);
    EXPECT_STR(failure->message, "reading a file");
    EXPECT_STR(strrchr(failure->path, '/'), "/fails");
    EXPECT_STR(strrchr(failure->file, '/'), "/06_failures_kept.c");
    EXPECT_EQ(failure->line, line_of_failing);
    EXPECT(failure->cause == NULL);
    EXPECT(failure->next == NULL);
    EXPECT(tn_failure_of(tn_this(self)) == NULL);
}

LEVEL_FRAME(int, fails_because) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(fails) task = tn_spawn(fails, -2);
    (void)tn_await(fails, task);
    TN_FAIL_FROM(self, tn_children_failures(self), -20, "no page");
    return 1;
}

LEVEL_FRAME(int, fails_for_a_reason_of_its_own) {
    char text[32];
    struct tn_failure reason = {.code = -1, .message = text, .file = __FILE__, .line = 7};
    (void)snprintf(text, sizeof text, "disk %d", 3);
    TN_FAIL_FROM(self, &reason, -30, "no disk");
    memset(text, 'x', sizeof text - 1);
    return 1;
}

CONTRACT(a_cause_is_copied_with_everything_that_led_to_it) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(fails_because) task = tn_spawn(fails_because);
    struct tn_frame *frame = tn_share(task);
    EXPECT_EQ(tn_try_await(fails_because, task, NULL), -20);
    const struct tn_failure *failure = tn_failure_of(frame);
    EXPECT(failure != NULL && failure->cause != NULL);
    EXPECT_STR(failure->message, "no page");
    EXPECT_STR(failure->cause->message, "reading a file"); // its frame is gone
    EXPECT_STR(strrchr(failure->cause->path, '/'), "/fails");
    tn_task(fails_for_a_reason_of_its_own) other = tn_spawn(fails_for_a_reason_of_its_own);
    frame = tn_share(other);
    EXPECT_EQ(tn_try_await(fails_for_a_reason_of_its_own, other, NULL), -30);
    failure = tn_failure_of(frame);
    EXPECT(failure != NULL && failure->cause != NULL);
    EXPECT_STR(failure->cause->message, "disk 3");
    EXPECT_STR(failure->cause->path, "");
}

// ---- siblings --------------------------------------------------------------------------------

// All failures of sibling frames are kept, not only the first.
CONTRACT(all_failures_of_siblings_are_kept_in_the_order_in_which_they_happened) {
    enum { COUNT = 5 };
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    EXPECT(tn_children_failures(self) == NULL);
    tn_task(fails_after) each[COUNT];
    for (int i = 0; i < COUNT; i++) {
        each[i] = tn_spawn(fails_after, 0.3 * (COUNT - i), -1 - i);
        EXPECT(tn_share(each[i]) != NULL); // one thread runs them too
    }
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    expect_codes(tn_children_failures(self), (const int[]){-5, -4, -3, -2, -1, 0});
    for (int i = 0; i < COUNT; i++) {
        EXPECT_EQ(tn_try_await(fails_after, each[i], NULL), -1 - i);
    }
    expect_codes(tn_children_failures(self), (const int[]){-5, -4, -3, -2, -1, 0});
}

// It may be called in place on its parent's stack, and its children in place on its own.
LEVEL_FRAME(int, mother, (int, count)) {
    EXPECT(tn_children_failures(self) == NULL);
    tn_task(fails) each[4];
    for (int i = 0; i < count; i++) {
        each[i] = tn_spawn(fails, -10 - i);
    }
    int sum = 0;
    for (int i = 0; i < count; i++) {
        sum += tn_try_await(fails, each[i], NULL);
    }
    int seen = 0;
    for (const struct tn_failure *at = tn_children_failures(self); at != NULL; at = at->next) {
        EXPECT_STR(at->message, "reading a file");
        sum -= at->code;
        seen++;
    }
    EXPECT_EQ(sum, 0);
    return seen;
}

LEVEL_FRAME(int, grandmother, (int, depth)) {
    tn_task(mother) daughter = tn_spawn(mother, 3);
    if (depth > 0) {
        tn_task(grandmother) below = tn_spawn(grandmother, depth - 1);
        EXPECT_EQ(tn_await(grandmother, below), 4);
    }
    const int seen = tn_await(mother, daughter);
    EXPECT_EQ(tn_children_failures(self) == NULL, true);
    tn_task(mother) again = tn_spawn(mother, 1);
    return seen + tn_await(mother, again);
}

CONTRACT(a_failure_is_kept_by_the_parent_whoever_ran_the_child) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    for (int i = 0; i < 3; i++) {
        tn_task(grandmother) task = tn_spawn(grandmother, 4);
        EXPECT_EQ(tn_await(grandmother, task), 4);
    }
    EXPECT(tn_children_failures(self) == NULL);
}

LEVEL_FRAME(int, sees_forgotten_failures, (int, count)) {
    for (int i = 0; i < count; i++) {
        tn_task(fails_after) task = tn_spawn(fails_after, 0.05 * (i + 1), -1 - i);
        tn_forget(task);
    }
    int seen = 0;
    while (seen < count && tn_sleep(self, contract_seconds(0.05)) == TN_OK) {
        seen = 0;
        for (const struct tn_failure *at = tn_children_failures(self); at != NULL; at = at->next) {
            seen++;
            EXPECT_EQ(at->code, -seen);
        }
    }
    return seen;
}

CONTRACT(failures_of_forgotten_children_are_kept_too) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(sees_forgotten_failures) task = tn_spawn(sees_forgotten_failures, 4);
    EXPECT_EQ(tn_await(sees_forgotten_failures, task), 4);
}

// ---- the run ---------------------------------------------------------------------------------

LEVEL_FRAME(void, fails_when_removed, (int, code)) {
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    TN_FAIL(self, code, "on the way out");
}

LEVEL_FRAME(int, family) {
    tn_task(fails_when_removed) first = tn_spawn(fails_when_removed, -2);
    EXPECT_EQ(tn_wait(self, tn_of_ready(tn_share(first))), TN_OK);
    tn_task(fails_when_removed) second = tn_spawn(fails_when_removed, -3);
    EXPECT_EQ(tn_wait(self, tn_of_ready(tn_share(second))), TN_OK);
    tn_task(fails) bad = tn_spawn(fails, -1);
    const int code = tn_try_await(fails, bad, NULL);
    EXPECT(code == -1 || code == TN_CANCELLED); // who awaits it is being removed by it
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    return 1;
}

LEVEL_FRAME(int, succeeds) {
    return 1;
}

// Those that come while the tree is being removed, newest first, are kept as well.
CONTRACT_OUTSIDE(a_run_keeps_every_failure_that_nobody_absorbed) {
    EXPECT(tn_run_failures() == NULL);
    EXPECT_EQ(contract_run(family, NULL), -1);
    expect_codes(tn_run_failures(), (const int[]){-1, -3, -2, 0});
    EXPECT_STR(tn_run_failures()->path, "/family/fails");
    EXPECT_STR(tn_run_failures()->next->message, "on the way out");
    EXPECT_EQ(contract_run(fails, NULL, -9), -9);
    expect_codes(tn_run_failures(), (const int[]){-9, 0});
    EXPECT_EQ(contract_run(succeeds, NULL), TN_OK);
    EXPECT(tn_run_failures() == NULL);
}

static void fail_there(void *options) {
    EXPECT(tn_run_failures() == NULL);
    EXPECT_EQ(tn_run_with((const struct tn_run_options *)options, fails, NULL, -4), -4);
    expect_codes(tn_run_failures(), (const int[]){-4, 0});
}

CONTRACT_OUTSIDE(each_thread_has_the_failures_of_its_own_last_run) {
    EXPECT_EQ(contract_run(fails, NULL, -9), -9);
    foreign_join(foreign_start(fail_there, (void *)(uintptr_t)contract_options()));
    expect_codes(tn_run_failures(), (const int[]){-9, 0});
}

static void complain_of_family(void *argument) {
    (void)argument;
    EXPECT_EQ(tn_complain(contract_run(family, NULL)), 1);
}

static void complain_of_causes(void *argument) {
    (void)argument;
    EXPECT_EQ(tn_complain(contract_run(fails_for_a_reason_of_its_own, NULL)), 1);
}

static void complain_of_a_code(void *argument) {
    (void)argument;
    EXPECT_EQ(contract_run(family, NULL), -1);
    EXPECT_EQ(tn_complain(TN_NO_THREAD), 1);
}

CONTRACT_OUTSIDE(a_complaint_tells_the_first_failure_its_causes_and_all_others) {
    EXPECT_DIES(complain_of_family, NULL, 0, "tenon: /family/fails failed at ");
    EXPECT_DIES(complain_of_family, NULL, 0, ": reading a file (Operation not permitted, -1)\n");
    EXPECT_DIES(complain_of_family, NULL, 0, "tenon: also /family/fails_when_removed failed at ");
    EXPECT_DIES(complain_of_causes, NULL, 0, "no disk (Read-only file system, -30)\n");
    EXPECT_DIES(complain_of_causes, NULL, 0, "tenon:   because  failed at ");
    EXPECT_DIES(complain_of_a_code, NULL, 0, "tenon: the system refuses another thread (-10009)\n");
}

// ---- no memory -------------------------------------------------------------------------------

LEVEL_FRAME(int, fails_without_memory, (int, code)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK); // it has a frame now
    EXPECT_EQ(tn_on_failure(self, NULL, NULL), TN_OK);
    inside_fail_call(1);
    TN_FAIL(self, code, "nothing can be kept of this");
    return 1;
}

CONTRACT_OUTSIDE(a_failure_survives_without_memory_for_its_message, .threads = {1}, .stays = true) {
    EXPECT_EQ(contract_run(fails_without_memory, NULL, -6), -6);
    expect_codes(tn_run_failures(), (const int[]){-6, 0});
    if (contract_is_checked()) {
        EXPECT_STR(tn_run_failures()->message, "(no memory to keep the message)");
    }
    EXPECT_EQ(contract_run(fails, NULL, -7), -7);
    EXPECT_STR(tn_run_failures()->message, "reading a file");
}
