// Knots: frames that wait for each other in a circle while others go on are told, and nothing else
// is. Start reading at knots_of_all_kinds_are_told_while_others_go_on.
#include <tenon.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "api/simulated.h"
#include "support/test.h"

static char said[16384]; // not looked at before the run has ended: another thread may add to it
static _Atomic int sentences;
static _Atomic int tellings; // of knots

static void keep(const char *sentence, void *data) {
    (void)data;
    const size_t length = strlen(said);
    (void)snprintf(said + length, sizeof said - length, "%s\n", sentence);
    sentences++;
    tellings += strstr(sentence, " wait for each other") != NULL ||
                strstr(sentence, " for what it holds itself") != NULL;
}

#define KEPT(...) TN_RUN(.report = keep, __VA_ARGS__)

static void begin(void) {
    said[0] = '\0';
    sentences = 0;
    tellings = 0;
}

static void expect_said(const char *text) {
    if (strstr(said, text) == NULL) {
        TEST_NOTE("said: %s", said);
    }
    EXPECT(strstr(said, text) != NULL);
}

// Until so many knots have been told, or a second too long.
static void wait_for_tellings(struct tn_self *self, int count, double seconds) {
    const double end = tn_now() + seconds;
    while (tellings < count && tn_now() < end) {
        if (tn_sleep(self, 0.01) != TN_OK) {
            return;
        }
    }
}

// ---- of all kinds ----------------------------------------------------------------------------

static struct tn_mutex forks[5], a, b, c, d;
static struct tn_rwlock table = {.name = "table"};
static struct tn_once setup;

TN_PFRAME(void, ticks) {
    while (tn_sleep(self, 0.02) == TN_OK) {
    }
}

TN_PFRAME(void, philosopher, (int, seat)) {
    if (tn_mutex_lock(self, &forks[seat]) == TN_OK) {
        tn_sleep(self, 0.01);
        if (tn_mutex_lock(self, &forks[(seat + 1) % 5]) == TN_OK) {
            tn_mutex_unlock(self, &forks[(seat + 1) % 5]);
        }
        tn_mutex_unlock(self, &forks[seat]);
    }
}

TN_PFRAME(void, needs, (struct tn_mutex *, mutex)) {
    tn_yield(self); // a frame of its own
    if (tn_mutex_lock(self, mutex) == TN_OK) {
        tn_mutex_unlock(self, mutex);
    }
}

// A lock held over an await of who needs it.
TN_PFRAME(void, waits_for_its_child) {
    EXPECT_EQ(tn_mutex_lock(self, &a), TN_OK);
    tn_task(needs) task = tn_spawn(needs, &a);
    struct tn_frame *child = tn_share(task);
    EXPECT_EQ(tn_join(needs, child, NULL), TN_CANCELLED);
    EXPECT_EQ(tn_mutex_unlock(self, &a), TN_OK);
}

TN_FRAME(void, needs_it_too, (struct tn_mutex *, mutex)) {
    EXPECT_EQ(tn_mutex_lock(self, mutex), TN_CANCELLED);
}

TN_FRAME(void, waits_for_all_children) {
    EXPECT_EQ(tn_mutex_lock(self, &b), TN_OK);
    tn_spawn(ticks);
    tn_spawn(needs_it_too, &b);
    EXPECT_EQ(tn_children_wait(self), TN_CANCELLED);
    EXPECT_EQ(tn_mutex_unlock(self, &b), TN_OK);
}

static int sets_up(struct tn_self *self, void *data) {
    (void)data;
    tn_sleep(self, 0.01);
    const int code = tn_rwlock_write(self, &table);
    if (code == TN_OK) {
        tn_rwlock_write_end(self, &table);
    }
    return code;
}

TN_PFRAME(void, needs_setup) {
    EXPECT_EQ(tn_rwlock_write(self, &table), TN_OK);
    tn_sleep(self, 0.02);
    EXPECT(tn_once_do(self, &setup, sets_up, NULL) != TN_OK);
    EXPECT_EQ(tn_rwlock_write_end(self, &table), TN_OK);
}

TN_PFRAME(void, does_setup) {
    (void)!tn_once_do(self, &setup, sets_up, NULL);
}

TN_PFRAME(void, locks_twice) {
    EXPECT_EQ(tn_mutex_lock(self, &c), TN_OK);
    EXPECT_EQ(tn_mutex_lock(self, &c), TN_CANCELLED);
    EXPECT_EQ(tn_mutex_unlock(self, &c), TN_OK);
}

TN_PFRAME(void, life) {
    static const char *const names[] = {"fork 0", "fork 1", "fork 2", "fork 3", "fork 4"};
    a = (struct tn_mutex){.name = "a"};
    b = (struct tn_mutex){.name = "b"};
    c = (struct tn_mutex){.name = "c"};
    setup = (struct tn_once){.name = "setup"};
    tn_spawn(ticks);
    for (int i = 0; i < 5; i++) {
        forks[i] = (struct tn_mutex){.name = names[i]};
        tn_spawn(philosopher, i);
    }
    tn_spawn(waits_for_its_child);
    tn_spawn(waits_for_all_children);
    tn_spawn(does_setup);
    tn_spawn(needs_setup);
    tn_spawn(locks_twice);
    wait_for_tellings(self, 5, 5);
    tn_sleep(self, 0.2); // none of them is told twice
}

TEST(knots_of_all_kinds_are_told_while_others_go_on) {
    for (int n = 1; n <= 3; n += 2) {
        begin();
        EXPECT_EQ(tn_run_with(KEPT(.num_threads = n), life, NULL), TN_OK);
        expect_said("deadlock: 5 frames wait for each other in a circle, and none can go on");
        expect_said("waits for the mutex fork 3, held by /life/philosopher, in ");
        expect_said("deadlock: a frame waits for what it holds itself");
        expect_said("waits for the mutex a, held by /life/waits_for_its_child, in ");
        expect_said("waits for the frame needs");
        expect_said("waits for the mutex b, held by /life/waits_for_all_children, in ");
        expect_said("waits for its children");
        expect_said("waits for the once setup, held by /life/does_setup, in ");
        expect_said("waits to write table, held by /life/needs_setup, in ");
        expect_said("waits for the mutex c, held by /life/locks_twice, in ");
        expect_said("knot_test.c:");
        EXPECT_EQ(tellings, 5);
    }
}

// ---- what becomes of the run -----------------------------------------------------------------

TN_FRAME(void, takes_both, (struct tn_mutex *, first), (struct tn_mutex *, second)) {
    if (tn_mutex_lock(self, first) == TN_OK) {
        tn_yield(self);
        if (tn_mutex_lock(self, second) == TN_OK) {
            EXPECT_EQ(tn_mutex_unlock(self, second), TN_OK);
        }
        EXPECT_EQ(tn_mutex_unlock(self, first), TN_OK);
    }
}

TN_FRAME(int, opposite_orders) {
    a = (struct tn_mutex){.name = "a"};
    b = (struct tn_mutex){.name = "b"};
    tn_spawn(takes_both, &a, &b);
    tn_spawn(takes_both, &b, &a);
    wait_for_tellings(self, 1, 5);
    return tn_sleep(self, 0.1);
}

static _Atomic bool is_over;

static void *stands_by(void *argument) {
    while (!is_over) {
        tn_block(0.005);
    }
    return argument;
}

// A thread that is in no run makes it no less certain: it could not unlock anything.
TEST(a_knot_fails_the_run_that_asks_for_that) {
    const bool has_thread = !is_simulated();
    pthread_t thread;
    int code = 1;
    begin();
    EXPECT(!has_thread || pthread_create(&thread, NULL, stands_by, NULL) == 0);
    EXPECT_EQ(
        tn_run_with(KEPT(.num_threads = 1, .fails_on_deadlock = true), opposite_orders, &code),
        TN_DEADLOCK);
    is_over = true;
    EXPECT(!has_thread || pthread_join(thread, NULL) == 0);
    EXPECT_EQ(tellings, 1);
    EXPECT_EQ(tn_mutex_try(tn_current(), &a), TN_OK); // both were given back
    EXPECT_EQ(tn_mutex_try(tn_current(), &b), TN_OK);
}

TN_FRAME(int, removes_one_of_two) {
    a = (struct tn_mutex){.name = "a"};
    b = (struct tn_mutex){.name = "b"};
    tn_task(takes_both) one = tn_spawn(takes_both, &a, &b);
    tn_task(takes_both) other = tn_spawn(takes_both, &b, &a);
    wait_for_tellings(self, 1, 5);
    EXPECT(tn_remove(self, tn_share(one)));
    return tn_try_await(takes_both, other, NULL);
}

TEST(a_frame_that_goes_on_may_untie_a_knot) {
    begin();
    int code = 1;
    EXPECT_EQ(tn_run_with(KEPT(.num_threads = 1), removes_one_of_two, &code), TN_OK);
    EXPECT_EQ(code, TN_OK);
    EXPECT_EQ(tellings, 1);
}

TN_FRAME(int, takes_both_in_time, (struct tn_mutex *, first), (struct tn_mutex *, second)) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.4);
    int code = tn_mutex_lock(self, first);
    tn_yield(self);
    code = code == TN_OK ? tn_mutex_lock(self, second) : code;
    (void)tn_mutex_unlock(self, first);
    (void)tn_scope_end(self, &scope);
    return code;
}

TN_FRAME(int, opposite_orders_in_time) {
    a = (struct tn_mutex){.name = "a"};
    b = (struct tn_mutex){.name = "b"};
    tn_task(takes_both) one = tn_spawn(takes_both, &a, &b);
    tn_task(takes_both_in_time) other = tn_spawn(takes_both_in_time, &b, &a);
    const int code = tn_await(takes_both_in_time, other);
    EXPECT_EQ(tn_try_await(takes_both, one, NULL), TN_OK);
    return code;
}

TEST(a_circle_that_a_deadline_ends_is_suspect_and_fails_nothing) {
    begin();
    int code = 1;
    EXPECT_EQ(tn_run_with(KEPT(.num_threads = 1, .fails_on_deadlock = true),
                          opposite_orders_in_time, &code),
              TN_OK);
    EXPECT_EQ(code, TN_TIMED_OUT);
    expect_said("suspect: 2 frames wait for each other in a circle, until a deadline passes");
    EXPECT_EQ(tellings, 1);
}

// ---- through what has no holder ----------------------------------------------------------------

TN_CHANNEL(int, numbers);

static tn_channel(numbers) orders = TN_CHANNEL_OF(.name = "orders");

TN_PFRAME(void, receives_with_the_lock) {
    int number;
    EXPECT_EQ(tn_mutex_lock(self, &a), TN_OK);
    EXPECT_EQ(tn_receive(numbers, &orders, &number), TN_CANCELLED);
    EXPECT_EQ(tn_mutex_unlock(self, &a), TN_OK);
}

TN_PFRAME(void, sends_with_the_lock) {
    if (tn_mutex_lock(self, &a) == TN_OK) {
        (void)!tn_try_send(numbers, &orders, 1);
        tn_mutex_unlock(self, &a);
    }
}

TN_PFRAME(void, sleeps_with_the_lock) {
    EXPECT_EQ(tn_mutex_lock(self, &b), TN_OK);
    (void)tn_sleep(self, 10);
    EXPECT_EQ(tn_mutex_unlock(self, &b), TN_OK);
}

TN_PFRAME(void, a_channel_and_a_lock) {
    a = (struct tn_mutex){.name = "a"};
    b = (struct tn_mutex){.name = "b"};
    tn_spawn(receives_with_the_lock);
    tn_spawn(sleeps_with_the_lock);
    tn_sleep(self, 0.01);
    for (int i = 0; i < 3; i++) {
        tn_spawn(sends_with_the_lock);
        tn_spawn(needs, &b);
    }
    tn_spawn(ticks);
    const double end = tn_now() + 5;
    while (sentences == 0 && tn_now() < end) {
        tn_sleep(self, 0.01);
    }
    tn_sleep(self, 0.2);
}

TEST(a_lock_and_a_channel_are_suspect_while_others_go_on) {
    begin();
    EXPECT_EQ(tn_run_with(KEPT(.num_threads = 3, .suspect_seconds = 0.1), a_channel_and_a_lock,
                          NULL),
              TN_OK);
    expect_said("suspect: /a_channel_and_a_lock/sends_with_the_lock, spawned at");
    expect_said("waits for the mutex a, held by /a_channel_and_a_lock/receives_with_the_lock, in ");
    expect_said("; that one waits to receive from the channel orders\n");
    EXPECT(strchr(said, '\n')[1] == '\0'); // once, and nothing of who only sleeps
}

// ---- what is none ------------------------------------------------------------------------------

TN_PFRAME(void, holds_for, (struct tn_mutex *, mutex), (double, seconds)) {
    EXPECT_EQ(tn_mutex_lock(self, mutex), TN_OK);
    EXPECT_EQ(tn_sleep(self, seconds), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, mutex), TN_OK);
}

TN_PFRAME(void, holds_one_for_the_other, (struct tn_mutex *, one), (struct tn_mutex *, other)) {
    EXPECT_EQ(tn_mutex_lock(self, one), TN_OK);
    EXPECT_EQ(tn_mutex_lock(self, other), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, other), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, one), TN_OK);
}

// a <- b <- c <- d: each waits for the next, and the last one sleeps. Others wait for its parent.
TN_PFRAME(int, waits_in_a_row) {
    a = b = c = d = (struct tn_mutex){.name = "one in a row"};
    tn_spawn(holds_for, &d, 0.4);
    tn_sleep(self, 0.01);
    struct tn_mutex *row[] = {&d, &c, &b, &a};
    for (int i = 1; i < 4; i++) {
        tn_spawn(holds_one_for_the_other, row[i], row[i - 1]);
        tn_sleep(self, 0.01);
    }
    return tn_children_wait(self);
}

TEST(who_waits_for_one_who_sleeps_is_in_no_knot) {
    begin();
    for (int n = is_simulated() ? 1 : 3; n <= 3; n += 2) {
        int code = 1;
        EXPECT_EQ(tn_run_with(KEPT(.num_threads = n), waits_in_a_row, &code), TN_OK);
        EXPECT_EQ(code, TN_OK);
    }
    EXPECT_STR(said, "");
}

TN_PFRAME(void, takes_in_order, (int, times)) {
    for (int i = 0; i < times; i++) {
        EXPECT_EQ(tn_mutex_lock(self, &a), TN_OK);
        EXPECT_EQ(tn_mutex_lock(self, &b), TN_OK);
        tn_yield(self);
        EXPECT_EQ(tn_mutex_unlock(self, &b), TN_OK);
        EXPECT_EQ(tn_mutex_unlock(self, &a), TN_OK);
    }
}

TN_PFRAME(void, many_take_in_order, (int, times)) {
    a = (struct tn_mutex){.name = "a"};
    b = (struct tn_mutex){.name = "b"};
    for (int i = 0; i < 20; i++) {
        tn_spawn(takes_in_order, times);
    }
    tn_children_wait(self);
}

// On a real machine for longer than two looks, so that it is looked at them in all states.
TEST(who_come_in_order_are_in_no_knot) {
    begin();
    const double end = tn_now() + 0.35;
    do {
        EXPECT_EQ(tn_run_with(KEPT(.num_threads = 3), many_take_in_order, NULL,
                              is_simulated() ? 20 : 2000),
                  TN_OK);
    } while (tn_now() < end && !is_simulated());
    EXPECT_STR(said, "");
}
