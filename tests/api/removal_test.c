// Removal through the public face where many things happen at once: races of removers, listeners
// and frames that end by themselves, and the cost of many children.
// Invariant: of all who remove a frame at most one is told that it did, and nobody waits for ever.
#include <tenon/cleanup.h>
#include <tenon/event.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include "api/simulated.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static _Atomic int alive;

// ---- many children ---------------------------------------------------------------------------

TN_FRAME(void, ends_at_once) {
    (void)self;
}

TN_FRAME(void, waits_for_many, (int, count)) {
    for (int i = 0; i < count; i++) {
        tn_task(ends_at_once) child = tn_spawn(ends_at_once);
        if (i % 3 == 0) {
            tn_forget(child);
        }
    }
    EXPECT_EQ(tn_children_wait(self), TN_OK);
}

TEST(waiting_for_many_children_takes_linear_time, .seconds = 30) {
    const int count = 100000 / test_slowness();
    EXPECT_EQ(tn_run_with(WITH(1), waits_for_many, NULL, count), TN_OK);
}

TN_FRAME(void, holds_bound) {
    alive++;
    (void)tn_hold(self);
    alive--;
}

TN_FRAME(void, is_declared_to_wait, (int, count)) {
    for (int i = 0; i < count; i++) {
        tn_task(ends_at_once) child = tn_spawn(ends_at_once);
        (void)child;
    }
}

TN_FRAME(void, removes_many, (int, count)) {
    struct tn_frame *last = NULL;
    for (int i = 0; i < count; i++) {
        tn_task(holds_bound) child = tn_spawn(holds_bound);
        last = tn_share(child);
    }
    while (alive < count) {
        tn_yield(self);
    }
    EXPECT(tn_remove(self, last));
    EXPECT_EQ(alive, count - 1);
    tn_task(is_declared_to_wait) other =
        tn_spawn_with(TN_OPTIONS(.waits_for_children = true), is_declared_to_wait, count);
    tn_await(is_declared_to_wait, other);
}

TEST(many_waiting_children_are_removed_with_their_parent, .seconds = 30) {
    EXPECT_EQ(tn_run_with(WITH(1), removes_many, NULL, 2000), TN_OK);
    EXPECT_EQ(alive, 0);
}

// ---- races -----------------------------------------------------------------------------------

static void leaves(struct tn_self *self, void *data) {
    (void)tn_yield(self);
    (void)data;
    alive--;
}

// Ends by itself after `steps` waits, unless it is removed before.
TN_PFRAME(int, lives, (int, steps), (int, depth)) {
    alive++;
    EXPECT_EQ(tn_cleanup_push(self, leaves, NULL), TN_OK);
    if (depth > 0) {
        tn_task(lives) child = tn_spawn(lives, steps + 1, depth - 1);
        (void)tn_share(child);
    }
    for (int i = 0; i < steps && tn_yield(self) == TN_OK; i++) {
    }
    return steps;
}

static _Atomic int delivered;

TN_PFRAME(void, listens, (struct tn_frame *, frame), (bool, refuses)) {
    while (tn_wait(self, tn_of_free(frame)) == TN_OK) {
        delivered++;
        if (refuses) {
            tn_refuse(self, frame);
            refuses = false;
        }
    }
}

TN_PFRAME(int, removes, (struct tn_frame *, frame)) {
    return tn_remove(self, frame) ? 1 : 0;
}

TN_PFRAME(int, removes_by_awaitable, (struct tn_frame *, frame)) {
    const int code = tn_wait(self, tn_removal(self, frame));
    EXPECT(code == TN_OK || code == TN_REFUSED || code == TN_REMOVED);
    return code == TN_OK;
}

// One frame with a child, up to two listeners, and three removers.
static void race(struct tn_self *self, int round) {
    tn_task(lives) task = tn_spawn(lives, round % 7, 1 + round % 2);
    struct tn_frame *frame = tn_share(task);
    tn_task(listens) one = tn_spawn(listens, frame, round % 3 == 0);
    tn_task(listens) two = tn_spawn(listens, frame, round % 5 == 0);
    if (round % 2 == 0) {
        (void)tn_share(one);
        (void)tn_share(two);
    }
    if (round % 4 == 0) {
        tn_yield(self);
    }
    tn_task(removes) a = tn_spawn(removes, frame);
    tn_task(removes_by_awaitable) b = tn_spawn(removes_by_awaitable, frame);
    tn_task(removes) c = tn_spawn(removes, frame);
    const int told =
        tn_await(removes, a) + tn_await(removes_by_awaitable, b) + tn_await(removes, c);
    const int outcome = tn_try_await(lives, task, NULL);
    EXPECT(outcome == TN_OK || outcome == TN_REMOVED);
    EXPECT_EQ(told, outcome == TN_REMOVED ? 1 : 0);
    tn_await(listens, one);
    tn_await(listens, two);
    EXPECT_EQ(alive, 0);
}

TN_PFRAME(void, races, (int, rounds)) {
    for (int i = 0; i < rounds; i++) {
        race(self, i);
    }
}

TEST(of_all_removers_at_most_one_is_told_that_it_removed_the_frame, .seconds = 60) {
    const int rounds = is_simulated() ? 200 : 3000 / test_slowness();
    for (int n = 1; n <= 8; n *= 2) {
        EXPECT_EQ(tn_run_with(WITH(n), races, NULL, rounds), TN_OK);
    }
    EXPECT(delivered > 0);
}

// ---- a run that ends while removals go on ----------------------------------------------------

TN_PFRAME(void, lets_everything_go, (int, how)) {
    tn_task(lives) task = tn_spawn(lives, 1000000, 2);
    struct tn_frame *frame = tn_share(task);
    tn_task(listens) listener = tn_spawn(listens, frame, true);
    (void)tn_share(listener);
    for (int i = 0; i < how; i++) {
        tn_yield(self);
    }
    (void)tn_removal(self, frame);
    (void)tn_removal(self, tn_this(self));
    if (how % 2 == 0) {
        tn_yield(self);
    }
}

TEST(a_run_may_end_while_removals_go_on, .seconds = 30) {
    for (int n = 1; n <= 4; n *= 2) {
        for (int how = 0; how < 40; how++) {
            const int code = tn_run_with(WITH(n), lets_everything_go, NULL, how);
            EXPECT(code == TN_CANCELLED || code == TN_OK);
            EXPECT_EQ(alive, 0);
        }
    }
}
