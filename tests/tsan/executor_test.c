// What ThreadSanitizer says of executors and maps in a program whose library is not instrumented.
//
// Invariant: an item follows its submission, who takes its result follows it, and items that run
// one at a time follow one another: no report. Start anywhere.
#include <tenon/executor.h>
#include <tenon/map.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include "support/test.h"

enum { ITEMS = 60 };

// Ordinary memory: every unordered pair of accesses is a race.
static long shared[ITEMS];
static long sum;

TN_PFRAME(void, add, (long *, number)) {
    ++*number;
    tn_sleep(self, 0.0001); // it may go on on another thread
    ++*number;
}

TN_PFRAME(void, block, (long *, number)) {
    ++*number;
}

TN_PFRAME(void, submits, (int, blocking_threads)) {
    struct tn_executor *executor =
        tn_executor_create(self, TN_EXECUTOR(.blocking_threads = blocking_threads));
    struct tn_future futures[ITEMS];
    for (int i = 0; i < ITEMS; i++) {
        shared[i] = i;
        futures[i] = blocking_threads > 0 ? tn_submit(executor, block, &shared[i])
                                          : tn_submit(executor, add, &shared[i]);
    }
    for (int i = 0; i < ITEMS; i++) {
        if (blocking_threads > 0) {
            EXPECT_EQ(tn_result(block, futures[i], NULL), TN_OK);
            EXPECT_EQ(shared[i], i + 1);
        } else {
            EXPECT_EQ(tn_take(add, futures[i], NULL), TN_OK);
            EXPECT_EQ(shared[i], i + 2);
        }
    }
}

TEST(an_item_follows_its_submission_and_who_takes_it_follows_it) {
    for (int threads = 1; threads <= 4; threads++) {
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = threads), submits, NULL, 0), TN_OK);
    }
}

TEST(so_does_one_on_a_thread_of_the_executors_own) {
    for (int threads = 1; threads <= 2; threads++) {
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = threads), submits, NULL, 3), TN_OK);
    }
}

TN_PFRAME(void, owner) {
    struct tn_executor *executor = tn_executor_create(self, TN_EXECUTOR(.at_once = 1));
    sum = 0;
    for (int i = 0; i < ITEMS; i++) {
        (void)tn_submit(executor, add, &sum);
    }
    struct tn_future next;
    while (tn_next_completed(self, executor, &next)) {
    }
    EXPECT_EQ(sum, 2 * ITEMS);
}

TEST(items_that_run_one_at_a_time_follow_one_another) {
    for (int threads = 1; threads <= 4; threads++) {
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = threads), owner, NULL), TN_OK);
    }
}

TN_PFRAME(long, count_up, (long *, numbers), (size_t, i)) {
    return ++numbers[i];
}

TN_PFRAME(void, maps) {
    for (int i = 0; i < ITEMS; i++) {
        shared[i] = i;
    }
    long value;
    struct tn_map *map = tn_map_with(TN_MAP(.order = TN_AS_COMPLETED, .window = 9, .chunk = 2),
                                     count_up, ITEMS, shared, 0);
    while (tn_map_next(count_up, map, &value)) {
        EXPECT_EQ(shared[tn_map_index(map)], value);
    }
    EXPECT_EQ(tn_map_finish(self, map), TN_OK);
}

TEST(the_items_of_a_map_follow_it_and_who_takes_results_follows_them) {
    for (int threads = 1; threads <= 4; threads++) {
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = threads), maps, NULL), TN_OK);
    }
}
