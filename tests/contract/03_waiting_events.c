// Section 3 of the contract, waiting: events, posted and sent.
#include "contract/contract.h"

#include <signal.h>
#include <stdint.h>

// Long enough for others to have come to their waits.
static void settle(struct tn_self *self) {
    EXPECT_EQ(tn_sleep(self, contract_seconds(0.05)), TN_OK);
}

static void *number(intptr_t value) {
    return (void *)value;
}

LEVEL_FRAME(int, hears, (struct tn_event *, event), (intptr_t, expected), (char, letter)) {
    void *value = NULL;
    const int outcome = tn_event_wait(self, event, &value);
    EXPECT_EQ((intptr_t)value, expected);
    if (letter != 0) {
        mark(letter);
    }
    return outcome;
}

// A child that waits for the event when this returns.
static void spawn_listener(struct tn_self *self, struct tn_event *event, intptr_t expected,
                           char letter) {
    tn_task(hears) child = tn_spawn(hears, event, expected, letter);
    EXPECT_EQ(tn_wait(self, tn_of_ready(tn_share(child))), TN_OK);
}

// An event has no memory: posted while nobody listens it is lost.
CONTRACT(what_is_posted_while_nobody_listens_is_lost) {
    struct tn_event *event = tn_event_create(self, "event");
    EXPECT_EQ(tn_event_post(event, number(1)), TN_OK);
    settle(self);
    struct tn_awaitable *any =
        tn_any(self, tn_of_event(event), tn_timer(self, contract_seconds(0.05)));
    EXPECT_EQ(tn_wait(self, any), TN_OK);
    EXPECT_EQ(tn_winner(any), 1);
    EXPECT(tn_value(tn_of_event(event)) == NULL);
}

LEVEL_FRAME(int, hears_once_in_a_while, (struct tn_event *, event)) {
    void *value = NULL;
    EXPECT_EQ(tn_event_wait(self, event, &value), TN_OK);
    EXPECT_EQ((intptr_t)value, 1);
    tn_sleep(self, contract_seconds(0.2));
    EXPECT_EQ(tn_event_wait(self, event, &value), TN_OK);
    return (int)(intptr_t)value;
}

// Two posts before a listener waits again: only the first reaches it.
CONTRACT(a_listener_that_does_something_else_misses_a_post) {
    struct tn_event *event = tn_event_create(self, "event");
    tn_task(hears_once_in_a_while) child = tn_spawn(hears_once_in_a_while, event);
    (void)tn_share(child);
    settle(self);
    EXPECT_EQ(tn_event_post(event, number(1)), TN_OK);
    EXPECT_EQ(tn_event_post(event, number(2)), TN_OK);
    tn_sleep(self, contract_seconds(0.4));
    EXPECT_EQ(tn_event_post(event, number(3)), TN_OK);
    EXPECT_EQ(tn_await(hears_once_in_a_while, child), 3);
}

// post: queued,
CONTRACT(a_post_is_queued_behind_what_is_ready, .only = TN_LEVEL_FRAME) {
    struct tn_event *event = tn_event_create(self, "event");
    spawn_listener(self, event, 1, 'b');
    spawn_listener(self, event, 1, 'c'); // in the order of their waiting
    settle(self);
    EXPECT_EQ(tn_event_post(event, number(1)), TN_OK);
    mark('a');
    void *value = NULL;
    EXPECT_EQ(tn_event_wait(self, event, &value), TN_OK); // who posts and then waits hears itself
    EXPECT_EQ((intptr_t)value, 1);
    mark('d');
    EXPECT_MARKS("abcd");
}

struct poster {
    struct tn_event *event;
    int count;
};

static _Atomic bool heard_the_last;

static void post_all(void *argument) {
    const struct poster *poster = argument;
    for (int i = 1; i <= poster->count; i++) {
        EXPECT_EQ(tn_event_post(poster->event, number(i)), TN_OK);
        tn_block(0.0001);
    }
    while (!heard_the_last) { // what comes while nobody waits is lost
        EXPECT_EQ(tn_event_post_after(poster->event, number(-1), contract_seconds(0.1)), TN_OK);
        tn_block(contract_seconds(0.1));
    }
}

// from any thread, foreign threads too,
CONTRACT(a_foreign_thread_may_post_and_its_posts_keep_their_order) {
    struct poster poster = {tn_event_create(self, "outside"), 50};
    struct foreign *foreign = foreign_start(post_all, &poster);
    intptr_t last = 0;
    for (;;) {
        void *value = NULL;
        EXPECT_EQ(tn_event_wait(self, poster.event, &value), TN_OK);
        if ((intptr_t)value == -1) {
            break;
        }
        EXPECT((intptr_t)value > last);
        last = (intptr_t)value;
    }
    heard_the_last = true;
    foreign_join(foreign);
}

TN_PFRAME(void, posts_one, (struct tn_event *, event), (intptr_t, value)) {
    EXPECT_EQ(tn_event_post(event, number(value)), TN_OK);
}

CONTRACT(a_frame_of_any_thread_may_post) {
    struct tn_event *event = tn_event_create(self, "event");
    for (intptr_t i = 1; i <= 20; i++) {
        spawn_listener(self, event, i, 0);
        settle(self);
        tn_task(posts_one) poster = tn_spawn(posts_one, event, i);
        tn_await(posts_one, poster);
        EXPECT_EQ(tn_children_wait(self), TN_OK);
    }
}

// with an optional delay (by due time; equal ones in the order in which they were posted).
CONTRACT(delayed_posts_arrive_by_due_time) {
    struct tn_event *event = tn_event_create(self, "event");
    const double start = tn_now();
    const double delays[] = {0.3, 0.1, 0.2, -1, 1000};
    for (int i = 0; i < 5; i++) {
        EXPECT_EQ(tn_event_post_after(event, number(i + 1), contract_seconds(delays[i])), TN_OK);
    }
    const intptr_t order[] = {4, 2, 3, 1};
    // Another thread may deliver what a PFrame posts without delay before it waits.
    const bool may_miss = LEVEL == TN_LEVEL_PFRAME && contract_threads() > 1;
    for (int i = may_miss ? 1 : 0; i < 4; i++) {
        void *value = NULL;
        EXPECT_EQ(tn_event_wait(self, event, &value), TN_OK);
        if (may_miss && (intptr_t)value == 4) {
            i--;
            continue;
        }
        while (!is_simulated() && i < 3 && (intptr_t)value != order[i]) {
            i++; // a busy machine let two of them become due before the next wait
        }
        EXPECT_EQ((intptr_t)value, order[i]);
    }
    EXPECT_PASSED(start, contract_seconds(0.3));
}

// ---- send ------------------------------------------------------------------------------------

static _Atomic int steps;

LEVEL_FRAME(void, takes_steps, (struct tn_event *, event), (int, count)) {
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_event_wait(self, event, NULL), TN_OK);
        steps++;
    }
}

// send: delivered now to the listeners of this thread, handed to those of other threads, and itself
// awaitable: done when every listener has run to its next await.
CONTRACT(a_send_is_done_when_every_listener_waits_again_or_has_ended) {
    struct tn_event *event = tn_event_create(self, "event");
    for (int i = 0; i < 8; i++) {
        tn_task(takes_steps) child = tn_spawn(takes_steps, event, 5);
        EXPECT_EQ(tn_wait(self, tn_of_ready(tn_share(child))), TN_OK);
    }
    for (int i = 1; i <= 5; i++) { // so a send right after it meets them again
        EXPECT_EQ(tn_event_send(self, event, NULL), TN_OK);
        EXPECT_EQ(steps, 8 * i);
    }
    EXPECT_EQ(tn_event_send(self, event, NULL), TN_OK); // nobody listens
}

LEVEL_FRAME(void, hears_through_any, (struct tn_event *, event)) {
    struct tn_awaitable *any = tn_any(self, tn_never(self), tn_all(self, tn_of_event(event)));
    EXPECT_EQ(tn_wait(self, any), TN_OK);
    tn_block(contract_seconds(0.05));
    steps++;
}

CONTRACT(a_send_counts_those_who_listen_through_all_and_any) {
    struct tn_event *event = tn_event_create(self, "event");
    for (int i = 0; i < 3; i++) {
        tn_task(hears_through_any) child = tn_spawn(hears_through_any, event);
        EXPECT_EQ(tn_wait(self, tn_of_ready(tn_share(child))), TN_OK);
    }
    struct tn_awaitable *sending = tn_sending(self, event, NULL);
    EXPECT_EQ(tn_wait(self, tn_all(self, sending, tn_timer(self, 0))), TN_OK);
    EXPECT_EQ(steps, 3);
    EXPECT_EQ(tn_wait(self, sending), TN_OK);
}

LEVEL_FRAME(int, waits_for_one, (struct tn_event *, event)) {
    return tn_event_wait(self, event, NULL);
}

// Its child runs in place, on the same stack, where it can.
LEVEL_FRAME(void, calls_a_listener, (struct tn_event *, event)) {
    tn_task(waits_for_one) child = tn_spawn(waits_for_one, event);
    EXPECT_EQ(tn_await(waits_for_one, child), TN_OK);
    tn_block(contract_seconds(0.8));
    steps++;
}

CONTRACT(a_send_does_not_wait_for_the_parent_of_a_listener, .only = TN_LEVEL_PFRAME,
         .threads = {2, 4}) {
    struct tn_event *event = tn_event_create(self, "event");
    tn_task(calls_a_listener) child = tn_spawn(calls_a_listener, event);
    EXPECT_EQ(tn_wait(self, tn_of_ready(tn_share(child))), TN_OK);
    EXPECT_EQ(tn_event_send(self, event, NULL), TN_OK);
    EXPECT_EQ(steps, 0);
    tn_await(calls_a_listener, child);
    EXPECT_EQ(steps, 1);
}

LEVEL_FRAME(void, hears_and_sends, (struct tn_event *, event), (struct tn_event *, further)) {
    EXPECT_EQ(tn_event_wait(self, event, NULL), TN_OK);
    EXPECT_EQ(tn_event_send(self, further, NULL), TN_OK);
    steps++;
}

CONTRACT(a_listener_of_a_send_may_send_in_turn) {
    struct tn_event *event = tn_event_create(self, "event");
    struct tn_event *further = tn_event_create(self, "further");
    for (int i = 0; i < 3; i++) {
        tn_task(hears_and_sends) child = tn_spawn(hears_and_sends, event, further);
        EXPECT_EQ(tn_wait(self, tn_of_ready(tn_share(child))), TN_OK);
    }
    spawn_listener(self, further, 0, 0);
    EXPECT_EQ(tn_event_send(self, event, NULL), TN_OK);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    EXPECT_EQ(steps, 3);
}

TN_PFRAME(void, hears_and_blocks, (struct tn_event *, event), (_Atomic int *, heard)) {
    EXPECT_EQ(tn_event_wait(self, event, NULL), TN_OK);
    ++*heard;
    tn_block(contract_seconds(0.4));
    ++*heard;
}

LEVEL_FRAME(void, sends, (struct tn_event *, event)) {
    EXPECT_EQ(tn_event_send(self, event, NULL), TN_CANCELLED);
}

// A sender that is removed leaves the delivery as it is.
CONTRACT(a_removed_sender_does_not_undo_its_delivery, .threads = {2, 4}) {
    struct tn_event *event = tn_event_create(self, "event");
    _Atomic int heard = 0;
    tn_task(hears_and_blocks) listener = tn_spawn(hears_and_blocks, event, &heard);
    (void)tn_share(listener);
    settle(self);
    tn_task(sends) sender = tn_spawn(sends, event);
    struct tn_frame *frame = tn_share(sender);
    WAIT_UNTIL(heard > 0);
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    EXPECT_EQ(heard, 2);
}

// ---- events that fire once, or at their end --------------------------------------------------

LEVEL_FRAME(int, waits_for_singleshot, (struct tn_event *, event)) {
    void *value = NULL;
    EXPECT_EQ(tn_event_wait(self, event, &value), TN_OK);
    return (int)(intptr_t)value;
}

// singleshot: fires once and keeps its value (a second post does not overwrite it);
CONTRACT(a_singleshot_event_fires_once_and_keeps_its_value) {
    struct tn_event *event =
        tn_event_create_with(self, TN_EVENT(.name = "once", .is_singleshot = true));
    tn_task(waits_for_singleshot) early = tn_spawn(waits_for_singleshot, event);
    (void)tn_share(early);
    settle(self);
    EXPECT_EQ(tn_event_post(event, number(7)), TN_OK);
    EXPECT_EQ(tn_event_post(event, number(8)), TN_OK);
    EXPECT_EQ(tn_await(waits_for_singleshot, early), 7);
    EXPECT_EQ(tn_event_send(self, event, number(9)), TN_OK);
    for (int i = 0; i < 3; i++) {
        tn_task(waits_for_singleshot) late = tn_spawn(waits_for_singleshot, event);
        EXPECT_EQ(tn_await(waits_for_singleshot, late), 7);
    }
    struct tn_awaitable *any = tn_any(self, tn_never(self), tn_of_event(event));
    EXPECT_EQ(tn_wait(self, any), TN_OK);
    EXPECT_EQ((intptr_t)tn_value(any), 7);
    EXPECT_EQ((intptr_t)tn_value(tn_of_event(event)), 7);
}

LEVEL_FRAME(int, waits_and_tells, (struct tn_event *, event)) {
    void *value = number(1);
    const int outcome = tn_event_wait(self, event, &value);
    EXPECT(value == NULL);
    return outcome;
}

LEVEL_FRAME(int, owns, (struct tn_event * _Atomic *, event), (bool, is_lifebound)) {
    *event = tn_event_create_with(self, TN_EVENT(.name = "own", .is_lifebound = is_lifebound));
    EXPECT(*event != NULL);
    return tn_sleep(self, contract_seconds(0.2));
}

static void expect_at_end(struct tn_self *self, bool is_lifebound, bool is_removed, int outcome) {
    struct tn_event *_Atomic event = NULL;
    tn_task(owns) owner = tn_spawn(owns, &event, is_lifebound);
    struct tn_frame *frame = tn_share(owner);
    WAIT_UNTIL(event != NULL);
    tn_task(waits_and_tells) waiter = tn_spawn(waits_and_tells, event);
    struct tn_awaitable *any = tn_any(self, tn_of_event(event), tn_never(self));
    (void)tn_share(waiter);
    settle(self);
    if (is_removed) {
        EXPECT(tn_remove(self, frame));
    }
    EXPECT_EQ(tn_await(waits_and_tells, waiter), outcome);
    EXPECT_EQ(tn_wait(self, any), outcome);
    EXPECT_EQ(tn_winner(any), 0);
}

// lifebound: fires when removed.
CONTRACT(a_lifebound_event_fires_when_its_owner_ends) {
    expect_at_end(self, true, false, TN_OK);
    expect_at_end(self, true, true, TN_OK);
}

CONTRACT(a_lifebound_event_fires_when_it_is_removed) {
    struct tn_event *event =
        tn_event_create_with(self, TN_EVENT(.name = "bound", .is_lifebound = true));
    tn_task(waits_and_tells) waiter = tn_spawn(waits_and_tells, event);
    (void)tn_share(waiter);
    settle(self);
    EXPECT_EQ(tn_event_remove(self, event), TN_OK);
    EXPECT_EQ(tn_await(waits_and_tells, waiter), TN_OK);
}

// Removing any event wakes its waiters with "removed".
CONTRACT(who_waits_for_an_event_that_ends_is_told_so) {
    expect_at_end(self, false, false, TN_REMOVED);
    expect_at_end(self, false, true, TN_REMOVED);
    struct tn_event *event = tn_event_create(self, "short");
    tn_task(waits_and_tells) waiter = tn_spawn(waits_and_tells, event);
    (void)tn_share(waiter);
    settle(self);
    EXPECT_EQ(tn_event_post_after(event, NULL, 1000), TN_OK);
    EXPECT_EQ(tn_event_remove(self, event), TN_OK);
    EXPECT_EQ(tn_await(waits_and_tells, waiter), TN_REMOVED);
}
