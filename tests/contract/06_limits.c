// Section 6 of the contract, time limits: deadlines and what inherits them.
#include "contract/contract.h"

#include <math.h>

// ---- a deadline belongs to a scope -----------------------------------------------------------

// A deadline belongs to a scope: it cuts the wait that is going on, and all that follow, until its
// scope ends; a scope ended by time-out leaves the frame healthy.
CONTRACT(a_deadline_cuts_every_wait_of_its_scope_and_none_after_it) {
    const double start = tn_now();
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, contract_seconds(0.3));
    struct tn_event *event = tn_event_create(self, "never");
    EXPECT_EQ(tn_sleep(self, 100), TN_TIMED_OUT);
    EXPECT_PASSED(start, contract_seconds(0.3));
    EXPECT_EQ(tn_sleep(self, 0), TN_TIMED_OUT);
    EXPECT_EQ(tn_yield(self), TN_TIMED_OUT);
    EXPECT_EQ(tn_hold(self), TN_TIMED_OUT);
    EXPECT_EQ(tn_event_wait(self, event, NULL), TN_TIMED_OUT);
    EXPECT_EQ(tn_children_wait(self), TN_TIMED_OUT);
    EXPECT_PASSED(start, contract_seconds(0.3));
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT_EQ(tn_sleep(self, contract_seconds(0.1)), TN_OK);
    EXPECT_PASSED(start, contract_seconds(0.4));
}

CONTRACT(a_scope_that_ends_in_time_changes_nothing) {
    for (int i = 0; i < 50; i++) {
        struct tn_scope scope;
        tn_deadline_begin(self, &scope, contract_seconds(0.2));
        EXPECT_EQ(tn_yield(self), TN_OK);
        EXPECT_EQ(tn_scope_end(self, &scope), TN_OK);
    }
    EXPECT_EQ(tn_sleep(self, contract_seconds(0.3)), TN_OK);
}

CONTRACT(a_deadline_that_is_not_in_the_future_has_passed) {
    static const double seconds[] = {0, -1, -1e300};
    for (int i = 0; i < 3; i++) {
        struct tn_scope scope;
        tn_deadline_begin(self, &scope, seconds[i]);
        EXPECT(tn_time_left(self) == 0);
        EXPECT_EQ(tn_yield(self), TN_TIMED_OUT);
        EXPECT_EQ(tn_sleep(self, 1), TN_TIMED_OUT);
        EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
        EXPECT_EQ(tn_yield(self), TN_OK);
    }
}

CONTRACT(a_deadline_in_another_age_is_none) {
    static const double seconds[] = {1e9, 1e300, INFINITY};
    for (int i = 0; i < 3; i++) {
        struct tn_scope scope;
        tn_deadline_begin(self, &scope, seconds[i]);
        EXPECT_EQ(tn_sleep(self, 0.001), TN_OK);
        EXPECT_EQ(tn_scope_end(self, &scope), TN_OK);
    }
}

// A completed await returns its value; the wait after it says that time is up.
LEVEL_FRAME(int, blocks, (double, seconds)) {
    tn_block(seconds);
    return 5;
}

CONTRACT(a_wait_that_completed_before_the_deadline_has_its_value) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, contract_seconds(0.2));
    tn_task(blocks) child = tn_spawn(blocks, 0.001);
    int value = 0;
    EXPECT_EQ(tn_try_await(blocks, child, &value), TN_OK);
    EXPECT_EQ(value, 5);
    tn_block(contract_seconds(0.3));
    EXPECT_EQ(tn_scope_end(self, &scope), TN_OK);
    EXPECT_EQ(tn_try_await(blocks, child, &value), TN_OK);
}

CONTRACT(time_that_ran_out_while_nobody_waited_is_seen_by_the_next_wait) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, contract_seconds(0.1));
    tn_block(contract_seconds(0.2));
    EXPECT_EQ(tn_sleep(self, 100), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
}

// ---- inherited downwards ---------------------------------------------------------------------

static _Atomic int told;

LEVEL_FRAME(int, sleeps, (double, seconds)) {
    const int code = tn_sleep(self, seconds);
    told += code == TN_TIMED_OUT;
    return code;
}

LEVEL_FRAME(int, has_a_child) {
    tn_task(sleeps) child = tn_spawn(sleeps, 100);
    const int code = tn_try_await(sleeps, child, NULL);
    told += code == TN_TIMED_OUT;
    return tn_yield(self);
}

// A deadline belongs to a scope and is inherited downwards. Every frame that is created inside has
// the deadline too, and so on down the tree.
CONTRACT(a_deadline_is_inherited_by_children_and_their_children) {
    const double start = tn_now();
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, contract_seconds(0.2));
    tn_task(has_a_child) child = tn_spawn(has_a_child);
    tn_task(sleeps) other = tn_spawn(sleeps, 100);
    EXPECT_EQ(tn_try_await(has_a_child, child, NULL), TN_TIMED_OUT);
    EXPECT_EQ(told, 3);
    EXPECT_EQ(tn_try_await(sleeps, other, NULL), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT_PASSED(start, contract_seconds(0.2));
    EXPECT_EQ(tn_yield(self), TN_OK);
}

// A child that the scope's end finds alive keeps the deadline.
CONTRACT(a_child_keeps_its_deadline_when_the_scope_ends_before) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, contract_seconds(0.2));
    tn_task(sleeps) child = tn_spawn(sleeps, 100);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_OK);
    EXPECT_EQ(tn_try_await(sleeps, child, NULL), TN_TIMED_OUT);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(tn_yield(self), TN_OK);
}

// Only children created inside are removed.
CONTRACT(a_child_from_before_the_scope_lives_on) {
    tn_task(sleeps) before = tn_spawn(sleeps, contract_seconds(0.4));
    struct tn_frame *shared = tn_share(before);
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, contract_seconds(0.1));
    tn_task(sleeps) inside = tn_spawn(sleeps, 100);
    struct tn_frame *removed = tn_share(inside);
    EXPECT_EQ(tn_sleep(self, 100), TN_TIMED_OUT);
    EXPECT(tn_frame_has_ended(removed));
    EXPECT(!tn_frame_has_ended(shared));
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    int code = -1;
    EXPECT_EQ(tn_try_await(sleeps, before, &code), TN_OK);
    EXPECT_EQ(code, TN_OK);
    EXPECT_EQ(tn_try_await(sleeps, inside, NULL), TN_TIMED_OUT);
}

// A deadline that cuts the await of a child removes that child, whenever it was created.
CONTRACT(a_child_whose_await_is_cut_is_removed) {
    const double start = tn_now();
    tn_task(sleeps) first = tn_spawn(sleeps, 100);
    tn_task(sleeps) second = tn_spawn(sleeps, 100);
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, contract_seconds(0.1));
    EXPECT_EQ(tn_try_await(sleeps, first, NULL), TN_TIMED_OUT);
    EXPECT_EQ(tn_try_await(sleeps, second, NULL), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    EXPECT_PASSED(start, contract_seconds(0.1));
}

// What has not started when its deadline passes never will.
CONTRACT(a_frame_out_of_time_before_its_start_never_runs) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, -1);
    tn_task(sleeps) child = tn_spawn(sleeps, 0.01);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_OK);
    EXPECT_EQ(tn_try_await(sleeps, child, NULL), TN_TIMED_OUT);
    EXPECT_EQ(told, 0);
}

// ---- the nearest wins ------------------------------------------------------------------------

// the nearest wins
CONTRACT(a_scope_can_shorten_the_time_and_never_prolong_it) {
    const double start = tn_now();
    struct tn_scope outer, inner;
    tn_deadline_begin(self, &outer, contract_seconds(0.4));
    tn_deadline_begin(self, &inner, contract_seconds(0.1));
    EXPECT_EQ(tn_sleep(self, 100), TN_TIMED_OUT);
    EXPECT_PASSED(start, contract_seconds(0.1));
    EXPECT_EQ(tn_scope_end(self, &inner), TN_TIMED_OUT);
    EXPECT_EQ(tn_sleep(self, 0.001), TN_OK);
    tn_deadline_begin(self, &inner, 100);
    EXPECT_EQ(tn_sleep(self, 100), TN_TIMED_OUT);
    EXPECT_PASSED(start, contract_seconds(0.4));
    EXPECT_EQ(tn_scope_end(self, &inner), TN_TIMED_OUT); // what a wait outside of it would see
    EXPECT_EQ(tn_scope_end(self, &outer), TN_TIMED_OUT);
    EXPECT_EQ(tn_yield(self), TN_OK);
}

LEVEL_FRAME(int, tells_the_time_left, (double, expected)) {
    EXPECT(fabs(tn_time_left(self) - expected) < contract_seconds(0.2));
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 100);
    EXPECT(fabs(tn_time_left(self) - expected) < contract_seconds(0.2));
    EXPECT_EQ(tn_scope_end(self, &scope), TN_OK);
    tn_shield_begin(self, &scope);
    EXPECT(isinf(tn_time_left(self)));
    EXPECT_EQ(tn_scope_end(self, &scope), TN_OK);
    return 1;
}

CONTRACT(the_time_left_is_that_of_the_nearest_deadline) {
    EXPECT(isinf(tn_time_left(self)));
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 50);
    EXPECT(fabs(tn_time_left(self) - 50) < contract_seconds(0.2));
    EXPECT_EQ(tells_the_time_left(self, 50), 1);
    tn_task(tells_the_time_left) child = tn_spawn(tells_the_time_left, 50);
    EXPECT_EQ(tn_await(tells_the_time_left, child), 1);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_OK);
    EXPECT(isinf(tn_time_left(self)));
}

// ---- deadlines of whole frames ---------------------------------------------------------------

CONTRACT(a_frame_can_be_spawned_with_a_deadline) {
    const double start = tn_now();
    tn_task(has_a_child) child =
        tn_spawn_with(TN_OPTIONS(.seconds = contract_seconds(0.2)), has_a_child);
    EXPECT_EQ(tn_try_await(has_a_child, child, NULL), TN_TIMED_OUT);
    EXPECT_PASSED(start, contract_seconds(0.2));
    EXPECT_EQ(told, 2);
    EXPECT_EQ(tn_yield(self), TN_OK);
}

static enum tn_verdict not_asked(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure;
    (void)replace;
    (void)data;
    mark('!');
    return TN_PASS;
}

// That is not a failure: handlers are not asked.
CONTRACT(a_deadline_is_not_a_failure) {
    EXPECT_EQ(tn_on_failure(self, not_asked, NULL), TN_OK);
    tn_task(sleeps) child = tn_spawn_with(TN_OPTIONS(.seconds = contract_seconds(0.1)), sleeps, 9);
    const int code = tn_try_await(sleeps, child, NULL);
    EXPECT_EQ(code, TN_TIMED_OUT);
    EXPECT_EQ(tn_kind_of(code), TN_KIND_TIMED_OUT);
    EXPECT_MARKS("");
}

CONTRACT_OUTSIDE(a_run_can_have_a_deadline) {
    struct tn_run_options options = *contract_options();
    options.seconds = contract_seconds(0.2);
    EXPECT_EQ(tn_run_with(&options, has_a_child, NULL), TN_TIMED_OUT);
    EXPECT_EQ(told, 2);
    options.seconds = 0;
    int code = -1;
    EXPECT_EQ(tn_run_with(&options, sleeps, &code, 0.01), TN_OK);
    EXPECT_EQ(code, TN_OK);
}

// A deadline that has passed before anything was started inside is one that was noticed.
CONTRACT(a_scope_that_was_too_late_for_its_child_says_so) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0);
    tn_task(sleeps) child = tn_spawn(sleeps, 0.001);
    EXPECT_EQ(tn_try_await(sleeps, child, NULL), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT_EQ(tn_yield(self), TN_OK);
}

// ---- many at once ----------------------------------------------------------------------------

LEVEL_FRAME(int, races_its_deadline, (int, number)) {
    int out_of_time = 0;
    for (int i = 0; i < 10; i++) {
        struct tn_scope scope;
        const double seconds = 0.0002 * ((number + i) % 5 + 1);
        tn_deadline_begin(self, &scope, seconds);
        tn_task(sleeps) child = tn_spawn(sleeps, 0.0006);
        const int code = tn_try_await(sleeps, child, NULL);
        EXPECT(code == TN_OK || code == TN_TIMED_OUT);
        const int end = tn_scope_end(self, &scope);
        EXPECT(end == TN_OK || end == TN_TIMED_OUT);
        EXPECT(code == TN_OK || end == TN_TIMED_OUT);
        out_of_time += code != TN_OK;
        EXPECT_EQ(tn_yield(self), TN_OK);
    }
    return out_of_time;
}

// Expiry races with completion: each wait has one outcome, and the frame is healthy after it.
CONTRACT(a_deadline_races_with_what_is_waited_for) {
    enum { COUNT = 20 };
    tn_task(races_its_deadline) each[COUNT];
    for (int i = 0; i < COUNT; i++) {
        each[i] = tn_spawn(races_its_deadline, i);
    }
    int out_of_time = 0;
    for (int i = COUNT; i-- > 0;) {
        out_of_time += tn_await(races_its_deadline, each[i]);
    }
    EXPECT(out_of_time > 0 && out_of_time <= COUNT * 10);
}
