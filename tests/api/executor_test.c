// Executors: futures, failures that stay with their item, ends and cancellations.
// Invariant: an item is a call with a place in the tree, whatever frame runs it. Start anywhere.
#include "api/items.h"

#include <string.h>

struct large {
    long words[40];
};

TN_PFRAME(struct large, turn, (struct large, large), (long, by)) {
    tn_sleep(self, 0.001);
    for (int i = 0; i < 40; i++) {
        large.words[i] += by;
    }
    return large;
}

// ---- results ---------------------------------------------------------------------------------

TN_PFRAME(void, results) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct tn_future a = tn_submit(executor, twice, 21), b = tn_submit(executor, later, 0.01, 5);
    int value = 0;
    EXPECT_EQ(tn_result(twice, a, &value), TN_OK);
    EXPECT_EQ(value, 42);
    EXPECT_EQ(tn_result(later, b, &value), TN_OK);
    EXPECT_EQ(value, 5);
    EXPECT_EQ(tn_result(twice, a, &value), TN_OK); // again and again
    EXPECT_EQ(value, 42);
    EXPECT_EQ(tn_take(later, b, NULL), TN_OK);
    EXPECT(tn_future_is_done(a));
    EXPECT_EQ(tn_executor_end(self, executor), TN_OK);
    EXPECT_EQ(tn_result(twice, a, &value), TN_OK); // also after the end
}

TEST(a_result_can_be_asked_for_again_and_again){ON_ALL(results)}

TN_PFRAME(void, large_ones) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct large large = {{1, 2, 3}};
    struct tn_future future = tn_submit(executor, turn, large, 10);
    EXPECT_EQ(tn_result(turn, future, &large), TN_OK);
    EXPECT_EQ(large.words[2], 13);
    EXPECT_EQ(large.words[39], 10);
    EXPECT_EQ(tn_take(turn, future, &large), TN_OK);
    tn_executor_drop(self, executor);
}

TEST(arguments_and_results_may_be_large){ON_ALL(large_ones)}

TN_FRAME(void, side_by_side) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct tn_future futures[100];
    const double start = tn_now();
    for (int i = 0; i < 100; i++) {
        futures[i] = i % 2 == 0 ? tn_submit(executor, later, 0.05, i)
                                : tn_submit(executor, later_here, 0.05, i);
    }
    for (int i = 0; i < 100; i++) {
        int value = -1;
        EXPECT_EQ(i % 2 == 0 ? tn_result(later, futures[i], &value)
                             : tn_result(later_here, futures[i], &value),
                  TN_OK);
        EXPECT_EQ(value, i);
    }
    EXPECT(tn_now() - start < 2);
}

TEST(items_that_wait_wait_side_by_side){ON_ALL(side_by_side)}

TN_PFRAME(int, count_together, (_Atomic int *, together), (_Atomic int *, most)) {
    const int now = atomic_fetch_add(together, 1) + 1;
    int former = atomic_load(most);
    while (former < now && !atomic_compare_exchange_weak(most, &former, now)) {
    }
    tn_sleep(self, 0.002);
    atomic_fetch_sub(together, 1);
    return 0;
}

TN_PFRAME(void, bounded) {
    _Atomic int together = 0, most = 0;
    struct tn_executor *executor = tn_executor_create(self, TN_EXECUTOR(.at_once = 3));
    for (int i = 0; i < 20; i++) {
        (void)tn_submit(executor, count_together, &together, &most);
    }
    EXPECT_EQ(tn_executor_end(self, executor), TN_OK);
    EXPECT_EQ(atomic_load(&most), 3);
}

TEST(no_more_items_are_under_way_than_the_bound_says){ON_ALL(bounded)}

TN_FRAME(void, append, (char *, text), (char, letter)) {
    text[strlen(text)] = letter;
}

TN_FRAME(void, in_order) {
    char text[27] = "";
    struct tn_executor *executor = tn_executor_create(self, NULL);
    for (char letter = 'a'; letter <= 'z'; letter++) {
        tn_future_drop(self, tn_submit(executor, append, text, letter));
    }
    EXPECT_EQ(tn_executor_end(self, executor), TN_OK);
    EXPECT_STR(text, "abcdefghijklmnopqrstuvwxyz");
}

TEST(items_of_frames_begin_in_the_order_of_submission){ON_ALL(in_order)}

TN_FRAME(int, thread_of) {
    return tn_thread_index();
}

TN_PFRAME(int, submit_from_here, (struct tn_executor *, executor)) {
    struct tn_future future = tn_submit(executor, thread_of);
    int index = -1;
    EXPECT_EQ(tn_take(thread_of, future, &index), TN_OK);
    return index;
}

TN_FRAME(void, from_elsewhere) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    tn_task(submit_from_here) tasks[8];
    for (int i = 0; i < 8; i++) {
        tasks[i] = tn_spawn(submit_from_here, executor);
    }
    for (int i = 0; i < 8; i++) {
        EXPECT_EQ(tn_await(submit_from_here, tasks[i]), tn_thread_index());
    }
}

TEST(items_of_frames_run_on_the_thread_of_the_executor_whoever_submits_them){ON_ALL(from_elsewhere)}

// ---- failures --------------------------------------------------------------------------------

TN_PFRAME(void, failing_item) {
    struct tn_executor *executor = tn_executor_create(self, TN_EXECUTOR(.name = "office"));
    struct tn_future bad = tn_submit(executor, fails, -5);
    struct tn_future good = tn_submit(executor, later, 0.01, 3);
    int value = 9;
    EXPECT_EQ(tn_result(fails, bad, &value), -5);
    EXPECT_EQ(value, 9);
    EXPECT_EQ(tn_result(later, good, &value), TN_OK);
    EXPECT_EQ(value, 3);
    const struct tn_failure *failure = tn_future_failure(bad);
    EXPECT(failure != NULL);
    EXPECT_STR(failure->message, "item -5");
    EXPECT(strstr(failure->path, "/failing_item/office/lane/fails") != NULL);
    EXPECT(tn_future_failure(good) == NULL);
    EXPECT_EQ(tn_executor_end(self, executor), -5);
}

TEST(the_failure_of_an_item_is_that_items_only){ON_ALL(failing_item)}

TN_PFRAME(int, has_failing_child, (_Atomic int *, went_on)) {
    tn_task(fails) task = tn_spawn(fails, -8);
    tn_await(fails, task);
    if (tn_sleep(self, 0.001) == TN_OK) { // the failure has gone up: this frame is being removed
        atomic_fetch_add(went_on, 1);
    }
    return 1;
}

TN_PFRAME(void, failing_below) {
    _Atomic int went_on = 0;
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct tn_future futures[20];
    int outcomes[20];
    for (int i = 0; i < 20; i++) {
        futures[i] = tn_submit(executor, has_failing_child, &went_on);
    }
    EXPECT_EQ(tn_gather(self, 20, futures, outcomes), TN_OK);
    for (int i = 0; i < 20; i++) {
        EXPECT_EQ(outcomes[i], -8);
    }
    EXPECT_EQ(atomic_load(&went_on), 0);
    EXPECT_STR(tn_future_failure(futures[7])->message, "item -8");
}

TEST(a_failure_below_an_item_ends_the_item_and_nothing_else){ON_ALL(failing_below)}

// ---- cancelling ------------------------------------------------------------------------------

TN_PFRAME(void, cancelled_item) {
    _Atomic int begun = 0;
    struct tn_executor *executor = tn_executor_create(self, TN_EXECUTOR(.at_once = 1));
    struct tn_future running = tn_submit(executor, holds, &begun),
                     queued = tn_submit(executor, holds, &begun),
                     after = tn_submit(executor, later, 0.0, 4);
    while (atomic_load(&begun) == 0) {
        tn_sleep(self, 0.001);
    }
    EXPECT(tn_future_cancel(self, queued));
    EXPECT_EQ(tn_result(holds, queued, NULL), TN_REMOVED);
    EXPECT(!tn_future_is_done(running));
    EXPECT(tn_future_cancel(self, running));
    EXPECT_EQ(tn_result(holds, running, NULL), TN_REMOVED);
    int value = 0;
    EXPECT_EQ(tn_result(later, after, &value), TN_OK); // another lane has come
    EXPECT_EQ(value, 4);
    EXPECT(!tn_future_cancel(self, after));
    EXPECT_EQ(atomic_load(&begun), 1);
}

TEST(an_item_can_be_cancelled_before_and_after_it_has_begun){ON_ALL(cancelled_item)}

TN_PFRAME(void, cancelled_executor) {
    _Atomic int begun = 0;
    struct tn_executor *executor = tn_executor_create(self, TN_EXECUTOR(.at_once = 2));
    struct tn_future futures[6];
    int outcomes[6];
    for (int i = 0; i < 6; i++) {
        futures[i] = tn_submit(executor, holds, &begun);
    }
    while (atomic_load(&begun) < 2) {
        tn_sleep(self, 0.001);
    }
    EXPECT_EQ(tn_executor_cancel(self, executor), TN_OK);
    EXPECT_EQ(tn_gather(self, 6, futures, outcomes), TN_OK);
    for (int i = 0; i < 6; i++) {
        EXPECT_EQ(outcomes[i], TN_REMOVED);
    }
    EXPECT_EQ(atomic_load(&begun), 2);
    tn_executor_drop(self, executor);
}

TEST(a_cancelled_executor_leaves_nothing_running){ON_ALL(cancelled_executor)}

TN_PFRAME(void, leaves_an_executor, (_Atomic int *, begun)) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    for (int i = 0; i < 5; i++) {
        (void)tn_submit(executor, holds, begun);
    }
    while (atomic_load(begun) < 5) {
        tn_sleep(self, 0.001);
    }
}

TN_PFRAME(void, owner_ends) {
    _Atomic int begun = 0;
    tn_task(leaves_an_executor) task = tn_spawn(leaves_an_executor, &begun);
    EXPECT_EQ(tn_try_await(leaves_an_executor, task, NULL), TN_OK);
    EXPECT_EQ(atomic_load(&begun), 5);
}

TEST(items_end_with_the_frame_that_made_the_executor){ON_ALL(owner_ends)}

TN_PFRAME(void, ends_in_time) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.02);
    struct tn_executor *executor = tn_executor_create(self, TN_EXECUTOR(.at_once = 1));
    struct tn_future running = tn_submit(executor, later, 99.0, 1),
                     queued = tn_submit(executor, later, 0.0, 1);
    EXPECT_EQ(tn_result(later, running, NULL), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT_EQ(tn_result(later, running, NULL), TN_TIMED_OUT);
    EXPECT_EQ(tn_result(later, queued, NULL), TN_TIMED_OUT);
    EXPECT_EQ(tn_submit(executor, later, 0.0, 1).outcome, TN_TIMED_OUT);
}

TEST(items_have_the_deadline_of_the_scope_that_the_executor_was_made_in){ON_ALL(ends_in_time)}

TN_PFRAME(int, ends_its_own, (struct tn_executor **, executor)) {
    return tn_executor_cancel(self, *executor) == TN_OK ? tn_sleep(self, 1) : 0;
}

TN_PFRAME(void, ended_from_inside) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct tn_future future = tn_submit(executor, ends_its_own, &executor);
    EXPECT_EQ(tn_result(ends_its_own, future, NULL), TN_REMOVED);
}

TEST(an_item_may_cancel_its_own_executor){ON_ALL(ended_from_inside)}

// ---- many ------------------------------------------------------------------------------------

TN_PFRAME(long, square, (long, x)) {
    return x * x;
}

TN_PFRAME(void, many) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    const int rounds = 40 / test_slowness() + 1;
    for (int round = 0; round < rounds; round++) {
        struct tn_future futures[50];
        for (int i = 0; i < 50; i++) {
            futures[i] = tn_submit(executor, square, i);
        }
        for (int i = 50; i-- > 0;) {
            long value = -1;
            EXPECT_EQ(tn_take(square, futures[i], &value), TN_OK);
            EXPECT_EQ(value, (long)i * i);
        }
    }
    EXPECT_EQ(tn_executor_end(self, executor), TN_OK);
}

TEST(memory_of_items_is_used_again) {
    ON_ALL(many)
}
