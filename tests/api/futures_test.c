// Executors: several futures at once, threads of an executor's own, bad use.
// Invariant: each way to wait ends when what it names has come, and not before. Start anywhere.
#include "api/items.h"

#include <stdlib.h>

// ---- several ---------------------------------------------------------------------------------

TN_PFRAME(void, as_completed) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    for (int i = 0; i < 4; i++) {
        (void)tn_submit(executor, later, 0.06 - 0.02 * i, i);
    }
    struct tn_future next;
    int wanted = 3, value = -1;
    while (tn_next_completed(self, executor, &next)) {
        EXPECT_EQ(tn_take(later, next, &value), TN_OK);
        EXPECT_EQ(value, wanted);
        wanted--;
    }
    EXPECT_EQ(wanted, -1);
    EXPECT_EQ(next.outcome, TN_EMPTY);
}

TEST(futures_can_be_had_as_they_complete){ON_ALL(as_completed)}

TN_PFRAME(void, waits) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct tn_future futures[3] = {tn_submit(executor, later, 0.03, 0),
                                   tn_submit(executor, later, 0.01, 1),
                                   tn_submit(executor, later, 0.05, 2)};
    EXPECT_EQ(tn_await_futures(self, 3, futures, TN_UNTIL_FIRST), TN_OK);
    EXPECT(tn_future_is_done(futures[1]) && !tn_future_is_done(futures[2]));
    EXPECT_EQ(tn_await_futures(self, 3, futures, TN_UNTIL_ALL), TN_OK);
    EXPECT(tn_future_is_done(futures[0]) && tn_future_is_done(futures[2]));
    struct tn_future mixed[3] = {tn_submit(executor, later, 0.06, 0),
                                 tn_submit(executor, later, 0.0, 1),
                                 tn_submit(executor, fails, -2)};
    EXPECT_EQ(tn_await_futures(self, 3, mixed, TN_UNTIL_FAILURE), TN_OK);
    EXPECT(tn_future_is_done(mixed[2]) && !tn_future_is_done(mixed[0]));
    EXPECT_EQ(tn_await_futures(self, 2, mixed, TN_UNTIL_FAILURE), TN_OK); // none fails: all
    EXPECT(tn_future_is_done(mixed[0]));
    EXPECT_EQ(tn_await_futures(self, 0, mixed, TN_UNTIL_FIRST), TN_OK);
}

TEST(one_can_wait_for_the_first_for_all_or_for_the_first_failure){ON_ALL(waits)}

TN_PFRAME(void, combined) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct tn_future slow = tn_submit(executor, later, 99.0, 1),
                     quick = tn_submit(executor, later, 0.01, 2);
    struct tn_awaitable *any =
        tn_any(self, tn_of_future(slow), tn_of_future(quick), tn_timer(self, 9));
    EXPECT_EQ(tn_wait(self, any), TN_OK);
    EXPECT_EQ(tn_winner(any), 1);
    EXPECT(tn_of_future((struct tn_future){.outcome = TN_CLOSED}) == NULL);
}

TEST(futures_are_awaitables_among_others){ON_ALL(combined)}

TN_PFRAME(void, gathered) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct tn_future futures[4] = {tn_submit(executor, later, 0.01, 1),
                                   tn_submit(executor, fails, -3),
                                   {.outcome = TN_CLOSED},
                                   tn_submit(executor, twice, 4)};
    int outcomes[4];
    EXPECT_EQ(tn_gather(self, 4, futures, outcomes), TN_OK);
    EXPECT_EQ(outcomes[0], TN_OK);
    EXPECT_EQ(outcomes[1], -3);
    EXPECT_EQ(outcomes[2], TN_CLOSED);
    EXPECT_EQ(outcomes[3], TN_OK);
}

TEST(gathered_failures_are_values){ON_ALL(gathered)}

TN_PFRAME(void, gathers, (_Atomic int *, begun), (int *, outcomes)) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct tn_future futures[2] = {tn_submit(executor, later, 0.0, 1)};
    EXPECT_EQ(tn_await_futures(self, 1, futures, TN_UNTIL_ALL), TN_OK);
    futures[1] = tn_submit(executor, holds, begun);
    (void)tn_gather(self, 2, futures, outcomes);
}

TN_PFRAME(void, cut_short) {
    _Atomic int begun = 0;
    int outcomes[2] = {1, 1};
    tn_task(gathers) task = tn_spawn(gathers, &begun, outcomes);
    struct tn_frame *frame = tn_share(task);
    while (atomic_load(&begun) == 0) {
        tn_sleep(self, 0.001);
    }
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(outcomes[0], TN_OK);
    EXPECT(outcomes[1] == TN_CANCELLED || outcomes[1] == TN_REMOVED);
}

TEST(a_cancellation_ends_the_wait_for_items){ON_ALL(cut_short)}

// ---- threads of its own ----------------------------------------------------------------------

TN_PFRAME(int, block, (double, seconds), (int, x)) {
    tn_block(seconds);
    return x + (tn_thread_index() == -1 ? 0 : 1000); // outside of the run
}

TN_FRAME(void, blocking_calls) {
    struct tn_executor *executor = tn_executor_create(self, TN_EXECUTOR(.blocking_threads = 4));
    struct tn_future futures[8];
    const double start = tn_now();
    for (int i = 0; i < 8; i++) {
        futures[i] = tn_submit(executor, block, 0.02, i);
    }
    while (!tn_future_is_done(futures[7])) { // this thread is free meanwhile
        EXPECT_EQ(tn_sleep(self, 0.001), TN_OK);
    }
    for (int i = 0; i < 8; i++) {
        int value = -1;
        EXPECT_EQ(tn_take(block, futures[i], &value), TN_OK);
        EXPECT_EQ(value, i);
    }
    EXPECT(tn_now() - start >= 0.04);
    EXPECT_EQ(tn_executor_end(self, executor), TN_OK);
}

TEST(calls_that_block_run_on_threads_of_the_executors_own) {
    ON_ALL(blocking_calls)
}

struct gate {
    _Atomic bool has_begun;
    _Atomic bool is_open;
    _Atomic bool has_ended;
};

TN_PFRAME(void, pass_gate, (struct gate *, gate)) {
    atomic_store(&gate->has_begun, true);
    while (!atomic_load(&gate->is_open)) {
        tn_block(0.001);
    }
    atomic_store(&gate->has_ended, true);
}

TN_FRAME(void, blocked_owner, (struct gate *, gate)) {
    struct tn_executor *executor = tn_executor_create(self, TN_EXECUTOR(.blocking_threads = 1));
    (void)tn_submit(executor, pass_gate, gate);
    while (!atomic_load(&gate->has_begun)) {
        tn_sleep(self, 0.001);
    }
}

TN_FRAME(void, open_later, (struct gate *, gate)) {
    tn_sleep(self, 0.03);
    atomic_store(&gate->is_open, true);
}

TN_FRAME(void, blocked_end) {
    struct gate gate = {.is_open = false};
    tn_task(blocked_owner) owner = tn_spawn(blocked_owner, &gate);
    tn_task(open_later) opener = tn_spawn(open_later, &gate);
    EXPECT_EQ(tn_try_await(blocked_owner, owner, NULL), TN_OK);
    EXPECT(atomic_load(&gate.has_ended)); // it was waited for
    EXPECT_EQ(tn_try_await(open_later, opener, NULL), TN_OK);
}

TEST(the_end_of_the_owner_waits_for_a_call_that_blocks){ON_ALL(blocked_end)}

// ---- bad use ---------------------------------------------------------------------------------

TN_FRAME(void, submits_late) {
    struct tn_executor *executor = tn_executor_create(self, TN_EXECUTOR(.name = "office"));
    EXPECT_EQ(tn_executor_end(self, executor), TN_OK);
    EXPECT_EQ(tn_submit(executor, twice, 1).outcome, TN_CLOSED);
}

// A checking build says what is wrong and stops. Others say it and go on with a code: that is
// looked at, and then they stop as well.
static void run_and_stop(void *root) {
    int (*const run)(void) = *(int (**)(void))root;
    EXPECT_EQ(run(), TN_OK);
    abort();
}

#define EXPECT_MISUSE(root, sentence)                                                              \
    do {                                                                                           \
        int (*run)(void) = run_##root;                                                             \
        EXPECT_DIES(run_and_stop, &run, SIGABRT, sentence);                                        \
    } while (0)

#define RUN(root)                                                                                  \
    static int run_##root(void) {                                                                  \
        return tn_run_with(TN_RUN(.num_threads = 1), root, NULL);                                  \
    }

RUN(submits_late)

TN_FRAME(void, uses_twice) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct tn_future future = tn_submit(executor, twice, 1);
    EXPECT_EQ(tn_take(twice, future, NULL), TN_OK);
    EXPECT_EQ(tn_take(twice, future, NULL), TN_NOT_YOURS);
}

RUN(uses_twice)

TN_FRAME(void, names_another) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    EXPECT_EQ(tn_result(later, tn_submit(executor, twice, 1), NULL), TN_WRONG_TYPE);
}

RUN(names_another)

TN_FRAME(int, ends_from_inside, (struct tn_executor **, executor)) {
    return tn_executor_end(self, *executor);
}

TN_FRAME(void, waits_for_itself) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    int code = 0;
    EXPECT_EQ(tn_result(ends_from_inside, tn_submit(executor, ends_from_inside, &executor), &code),
              TN_OK);
    EXPECT_EQ(code, TN_NOT_YOURS);
}

RUN(waits_for_itself)

TN_FRAME(void, mixes) {
    struct tn_executor *one = tn_executor_create(self, TN_EXECUTOR(.name = "one")),
                       *other = tn_executor_create(self, TN_EXECUTOR(.name = "other"));
    struct tn_future futures[2] = {tn_submit(one, twice, 1), tn_submit(other, twice, 1)};
    EXPECT_EQ(tn_await_futures(self, 2, futures, TN_UNTIL_ALL), TN_NOT_YOURS);
}

RUN(mixes)

TN_FRAME(void, asks_for_less_than_nothing) {
    EXPECT(tn_executor_create(self, TN_EXECUTOR(.at_once = -1)) == NULL);
}

RUN(asks_for_less_than_nothing)

TEST(mistakes_are_told_in_a_sentence) {
    EXPECT_MISUSE(submits_late, "submit before tn_executor_end");
    EXPECT_MISUSE(uses_twice, "those use it up");
    EXPECT_MISUSE(names_another, "name its own function");
    EXPECT_MISUSE(waits_for_itself, "let the frame that made executor end it");
    EXPECT_MISUSE(mixes, "wait for those of one executor");
    EXPECT_MISUSE(asks_for_less_than_nothing, "both numbers are at least 0");
}

TN_FRAME(void, of_nothing) {
    int value;
    struct tn_future future = tn_submit((struct tn_executor *)NULL, twice, 1), next;
    EXPECT_EQ(tn_result(twice, future, &value), TN_NO_MEMORY);
    EXPECT(tn_future_is_done(future) && !tn_future_cancel(self, future));
    EXPECT(!tn_next_completed(self, NULL, &next));
    EXPECT_EQ(tn_executor_end(self, NULL), TN_NO_MEMORY);
    EXPECT_EQ(tn_executor_cancel(self, NULL), TN_NO_MEMORY);
    tn_executor_drop(self, NULL);
    tn_future_drop(self, future);
}

TEST(an_executor_that_could_not_be_made_need_not_be_looked_at) {
    ON_ALL(of_nothing)
}
