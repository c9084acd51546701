// Mutexes: exclusion across threads and waits, fairness, cancellation, errors.
// Invariant: at most one frame is between lock and unlock.
#include <tenon.h>

#include <pthread.h>

#include "api/misused.h"
#include "api/simulated.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static struct tn_mutex mutex;
static int inside;
static long count;

// ---- exclusion -------------------------------------------------------------------------------

static void step(struct tn_self *self, bool waits) {
    EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
    EXPECT_EQ(inside++, 0);
    const long before = count;
    if (waits) {
        tn_yield(self);
    }
    count = before + 1;
    EXPECT_EQ(--inside, 0);
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
}

TN_PFRAME(void, counts, (int, times)) {
    for (int i = 0; i < times; i++) {
        step(self, i % 3 == 0);
    }
}

TN_PFRAME(void, many_count, (int, frames), (int, times)) {
    for (int i = 0; i < frames; i++) {
        tn_spawn(counts, times);
    }
    tn_children_wait(self);
}

TEST(frames_of_all_threads_exclude_each_other) {
    for (int n = 1; n <= 4; n++) {
        for (int is_strict = 0; is_strict <= 1; is_strict++) {
            mutex = (struct tn_mutex){.name = "counted", .is_strict = is_strict == 1};
            count = 0;
            EXPECT_EQ(tn_run_with(WITH(n), many_count, NULL, 8, 200 / test_slowness() + 20), TN_OK);
            EXPECT_EQ(count, 8 * (200 / test_slowness() + 20));
        }
    }
}

TN_FRAME(void, frame_counts, (int, times)) {
    counts(self, times);
}

TN_FRAME(void, locks_and_spawns) {
    EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
    tn_task(frame_counts) other = tn_spawn(frame_counts, 3);
    tn_sleep(self, 0.001);
    EXPECT_EQ(count, 0);
    EXPECT_EQ(tn_mutex_try(self, &mutex), TN_WOULD_WAIT);
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
    tn_await(frame_counts, other);
    EXPECT_EQ(count, 3);
    EXPECT_EQ(tn_mutex_try(self, &mutex), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
}

TEST(who_waits_goes_on_when_the_mutex_is_free) {
    EXPECT_EQ(tn_run_with(WITH(1), locks_and_spawns, NULL), TN_OK);
    EXPECT_EQ(count, 3);
}

// Waiting while one holds a mutex must not run others on top of the holder.
TN_PFRAME(long, awaits_inside, (int, depth)) {
    EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
    tn_yield(self);
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
    if (depth == 0) {
        return 1;
    }
    tn_task(awaits_inside) left = tn_spawn(awaits_inside, depth - 1);
    tn_task(awaits_inside) right = tn_spawn(awaits_inside, depth - 1);
    return tn_await(awaits_inside, left) + tn_await(awaits_inside, right);
}

TN_PFRAME(long, unrelated, (int, depth)) {
    EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
    tn_task(counts) child = tn_spawn(counts, 0); // needs no mutex, may be stolen
    tn_await(counts, child);
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
    return awaits_inside(self, depth);
}

TEST(an_await_inside_a_mutex_runs_nobody_who_needs_it) {
    for (int n = 1; n <= 4; n++) {
        long leaves = 0;
        EXPECT_EQ(tn_run_with(WITH(n), unrelated, &leaves, 5), TN_OK);
        EXPECT_EQ(leaves, 32);
    }
}

// ---- order -----------------------------------------------------------------------------------

static int order[64];
static int ordered;

TN_FRAME(void, takes_a_turn, (int, number)) {
    EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
    order[ordered++] = number;
    tn_yield(self);
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
}

TN_FRAME(void, all_take_turns) {
    EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
    for (int i = 0; i < 10; i++) {
        tn_spawn(takes_a_turn, i);
    }
    tn_sleep(self, 0.001);
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
    tn_children_wait(self);
}

TEST(a_strict_mutex_is_handed_over_in_order_of_coming) {
    mutex = (struct tn_mutex){.is_strict = true};
    EXPECT_EQ(tn_run_with(WITH(1), all_take_turns, NULL), TN_OK);
    for (int i = 0; i < 10; i++) {
        EXPECT_EQ(order[i], i);
    }
}

static int rounds_of_other;
static bool has_had_it;

TN_FRAME(void, wants_it_once) {
    EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
    has_had_it = true;
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
}

TN_FRAME(void, never_lets_go_for_long) {
    EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
    tn_spawn(wants_it_once);
    while (!has_had_it && rounds_of_other < 100) {
        tn_yield(self);
        EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
        EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
        rounds_of_other++;
    }
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
}

TEST(who_has_been_overtaken_is_handed_the_mutex) {
    EXPECT_EQ(tn_run_with(WITH(1), never_lets_go_for_long, NULL), TN_OK);
    EXPECT(has_had_it);
    EXPECT(rounds_of_other <= 6);
    TEST_NOTE("it was overtaken for %d rounds", rounds_of_other);
}

// ---- cancellation ----------------------------------------------------------------------------

static int code_of_waiter = 1;

TN_FRAME(void, waits_for_it, (double, seconds)) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, seconds);
    code_of_waiter = tn_mutex_lock(self, &mutex);
    tn_scope_end(self, &scope);
    if (code_of_waiter == TN_OK) {
        tn_mutex_unlock(self, &mutex);
    }
}

TN_FRAME(void, times_out) {
    EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
    tn_task(waits_for_it) waiter = tn_spawn(waits_for_it, 0.01);
    tn_task(takes_a_turn) next = tn_spawn(takes_a_turn, 7);
    tn_await(waits_for_it, waiter);
    EXPECT_EQ(code_of_waiter, TN_TIMED_OUT);
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
    tn_await(takes_a_turn, next);
    EXPECT_EQ(ordered, 1);
}

TEST(a_deadline_ends_a_wait_and_the_next_is_served) {
    EXPECT_EQ(tn_run_with(WITH(1), times_out, NULL), TN_OK);
}

TN_FRAME(void, removes_a_woken_one, (bool, is_strict)) {
    mutex = (struct tn_mutex){.is_strict = is_strict};
    ordered = 0;
    code_of_waiter = 1;
    EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
    tn_task(waits_for_it) waiter = tn_spawn(waits_for_it, 100);
    tn_task(takes_a_turn) next = tn_spawn(takes_a_turn, 7);
    struct tn_frame *woken = tn_share(waiter);
    tn_sleep(self, 0.001);
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK); // wakes it
    EXPECT(tn_remove(self, woken));                  // before it has run
    tn_await(takes_a_turn, next);
    EXPECT_EQ(ordered, 1);
    EXPECT_EQ(code_of_waiter, is_strict ? TN_OK : TN_CANCELLED);
}

TEST(a_mutex_is_not_lost_with_one_who_was_woken_and_removed) {
    for (int n = 1; n <= 3; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), removes_a_woken_one, NULL, false), TN_OK);
        EXPECT_EQ(tn_run_with(WITH(n), removes_a_woken_one, NULL, true), TN_OK);
    }
}

TN_PFRAME(void, tries_in_time, (int, number)) {
    for (int i = 0; i < 20; i++) {
        struct tn_scope scope;
        tn_deadline_begin(self, &scope, 1e-5 * (number + i));
        if (tn_mutex_lock(self, &mutex) == TN_OK) {
            EXPECT_EQ(inside++, 0);
            tn_sleep(self, 1e-5);
            EXPECT_EQ(--inside, 0);
            EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
        }
        (void)tn_scope_end(self, &scope);
    }
}

TN_PFRAME(void, many_try_in_time) {
    for (int i = 0; i < 10; i++) {
        tn_spawn(tries_in_time, i);
    }
    tn_children_wait(self);
    EXPECT_EQ(tn_mutex_try(self, &mutex), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
}

TEST(deadlines_that_race_with_unlocks_lose_nothing) {
    for (int n = 1; n <= 4; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), many_try_in_time, NULL), TN_OK);
    }
}

// ---- recursive -------------------------------------------------------------------------------

static struct tn_recursive_mutex tree = {.mutex = {.name = "tree"}};

TN_PFRAME(int, descends, (int, depth)) {
    EXPECT_EQ(tn_recursive_mutex_lock(self, &tree), TN_OK);
    const int below = depth == 0 ? 0 : descends(self, depth - 1);
    tn_yield(self);
    EXPECT_EQ(tn_recursive_mutex_unlock(self, &tree), TN_OK);
    return below + 1;
}

TN_PFRAME(int, child_waits) {
    EXPECT_EQ(tn_recursive_mutex_try(self, &tree), TN_WOULD_WAIT);
    return 0;
}

TN_PFRAME(int, descends_with_a_child) {
    EXPECT_EQ(tn_recursive_mutex_lock(self, &tree), TN_OK);
    EXPECT_EQ(tn_recursive_mutex_try(self, &tree), TN_OK);
    tn_task(child_waits) child = tn_spawn(child_waits);
    tn_await(child_waits, child); // in place or not, it is another frame
    EXPECT_EQ(tn_recursive_mutex_unlock(self, &tree), TN_OK);
    EXPECT_EQ(tn_recursive_mutex_unlock(self, &tree), TN_OK);
    tn_task(descends) one = tn_spawn(descends, 4);
    tn_task(descends) two = tn_spawn(descends, 4);
    return tn_await(descends, two) + tn_await(descends, one);
}

TEST(a_recursive_mutex_belongs_to_the_frame_that_locked_it) {
    for (int n = 1; n <= 4; n++) {
        int sum = 0;
        EXPECT_EQ(tn_run_with(WITH(n), descends_with_a_child, &sum), TN_OK);
        EXPECT_EQ(sum, 10);
    }
}

// ---- threads that are in no run ----------------------------------------------------------------

static void *thread_counts(void *times) {
    struct tn_self *self = tn_current();
    for (int i = 0; i < *(int *)times; i++) {
        EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
        EXPECT_EQ(inside++, 0);
        count++;
        EXPECT_EQ(--inside, 0);
        EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
    }
    return NULL;
}

TEST(threads_in_no_run_and_frames_exclude_each_other) {
    if (is_simulated()) {
        TEST_SKIP("the simulated system has one real thread");
    }
    for (int n = 1; n <= 2; n++) {
        count = 0;
        int times = 2000;
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) {
            EXPECT_EQ(pthread_create(&threads[i], NULL, thread_counts, &times), 0);
        }
        EXPECT_EQ(tn_run_with(WITH(n), many_count, NULL, 4, 500), TN_OK);
        for (int i = 0; i < 2; i++) {
            EXPECT_EQ(pthread_join(threads[i], NULL), 0);
        }
        EXPECT_EQ(count, 2 * times + 4 * 500);
    }
}

// ---- errors ----------------------------------------------------------------------------------

TN_FRAME(void, unlocks_what_is_free) {
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_NOT_YOURS);
}

TN_FRAME(void, unlocks_what_another_holds) {
    EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
    tn_task(unlocks_what_is_free) other = tn_spawn(unlocks_what_is_free);
    tn_yield(self); // it begins, and so not in the place of the await
    tn_await(unlocks_what_is_free, other);
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK); // it still has it
}

TN_FRAME(void, unlocks_too_often) {
    EXPECT_EQ(tn_recursive_mutex_lock(self, &tree), TN_OK);
    EXPECT_EQ(tn_recursive_mutex_unlock(self, &tree), TN_OK);
    EXPECT_EQ(tn_recursive_mutex_unlock(self, &tree), TN_NOT_YOURS);
}

static void run_unlock_free(void *argument) {
    (void)argument;
    mutex = (struct tn_mutex){.name = "books"};
    EXPECT_EQ(tn_run_with(MISUSED_RUN, unlocks_what_is_free, NULL), TN_OK);
    misused_end();
}

static void run_unlock_other(void *argument) {
    (void)argument;
    mutex = (struct tn_mutex){.name = "books"};
    EXPECT_EQ(tn_run_with(MISUSED_RUN, unlocks_what_another_holds, NULL), TN_OK);
    misused_end();
}

static void run_unlock_often(void *argument) {
    (void)argument;
    EXPECT_EQ(tn_run_with(MISUSED_RUN, unlocks_too_often, NULL), TN_OK);
    misused_end();
}

static void unlock_outside(void *argument) {
    (void)argument;
    EXPECT_EQ(tn_mutex_unlock(tn_current(), &mutex), TN_NOT_YOURS);
    misused_end();
}

TEST(unlocking_what_one_does_not_hold_is_told) {
    EXPECT_MISUSE(run_unlock_free, "the mutex books was unlocked by a frame that does not hold it");
    EXPECT_MISUSE(run_unlock_other, "let the one unlock it that has locked it");
    EXPECT_MISUSE(run_unlock_often, "unlock it as often as it was locked");
    EXPECT_MISUSE(unlock_outside, "was unlocked by a frame that does not hold it");
}
