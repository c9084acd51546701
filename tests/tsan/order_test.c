// What ThreadSanitizer says of a program whose library is not instrumented: this file is, Tenon is
// not and only tells what its frames order (src/context/sanitizer.h).
//
// Invariant: where a frame waits for another, gives it something or is on one thread with it, there
// is no report; where nothing but the order in which a worker happened to run them is between two
// accesses, there is one. Start reading at a_child_follows_its_parent_and_its_parent_follows_it.
#include <tenon/event.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <stdlib.h>

#include "support/test.h"

enum { ROUNDS = 50 };

static long shared[8]; // ordinary memory: every unordered pair of accesses is a race

static void run(int code) {
    EXPECT_EQ(code, TN_OK);
}

#define ON(threads) TN_RUN(.num_threads = (threads))

// ---- what is ordered ---------------------------------------------------------------------------

TN_PFRAME(long, child, (long *, data)) {
    tn_sleep(self, 0.0001); // long enough for it to be stolen
    return ++*data;
}

TN_PFRAME(void, parent) {
    for (int i = 0; i < ROUNDS; i++) {
        shared[0]++;
        shared[1]++;
        tn_task(child) first = tn_spawn(child, &shared[0]);
        tn_task(child) second = tn_spawn(child, &shared[1]);
        tn_sleep(self, 0);
        EXPECT_EQ(tn_await(child, second), 2 * i + 2);
        EXPECT_EQ(tn_await(child, first), 2 * i + 2);
        EXPECT_EQ(shared[0] + shared[1], 4 * i + 4);
    }
}

TEST(a_child_follows_its_parent_and_its_parent_follows_it) {
    for (int threads = 1; threads <= 4; threads++) {
        shared[0] = shared[1] = 0;
        run(tn_run_with(ON(threads), parent, NULL));
        EXPECT_EQ(shared[0], 2 * ROUNDS);
    }
}

TN_PFRAME(long, tree, (int, depth), (long *, leaf)) {
    if (depth == 0) {
        return ++*leaf;
    }
    long below[2] = {0, 0};
    tn_task(tree) left = tn_spawn(tree, depth - 1, &below[0]);
    tn_task(tree) right = tn_spawn(tree, depth - 1, &below[1]);
    tn_yield(self);
    *leaf = tn_await(tree, right);
    *leaf += tn_await(tree, left);
    return *leaf;
}

TEST(a_tree_whose_parts_are_stolen_is_in_order) {
    long leaf = 0;
    long sum = 0;
    run(tn_run_with(ON(4), tree, &sum, 8, &leaf));
    EXPECT_EQ(sum, 256);
    EXPECT_EQ(leaf, 256);
}

static int has_heard; // by relaxed operations, from which the sanitizer learns no order

// Again and again: a post that nobody waits for is lost.
TN_PFRAME(void, poster, (struct tn_event *, event)) {
    shared[2] = 7;
    while (!__atomic_load_n(&has_heard, __ATOMIC_RELAXED)) {
        EXPECT_EQ(tn_event_post(event, &shared[2]), TN_OK);
        tn_sleep(self, 0.001);
    }
}

TN_FRAME(void, listens) {
    struct tn_event *event = tn_event_create(self, "news");
    tn_task(poster) task = tn_spawn(poster, event);
    void *value = NULL;
    EXPECT_EQ(tn_event_wait(self, event, &value), TN_OK);
    EXPECT_EQ(*(long *)value, 7); // before its poster is awaited
    __atomic_store_n(&has_heard, 1, __ATOMIC_RELAXED);
    tn_await(poster, task);
}

TEST(what_is_posted_is_seen_by_who_waits) {
    run(tn_run_with(ON(2), listens, NULL));
}

TN_FRAME(void, waits_for_all) {
    tn_task(child) first = tn_spawn(child, &shared[3]);
    tn_task(child) second = tn_spawn(child, &shared[4]);
    struct tn_frame *frames[] = {tn_share(first), tn_share(second)};
    struct tn_awaitable *both = tn_all(self, tn_of_frame(frames[0]), tn_of_frame(frames[1]));
    EXPECT_EQ(tn_wait(self, both), TN_OK);
    EXPECT_EQ(shared[3] + shared[4], 2);
}

TEST(who_waits_for_all_follows_each_of_them) {
    run(tn_run_with(ON(3), waits_for_all, NULL));
}

TN_FRAME(void, counts) {
    for (int i = 0; i < ROUNDS; i++) {
        shared[5]++;
        tn_sleep(self, 0);
    }
}

TN_FRAME(void, spawns_counters) {
    tn_task(counts) one = tn_spawn(counts);
    tn_task(counts) other = tn_spawn(counts);
    counts(self);
    tn_await(counts, one);
    tn_await(counts, other);
    EXPECT_EQ(shared[5], 3 * ROUNDS);
}

TEST(frames_of_one_thread_follow_one_another) {
    run(tn_run_with(ON(2), spawns_counters, NULL));
}

// ---- what is not -------------------------------------------------------------------------------

static int arrived;

static void meet(struct tn_self *self, int others) {
    __atomic_fetch_add(&arrived, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&arrived, __ATOMIC_RELAXED) < others) {
        tn_sleep(self, 0.0001);
    }
}

TN_PFRAME(void, writes_without_asking, (int, expected_thread)) {
    EXPECT(expected_thread < 0 || tn_thread_index() == expected_thread);
    shared[6]++;
    meet(self, 2);
}

// Root does not run PFrames, so with three threads each of the two has one of its own.
TN_FRAME(void, spawns_racers) {
    tn_task(writes_without_asking) one = tn_spawn(writes_without_asking, -1);
    tn_task(writes_without_asking) other = tn_spawn(writes_without_asking, -1);
    tn_await(writes_without_asking, one);
    tn_await(writes_without_asking, other);
}

TEST_DIES(two_pframes_on_two_threads_race, TEST_EXIT(66), "data race") {
    run(tn_run_with(ON(3), spawns_racers, NULL));
    exit(0);
}

// The same on one thread: each waits for the other inside, so both are there at a time.
TN_FRAME(void, spawns_racers_of_one_thread) {
    tn_task(writes_without_asking) one = tn_spawn(writes_without_asking, 1);
    tn_task(writes_without_asking) other = tn_spawn(writes_without_asking, 1);
    tn_await(writes_without_asking, one);
    tn_await(writes_without_asking, other);
}

TEST_DIES(two_pframes_race_though_one_thread_ran_them, TEST_EXIT(66), "data race") {
    run(tn_run_with(ON(2), spawns_racers_of_one_thread, NULL));
    exit(0);
}

TN_PFRAME(void, writes_and_stays) {
    shared[7] = 1;
    meet(self, 2);
    tn_hold(self);
}

TN_PFRAME(void, comes_after_a_switch) {
    meet(self, 2);
}

// Thread 1 runs the writer, leaves it, runs the other, which ends: root has waited for the other,
// and through the thread, but through nothing else, for the writer.
TN_FRAME(void, reads_after_the_wrong_one, (bool, waits_for_writer)) {
    tn_task(writes_and_stays) writer = tn_spawn(writes_and_stays);
    tn_task(comes_after_a_switch) other = tn_spawn(comes_after_a_switch);
    tn_await(comes_after_a_switch, other);
    if (waits_for_writer) {
        EXPECT(tn_remove(self, tn_share(writer)));
    }
    EXPECT_EQ(shared[7], 1);
}

TEST_DIES(a_switch_between_two_pframes_does_not_hide_a_race_with_a_third, TEST_EXIT(66),
          "data race") {
    run(tn_run_with(ON(2), reads_after_the_wrong_one, NULL, false));
    exit(0);
}

TEST(the_same_program_is_right_when_it_waits_for_the_writer) {
    run(tn_run_with(ON(2), reads_after_the_wrong_one, NULL, true));
}
