// Section 6 of the contract, time limits: shields, and how scopes end.
#include "contract/contract.h"

#include <math.h>
#include <signal.h>

LEVEL_FRAME(int, sleeps, (double, seconds)) {
    return tn_sleep(self, seconds);
}

// ---- shields ---------------------------------------------------------------------------------

// Inside a shield neither a removal nor a deadline around it is seen.
CONTRACT(a_shield_hides_the_deadlines_around_it) {
    const double start = tn_now();
    struct tn_scope scope, shield, inner;
    tn_deadline_begin(self, &scope, contract_seconds(0.1));
    tn_shield_begin(self, &shield);
    EXPECT_EQ(tn_sleep(self, contract_seconds(0.2)), TN_OK);
    tn_task(sleeps) child = tn_spawn(sleeps, contract_seconds(0.1));
    EXPECT_EQ(tn_await(sleeps, child), TN_OK);
    EXPECT_PASSED(start, contract_seconds(0.3));
    tn_deadline_begin(self, &inner, contract_seconds(0.1));
    EXPECT_EQ(tn_sleep(self, 100), TN_TIMED_OUT);
    EXPECT_PASSED(start, contract_seconds(0.4));
    EXPECT_EQ(tn_scope_end(self, &inner), TN_TIMED_OUT);
    EXPECT_EQ(tn_yield(self), TN_OK);
    EXPECT_EQ(tn_scope_end(self, &shield), TN_TIMED_OUT);
    EXPECT_EQ(tn_yield(self), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
}

LEVEL_FRAME(void, gives_back_in_a_shield, (_Atomic bool *, has_begun)) {
    *has_begun = true;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    struct tn_scope shield;
    tn_shield_begin(self, &shield);
    EXPECT_EQ(tn_sleep(self, contract_seconds(0.1)), TN_OK);
    tn_task(sleeps) child = tn_spawn(sleeps, contract_seconds(0.1));
    EXPECT_EQ(tn_await(sleeps, child), TN_OK);
    EXPECT_EQ(tn_scope_end(self, &shield), TN_CANCELLED);
    EXPECT_EQ(tn_yield(self), TN_CANCELLED);
    mark('x');
}

LEVEL_FRAME(void, waits_in_every_way, (struct tn_event *, event), (_Atomic bool *, has_begun)) {
    *has_begun = true;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(tn_sleep(self, 0), TN_CANCELLED);
        EXPECT_EQ(tn_yield(self), TN_CANCELLED);
        EXPECT_EQ(tn_hold(self), TN_CANCELLED);
        EXPECT_EQ(tn_event_wait(self, event, NULL), TN_CANCELLED);
        EXPECT_EQ(tn_wait(self, tn_never(self)), TN_CANCELLED);
        EXPECT_EQ(tn_children_wait(self), TN_CANCELLED);
        tn_task(sleeps) child = tn_spawn(sleeps, 0);
        EXPECT_EQ(tn_try_await(sleeps, child, NULL), TN_CANCELLED);
    }
    mark('x');
}

// Cancelling is level-triggered: once cancelled, every later wait returns "cancelled" until the
// frame ends,
CONTRACT(once_cancelled_every_later_wait_says_so) {
    _Atomic bool has_begun = false;
    struct tn_event *event = tn_event_create(self, "never");
    tn_task(waits_in_every_way) child = tn_spawn(waits_in_every_way, event, &has_begun);
    struct tn_frame *frame = tn_share(child);
    WAIT_UNTIL(has_begun);
    EXPECT(tn_remove(self, frame));
    EXPECT_MARKS("x");
}

// except inside a shield.
CONTRACT(a_shield_hides_the_removal_of_the_frame) {
    _Atomic bool has_begun = false;
    tn_task(gives_back_in_a_shield) child = tn_spawn(gives_back_in_a_shield, &has_begun);
    struct tn_frame *frame = tn_share(child);
    WAIT_UNTIL(has_begun);
    tn_sleep(self, 0.001);
    const double start = tn_now();
    EXPECT(tn_remove(self, frame));
    EXPECT_PASSED(start, contract_seconds(0.2));
    EXPECT_MARKS("x");
}

LEVEL_FRAME(int, awaits_what_was_removed) {
    tn_task(sleeps) child = tn_spawn(sleeps, 100);
    tn_task(sleeps) other = tn_spawn(sleeps, 100);
    const int code = tn_sleep(self, 100);
    struct tn_scope shield;
    tn_shield_begin(self, &shield);
    EXPECT(tn_try_await(sleeps, child, NULL) < 0);
    EXPECT(tn_try_await(sleeps, other, NULL) < 0);
    EXPECT_EQ(tn_scope_end(self, &shield), code);
    return code;
}

CONTRACT(a_child_that_was_removed_can_be_awaited_in_a_shield) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, contract_seconds(0.1));
    tn_task(awaits_what_was_removed) child = tn_spawn(awaits_what_was_removed);
    EXPECT_EQ(tn_try_await(awaits_what_was_removed, child, NULL), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
}

// ---- ends ------------------------------------------------------------------------------------

LEVEL_FRAME(int, leaves_scopes_open, (double, seconds)) {
    struct tn_scope scopes[3];
    tn_deadline_begin(self, &scopes[0], contract_seconds(seconds));
    tn_shield_begin(self, &scopes[1]);
    tn_deadline_begin(self, &scopes[2], contract_seconds(seconds / 2));
    if (seconds > 1) {
        return 1;
    }
    (void)tn_sleep(self, 100);
    return 2;
}

// The end of a frame ends its scopes.
CONTRACT(a_frame_may_return_with_open_scopes) {
    for (int i = 0; i < 20; i++) {
        tn_task(leaves_scopes_open) child = tn_spawn(leaves_scopes_open, 1.5);
        EXPECT_EQ(tn_await(leaves_scopes_open, child), 1);
        EXPECT_EQ(tn_yield(self), TN_OK);
    }
    tn_task(leaves_scopes_open) child = tn_spawn(leaves_scopes_open, 0.2);
    EXPECT_EQ(tn_await(leaves_scopes_open, child), 2);
    EXPECT(isinf(tn_time_left(self)));
    EXPECT_EQ(tn_sleep(self, contract_seconds(0.3)), TN_OK);
}

LEVEL_FRAME(void, ends_the_outer_scope_first) {
    struct tn_scope outer, inner;
    tn_deadline_begin(self, &outer, 100);
    tn_shield_begin(self, &inner);
    EXPECT_EQ(tn_scope_end(self, &outer), TN_NOT_YOURS);
    EXPECT_EQ(tn_scope_end(self, &inner), TN_OK);
    EXPECT_EQ(tn_scope_end(self, &outer), TN_OK);
}

static void run_wrong_order(void *unused) {
    (void)unused;
    static const struct tn_run_options one = {.num_threads = 1};
    EXPECT_EQ(tn_run_with(&one, ends_the_outer_scope_first, NULL), TN_OK);
}

CONTRACT_OUTSIDE(scopes_end_in_reverse_order_or_not_at_all) {
    EXPECT_DIES(run_wrong_order, NULL, contract_is_checked() ? SIGABRT : 0,
                contract_is_checked() ? "reverse order" : "");
}

LEVEL_FRAME(void, opens_and_waits, (_Atomic bool *, has_begun)) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 100);
    *has_begun = true;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    EXPECT_EQ(tn_yield(self), TN_CANCELLED);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_CANCELLED);
    mark('x');
}

CONTRACT(a_removal_reaches_into_a_scope) {
    _Atomic bool has_begun = false;
    tn_task(opens_and_waits) child = tn_spawn(opens_and_waits, &has_begun);
    struct tn_frame *frame = tn_share(child);
    WAIT_UNTIL(has_begun);
    EXPECT(tn_remove(self, frame));
    EXPECT_MARKS("x");
    EXPECT_EQ(tn_try_await(opens_and_waits, child, NULL), TN_REMOVED);
}
