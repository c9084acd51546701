// Deadlocks: a run in which nobody can go on says who waits for what, and ends.
// Invariant: it is said of every kind of standstill below, and of nothing that can still go on.
#include <tenon.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/simulated.h"
#include "support/test.h"

static char said[8192];

static void keep(const char *sentence, void *data) {
    (void)data;
    const size_t length = strlen(said);
    (void)snprintf(said + length, sizeof said - length, "%s\n", sentence);
}

#define QUIET(n) TN_RUN(.num_threads = (n), .report = keep)

// Under ThreadSanitizer, or an emulator, there is a thread that could be anybody's.
static void skip_with_other_threads(void) {
    struct stat folder;
    if (stat("/proc/self/task", &folder) != 0 || folder.st_nlink != 3) {
        TEST_SKIP("a sanitizer has a thread of its own, which might help");
    }
    said[0] = '\0';
}

static void expect_said(const char *text) {
    if (strstr(said, text) == NULL) {
        TEST_NOTE("said: %s", said);
    }
    EXPECT(strstr(said, text) != NULL);
}

// ---- locks -----------------------------------------------------------------------------------

static struct tn_mutex forks[5];

TN_PFRAME(void, philosopher, (int, seat)) {
    struct tn_mutex *left = &forks[seat], *right = &forks[(seat + 1) % 5];
    if (tn_mutex_lock(self, left) == TN_OK) {
        tn_sleep(self, 0.01); // thinks, with a fork in hand
        if (tn_mutex_lock(self, right) == TN_OK) {
            tn_mutex_unlock(self, right);
        }
        tn_mutex_unlock(self, left);
    }
}

TN_PFRAME(void, dinner) {
    static const char *const names[] = {"fork 0", "fork 1", "fork 2", "fork 3", "fork 4"};
    for (int i = 0; i < 5; i++) {
        forks[i] = (struct tn_mutex){.name = names[i]};
        tn_spawn(philosopher, i);
    }
    tn_children_wait(self);
}

TEST(philosophers_who_all_hold_one_fork_are_told) {
    skip_with_other_threads();
    for (int n = 1; n <= 3; n++) {
        EXPECT_EQ(tn_run_with(QUIET(n), dinner, NULL), TN_DEADLOCK);
        expect_said("every frame waits for another");
        expect_said("waits for the mutex fork 3, held by /dinner/philosopher");
        for (int i = 0; i < 5; i++) {
            EXPECT_EQ(tn_mutex_try(tn_current(), &forks[i]), TN_OK); // all were given back
        }
    }
}

static struct tn_mutex a, b;

TN_FRAME(void, takes_both, (struct tn_mutex *, first), (struct tn_mutex *, second)) {
    if (tn_mutex_lock(self, first) == TN_OK) {
        tn_yield(self);
        if (tn_mutex_lock(self, second) == TN_OK) { // the other was removed first
            EXPECT_EQ(tn_mutex_unlock(self, second), TN_OK);
        }
        EXPECT_EQ(tn_mutex_unlock(self, first), TN_OK);
    }
}

TN_FRAME(void, opposite_orders) {
    a = (struct tn_mutex){.name = "a"};
    b = (struct tn_mutex){.name = "b"};
    tn_spawn(takes_both, &a, &b);
    tn_spawn(takes_both, &b, &a);
    tn_children_wait(self);
}

TEST(two_locks_in_opposite_orders_are_told) {
    skip_with_other_threads();
    EXPECT_EQ(tn_run_with(QUIET(1), opposite_orders, NULL), TN_DEADLOCK);
    expect_said("waits for the mutex b, held by /opposite_orders/takes_both");
    expect_said("waits for the mutex a, held by /opposite_orders/takes_both");
    expect_said("deadlock_test.c:");
}

TN_FRAME(void, keeps_it) {
    EXPECT_EQ(tn_mutex_lock(self, &a), TN_OK); // and ends
}

TN_FRAME(void, waits_for_the_dead) {
    a = (struct tn_mutex){.name = "a"};
    tn_task(keeps_it) child = tn_spawn(keeps_it);
    tn_yield(self);
    tn_await(keeps_it, child);
    EXPECT_EQ(tn_mutex_lock(self, &a), TN_CANCELLED);
}

TEST(a_lock_that_its_holder_has_left_locked_is_told) {
    skip_with_other_threads();
    EXPECT_EQ(tn_run_with(QUIET(1), waits_for_the_dead, NULL), TN_DEADLOCK);
    expect_said("waits for the mutex a, held by a frame that has ended");
}

// ---- channels and signals --------------------------------------------------------------------

TN_CHANNEL(int, numbers);

static tn_channel(numbers) orders = TN_CHANNEL_OF(.name = "orders");

TN_FRAME(void, receives_with_the_lock) {
    int number;
    EXPECT_EQ(tn_mutex_lock(self, &a), TN_OK);
    EXPECT_EQ(tn_receive(numbers, &orders, &number), TN_CANCELLED);
    EXPECT_EQ(tn_mutex_unlock(self, &a), TN_OK);
}

TN_FRAME(void, sends_with_the_lock) {
    if (tn_mutex_lock(self, &a) == TN_OK) {
        (void)tn_send(numbers, &orders, 1);
        tn_mutex_unlock(self, &a);
    }
}

TN_FRAME(void, a_channel_and_a_lock) {
    a = (struct tn_mutex){.name = "a"};
    tn_spawn(receives_with_the_lock);
    tn_yield(self);
    tn_spawn(sends_with_the_lock);
    tn_children_wait(self);
}

TEST(a_channel_and_a_lock_that_hold_each_other_up_are_told) {
    skip_with_other_threads();
    EXPECT_EQ(tn_run_with(QUIET(1), a_channel_and_a_lock, NULL), TN_DEADLOCK);
    expect_said("receives_with_the_lock, spawned at");
    expect_said("waits to receive from the channel orders");
    expect_said("waits for the mutex a, held by /a_channel_and_a_lock/receives_with_the_lock");
}

TN_PFRAME(void, waits_for_news, (struct tn_condition *, news)) {
    EXPECT_EQ(tn_mutex_lock(self, &a), TN_OK);
    EXPECT_EQ(tn_condition_wait(self, news, &a), TN_CANCELLED);
    EXPECT_EQ(tn_mutex_unlock(self, &a), TN_OK);
}

TN_PFRAME(void, notifies_too_early) {
    a = (struct tn_mutex){.name = "a"};
    struct tn_condition news = {.name = "news"};
    EXPECT_EQ(tn_condition_notify(&news), 0); // nobody waits yet
    tn_task(waits_for_news) child = tn_spawn(waits_for_news, &news);
    tn_await(waits_for_news, child);
}

TEST(a_signal_that_nobody_will_give_again_is_told) {
    skip_with_other_threads();
    for (int n = 1; n <= 3; n++) {
        EXPECT_EQ(tn_run_with(QUIET(n), notifies_too_early, NULL), TN_DEADLOCK);
        expect_said("waits for the condition news");
    }
}

TN_PFRAME(void, sends_two) {
    EXPECT_EQ(tn_send(numbers, &orders, 1), TN_OK);
    EXPECT_EQ(tn_send(numbers, &orders, 2), TN_OK); // and forgets to close
}

TN_PFRAME(void, receives_all) {
    tn_spawn(sends_two);
    for (int number; tn_receive(numbers, &orders, &number) == TN_OK;) {
    }
}

TEST(a_channel_without_a_sender_is_told) {
    skip_with_other_threads();
    for (int n = 1; n <= 3; n++) {
        EXPECT_EQ(tn_run_with(QUIET(n), receives_all, NULL), TN_DEADLOCK);
        expect_said("waits to receive from the channel orders");
    }
}

// ---- what is none ------------------------------------------------------------------------------

TN_PFRAME(void, sends_after_a_while, (double, seconds)) {
    tn_block(seconds);
    EXPECT_EQ(tn_send(numbers, &orders, 7), TN_OK);
}

TN_PFRAME(int, waits_for_one_who_computes) {
    int number = 0;
    tn_spawn(sends_after_a_while, 0.25);
    EXPECT_EQ(tn_receive(numbers, &orders, &number), TN_OK);
    return number;
}

TN_PFRAME(int, waits_with_a_deadline) {
    int number = 0;
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.25);
    EXPECT_EQ(tn_receive(numbers, &orders, &number), TN_TIMED_OUT);
    (void)tn_scope_end(self, &scope);
    return 7;
}

TEST(who_waits_for_one_who_computes_or_for_time_is_not_stuck) {
    said[0] = '\0';
    for (int n = 1; n <= 3; n++) {
        int number = 0;
        EXPECT_EQ(tn_run_with(QUIET(n), waits_for_one_who_computes, &number), TN_OK);
        EXPECT_EQ(number, 7);
        EXPECT_EQ(tn_run_with(QUIET(n), waits_with_a_deadline, &number), TN_OK);
        EXPECT_EQ(number, 7);
    }
    EXPECT_STR(said, "");
}

static void *sends_from_outside(void *argument) {
    struct tn_self *self = tn_current();
    tn_block(0.25);
    EXPECT_EQ(tn_send(numbers, &orders, 9), TN_OK);
    return argument;
}

TN_FRAME(int, waits_for_a_thread) {
    int number = 0;
    EXPECT_EQ(tn_receive(numbers, &orders, &number), TN_OK);
    return number;
}

TEST(who_waits_for_a_thread_in_no_run_is_not_stuck) {
    if (is_simulated()) {
        TEST_SKIP("the simulated system has one real thread");
    }
    said[0] = '\0';
    pthread_t thread;
    int number = 0;
    EXPECT_EQ(pthread_create(&thread, NULL, sends_from_outside, NULL), 0);
    EXPECT_EQ(tn_run_with(QUIET(1), waits_for_a_thread, &number), TN_OK);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    EXPECT_EQ(number, 9);
    EXPECT_STR(said, "");
}

// ---- suspects --------------------------------------------------------------------------------

static struct tn_event *end_of_rest;

// A rest in which nothing else could help is ended by who hears of it.
static void keep_and_end(const char *sentence, void *data) {
    keep(sentence, data);
    EXPECT_EQ(tn_event_post(end_of_rest, NULL), TN_OK);
}

#define SUSPECT(n) TN_RUN(.num_threads = (n), .suspect_seconds = 0.2, .report = keep_and_end)

TN_FRAME(void, reads_with_the_lock, (struct tn_stream, from)) {
    char byte;
    EXPECT_EQ(tn_mutex_lock(self, &a), TN_OK);
    EXPECT_EQ(tn_read_exactly(self, from, &byte, 1), TN_CANCELLED);
    EXPECT_EQ(tn_mutex_unlock(self, &a), TN_OK);
}

TN_PFRAME(void, needs_the_lock) {
    if (tn_mutex_lock(self, &a) == TN_OK) {
        tn_mutex_unlock(self, &a);
    }
}

// With a pipe that nobody writes to, or without.
TN_PFRAME(void, rests, (bool, reads)) {
    a = (struct tn_mutex){.name = "a"};
    struct tn_stream from, to;
    end_of_rest = tn_event_create(self, "the end of the rest");
    EXPECT_EQ(tn_pipe(self, &from, &to), TN_OK);
    if (reads) {
        tn_spawn(reads_with_the_lock, from);
    } else {
        EXPECT_EQ(tn_mutex_lock(self, &a), TN_OK);
    }
    tn_sleep(self, 0.01);
    tn_task(needs_the_lock) waiter = tn_spawn(needs_the_lock);
    tn_forget(waiter);
    EXPECT_EQ(tn_event_wait(self, end_of_rest, NULL), TN_OK);
    EXPECT(reads || tn_mutex_unlock(self, &a) == TN_OK);
}

TEST(who_could_still_be_helped_from_outside_is_suspect) {
    for (int n = 1; n <= 3; n += 2) {
        said[0] = '\0';
        EXPECT_EQ(tn_run_with(SUSPECT(n), rests, NULL, true), TN_OK);
        expect_said("suspect: nothing has moved for 0.2 s, and nothing will but by a descriptor, ");
        expect_said("suspect: /rests/needs_the_lock, spawned at");
        expect_said("waits for the mutex a, held by /rests/reads_with_the_lock");
        expect_said("suspect: /rests, spawned at");
        expect_said("waits for the event the end of the rest");
    }
}

TEST(an_event_may_come_from_anywhere) {
    skip_with_other_threads();
    EXPECT_EQ(tn_run_with(SUSPECT(1), rests, NULL, false), TN_OK);
    expect_said("and nothing will but by an event");
    expect_said("suspect: /rests/needs_the_lock, spawned at");
}

static _Atomic bool has_heard;

static void keep_and_go_on(const char *sentence, void *data) {
    keep(sentence, data);
    has_heard = strstr(sentence, "waits_for_a_thread") != NULL;
}

static void *sends_when_heard(void *argument) {
    struct tn_self *self = tn_current();
    while (!has_heard) {
        tn_block(0.01);
    }
    EXPECT_EQ(tn_send(numbers, &orders, 9), TN_OK);
    return argument;
}

TEST(a_thread_in_no_run_makes_a_standstill_suspect) {
    if (is_simulated()) {
        TEST_SKIP("the simulated system has one real thread");
    }
    said[0] = '\0';
    pthread_t thread;
    int number = 0;
    EXPECT_EQ(pthread_create(&thread, NULL, sends_when_heard, NULL), 0);
    const struct tn_run_options *options =
        TN_RUN(.num_threads = 2, .suspect_seconds = 0.1, .report = keep_and_go_on);
    EXPECT_EQ(tn_run_with(options, waits_for_a_thread, &number), TN_OK);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    EXPECT_EQ(number, 9);
    expect_said("but by a thread that is in no run");
    expect_said("suspect: /waits_for_a_thread, spawned at");
    expect_said("waits to receive from the channel orders");
}
