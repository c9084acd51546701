// Fork and join through the public face: every order of awaiting, every number of threads.
// Invariant: each test knows its result from a plain loop or a formula.
#include <tenon/run.h>
#include <tenon/time.h>

#include <stdint.h>
#include <string.h>

#include "support/test.h"

static const int thread_counts[] = {1, 2, 4, 8};
#define EACH_THREAD_COUNT(n)                                                                       \
    for (unsigned at_ = 0, n = 1; at_ < 4 && (n = (unsigned)thread_counts[at_], true); at_++)
#define WITH(n) TN_RUN(.num_threads = (int)(n))

// ---- recursion -------------------------------------------------------------------------------

TN_PFRAME(long, fib, (int, n)) {
    if (n < 2) {
        return n;
    }
    tn_task(fib) left = tn_spawn(fib, n - 1);
    const long right = fib(self, n - 2);
    return tn_await(fib, left) + right;
}

TEST(fib_is_right_with_any_number_of_threads, .seconds = 60) {
    EACH_THREAD_COUNT(n) {
        long answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), fib, &answer, test_slowness() > 1 ? 20 : 30), TN_OK);
        EXPECT_EQ(answer, test_slowness() > 1 ? 6765 : 832040);
    }
}

// Both halves are tasks, and the older one is awaited first.
TN_PFRAME(long, fib_in_order, (int, n)) {
    if (n < 2) {
        return n;
    }
    tn_task(fib_in_order) left = tn_spawn(fib_in_order, n - 1);
    tn_task(fib_in_order) right = tn_spawn(fib_in_order, n - 2);
    const long first = tn_await(fib_in_order, left);
    return first + tn_await(fib_in_order, right);
}

TEST(two_tasks_may_be_awaited_oldest_first, .seconds = 60) {
    EACH_THREAD_COUNT(n) {
        long answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), fib_in_order, &answer, 18), TN_OK);
        EXPECT_EQ(answer, 2584);
    }
}

// A chain as deep as it is long: each frame awaits one child.
TN_PFRAME(int, chain, (int, left)) {
    if (left == 0) {
        return 0;
    }
    tn_task(chain) next = tn_spawn(chain, left - 1);
    return tn_await(chain, next) + 1;
}

TEST(a_chain_of_tasks_may_be_as_deep_as_roots_stack, .seconds = 60) {
    EACH_THREAD_COUNT(n) {
        int answer = 0;
        // Stolen, it goes on on a stack of its own; sanitizers make its C frames large.
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = (int)n, .stack_bytes = 8u << 20), chain,
                              &answer, 2000),
                  TN_OK);
        EXPECT_EQ(answer, 2000);
    }
}

TN_FRAME(int, bound_chain, (int, left)) {
    if (left == 0) {
        return 0;
    }
    tn_task(bound_chain) next = tn_spawn(bound_chain, left - 1);
    return tn_await(bound_chain, next) + 1;
}

TEST(a_chain_of_plain_frames_has_a_stack_for_each) {
    int answer = 0;
    EXPECT_EQ(tn_run_with(WITH(2), bound_chain, &answer, 3000), TN_OK);
    EXPECT_EQ(answer, 3000);
}

// ---- wide loops ------------------------------------------------------------------------------

enum order { IN_ORDER, REVERSED, SHUFFLED, PARTLY };

TN_PFRAME(long, square, (long, x)) {
    return x * x;
}

#define WIDE 1000
// Awaits `count` squares in the given order; those of PARTLY that are not awaited end with us.
static long add_squares(struct tn_self *self, int count, enum order order) {
    tn_task(square) each[WIDE];
    for (long i = 0; i < count; i++) {
        each[i] = tn_spawn(square, i);
    }
    long sum = 0;
    for (int i = 0; i < count; i++) {
        const int at = order == REVERSED   ? count - 1 - i
                       : order == SHUFFLED ? (int)((long)i * 379 % count)
                                           : i;
        if (order != PARTLY || at % 3 == 0) {
            sum += tn_await(square, each[at]);
        }
    }
    return sum;
}

static long expected_squares(int count, enum order order) {
    long sum = 0;
    for (long i = 0; i < count; i++) {
        sum += order != PARTLY || i % 3 == 0 ? i * i : 0;
    }
    return sum;
}

TN_PFRAME(long, wide, (int, count), (enum order, order)) {
    return add_squares(self, count, order);
}

TN_FRAME(long, wide_bound, (int, count), (enum order, order)) {
    return add_squares(self, count, order);
}

// Runs in place on its parent's stack first.
TN_PFRAME(long, wide_below, (int, count), (enum order, order)) {
    tn_task(wide) inner = tn_spawn(wide, count, order);
    return tn_await(wide, inner);
}

TEST(a_wide_loop_may_be_awaited_in_any_order, .seconds = 60) {
    EACH_THREAD_COUNT(n) {
        for (enum order order = IN_ORDER; order <= PARTLY; order++) {
            const int counts[] = {1, 2, 15, 100, 239, 241, 257, WIDE};
            for (int i = 0; i < 8; i++) {
                long answer = 0;
                EXPECT_EQ(tn_run_with(WITH(n), wide, &answer, counts[i], order), TN_OK);
                EXPECT_EQ(answer, expected_squares(counts[i], order));
                EXPECT_EQ(tn_run_with(WITH(n), wide_below, &answer, counts[i], order), TN_OK);
                EXPECT_EQ(answer, expected_squares(counts[i], order));
                EXPECT_EQ(tn_run_with(WITH(n), wide_bound, &answer, counts[i], order), TN_OK);
                EXPECT_EQ(answer, expected_squares(counts[i], order));
            }
        }
    }
}

TEST(more_tasks_than_a_small_stack_has_room_for_become_frames, .seconds = 60) {
    EACH_THREAD_COUNT(n) {
        for (enum order order = IN_ORDER; order <= PARTLY; order++) {
            long answer = 0;
            const struct tn_run_options small = {
                .num_threads = (int)n, .stack_bytes = 16384, .root_stack_bytes = 65536};
            EXPECT_EQ(tn_run_with(&small, wide, &answer, WIDE, order), TN_OK);
            EXPECT_EQ(answer, expected_squares(WIDE, order));
        }
    }
}

// A tree of loops, so that tasks are stolen, moved and held up at all depths.
TN_PFRAME(long, bush, (int, depth), (int, width)) {
    if (depth == 0) {
        return 1;
    }
    tn_task(bush) each[16];
    for (int i = 0; i < width; i++) {
        each[i] = tn_spawn(bush, depth - 1, width);
    }
    long leaves = 0;
    for (int i = 0; i < width; i++) {
        const int at = depth % 3 == 0 ? i : depth % 3 == 1 ? width - 1 - i : (i * 5 + 2) % width;
        leaves += tn_await(bush, each[at]);
    }
    return leaves;
}

TEST(trees_of_loops_count_their_leaves, .seconds = 60) {
    EACH_THREAD_COUNT(n) {
        for (int repeat = 0; repeat < 5; repeat++) {
            long answer = 0;
            EXPECT_EQ(tn_run_with(WITH(n), bush, &answer, 4, 9), TN_OK);
            EXPECT_EQ(answer, 9 * 9 * 9 * 9);
            EXPECT_EQ(tn_run_with(WITH(n), bush, &answer, 9, 3), TN_OK);
            EXPECT_EQ(answer, 19683);
        }
    }
}

// Some leaves wait, so that stacks with tasks on them are suspended and robbed.
TN_PFRAME(long, slow_bush, (int, depth), (int, width)) {
    if (depth == 0) {
        tn_sleep(self, 0.0001);
        return 1;
    }
    tn_task(slow_bush) each[16];
    for (int i = 0; i < width; i++) {
        each[i] = tn_spawn(slow_bush, depth - 1, width);
    }
    long leaves = 0;
    for (int i = 0; i < width; i++) {
        leaves += tn_await(slow_bush, each[depth % 2 == 0 ? i : width - 1 - i]);
    }
    return leaves;
}

TEST(leaves_that_wait_are_counted_too, .seconds = 60) {
    EACH_THREAD_COUNT(n) {
        long answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), slow_bush, &answer, 5, 4), TN_OK);
        EXPECT_EQ(answer, 1024);
    }
}

// ---- many at once ----------------------------------------------------------------------------

TN_PFRAME(int, all_at_once, (int, x)) {
    tn_task(square) a = tn_spawn(square, x);
    tn_task(chain) b = tn_spawn(chain, x);
    tn_task(bound_chain) c = tn_spawn(bound_chain, x);
    if (tn_await_all(self, &a, &b, &c) != TN_OK) {
        return -1;
    }
    return (int)tn_await(square, a) + tn_await(chain, b) + tn_await(bound_chain, c);
}

TEST(await_all_leaves_the_results_in_the_handles) {
    EACH_THREAD_COUNT(n) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), all_at_once, &answer, 7), TN_OK);
        EXPECT_EQ(answer, 63);
    }
}

TN_PFRAME(int, await_twice, (int, x)) {
    tn_task(square) lazy = tn_spawn(square, x);
    tn_task(bound_chain) eager = tn_spawn(bound_chain, x);
    long sum = 0;
    for (int i = 0; i < 3; i++) {
        long value = -1;
        sum += tn_try_await(square, lazy, &value) == TN_OK ? value : 1000;
        sum += tn_await(square, lazy) + tn_await(bound_chain, eager);
    }
    return (int)sum;
}

TEST(an_await_may_be_repeated) {
    EACH_THREAD_COUNT(n) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), await_twice, &answer, 5), TN_OK);
        EXPECT_EQ(answer, 3 * (25 + 25 + 5));
    }
}

// The results of tasks that tn_children_wait ran are where tn_await finds them.
TN_PFRAME(long, await_after_children_wait, (int, count)) {
    tn_task(square) each[100];
    for (long i = 0; i < count; i++) {
        each[i] = tn_spawn(square, i);
    }
    if (tn_children_wait(self) != TN_OK) {
        return -1;
    }
    long sum = 0;
    for (int i = count - 1; i >= 0; i--) {
        sum += tn_await(square, each[i]);
    }
    return sum;
}

TEST(children_wait_leaves_the_results_to_be_awaited) {
    EACH_THREAD_COUNT(n) {
        for (int count = 1; count <= 100; count += 33) {
            long answer = 0;
            EXPECT_EQ(tn_run_with(WITH(n), await_after_children_wait, &answer, count), TN_OK);
            EXPECT_EQ(answer, expected_squares(count, IN_ORDER));
        }
    }
}

static _Atomic int calls;

TN_PFRAME(int, counted, (int, x)) {
    calls++;
    return x;
}

TN_PFRAME(int, waits_and_spawns, (int, rounds)) {
    tn_task(counted) first = tn_spawn(counted, 5);
    tn_task(counted) second = tn_spawn(counted, 7);
    (void)tn_children_wait(self);
    int sum = 0;
    for (int i = 0; i < rounds; i++) {
        tn_task(counted) more = tn_spawn(counted, i);
        sum += tn_await(counted, more);
    }
    return sum + tn_await(counted, second) * 10 + tn_await(counted, first) * 100;
}

TEST(after_children_wait_no_task_runs_a_second_time) {
    EACH_THREAD_COUNT(n) {
        int answer = 0;
        calls = 0;
        EXPECT_EQ(tn_run_with(WITH(n), waits_and_spawns, &answer, 10), TN_OK);
        EXPECT_EQ(answer, 45 + 70 + 500);
        EXPECT_EQ(calls, 12);
    }
}

// What children that have ended long ago wrote elsewhere, without an atomic.
static int written[8];

TN_PFRAME(void, writes_elsewhere, (int, at)) {
    written[at]++;
}

TN_PFRAME(int, sees_what_children_wrote, (int, rounds)) {
    int sum = 0;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < 8; i++) {
            tn_spawn(writes_elsewhere, i);
        }
        (void)tn_sleep(self, 0.0005);
        (void)tn_children_wait(self);
        for (int i = 0; i < 8; i++) {
            sum += written[i];
            written[i] = 0;
        }
    }
    return sum;
}

TEST(what_children_wrote_is_seen_after_the_wait_for_all) {
    EACH_THREAD_COUNT(n) {
        int sum = 0;
        EXPECT_EQ(tn_run_with(WITH(n), sees_what_children_wrote, &sum, 20), TN_OK);
        EXPECT_EQ(sum, 160);
    }
}

// A loop that lives long: what a round leaves behind must not add up.
TN_PFRAME(long, server, (int, rounds)) {
    long sum = 0;
    for (int i = 0; i < rounds; i++) {
        tn_task(counted) first = tn_spawn(counted, 1);
        tn_task(counted) second = tn_spawn(counted, 2);
        (void)tn_children_wait(self);
        sum += tn_await(counted, first) + tn_await(counted, second);
    }
    return sum;
}

TEST(a_loop_of_spawns_and_children_waits_may_go_on, .seconds = 30) {
    EACH_THREAD_COUNT(n) {
        long answer = 0;
        calls = 0;
        EXPECT_EQ(tn_run_with(WITH(n), server, &answer, 2000), TN_OK);
        EXPECT_EQ(answer, 6000);
        EXPECT_EQ(calls, 4000);
    }
}
