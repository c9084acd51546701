// Section 5 of the contract, ending: removal as an act, free events, and who may refuse.
#include "contract/holder.h"

#include <string.h>

// ---- free events -----------------------------------------------------------------------------

// Waits for the free event of `frame` and marks its tag before its next wait.
LEVEL_FRAME(void, listens, (struct tn_frame *, frame), (char, tag)) {
    begun++;
    EXPECT_EQ(tn_wait(self, tn_of_free(frame)), TN_OK);
    mark(tag);
    EXPECT_EQ(tn_wait(self, tn_of_free(frame)), TN_REMOVED);
}

static void spawn_listener(struct tn_self *self, struct tn_frame *frame, char tag) {
    tn_task(listens) task = tn_spawn(listens, frame, tag);
    (void)when_ready(self, tn_share(task));
}

static struct tn_frame *_Atomic below[4];

// the frame and its descendants are marked; their `free` events fire, children first, depth first,
// in creation order, then the frame's own, (One thread: the listeners run in the order in which
// they were told.)
LEVEL_FRAME(void, grandchild, (int, at)) {
    below[at] = tn_this(self);
    begun++;
    (void)tn_hold(self);
    mark((char)('0' + at));
}

LEVEL_FRAME(void, child_with_one, (int, at)) {
    below[at] = tn_this(self);
    tn_task(grandchild) task = tn_spawn(grandchild, at + 1);
    (void)tn_share(task);
    begun++;
    (void)tn_hold(self);
    mark((char)('0' + at));
}

LEVEL_FRAME(void, family) {
    tn_task(child_with_one) a = tn_spawn(child_with_one, 0);
    (void)tn_share(a);
    tn_task(child_with_one) b = tn_spawn(child_with_one, 2);
    (void)tn_share(b);
    begun++;
    (void)tn_hold(self);
    mark('f');
}

CONTRACT(free_events_fire_children_first_in_order_of_creation, .threads = {1}) {
    tn_task(family) task = tn_spawn(family);
    struct tn_frame *top = tn_share(task);
    wait_until_begun(self, 5);
    spawn_listener(self, top, 'T');
    spawn_listener(self, below[2], 'C');
    spawn_listener(self, below[3], 'D');
    spawn_listener(self, below[0], 'A');
    spawn_listener(self, below[1], 'B');
    wait_until_begun(self, 10);
    EXPECT(tn_remove(self, top));
    EXPECT_MARKS("BADCT3210f");
}

// The first one looks at its deadline anew after the other one did, so that it hears of it later.
LEVEL_FRAME(void, hears_late, (int, at)) {
    below[at] = tn_this(self);
    tn_task(grandchild) task = tn_spawn(grandchild, at + 1);
    (void)tn_share(task);
    begun++;
    if (at == 0) {
        WAIT_UNTIL(begun == 4);
        struct tn_scope scope;
        tn_deadline_begin(self, &scope, 1000);
        EXPECT_EQ(tn_scope_end(self, &scope), TN_OK);
    }
    (void)tn_hold(self);
    mark((char)('0' + at));
}

LEVEL_FRAME(void, family_out_of_time) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, contract_seconds(0.2));
    for (int at = 0; at < 4; at += 2) {
        tn_task(hears_late) task = tn_spawn(hears_late, at);
        (void)tn_share(task);
    }
    EXPECT_EQ(tn_hold(self), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    mark('f');
}

// (The same where a deadline removes what was made inside of its scope: all of it is announced
// before any of it is undone.)
CONTRACT(a_deadline_announces_all_that_it_removes_children_first, .threads = {1}) {
    tn_task(family_out_of_time) task = tn_spawn(family_out_of_time);
    (void)tn_share(task);
    wait_until_begun(self, 4);
    spawn_listener(self, below[2], 'C');
    spawn_listener(self, below[0], 'A');
    spawn_listener(self, below[3], 'D');
    spawn_listener(self, below[1], 'B');
    EXPECT_EQ(tn_try_await(family_out_of_time, task, NULL), TN_OK);
    EXPECT_EQ(marks_count(), 9);
    EXPECT(strncmp(marks(), "BADC", 4) == 0);
}

// Waits for the free event of `frame`, then works for a while before it waits again.
LEVEL_FRAME(void, listens_long, (struct tn_frame *, frame)) {
    begun++;
    EXPECT_EQ(tn_wait(self, tn_of_free(frame)), TN_OK);
    tn_block(0.005);
    mark('l');
    (void)tn_hold(self);
}

// and removal waits until every listener of them, on any thread, has run to its next await;
CONTRACT(a_removal_waits_until_every_listener_has_run_to_its_next_wait) {
    struct tn_frame *frame = spawn_holder(self, 'x');
    for (int i = 0; i < 3; i++) {
        tn_task(listens_long) task = tn_spawn(listens_long, frame);
        (void)when_ready(self, tn_share(task));
    }
    wait_until_begun(self, 4);
    EXPECT(tn_remove(self, frame));
    EXPECT_MARKS("lllx");
}

// Refuses `times` removals of the frame, and lets the next one pass.
LEVEL_FRAME(void, refuses, (struct tn_frame *, frame), (int, times)) {
    begun++;
    for (int i = 0; tn_wait(self, tn_of_free(frame)) == TN_OK; i++) {
        if (i < times) {
            mark('r');
            tn_refuse(self, frame);
        } else {
            mark('p');
        }
    }
}

// a listener may refuse, and then the whole removal is off and remove reports false;
CONTRACT(a_listener_may_refuse_and_then_nothing_has_changed) {
    struct tn_frame *frame = spawn_holder(self, 'x');
    tn_task(refuses) guard = tn_spawn(refuses, frame, 2);
    (void)when_ready(self, tn_share(guard));
    wait_until_begun(self, 2);
    EXPECT(!tn_remove(self, frame));
    EXPECT(!tn_frame_has_ended(frame));
    EXPECT_EQ(tn_wait(self, tn_removal(self, frame)), TN_REFUSED);
    EXPECT(!tn_frame_has_ended(frame));
    EXPECT_MARKS("rr");
    EXPECT(tn_remove(self, frame));
    tn_await(refuses, guard);
    EXPECT_MARKS("px");
}

// (Who listens to a frame further down refuses the whole removal.)
CONTRACT(a_listener_of_a_descendant_refuses_the_removal_of_all) {
    tn_task(family) task = tn_spawn(family);
    struct tn_frame *top = tn_share(task);
    wait_until_begun(self, 5);
    tn_task(refuses) guard = tn_spawn(refuses, below[3], 1);
    (void)when_ready(self, tn_share(guard));
    wait_until_begun(self, 6);
    EXPECT(!tn_remove(self, top));
    EXPECT(!tn_frame_has_ended(below[1]));
    EXPECT_MARKS("r");
    EXPECT(tn_remove(self, top));
    EXPECT_MARKS("p3210f");
}

// `free` fires at every removal, normal end included.
static _Atomic bool may_end;

LEVEL_FRAME(void, ends_when_it_may) {
    WAIT_UNTIL(may_end);
    mark('e');
}

CONTRACT(a_free_event_fires_at_a_normal_end_too) {
    tn_task(ends_when_it_may) task = tn_spawn(ends_when_it_may);
    spawn_listener(self, tn_share(task), 'l');
    may_end = true;
    EXPECT_EQ(tn_try_await(ends_when_it_may, task, NULL), TN_OK);
    EXPECT_MARKS("el");
}

// (Nobody can refuse that.)
LEVEL_FRAME(void, refuses_once, (struct tn_frame *, frame)) {
    EXPECT_EQ(tn_wait(self, tn_of_free(frame)), TN_OK);
    tn_refuse(self, frame);
    mark('r');
}

CONTRACT(a_normal_end_cannot_be_refused) {
    tn_task(ends_when_it_may) task = tn_spawn(ends_when_it_may);
    tn_task(refuses_once) guard = tn_spawn(refuses_once, tn_share(task));
    (void)when_ready(self, tn_share(guard));
    may_end = true;
    EXPECT_EQ(tn_try_await(ends_when_it_may, task, NULL), TN_OK);
    EXPECT_MARKS("er");
}

// A frame can wait for its own free as its clean-up hook.
LEVEL_FRAME(void, waits_for_its_own_end, (char, tag)) {
    begun++;
    EXPECT_EQ(tn_wait(self, tn_of_free(tn_this(self))), TN_OK);
    mark(tag);
    EXPECT_EQ(tn_sleep(self, 1), TN_CANCELLED);
}

LEVEL_FRAME(void, has_two_with_hooks) {
    tn_task(waits_for_its_own_end) a = tn_spawn(waits_for_its_own_end, 'a');
    (void)when_ready(self, tn_share(a));
    tn_task(waits_for_its_own_end) b = tn_spawn(waits_for_its_own_end, 'b');
    (void)when_ready(self, tn_share(b));
}

CONTRACT(a_frame_may_wait_for_its_own_free_event_as_a_hook) {
    tn_task(waits_for_its_own_end) task = tn_spawn(waits_for_its_own_end, 'x');
    struct tn_frame *frame = when_ready(self, tn_share(task));
    EXPECT(tn_remove(self, frame));
    EXPECT_MARKS("x");
}

LEVEL_FRAME(void, returns_at_its_own_end) {
    EXPECT_EQ(tn_wait(self, tn_of_free(tn_this(self))), TN_OK);
    mark('x');
}

// (Whether it returns then or waits again: it has been removed.)
CONTRACT(a_frame_that_returns_because_of_its_free_event_was_removed) {
    for (int i = 0; i < 2; i++) {
        tn_task(returns_at_its_own_end) task = tn_spawn(returns_at_its_own_end);
        struct tn_frame *frame = when_ready(self, tn_share(task));
        if (i == 0) {
            EXPECT(tn_remove(self, frame));
        } else {
            EXPECT_EQ(tn_wait(self, tn_removal(self, frame)), TN_OK);
        }
        EXPECT_EQ(tn_try_await(returns_at_its_own_end, task, NULL), TN_REMOVED);
        EXPECT_MARKS("x");
    }
}

// (Not only when it is removed itself: also when its parent returns.)
CONTRACT(hooks_run_when_the_parent_returns, .threads = {1}) {
    tn_task(has_two_with_hooks) task = tn_spawn(has_two_with_hooks);
    tn_await(has_two_with_hooks, task);
    EXPECT_MARKS("ab");
}

// ---- remove as an awaitable ------------------------------------------------------------------

// remove is itself awaitable: true when removed, false when refused or already removed.
CONTRACT(a_removal_is_an_awaitable) {
    struct tn_frame *frame = spawn_holder(self, 'x');
    wait_until_begun(self, 1);
    struct tn_awaitable *removal = tn_removal(self, frame);
    EXPECT_EQ(tn_wait(self, removal), TN_OK);
    EXPECT(tn_frame_has_ended(frame));
    EXPECT_EQ(tn_wait(self, removal), TN_OK);
    EXPECT_EQ(tn_wait(self, tn_removal(self, frame)), TN_REMOVED);
    EXPECT(!tn_remove(self, frame));
    EXPECT_MARKS("x");
}

// (Making it does not wait: several go on at once.)
CONTRACT(removals_go_on_while_their_maker_does_something_else) {
    struct tn_frame *frames[3];
    for (int i = 0; i < 3; i++) {
        frames[i] = spawn_holder(self, 'x');
    }
    wait_until_begun(self, 3);
    struct tn_awaitable *all = tn_all(self, tn_removal(self, frames[0]),
                                      tn_removal(self, frames[1]), tn_removal(self, frames[2]));
    EXPECT_EQ(tn_wait(self, all), TN_OK);
    EXPECT_MARKS("xxx");
}

LEVEL_FRAME(int, removes, (struct tn_frame *, frame)) {
    begun++;
    return tn_remove(self, frame) ? 1 : 0;
}

CONTRACT(of_two_who_remove_a_frame_exactly_one_is_told_so) {
    struct tn_frame *frame = spawn_holder(self, 'x');
    tn_task(refuses) guard = tn_spawn(refuses, frame, 0); // so that there is an announcement
    (void)when_ready(self, tn_share(guard));
    wait_until_begun(self, 2);
    tn_task(removes) one = tn_spawn(removes, frame);
    tn_task(removes) two = tn_spawn(removes, frame);
    (void)tn_share(one);
    (void)tn_share(two);
    EXPECT_EQ(tn_await(removes, one) + tn_await(removes, two), 1);
    tn_await(refuses, guard);
    EXPECT_MARKS("px");
}

// Removed before it started: never runs.
LEVEL_FRAME(void, never_starts) {
    mark('!');
}

CONTRACT(a_frame_that_is_removed_before_it_started_never_runs) {
    if (LEVEL == TN_LEVEL_FRAME) { // it needs this thread, which we do not give it
        tn_task(never_starts) task = tn_spawn(never_starts);
        struct tn_frame *frame = tn_share(task);
        EXPECT(tn_remove(self, frame));
        EXPECT(tn_frame_has_ended(frame));
        EXPECT_EQ(tn_try_await(never_starts, task, NULL), TN_REMOVED);
    }
    EXPECT_MARKS("");
}

// Removed by another thread while running: takes effect at its next await.
TN_PFRAME(void, computes_until, (_Atomic bool *, is_asked)) {
    begun++;
    for (int i = 0; !*is_asked; i++) {
        EXPECT(i < 20000); // who asks has come
        tn_block(0.0001);
    }
    mark('a');
    EXPECT_EQ(tn_yield(self), TN_CANCELLED);
    mark('b');
}

TN_PFRAME(void, asks_for_removal, (struct tn_frame *, frame), (_Atomic bool *, is_asked)) {
    struct tn_awaitable *removal = tn_removal(self, frame);
    *is_asked = true;
    EXPECT_EQ(tn_wait(self, removal), TN_OK);
    mark('c');
}

CONTRACT(a_running_frame_that_is_removed_notices_at_its_next_wait, .threads = {4}) {
    static _Atomic bool is_asked;
    tn_task(computes_until) task = tn_spawn(computes_until, &is_asked);
    struct tn_frame *frame = tn_share(task);
    wait_until_begun(self, 1);
    tn_task(asks_for_removal) other = tn_spawn(asks_for_removal, frame, &is_asked);
    tn_await(asks_for_removal, other);
    EXPECT_MARKS("abc");
}

// ---- several at once --------------------------------------------------------------------------

LEVEL_FRAME(void, removes_both, (struct tn_frame *, outer), (struct tn_frame *, within)) {
    begun++;
    struct tn_awaitable *first = tn_removal(self, within);
    struct tn_awaitable *second = tn_removal(self, outer);
    EXPECT_EQ(tn_wait(self, tn_all(self, first, second)), TN_OK);
}

// (A frame and one below it may be removed at once.)
CONTRACT(a_frame_and_one_below_it_may_be_removed_at_once) {
    tn_task(family) task = tn_spawn(family);
    struct tn_frame *top = tn_share(task);
    wait_until_begun(self, 5);
    spawn_listener(self, below[0], 'L');
    wait_until_begun(self, 6);
    tn_task(removes_both) remover = tn_spawn(removes_both, top, below[0]);
    tn_await(removes_both, remover);
    EXPECT_EQ(strlen(marks()), 6);
    EXPECT(strchr(marks(), 'L') < strchr(marks(), '0'));
    EXPECT(strchr(marks(), '1') < strchr(marks(), '0'));
    EXPECT(strchr(marks(), '3') < strchr(marks(), '2'));
    EXPECT_EQ(marks()[5], 'f');
}
