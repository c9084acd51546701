// Section 3 of the contract, waiting: what may be waited for, time, all and any. Events have a file
// of their own, 03_waiting_events.c.
#include "contract/contract.h"

#include <signal.h>
#include <stdint.h>

// Long enough for others to have come to their waits.
static void settle(struct tn_self *self) {
    EXPECT_EQ(tn_sleep(self, contract_seconds(0.05)), TN_OK);
}

// ---- what has finished -----------------------------------------------------------------------

struct pair {
    char letter;
    double number;
};

LEVEL_FRAME(struct pair, makes_a_pair, (double, number)) {
    tn_sleep(self, contract_seconds(0.01));
    return (struct pair){'p', number};
}

LEVEL_FRAME(int, joins_a_pair, (struct tn_frame *, frame)) {
    for (int i = 0; i < 3; i++) {
        struct pair pair = {0, 0};
        EXPECT_EQ(tn_join(makes_a_pair, frame, &pair), TN_OK);
        EXPECT(pair.letter == 'p' && pair.number > 0.24 && pair.number < 0.26);
    }
    return 1;
}

// `await` on one that has finished returns its stored result at once, any number of times, from any
// number of frames. Results are typed.
CONTRACT(what_has_finished_gives_its_result_to_everybody_at_once) {
    tn_task(makes_a_pair) child = tn_spawn(makes_a_pair, 0.25);
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_wait(self, tn_of_frame(frame)), TN_OK);
    tn_task(joins_a_pair) each[4];
    for (int i = 0; i < 4; i++) {
        each[i] = tn_spawn(joins_a_pair, frame);
    }
    for (int i = 0; i < 4; i++) {
        EXPECT_EQ(tn_await(joins_a_pair, each[i]), 1);
    }
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(tn_await(makes_a_pair, child).letter, 'p');
        EXPECT_EQ(tn_wait(self, tn_of_frame(frame)), TN_OK);
    }
}

// ---- what may be waited for ------------------------------------------------------------------

LEVEL_FRAME(int, posts_soon, (struct tn_event *, event)) {
    EXPECT_EQ(tn_sleep(self, contract_seconds(0.02)), TN_OK);
    EXPECT_EQ(tn_event_post(event, NULL), TN_OK);
    return 1;
}

// Awaitables: frames, events, sleep, hold, animate, all, any, and later everything that can
// complete.
CONTRACT(everything_that_can_complete_is_waited_for_in_one_way) {
    struct tn_event *event = tn_event_create(self, "soon");
    tn_task(posts_soon) child = tn_spawn(posts_soon, event);
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_wait(self, tn_of_event(event)), TN_OK);
    EXPECT_EQ(tn_wait(self, tn_of_frame(frame)), TN_OK);
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), TN_OK);
    EXPECT_EQ(tn_wait(self, tn_timer(self, contract_seconds(0.01))), TN_OK);
    EXPECT_EQ(tn_wait(self, tn_all(self, tn_of_frame(frame), tn_timer(self, 0))), TN_OK);
    EXPECT_EQ(tn_wait(self, tn_any(self, tn_never(self), tn_of_frame(frame))), TN_OK);
    EXPECT_EQ(tn_wait(self, tn_sending(self, event, NULL)), TN_OK);
    tn_task(makes_a_pair) other = tn_spawn(makes_a_pair, 0.25);
    const int code = tn_wait(self, tn_removal(self, tn_share(other)));
    EXPECT(code == TN_OK || code == TN_REMOVED); // it may have ended already
}

// ---- time ------------------------------------------------------------------------------------

// sleep(s): negative = 0;
CONTRACT(a_negative_sleep_is_none) {
    const double start = tn_now();
    EXPECT_EQ(tn_sleep(self, -5), TN_OK);
    EXPECT_EQ(tn_wait(self, tn_timer(self, -5)), TN_OK);
    EXPECT_PASSED(start, 0);
}

// counts from its creation, not from the await (what tn_timer makes; tn_sleep is both at once).
CONTRACT(a_timer_counts_from_its_making) {
    const double start = tn_now();
    struct tn_awaitable *timer = tn_timer(self, contract_seconds(0.3));
    EXPECT_EQ(tn_sleep(self, contract_seconds(0.2)), TN_OK);
    EXPECT_EQ(tn_wait(self, timer), TN_OK);
    EXPECT_PASSED(start, contract_seconds(0.3));
}

TN_FRAME(void, marks_around_a_yield, (char, before), (char, after)) {
    mark(before);
    EXPECT_EQ(tn_sleep(self, 0), TN_OK);
    mark(after);
}

// sleep(0) lets other ready work run once.
CONTRACT(a_sleep_of_0_lets_other_ready_work_run_once, .only = TN_LEVEL_FRAME) {
    tn_task(marks_around_a_yield) one = tn_spawn(marks_around_a_yield, '1', '4');
    tn_task(marks_around_a_yield) two = tn_spawn(marks_around_a_yield, '2', '5');
    mark('0');
    EXPECT_EQ(tn_sleep(self, 0), TN_OK);
    mark('3');
    EXPECT_EQ(tn_sleep(self, 0), TN_OK);
    mark('6');
    EXPECT_MARKS("0123456");
    tn_await(marks_around_a_yield, one);
    tn_await(marks_around_a_yield, two);
}

LEVEL_FRAME(int, makes_a_timer, (struct tn_awaitable * _Atomic *, timer)) {
    *timer = tn_timer(self, 1000);
    EXPECT(*timer != NULL);
    return tn_sleep(self, contract_seconds(0.1));
}

// It belongs to the frame that made it.
CONTRACT(a_timer_ends_with_the_frame_that_made_it) {
    struct tn_awaitable *_Atomic timer = NULL;
    tn_task(makes_a_timer) child = tn_spawn(makes_a_timer, &timer);
    (void)tn_share(child);
    WAIT_UNTIL(timer != NULL);
    EXPECT_EQ(tn_wait(self, timer), TN_REMOVED);
}

LEVEL_FRAME(void, ends_in_hold, (_Atomic int *, state)) {
    *state = 1;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    *state = 2;
}

// hold: never completes; a frame that ends in hold lives until it is removed.
CONTRACT(a_frame_that_holds_lives_until_it_is_removed) {
    _Atomic int state = 0;
    tn_task(ends_in_hold) child = tn_spawn(ends_in_hold, &state);
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_sleep(self, contract_seconds(0.5)), TN_OK);
    EXPECT_EQ(state, 1);
    EXPECT(!tn_frame_has_ended(frame));
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(state, 2);
}

TN_FRAME(void, marks_after, (double, seconds), (char, letter)) {
    EXPECT_EQ(tn_sleep(self, seconds), TN_OK);
    mark(letter);
}

// Equal deadlines keep the order of creation on one thread.
CONTRACT(equal_deadlines_keep_the_order_of_creation, .only = TN_LEVEL_FRAME) {
    char expected[27] = {0};
    for (char letter = 'a'; letter <= 'z'; letter++) {
        tn_task(marks_after) child = tn_spawn(marks_after, contract_seconds(0.1), letter);
        tn_forget(child);
        expected[letter - 'a'] = letter;
    }
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    EXPECT_MARKS(expected);
    struct tn_awaitable *parts[9];
    for (int i = 0; i < 9; i++) {
        parts[i] = tn_timer(self, contract_seconds(0.1));
    }
    struct tn_awaitable *first = tn_any_of(self, 9, parts);
    EXPECT_EQ(tn_wait(self, first), TN_OK);
    EXPECT_EQ(tn_winner(first), 0);
}

// ---- animate ---------------------------------------------------------------------------------

struct film {
    double interval;
    double start;
    int calls;
    double last;
};

static void check_moment(struct tn_self *self, double progress, void *data) {
    struct film *film = data;
    (void)self;
    film->calls++;
    EXPECT(progress > film->last && progress <= 1.0);
    film->last = progress;
    if (progress < 1.0) { // at the first multiple that had not passed
        EXPECT(tn_now() - film->start >= film->interval * film->calls);
    }
}

// animate(seconds, callback, interval): calls back with progress at interval, 2 x interval, ... and
// last with exactly 1.0 at `seconds`;
CONTRACT(an_animation_calls_at_every_interval_and_at_its_end) {
    struct film film = {contract_seconds(0.1), tn_now(), 0, 0};
    EXPECT_EQ(tn_animate(self, contract_seconds(0.35), check_moment, &film, film.interval), TN_OK);
    EXPECT(film.last == 1.0);
    EXPECT_PASSED(film.start, contract_seconds(0.35));
    if (is_simulated()) {
        EXPECT_EQ(film.calls, 4);
    }
    film = (struct film){contract_seconds(0.1), tn_now(), 0, 0};
    EXPECT_EQ(tn_animate(self, contract_seconds(0.3), check_moment, &film, film.interval), TN_OK);
    EXPECT(film.last == 1.0 && film.calls <= 3);
}

// if seconds <= interval only the last call.
CONTRACT(a_short_animation_calls_only_at_its_end) {
    const double intervals[] = {0.1, 0.2, 100, 0, -1};
    for (int i = 0; i < 5; i++) {
        struct film film = {contract_seconds(intervals[i]), tn_now(), 0, 0};
        EXPECT_EQ(tn_animate(self, contract_seconds(0.1), check_moment, &film, film.interval),
                  TN_OK);
        EXPECT(film.calls == 1 && film.last == 1.0);
        EXPECT_PASSED(film.start, contract_seconds(0.1));
    }
    struct film film = {0.1, tn_now(), 0, 0};
    EXPECT_EQ(tn_animate(self, -1, check_moment, &film, film.interval), TN_OK);
    EXPECT(film.calls == 1 && film.last == 1.0);
}

LEVEL_FRAME(int, adds_one, (int, number)) {
    tn_sleep(self, contract_seconds(0.01));
    return number + 1;
}

static void create_and_wait(struct tn_self *self, double progress, void *data) {
    int *const sum = data;
    tn_task(adds_one) child = tn_spawn(adds_one, *sum);
    EXPECT_EQ(tn_wait(self, tn_timer(self, contract_seconds(0.25))), TN_OK);
    *sum = tn_await(adds_one, child);
    mark(progress < 1.0 ? '.' : '!');
}

// The callback may create awaitables (and frames, and wait: calls that passed meanwhile are left
// out, never the last).
CONTRACT(the_callback_of_an_animation_may_create_and_wait) {
    int sum = 0;
    EXPECT_EQ(
        tn_animate(self, contract_seconds(0.55), create_and_wait, &sum, contract_seconds(0.1)),
        TN_OK);
    if (is_simulated()) {
        EXPECT_EQ(sum, 3); // at 0.1, 0.4 and 0.55 ended only at 0.66
        EXPECT_MARKS("..!");
    }
    EXPECT(sum >= 2);
}

LEVEL_FRAME(void, is_animated, (_Atomic int *, outcome)) {
    struct film film = {contract_seconds(0.1), tn_now(), 0, 0};
    *outcome = tn_animate(self, 1000, check_moment, &film, film.interval);
    const int calls = film.calls;
    EXPECT_EQ(tn_sleep(self, 1), TN_CANCELLED);
    EXPECT_EQ(film.calls, calls);
}

// It is a wait like every other: a removal ends it.
CONTRACT(an_animation_ends_when_its_frame_is_removed) {
    _Atomic int outcome = 1;
    tn_task(is_animated) child = tn_spawn(is_animated, &outcome);
    struct tn_frame *frame = tn_share(child);
    tn_sleep(self, contract_seconds(0.35));
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(outcome, TN_CANCELLED);
}

// ---- all -------------------------------------------------------------------------------------

LEVEL_FRAME(int, posts_after, (struct tn_event *, event), (intptr_t, value), (double, seconds)) {
    EXPECT_EQ(tn_sleep(self, seconds), TN_OK);
    return tn_event_post(event, (void *)value);
}

static void post_later(struct tn_self *self, struct tn_event *event, intptr_t value,
                       double seconds) {
    tn_task(posts_after) child = tn_spawn(posts_after, event, value, contract_seconds(seconds));
    (void)tn_share(child);
}

// all(...): completes when every member has; results in argument order, duplicates allowed,
// finished members count at once;
CONTRACT(all_completes_with_its_last_member_and_keeps_order) {
    struct tn_event *a = tn_event_create(self, "a");
    struct tn_event *b = tn_event_create(self, "b");
    struct tn_awaitable *done = tn_timer(self, 0);
    EXPECT_EQ(tn_wait(self, done), TN_OK);
    const double start = tn_now();
    struct tn_awaitable *all = tn_all(self, tn_of_event(b), done, tn_of_event(a), tn_of_event(b));
    post_later(self, a, 1, 0.1);
    post_later(self, b, 2, 0.2);
    post_later(self, a, 3, 0.3); // too late to count
    EXPECT_EQ(tn_wait(self, all), TN_OK);
    EXPECT_PASSED(start, contract_seconds(0.2));
    const intptr_t expected[] = {2, 0, 1, 2};
    for (size_t i = 0; i < 4; i++) {
        EXPECT_EQ((intptr_t)tn_value_of_part(all, i), expected[i]);
    }
    EXPECT(tn_value_of_part(all, 4) == NULL && tn_value(all) == NULL);
    EXPECT_EQ(tn_wait(self, all), TN_OK);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    EXPECT_EQ((intptr_t)tn_value_of_part(all, 2), 1);
}

// empty all completes at once.
CONTRACT(all_of_nothing_completes_at_once) {
    EXPECT_EQ(tn_wait(self, tn_all_of(self, 0, NULL)), TN_OK);
}

// ---- any -------------------------------------------------------------------------------------

// any(...): completes with the first, telling which and its result;
CONTRACT(any_tells_which_member_came_first_and_its_value) {
    struct tn_event *a = tn_event_create(self, "a");
    struct tn_event *b = tn_event_create(self, "b");
    struct tn_awaitable *any = tn_any(self, tn_of_event(a), tn_never(self), tn_of_event(b));
    EXPECT_EQ(tn_winner(any), -1);
    EXPECT(tn_value(any) == NULL);
    post_later(self, b, 7, 0.1);
    post_later(self, a, 8, 0.2);
    EXPECT_EQ(tn_wait(self, any), TN_OK);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    EXPECT_EQ(tn_winner(any), 2);
    EXPECT_EQ((intptr_t)tn_value(any), 7);
}

// of several already finished the first in argument order wins;
CONTRACT(of_finished_members_the_first_in_argument_order_wins) {
    struct tn_awaitable *early = tn_timer(self, 0);
    EXPECT_EQ(tn_wait(self, early), TN_OK);
    struct tn_awaitable *late = tn_timer(self, contract_seconds(0.01));
    EXPECT_EQ(tn_wait(self, late), TN_OK);
    struct tn_awaitable *any = tn_any(self, tn_never(self), late, early);
    EXPECT_EQ(tn_winner(any), 1);
    EXPECT_EQ(tn_wait(self, any), TN_OK);
}

// the losers keep running and any lets go of them;
CONTRACT(the_losers_of_any_keep_running) {
    tn_task(adds_one) loser = tn_spawn(adds_one, 1);
    struct tn_awaitable *any = tn_any(self, tn_of_frame(tn_share(loser)), tn_timer(self, 0));
    EXPECT_EQ(tn_wait(self, any), TN_OK);
    EXPECT_EQ(tn_await(adds_one, loser), 2);
    EXPECT_EQ(tn_winner(any), 1);
}

LEVEL_FRAME(void, waits_for_any_of_nothing) {
    struct tn_awaitable *any = tn_any_of(self, 0, NULL);
    EXPECT_EQ(tn_wait(self, any), TN_EMPTY);
    EXPECT_EQ(tn_winner(any), -1);
}

static void run_any_of_nothing(void *argument) {
    (void)argument;
    EXPECT_EQ(contract_run(waits_for_any_of_nothing, NULL), TN_OK);
}

// empty any is refused with an error.
CONTRACT_OUTSIDE(any_of_nothing_is_refused) {
    if (contract_is_checked()) {
        EXPECT_DIES(run_any_of_nothing, NULL, SIGABRT, "any of nothing never completes");
    } else {
        run_any_of_nothing(NULL);
    }
}

// They nest.
CONTRACT(all_and_any_may_be_nested) {
    struct tn_event *event = tn_event_create(self, "deep");
    struct tn_awaitable *deep = tn_of_event(event);
    for (int i = 0; i < 20; i++) {
        deep =
            i % 2 == 0 ? tn_any(self, tn_never(self), deep) : tn_all(self, deep, tn_timer(self, 0));
    }
    struct tn_awaitable *any = tn_any(self, tn_never(self), tn_any(self, tn_of_event(event)));
    post_later(self, event, 5, 0.1);
    EXPECT_EQ(tn_wait(self, deep), TN_OK);
    EXPECT_EQ(tn_wait(self, any), TN_OK);
    EXPECT_EQ((intptr_t)tn_value(any), 5);
}

LEVEL_FRAME(int, combines, (struct tn_frame *, frame)) {
    return tn_wait(self, tn_all(self, tn_of_frame(frame), tn_timer(self, 0)));
}

// They do not adopt their members: parenthood stays.
CONTRACT(a_member_stays_the_child_of_its_parent) {
    _Atomic int state = 0;
    tn_task(ends_in_hold) held = tn_spawn(ends_in_hold, &state);
    struct tn_frame *frame = tn_share(held);
    tn_task(combines) waiter = tn_spawn(combines, frame);
    struct tn_frame *waiting = tn_share(waiter);
    settle(self);
    EXPECT(tn_remove(self, waiting));
    EXPECT(!tn_frame_has_ended(frame));
    EXPECT_EQ(state, 1);
    EXPECT(tn_remove(self, frame)); // it refers to our stack
}
