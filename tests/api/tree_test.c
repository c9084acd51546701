// The tree through the public face: children that end with their parent, removal from everywhere,
// handles that many wait for, forgotten ones.
// Invariant: whatever began is counted in `alive` and has left it when its run is over.
#include <tenon/event.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <stdlib.h>
#include <string.h>

#include "api/simulated.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static _Atomic int alive;
static _Atomic int begun;

static void begins(void) {
    alive++;
    begun++;
}

static int run_is_clean(int code) {
    EXPECT_EQ(alive, 0);
    return code;
}

// Waits until it is removed; tells what the wait returned.
TN_PFRAME(int, holds) {
    begins();
    const int code = tn_hold(self);
    alive--;
    return code;
}

TN_FRAME(int, holds_bound) {
    return holds(self);
}

TN_PFRAME(int, holds_with_children, (int, depth)) {
    begins();
    if (depth > 0) {
        tn_task(holds_with_children) a = tn_spawn(holds_with_children, depth - 1);
        tn_task(holds_with_children) b = tn_spawn(holds_with_children, depth - 1);
        tn_forget(a);
        (void)b;
    }
    tn_task(holds_bound) c = tn_spawn(holds_bound);
    (void)c;
    const int code = tn_hold(self);
    alive--;
    return code;
}

static void wait_until(struct tn_self *self, _Atomic int *counter, int value) {
    for (int i = 0; i < 5000 && *counter < value; i++) {
        tn_sleep(self, 0.001);
    }
}

// ---- children end with their parent ----------------------------------------------------------

TN_PFRAME(int, leaves_children, (int, begin)) {
    tn_task(holds_with_children) tree = tn_spawn(holds_with_children, 3);
    (void)tree;
    wait_until(self, &begun, begin);
    return 7;
}

TN_FRAME(int, leaves_children_bound, (int, begin)) {
    return leaves_children(self, begin);
}

TEST(children_that_wait_end_with_their_parent) {
    for (int n = 1; n <= 8; n *= 2) {
        for (int begin = 0; begin <= 30; begin += 10) {
            int answer = 0;
            begun = 0;
            // Where root alone works, its child is a task until root waits for it.
            EXPECT_EQ(run_is_clean(tn_run_with(WITH(n), leaves_children_bound, &answer, begin)),
                      TN_OK);
            EXPECT_EQ(answer, 7);
            EXPECT(begun >= begin);
        }
    }
}

TN_PFRAME(int, awaits_leaver) {
    tn_task(leaves_children) child = tn_spawn(leaves_children, 0);
    const int answer = tn_await(leaves_children, child);
    EXPECT_EQ(alive, 0); // gone before it is over, not some time later
    return answer;
}

TEST(an_awaited_frame_is_over_after_its_children) {
    for (int n = 1; n <= 8; n *= 2) {
        for (int i = 0; i < 20; i++) {
            int answer = 0;
            EXPECT_EQ(run_is_clean(tn_run_with(WITH(n), awaits_leaver, &answer)), TN_OK);
            EXPECT_EQ(answer, 7);
        }
    }
}

TN_PFRAME(int, busy, (double, seconds)) {
    begins();
    tn_block(seconds);
    const int code = tn_sleep(self, 10);
    alive--;
    return code;
}

TN_FRAME(int, leaves_busy_child) {
    tn_task(busy) child = tn_spawn(busy, 0.05);
    (void)child;
    wait_until(self, &begun, 1);
    return 3;
}

TEST(a_child_that_runs_elsewhere_is_cancelled_at_its_next_wait) {
    int answer = 0;
    const double start = tn_now();
    EXPECT_EQ(run_is_clean(tn_run_with(WITH(3), leaves_busy_child, &answer)), TN_OK);
    EXPECT_EQ(answer, 3);
    EXPECT_EQ(begun, 1);
    EXPECT(tn_now() - start < 5);
}

TN_FRAME(void, never_runs) {
    begun++;
}

TN_FRAME(int, leaves_at_once) {
    for (int i = 0; i < 10; i++) {
        tn_task(never_runs) task = tn_spawn(never_runs);
        (void)task;
    }
    return 1;
}

TEST(children_that_have_not_started_never_run) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), leaves_at_once, &answer), TN_OK);
        EXPECT_EQ(begun, 0);
    }
}

// ---- removal ---------------------------------------------------------------------------------

TN_FRAME(int, removes_children) {
    tn_task(holds) a = tn_spawn(holds);
    tn_task(holds_bound) b = tn_spawn(holds_bound);
    tn_task(holds_with_children) c = tn_spawn(holds_with_children, 2);
    struct tn_frame *frames[] = {tn_share(a), tn_share(b), tn_share(c)};
    wait_until(self, &begun, 3);
    for (int i = 0; i < 3; i++) {
        EXPECT(!tn_frame_has_ended(frames[i]));
        EXPECT(tn_remove(self, frames[i]));
        EXPECT(tn_frame_has_ended(frames[i]));
        EXPECT(!tn_remove(self, frames[i]));
    }
    EXPECT_EQ(alive, 0);
    int value = 55;
    EXPECT_EQ(tn_try_await(holds, a, &value), TN_REMOVED);
    EXPECT_EQ(value, 55);
    EXPECT_EQ(tn_await(holds_bound, b), 0);
    EXPECT_EQ(tn_try_await(holds_with_children, c, NULL), TN_REMOVED);
    return TN_OK;
}

TEST(a_removed_frame_is_gone_with_all_below_it) {
    for (int n = 1; n <= 8; n++) {
        int answer = -1;
        begun = 0;
        EXPECT_EQ(run_is_clean(tn_run_with(WITH(n), removes_children, &answer)), TN_OK);
        EXPECT_EQ(answer, TN_OK);
    }
}

TN_FRAME(int, removes_unstarted) {
    tn_task(never_runs) a = tn_spawn(never_runs);
    struct tn_frame *frame = tn_share(a);
    EXPECT(tn_remove(self, frame));
    EXPECT(tn_frame_has_ended(frame));
    EXPECT_EQ(tn_try_await(never_runs, a, NULL), TN_REMOVED);
    tn_yield(self);
    EXPECT_EQ(begun, 0);
    return 1;
}

TEST(a_frame_removed_before_it_started_never_runs) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), removes_unstarted, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

TN_PFRAME(int, removes_itself) {
    struct tn_frame *frame = tn_this(self);
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(tn_sleep(self, 10), TN_CANCELLED);
    EXPECT_EQ(tn_yield(self), TN_CANCELLED);
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    EXPECT_EQ(tn_children_wait(self), TN_CANCELLED);
    EXPECT(!tn_remove(self, frame));
    return 5;
}

TN_FRAME(int, awaits_self_remover) {
    tn_task(removes_itself) child = tn_spawn(removes_itself);
    EXPECT_EQ(tn_try_await(removes_itself, child, NULL), TN_REMOVED);
    return 1;
}

TEST(a_frame_may_remove_itself) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), awaits_self_remover, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
        EXPECT_EQ(tn_run_with(WITH(n), removes_itself, &answer), TN_CANCELLED);
    }
}

TN_PFRAME(long, long_fib, (int, n)) {
    if (n < 2) {
        return n;
    }
    tn_task(long_fib) left = tn_spawn(long_fib, n - 1);
    const long right = long_fib(self, n - 2);
    return tn_await(long_fib, left) + right;
}

TN_PFRAME(long, begins_fib) {
    begun++;
    return long_fib(self, 52);
}

TN_FRAME(int, removes_fib) {
    for (int i = 0; i < 20; i++) {
        begun = 0;
        tn_task(begins_fib) child = tn_spawn(begins_fib);
        struct tn_frame *frame = tn_share(child);
        wait_until(self, &begun, 1);
        tn_sleep(self, 0.001 * (i % 4));
        EXPECT(tn_remove(self, frame));
    }
    return 1;
}

// It would run for a minute; every await is a place where it can be cancelled.
TEST(a_computation_is_removed_while_it_runs, .seconds = 30) {
    if (is_simulated()) {
        TEST_SKIP("a computation never ends its turn");
    }
    for (int n = 2; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), removes_fib, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

TN_PFRAME(void, remover, (struct tn_frame *, frame), (_Atomic int *, removals)) {
    if (tn_remove(self, frame)) {
        ++*removals;
    }
}

TN_PFRAME(int, many_remove_one, (int, rounds)) {
    for (int i = 0; i < rounds; i++) {
        _Atomic int removals = 0;
        tn_task(holds) victim = tn_spawn(holds);
        struct tn_frame *frame = tn_share(victim);
        tn_task(remover) removers[8];
        for (int r = 0; r < 8; r++) {
            removers[r] = tn_spawn(remover, frame, &removals);
        }
        for (int r = 0; r < 8; r++) {
            tn_await(remover, removers[r]);
        }
        EXPECT_EQ(removals, 1);
        EXPECT_EQ(tn_try_await(holds, victim, NULL), TN_REMOVED);
    }
    return rounds;
}

TEST(of_many_who_remove_a_frame_one_did, .seconds = 30) {
    for (int n = 1; n <= 8; n *= 2) {
        int answer = 0;
        EXPECT_EQ(run_is_clean(tn_run_with(WITH(n), many_remove_one, &answer, 100)), TN_OK);
        EXPECT_EQ(answer, 100);
    }
}

// ---- a frame that is being removed goes on using its handles -----------------------------------

TN_PFRAME(int, uses_handles_when_cancelled, (_Atomic int *, done)) {
    tn_task(holds) a = tn_spawn(holds);
    tn_task(holds_bound) b = tn_spawn(holds_bound);
    tn_task(holds) c = tn_spawn(holds);
    tn_task(holds) d = tn_spawn(holds);
    begun++;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    tn_task(holds) late = tn_spawn(holds);
    int value = 9;
    EXPECT(tn_try_await(holds, a, &value) < 0);
    EXPECT_EQ(value, 9);
    EXPECT_EQ(tn_await(holds_bound, b), 0);
    EXPECT_EQ(tn_await(holds, a), 0);
    EXPECT(tn_await_all(self, &c, &late) < 0);
    EXPECT_EQ(tn_await(holds, c), 0);
    tn_forget(d);
    tn_task(holds_bound) last = tn_spawn(holds_bound);
    (void)last;
    ++*done;
    return 1;
}

TN_FRAME(int, cancels_user_of_handles, (int, pause)) {
    _Atomic int done = 0;
    tn_task(uses_handles_when_cancelled) child = tn_spawn(uses_handles_when_cancelled, &done);
    struct tn_frame *frame = tn_share(child);
    wait_until(self, &begun, 1 + pause);
    EXPECT(tn_remove(self, frame));
    return done;
}

TEST(a_cancelled_frame_may_still_use_its_handles) {
    for (int n = 1; n <= 8; n *= 2) {
        for (int pause = 0; pause < 4; pause++) {
            int answer = 0;
            begun = 0;
            EXPECT_EQ(tn_run_with(WITH(n), cancels_user_of_handles, &answer, pause), TN_OK);
            EXPECT_EQ(answer, 1);
            EXPECT_EQ(alive, 0);
        }
    }
}

TN_FRAME(int, many_children_while_awaiting, (int, count)) {
    for (int i = 0; i < count; i++) {
        tn_task(never_runs) child = tn_spawn(never_runs);
        (void)child;
    }
    tn_task(holds_bound) last = tn_spawn(holds_bound);
    EXPECT_EQ(tn_try_await(holds_bound, last, NULL), TN_CANCELLED);
    return 1;
}

TN_FRAME(int, removes_one_who_awaits) {
    tn_task(many_children_while_awaiting) child = tn_spawn(many_children_while_awaiting, 600);
    struct tn_frame *frame = tn_share(child);
    tn_sleep(self, 0.01);
    EXPECT(tn_remove(self, frame));
    return 1;
}

TEST(a_frame_with_many_children_is_removed_while_it_awaits_one) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(run_is_clean(tn_run_with(WITH(n), removes_one_who_awaits, &answer)), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}
