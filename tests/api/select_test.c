// Select: exactly one of several sends and receives, in time, with channels that close.
// Invariant: what select does not choose has not happened.
#include <tenon.h>

#include <math.h>
#include <pthread.h>

#include "api/simulated.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

TN_CHANNEL(long, longs);
TN_CHANNEL(char, letters);

static int repeated(int times) {
    return times / test_slowness() + 10;
}

TN_FRAME(void, sends_later, (tn_channel(longs) *, to), (long, item), (double, seconds)) {
    tn_sleep(self, seconds);
    EXPECT_EQ(tn_send(longs, to, item), TN_OK);
}

TN_FRAME(void, receives_later, (tn_channel(letters) *, from), (char, expected)) {
    tn_sleep(self, 0.01);
    char letter = 0;
    EXPECT_EQ(tn_receive(letters, from, &letter), TN_OK);
    EXPECT_EQ(letter, expected);
}

TN_FRAME(void, selects) {
    tn_channel(longs) in = TN_CHANNEL_OF(.name = "in"), full = TN_CHANNEL_OF(.capacity = 1);
    tn_channel(letters) out = TN_CHANNEL_OF(.name = "out");
    long number = 0;
    char letter = 'x';
    struct tn_choice choices[] = {tn_can_receive(longs, &in, &number),
                                  tn_can_send(letters, &out, &letter),
                                  tn_can_receive(longs, &full, &number)};
    EXPECT_EQ(tn_select(self, choices, 3, 0), TN_WOULD_WAIT);
    const double start = tn_now();
    EXPECT_EQ(tn_select(self, choices, 3, 0.02), TN_WOULD_WAIT);
    EXPECT(tn_now() - start >= 0.0199);
    tn_spawn(sends_later, &in, 42, 0.01);
    EXPECT_EQ(tn_select(self, choices, 3, 10), 0);
    EXPECT_EQ(number, 42);
    EXPECT_EQ(choices[0].outcome, TN_OK);
    tn_spawn(receives_later, &out, 'x');
    EXPECT_EQ(tn_select(self, choices, 3, TN_NO_LIMIT), 1);
    EXPECT_EQ(tn_send(longs, &full, 9), TN_OK);
    tn_spawn(sends_later, &in, 43, 0);
    tn_sleep(self, 0.001);
    EXPECT_EQ(tn_select(self, choices, 3, TN_NO_LIMIT), 0); // the first of two that are possible
    EXPECT_EQ(number, 43);
    EXPECT_EQ(tn_select(self, choices, 3, TN_NO_LIMIT), 2);
    EXPECT_EQ(number, 9);
    EXPECT_EQ(tn_close(&in), TN_OK);
    EXPECT_EQ(tn_select(self, choices, 3, TN_NO_LIMIT), 0);
    EXPECT_EQ(choices[0].outcome, TN_CLOSED);
    choices[0].channel = NULL;
    EXPECT_EQ(tn_select(self, choices, 3, 0), TN_WOULD_WAIT);
    EXPECT_EQ(tn_select(self, choices, 1, TN_NO_LIMIT), TN_EMPTY);
    EXPECT_EQ(tn_select(self, NULL, 0, 0.001), TN_WOULD_WAIT);
    EXPECT_EQ(tn_channel_free(&full), TN_OK);
}

TEST(select_makes_the_first_that_is_possible_and_nothing_else) {
    for (int n = 1; n <= 2; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), selects, NULL), TN_OK);
    }
}

TN_FRAME(int, waits_for_either, (tn_channel(longs) *, one), (tn_channel(longs) *, two)) {
    long number;
    struct tn_choice choices[] = {tn_can_receive(longs, one, &number),
                                  tn_can_receive(longs, two, &number)};
    const int made = tn_select(self, choices, 2, TN_NO_LIMIT);
    return made < 0 ? made : choices[made].outcome;
}

static int code_of_waiter;

TN_FRAME(void, keeps_the_code, (tn_channel(longs) *, one), (tn_channel(longs) *, two)) {
    code_of_waiter = waits_for_either(self, one, two);
}

TN_FRAME(void, ends_selects) {
    tn_channel(longs) one = TN_CHANNEL_OF(.name = "one"), two = TN_CHANNEL_OF(.name = "two");
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.01);
    EXPECT_EQ(waits_for_either(self, &one, &two), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    tn_task(keeps_the_code) child = tn_spawn(keeps_the_code, &one, &two);
    struct tn_frame *frame = tn_share(child);
    tn_yield(self);
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(code_of_waiter, TN_CANCELLED);
    EXPECT_EQ(tn_try_send(longs, &one, 1), TN_WOULD_WAIT);
    tn_task(waits_for_either) other = tn_spawn(waits_for_either, &one, &two);
    tn_yield(self);
    EXPECT_EQ(tn_close(&two), TN_OK);
    EXPECT_EQ(tn_await(waits_for_either, other), TN_CLOSED);
    EXPECT_EQ(tn_try_send(longs, &one, 1), TN_WOULD_WAIT);
}

TEST(a_select_that_has_to_end_lets_go_of_all_channels) {
    for (int n = 1; n <= 2; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), ends_selects, NULL), TN_OK);
    }
}

TN_FRAME(void, is_its_own_partner) {
    tn_channel(longs) one = TN_CHANNEL_OF(.name = "one");
    long in = 0;
    long out = 3;
    struct tn_choice choices[] = {tn_can_receive(longs, &one, &in), tn_can_send(longs, &one, &out)};
    EXPECT_EQ(tn_select(self, choices, 2, 0.01), TN_WOULD_WAIT);
    tn_spawn(sends_later, &one, 5, 0.01);
    EXPECT_EQ(tn_select(self, choices, 2, TN_NO_LIMIT), 0);
    EXPECT_EQ(in, 5);
}

TEST(a_select_does_not_meet_itself) {
    EXPECT_EQ(tn_run_with(WITH(1), is_its_own_partner, NULL), TN_OK);
}

// ---- many ------------------------------------------------------------------------------------

static _Atomic long sent;
static _Atomic long got;

// Sends to whichever of two is free, or takes from it: everybody meets everybody.
TN_PFRAME(void, meets, (tn_channel(longs) *, one), (tn_channel(longs) *, two), (int, times)) {
    for (int i = 0; i < times; i++) {
        long in[2] = {0, 0};
        long out = 1;
        struct tn_choice choices[] = {
            tn_can_receive(longs, i % 2 == 0 ? one : two, &in[0]), tn_can_send(longs, two, &out),
            tn_can_send(longs, one, &out), tn_can_receive(longs, i % 2 == 0 ? two : one, &in[1])};
        const int made = tn_select(self, choices, 4, 1e-4 * (i % 3));
        if (made >= 0) {
            EXPECT_EQ(choices[made].outcome, TN_OK);
            EXPECT_EQ(in[0] + in[1], made == 0 || made == 3 ? 1 : 0);
        } else {
            EXPECT_EQ(made, TN_WOULD_WAIT);
        }
        sent += made == 1 || made == 2 ? 1 : 0;
        got += made == 0 || made == 3 ? 1 : 0;
    }
}

TN_PFRAME(void, all_meet, (size_t, capacity)) {
    tn_channel(longs) one = TN_CHANNEL_OF(.capacity = capacity), two = TN_CHANNEL_OF(.name = "two");
    for (int i = 0; i < 6; i++) {
        tn_spawn(meets, &one, &two, repeated(100));
    }
    tn_children_wait(self);
    EXPECT_EQ(got + (long)tn_channel_count(&one), sent);
    EXPECT_EQ(tn_channel_free(&one), TN_OK);
}

TEST(many_selects_on_the_same_channels_lose_nothing) {
    for (int n = 1; n <= 4; n++) {
        for (size_t capacity = 0; capacity < 3; capacity++) {
            sent = got = 0;
            EXPECT_EQ(tn_run_with(WITH(n), all_meet, NULL, capacity), TN_OK);
        }
    }
}

// ---- threads that are in no run ----------------------------------------------------------------

static tn_channel(longs) first_channel;
static tn_channel(longs) second_channel;

static void *selects_outside(void *argument) {
    struct tn_self *self = tn_current();
    long number = 0;
    struct tn_choice choices[] = {tn_can_receive(longs, &first_channel, &number),
                                  tn_can_receive(longs, &second_channel, &number)};
    EXPECT_EQ(tn_select(self, choices, 2, 0.001), TN_WOULD_WAIT);
    long all = 0;
    while (tn_select(self, choices, 2, TN_NO_LIMIT) == 1 && choices[1].outcome == TN_OK) {
        all += number;
    }
    *(long *)argument = all;
    return NULL;
}

TN_FRAME(void, feeds_the_thread) {
    tn_sleep(self, 0.01);
    for (long i = 1; i <= 100; i++) {
        EXPECT_EQ(tn_send(longs, &second_channel, i), TN_OK);
    }
    EXPECT_EQ(tn_close(&second_channel), TN_OK);
}

TEST(a_thread_in_no_run_may_select_too) {
    if (is_simulated()) {
        TEST_SKIP("the simulated system has one real thread");
    }
    pthread_t thread;
    long all = 0;
    EXPECT_EQ(pthread_create(&thread, NULL, selects_outside, &all), 0);
    EXPECT_EQ(tn_run_with(WITH(2), feeds_the_thread, NULL), TN_OK);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    EXPECT_EQ(all, 5050);
}
