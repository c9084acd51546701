// Semaphores, reader-writer locks, conditions.
// Invariant: each lets through whom it says, wherever they run, also while waits are cut short.
#include <tenon.h>

#include <pthread.h>

#include "api/misused.h"
#include "api/simulated.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static _Atomic int inside;
static _Atomic int most;
static _Atomic long count;

static void enter(void) {
    const int now = ++inside;
    int before = most;
    while (now > before && !__atomic_compare_exchange_n((int *)&most, &before, now, false,
                                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

// ---- semaphores ------------------------------------------------------------------------------

static struct tn_semaphore three;

TN_PFRAME(void, comes_in, (int, times), (double, seconds)) {
    for (int i = 0; i < times; i++) {
        struct tn_scope scope;
        tn_deadline_begin(self, &scope, seconds * (i + 1));
        if (tn_semaphore_acquire(self, &three) == TN_OK) {
            enter();
            tn_sleep(self, 1e-5 * (i % 3));
            inside--;
            EXPECT_EQ(tn_semaphore_release(&three), TN_OK);
            count++;
        }
        (void)tn_scope_end(self, &scope);
    }
}

TN_PFRAME(void, many_come_in, (double, seconds)) {
    for (int i = 0; i < 8; i++) {
        tn_spawn(comes_in, 10, seconds);
    }
    tn_children_wait(self);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(tn_semaphore_try(&three), TN_OK);
    }
    EXPECT_EQ(tn_semaphore_try(&three), TN_WOULD_WAIT);
}

TEST(a_semaphore_lets_so_many_in_and_no_more) {
    for (int n = 1; n <= 4; n++) {
        three = (struct tn_semaphore){.name = "three", .count = 3, .max = 3};
        most = 0;
        count = 0;
        EXPECT_EQ(tn_run_with(WITH(n), many_come_in, NULL, 100.0), TN_OK);
        EXPECT_EQ(count, 80);
        EXPECT(most <= 3 && most >= 1);
        three.count = 3;
        EXPECT_EQ(tn_run_with(WITH(n), many_come_in, NULL, 2e-5), TN_OK);
        EXPECT(most <= 3);
    }
}

TN_FRAME(void, releases_too_often) {
    struct tn_semaphore one = {.name = "one", .count = 1, .max = 1};
    EXPECT_EQ(tn_semaphore_release(&one), TN_OUT_OF_RANGE);
    EXPECT_EQ(tn_semaphore_try(&one), TN_OK);
    EXPECT_EQ(tn_semaphore_try(&one), TN_WOULD_WAIT); // nothing was added
}

// ---- readers and writers ---------------------------------------------------------------------

static struct tn_rwlock table;
static _Atomic int readers;
static _Atomic int writers;

TN_PFRAME(void, reads, (int, times)) {
    for (int i = 0; i < times; i++) {
        EXPECT_EQ(tn_rwlock_read(self, &table), TN_OK);
        readers++;
        EXPECT_EQ(writers, 0);
        tn_yield(self);
        EXPECT_EQ(writers, 0);
        readers--;
        EXPECT_EQ(tn_rwlock_read_end(self, &table), TN_OK);
    }
}

TN_PFRAME(void, writes, (int, times)) {
    for (int i = 0; i < times; i++) {
        EXPECT_EQ(tn_rwlock_write(self, &table), TN_OK);
        EXPECT_EQ(writers++, 0);
        EXPECT_EQ(readers, 0);
        tn_yield(self);
        EXPECT_EQ(--writers, 0);
        EXPECT_EQ(tn_rwlock_write_end(self, &table), TN_OK);
    }
}

TN_PFRAME(void, read_and_write) {
    for (int i = 0; i < 4; i++) {
        tn_spawn(reads, 20);
        tn_spawn(writes, 20);
    }
    tn_children_wait(self);
    EXPECT_EQ(tn_rwlock_try_write(self, &table), TN_OK);
    EXPECT_EQ(tn_rwlock_try_read(self, &table), TN_WOULD_WAIT);
    EXPECT_EQ(tn_rwlock_write_end(self, &table), TN_OK);
}

TEST(a_writer_is_alone_and_readers_go_together) {
    for (int n = 1; n <= 4; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), read_and_write, NULL), TN_OK);
    }
}

TN_FRAME(void, writes_in_vain, (double, seconds)) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, seconds);
    EXPECT_EQ(tn_rwlock_write(self, &table), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
}

TN_FRAME(void, gives_up_between_readers) {
    EXPECT_EQ(tn_rwlock_read(self, &table), TN_OK);
    EXPECT_EQ(tn_rwlock_try_read(self, &table), TN_OK); // readers go together
    EXPECT_EQ(tn_rwlock_read_end(self, &table), TN_OK);
    tn_spawn(writes_in_vain, 0.01);
    tn_task(reads) reader = tn_spawn(reads, 1); // waits behind the writer
    tn_yield(self);
    EXPECT_EQ(tn_rwlock_try_read(self, &table), TN_WOULD_WAIT);
    tn_await(reads, reader); // goes on as soon as the writer has given up
    EXPECT_EQ(tn_rwlock_read_end(self, &table), TN_OK);
    tn_children_wait(self);
}

TEST(readers_do_not_wait_for_a_writer_that_gave_up) {
    EXPECT_EQ(tn_run_with(WITH(1), gives_up_between_readers, NULL), TN_OK);
}

TN_FRAME(void, ends_what_did_not_begin) {
    struct tn_rwlock other = {.name = "other"};
    EXPECT_EQ(tn_rwlock_read_end(self, &other), TN_NOT_YOURS);
    EXPECT_EQ(tn_rwlock_write_end(self, &other), TN_NOT_YOURS);
}

// ---- conditions ------------------------------------------------------------------------------

static struct tn_mutex mutex;
static struct tn_condition delivered;
static int stock;

TN_PFRAME(void, consumes, (int, times)) {
    for (int i = 0; i < times; i++) {
        EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
        while (stock == 0) {
            EXPECT_EQ(tn_condition_wait(self, &delivered, &mutex), TN_OK);
        }
        stock--;
        EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
        count++;
    }
}

TN_PFRAME(void, delivers, (int, times)) {
    for (int i = 0; i < times; i++) {
        EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
        stock++;
        EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK);
        tn_condition_notify(&delivered);
    }
}

TN_PFRAME(void, consume_and_deliver) {
    for (int i = 0; i < 4; i++) {
        tn_spawn(consumes, 50);
        tn_spawn(delivers, 50);
    }
    tn_children_wait(self);
    EXPECT_EQ(stock, 0);
}

TEST(no_notification_made_under_the_mutex_is_missed) {
    for (int n = 1; n <= 4; n++) {
        count = 0;
        EXPECT_EQ(tn_run_with(WITH(n), consume_and_deliver, NULL), TN_OK);
        EXPECT_EQ(count, 200);
    }
}

TN_FRAME(void, waits_in_vain) {
    EXPECT_EQ(tn_mutex_lock(self, &mutex), TN_OK);
    EXPECT_EQ(tn_condition_wait(self, &delivered, &mutex), TN_CANCELLED);
    count++;
    EXPECT_EQ(tn_mutex_unlock(self, &mutex), TN_OK); // it has it again
}

TN_FRAME(void, cancels_a_wait) {
    count = 0;
    tn_task(waits_in_vain) one = tn_spawn(waits_in_vain), two = tn_spawn(waits_in_vain);
    struct tn_frame *first = tn_share(one), *second = tn_share(two);
    tn_yield(self);
    EXPECT(tn_remove(self, first));
    EXPECT_EQ(count, 1);
    EXPECT(tn_remove(self, second));
    EXPECT_EQ(count, 2);
    EXPECT_EQ(tn_condition_notify_all(&delivered), 0);
}

TEST(a_cancelled_wait_has_the_mutex_again) {
    EXPECT_EQ(tn_run_with(WITH(1), cancels_a_wait, NULL), TN_OK);
}

TN_FRAME(void, waits_without_the_mutex) {
    struct tn_mutex free_one = {.name = "free"};
    EXPECT_EQ(tn_condition_wait(self, &delivered, &free_one), TN_NOT_YOURS);
}

// ---- threads that are in no run ----------------------------------------------------------------

static void *takes_part(void *argument) {
    struct tn_self *self = tn_current();
    EXPECT_EQ(tn_semaphore_acquire(self, &three), TN_OK);
    EXPECT_EQ(tn_semaphore_release(&three), TN_OK);
    consumes(self, 20);
    return argument;
}

TN_FRAME(void, goes_ahead) {
    EXPECT_EQ(tn_semaphore_release(&three), TN_OK);
    delivers(self, 20);
}

TEST(a_thread_in_no_run_takes_part_in_all_of_it) {
    if (is_simulated()) {
        TEST_SKIP("the simulated system has one real thread");
    }
    three = (struct tn_semaphore){.max = 3};
    pthread_t thread;
    EXPECT_EQ(pthread_create(&thread, NULL, takes_part, NULL), 0);
    EXPECT_EQ(tn_run_with(WITH(1), goes_ahead, NULL), TN_OK);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
}

// ---- errors ----------------------------------------------------------------------------------

static void run_semaphore(void *argument) {
    (void)argument;
    EXPECT_EQ(tn_run_with(MISUSED_RUN, releases_too_often, NULL), TN_OK);
    misused_end();
}

static void run_rwlock(void *argument) {
    (void)argument;
    EXPECT_EQ(tn_run_with(MISUSED_RUN, ends_what_did_not_begin, NULL), TN_OK);
    misused_end();
}

static void run_condition(void *argument) {
    (void)argument;
    EXPECT_EQ(tn_run_with(MISUSED_RUN, waits_without_the_mutex, NULL), TN_OK);
    misused_end();
}

TEST(giving_back_what_one_does_not_have_is_told) {
    EXPECT_MISUSE(run_semaphore, "the semaphore one was released too often");
    EXPECT_MISUSE(run_rwlock, "tn_rwlock_read_end of other, which nobody reads");
    EXPECT_MISUSE(run_condition, "the mutex free was unlocked by a frame that does not hold it");
}
