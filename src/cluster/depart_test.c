// A DFrame that needs little is sent before its stack has run, which runs only if more becomes of
// it than a result: call_depart in call.c.
//
// The run's elsewhere is given a body that counts: how many stacks have run. Invariant: each test
// says how many have to. Start reading at spy.
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include <tenon.h>
#include <tenon/event.h>
#include <tenon/executor.h>

#include "frame/elsewhere.h"
#include "frame/run.h"
#include "scheduler/hard.h"
#include "support/loopback.h"
#include "support/test.h"

enum { MANY = 100, LONG_BYTES = 1000 };

static atomic_int stacks_run, begun, held_in;
static const struct frame_body *real;

static void counts_and_runs(struct tn_self *self, struct frame *frame) {
    stacks_run++;
    real->run(self, frame);
}

static const struct frame_body counting = {.run = counts_and_runs};

// By root, before it spawns anything.
static void spy(struct tn_self *self) {
    struct elsewhere *elsewhere = frame_current(self)->run->elsewhere;
    real = elsewhere->body;
    elsewhere->body = &counting;
    stacks_run = begun = 0;
}

// Parking makes every frame run on its stack.
static void expect_stacks(int count, int all) {
    EXPECT_EQ(stacks_run, hard_is(HARD_PARK) ? all : count);
}

// ---- results ---------------------------------------------------------------------------------

TN_DFRAME(long, square, (int, n)) {
    return (long)n * n;
}

TN_PFRAME(void, squares_many) {
    tn_task(square) tasks[MANY];
    spy(self);
    for (int i = 0; i < MANY; i++) {
        tn_task(square) task = tn_spawn(square, i);
        EXPECT_EQ(tn_await(square, task), (long)i * i);
    }
    for (int i = 0; i < MANY; i++) {
        tasks[i] = tn_spawn(square, i);
    }
    for (int i = 0; i < MANY; i++) {
        EXPECT_EQ(tn_await(square, tasks[i]), (long)i * i);
    }
    expect_stacks(0, 2 * MANY);
}

TEST(a_plain_result_needs_no_stack) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), squares_many, NULL), TN_OK);
    loopback_send_all(3, 2);
    EXPECT_EQ(tn_run_with(TWO_THREADS, squares_many, NULL), TN_OK);
}

TN_DFRAME(tn_text, says_again, (tn_text, text)) {
    return text;
}

TN_PFRAME(void, says_short_and_long) {
    char letters[LONG_BYTES];
    spy(self);
    for (int i = 0; i < LONG_BYTES; i++) {
        letters[i] = (char)('a' + i % 26);
    }
    tn_task(says_again) task = tn_spawn(says_again, (tn_text){letters, 100});
    const tn_text first = tn_await(says_again, task);
    EXPECT_EQ(first.count, 100);
    EXPECT(__builtin_memcmp(first.data, letters, 100) == 0);
    expect_stacks(0, 1);
    tn_task(says_again) longer = tn_spawn(says_again, (tn_text){letters, LONG_BYTES});
    const tn_text all = tn_await(says_again, longer);
    EXPECT_EQ(all.count, LONG_BYTES);
    EXPECT(__builtin_memcmp(all.data, letters, LONG_BYTES) == 0);
    expect_stacks(1, 2);
}

TEST(a_text_comes_back_without_a_stack_and_one_too_long_for_that_is_sent_by_its_stack) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, says_short_and_long, NULL), TN_OK);
}

TN_PFRAME(void, forgets_many) {
    spy(self);
    for (int i = 0; i < MANY; i++) {
        tn_task(square) task = tn_spawn(square, i);
        tn_forget(task);
    }
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    expect_stacks(0, MANY);
}

TEST(forgotten_ones_end_without_a_stack_and_their_parent_hears_of_the_last) {
    loopback_send_all(2, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, forgets_many, NULL), TN_OK);
}

// ---- many in a row ---------------------------------------------------------------------------

enum { WAITING = 30 }; // there is room for them behind one that runs

static atomic_int may_go;

// Keeps its thread.
TN_DFRAME(int, holds_all_up) {
    while (!may_go) {
        os_thread_yield();
    }
    return 0;
}

TN_PFRAME(void, sends_many_behind_one) {
    tn_task(square) tasks[WAITING];
    tn_task(square) earlier = tn_spawn(square, 1); // so that the other process is there
    (void)tn_await(square, earlier);
    const int begun_before = loopback_heard(MESSAGE_STARTED);
    may_go = 0;
    tn_task(holds_all_up) first = tn_spawn(holds_all_up);
    for (int i = 0; i < WAITING; i++) {
        tasks[i] = tn_spawn(square, i);
    }
    may_go = 1;
    (void)tn_await(holds_all_up, first);
    for (int i = 0; i < WAITING; i++) {
        EXPECT_EQ(tn_await(square, tasks[i]), (long)i * i);
    }
    const int told = loopback_heard(MESSAGE_STARTED) - begun_before;
    TEST_NOTE("%d of %d were told of by themselves when they began", told, WAITING + 1);
    EXPECT(told >= 1 && told <= WAITING / 3);
}

TEST(of_many_in_a_row_each_is_said_to_begin_where_the_one_before_ends) {
    loopback_share(false);
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), sends_many_behind_one, NULL), TN_OK);
}

TN_DFRAME(long, squares_when_it_may, (int, n)) {
    while (!may_go) {
        os_thread_yield();
    }
    return (long)n * n;
}

// One thread runs them, so their results come in the order in which they were sent, and many at a
// time. Some may change places, where a worker and the agent have heard them.
TN_PFRAME(void, completes_many) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    may_go = 0;
    for (int i = 0; i < WAITING; i++) {
        (void)tn_submit(executor, squares_when_it_may, i);
    }
    EXPECT_EQ(tn_sleep(self, 0.02), TN_OK); // all of them are on their way
    may_go = 1;
    struct tn_future next;
    int overtaken = 0;
    long last = -1, value = 0, sum = 0;
    while (tn_next_completed(self, executor, &next)) {
        EXPECT_EQ(tn_take(squares_when_it_may, next, &value), TN_OK);
        overtaken += value < last;
        last = value;
        sum += value;
    }
    EXPECT_EQ(sum, (WAITING - 1) * WAITING * (2 * WAITING - 1) / 6);
    TEST_NOTE("%d of %d were overtaken", overtaken, WAITING);
    EXPECT(overtaken <= WAITING / 3);
}

TEST(frames_end_in_the_order_in_which_their_results_have_come) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), completes_many, NULL), TN_OK);
}

// ---- what asks for more ----------------------------------------------------------------------

TN_DFRAME(int, fails, (int, n)) {
    TN_FAIL(self, -EINVAL, "%d is not allowed", n);
    return n;
}

TN_PFRAME(void, hears_of_failures) {
    spy(self);
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    for (int i = 0; i < MANY; i++) {
        tn_task(fails) task = tn_spawn(fails, i);
        EXPECT_EQ(tn_try_await(fails, task, NULL), -EINVAL);
    }
    expect_stacks(MANY, MANY);
    EXPECT_STR(tn_children_failures(self)->message, "0 is not allowed");
}

TEST(a_failure_is_told_by_its_stack) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, hears_of_failures, NULL), TN_OK);
}

TN_DFRAME(int, holds, (int, n)) {
    held_in = loopback_here();
    begun = n;
    (void)tn_sleep(self, 1000);
    return n;
}

static void wait_for_begun(struct tn_self *self, int n) {
    while (begun != n) {
        EXPECT_EQ(tn_sleep(self, 0.0001), TN_OK);
    }
}

TN_PFRAME(void, removes_one) {
    spy(self);
    tn_task(holds) task = tn_spawn(holds, 1);
    struct tn_frame *frame = tn_share(task);
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), TN_OK);
    wait_for_begun(self, 1);
    expect_stacks(0, 1);
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(stacks_run, 1);
    EXPECT_EQ(tn_join(holds, frame, NULL), TN_REMOVED);
}

TEST(a_removal_wakes_the_stack_for_the_first_time) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, removes_one, NULL), TN_OK);
}

TN_PFRAME(void, is_late) {
    struct tn_scope scope;
    spy(self);
    tn_deadline_begin(self, &scope, 0.02);
    tn_task(holds) task = tn_spawn(holds, 1);
    EXPECT_EQ(tn_try_await(holds, task, NULL), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT(stacks_run <= 1); // none, where it was too late to begin
}

TEST(so_does_a_deadline) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, is_late, NULL), TN_OK);
}

TN_PFRAME(void, loses_one_and_keeps_one) {
    spy(self);
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(holds) lost = tn_spawn(holds, 1);
    wait_for_begun(self, 1);
    tn_task(square) kept = tn_spawn(square, 9); // behind it
    loopback_kill(held_in, SIGKILL);
    EXPECT_EQ(tn_try_await(holds, lost, NULL), TN_LOST);
    long value = 0; // from a process that has come, or from here, unless it had begun there
    const int code = tn_try_await(square, kept, &value);
    EXPECT(code == TN_OK ? value == 81 : code == TN_LOST);
    EXPECT(stacks_run >= 1 && stacks_run <= 2);
}

TEST(the_stacks_of_those_that_a_lost_process_had_know_what_has_become_of_them) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, loses_one_and_keeps_one, NULL), TN_OK);
}

// ---- around it -------------------------------------------------------------------------------

TN_PFRAME(long, asks_deep, (int, depth)) {
    if (depth > 0) {
        tn_task(asks_deep) next = tn_spawn(asks_deep, depth - 1);
        return tn_await(asks_deep, next);
    }
    tn_task(square) task = tn_spawn(square, 5);
    return tn_await(square, task);
}

TN_PFRAME(void, asks_below_others_in_place) {
    spy(self);
    for (int depth = 0; depth < 40; depth++) {
        tn_task(asks_deep) task = tn_spawn(asks_deep, depth);
        EXPECT_EQ(tn_await(asks_deep, task), 25);
    }
    expect_stacks(0, 40);
}

TEST(who_runs_in_place_below_many_others_asks_too) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), asks_below_others_in_place, NULL), TN_OK);
}
