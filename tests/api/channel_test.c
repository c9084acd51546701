// Channels: order, limits, closing, cancellation, threads, errors.
// Invariant: what was sent is received once, by one, in the order of the sends.
#include <tenon.h>

#include <pthread.h>

#include "api/misused.h"
#include "api/simulated.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

TN_CHANNEL(long, longs);

struct triple {
    char a[3];
};
TN_CHANNEL(struct triple, triples);

static int repeated(int times) {
    return times / test_slowness() + 10;
}

// ---- order -----------------------------------------------------------------------------------

TN_PFRAME(void, counts_up, (tn_channel(longs) *, to), (int, times)) {
    for (long i = 0; i < times; i++) {
        EXPECT_EQ(tn_send(longs, to, i), TN_OK);
    }
    EXPECT_EQ(tn_close(to), TN_OK);
}

TN_PFRAME(long, receives_in_order, (tn_channel(longs) *, numbers), (int, times)) {
    tn_spawn(counts_up, numbers, times);
    long expected = 0;
    for (long i; tn_receive(longs, numbers, &i) == TN_OK;) {
        EXPECT_EQ(i, expected++);
    }
    long none;
    EXPECT_EQ(tn_receive(longs, numbers, &none), TN_CLOSED);
    EXPECT_EQ(tn_try_receive(longs, numbers, &none), TN_CLOSED);
    EXPECT_EQ(tn_channel_count(numbers), 0);
    EXPECT_EQ(tn_channel_free(numbers), TN_OK);
    return expected;
}

static void expect_order(size_t capacity, size_t limit, int n) {
    tn_channel(longs) numbers = TN_CHANNEL_OF(.capacity = capacity, .limit = limit);
    const int times = repeated(500);
    long got = 0;
    EXPECT_EQ(tn_run_with(WITH(n), receives_in_order, &got, &numbers, times), TN_OK);
    EXPECT_EQ(got, times);
}

TEST(items_arrive_in_the_order_of_the_sends) {
    for (int n = 1; n <= 4; n++) {
        expect_order(0, 0, n);
        expect_order(1, 0, n);
        expect_order(7, 0, n);
        expect_order(0, 100, n);
        expect_order(3, 1000, n);
    }
}

// So long that its sides become the threads' own again, after each wait in it.
TEST(a_long_stream_between_threads_keeps_its_order) {
    tn_channel(longs) numbers = TN_CHANNEL_OF(.capacity = 64);
    const int times = 20000;
    long got = 0;
    EXPECT_EQ(tn_run_with(WITH(2), receives_in_order, &got, &numbers, times), TN_OK);
    EXPECT_EQ(got, times);
}

TN_FRAME(void, sends_triples, (tn_channel(triples) *, to)) {
    for (char i = 0; i < 50; i++) {
        EXPECT_EQ(tn_send(triples, to, ((struct triple){{i, (char)(i + 1), 'c'}})), TN_OK);
    }
}

TN_FRAME(void, receives_triples) {
    tn_channel(triples) all[] = {TN_CHANNEL_OF(.name = "none"), TN_CHANNEL_OF(.capacity = 5)};
    for (int k = 0; k < 2; k++) {
        tn_spawn(sends_triples, &all[k]);
        for (char i = 0; i < 50; i++) {
            struct triple got;
            EXPECT_EQ(tn_receive(triples, &all[k], &got), TN_OK);
            EXPECT(got.a[0] == i && got.a[1] == i + 1 && got.a[2] == 'c');
        }
        EXPECT_EQ(tn_channel_free(&all[k]), TN_OK);
    }
}

TEST(items_of_any_size_are_copied_whole) {
    EXPECT_EQ(tn_run_with(WITH(1), receives_triples, NULL), TN_OK);
}

// ---- many on both sides ----------------------------------------------------------------------

static _Atomic long sum;
static _Atomic long received;

TN_PFRAME(void, adds_up, (tn_channel(longs) *, from)) {
    for (long i; tn_receive(longs, from, &i) == TN_OK;) {
        sum += i;
        received++;
    }
}

TN_PFRAME(void, sends_some, (tn_channel(longs) *, to), (int, times)) {
    for (long i = 1; i <= times; i++) {
        EXPECT_EQ(tn_send(longs, to, i), TN_OK);
    }
}

TN_PFRAME(void, sends_from_four, (tn_channel(longs) *, to), (int, times)) {
    for (int i = 0; i < 4; i++) {
        tn_spawn(sends_some, to, times);
    }
    tn_children_wait(self);
    EXPECT_EQ(tn_close(to), TN_OK);
}

TN_PFRAME(void, four_to_four, (tn_channel(longs) *, numbers), (int, times)) {
    for (int i = 0; i < 4; i++) {
        tn_spawn(adds_up, numbers);
    }
    tn_spawn(sends_from_four, numbers, times);
    tn_children_wait(self);
}

TEST(many_senders_and_receivers_lose_nothing) {
    const int times = repeated(500);
    for (int n = 1; n <= 4; n++) {
        for (size_t capacity = 0; capacity <= 16; capacity += 4) {
            tn_channel(longs) numbers = TN_CHANNEL_OF(.capacity = capacity);
            sum = received = 0;
            EXPECT_EQ(tn_run_with(WITH(n), four_to_four, NULL, &numbers, times), TN_OK);
            EXPECT_EQ(received, 4 * times);
            EXPECT_EQ(sum, 4L * times * (times + 1) / 2);
            EXPECT_EQ(tn_channel_free(&numbers), TN_OK);
        }
    }
}

// ---- without waiting -------------------------------------------------------------------------

TN_FRAME(void, tries) {
    tn_channel(longs) plain = TN_CHANNEL_OF(.name = "plain");
    tn_channel(longs) two = TN_CHANNEL_OF(.capacity = 2);
    long value = 7;
    EXPECT_EQ(tn_try_send(longs, &plain, 1), TN_WOULD_WAIT);
    EXPECT_EQ(tn_try_receive(longs, &plain, &value), TN_WOULD_WAIT);
    EXPECT_EQ(value, 7);
    EXPECT_EQ(tn_try_send(longs, &two, 1), TN_OK);
    EXPECT_EQ(tn_try_send(longs, &two, 2), TN_OK);
    EXPECT_EQ(tn_try_send(longs, &two, 3), TN_WOULD_WAIT);
    EXPECT_EQ(tn_channel_count(&two), 2);
    EXPECT_EQ(tn_close(&two), TN_OK);
    EXPECT_EQ(tn_try_send(longs, &two, 3), TN_CLOSED);
    EXPECT_EQ(tn_send(longs, &two, 3), TN_CLOSED);
    EXPECT_EQ(tn_receive(longs, &two, &value), TN_OK);
    EXPECT_EQ(value, 1);
    EXPECT_EQ(tn_receive(longs, &two, &value), TN_OK);
    EXPECT_EQ(value, 2);
    EXPECT_EQ(tn_receive(longs, &two, &value), TN_CLOSED);
    EXPECT_EQ(tn_channel_free(&two), TN_OK);
    EXPECT_EQ(tn_try_send(longs, &two, 4), TN_OK); // it is a new one
    EXPECT_EQ(tn_channel_free(&two), TN_OK);
}

TEST(try_forms_never_wait_and_closed_channels_are_emptied_first) {
    EXPECT_EQ(tn_run_with(WITH(1), tries, NULL), TN_OK);
}

// ---- closing and cancelling ------------------------------------------------------------------

static int ended_with[3];

TN_FRAME(void, waits_to_send, (tn_channel(longs) *, to), (int, i)) {
    ended_with[i] = tn_send(longs, to, 5);
}

TN_FRAME(void, waits_to_receive, (tn_channel(longs) *, from), (int, i)) {
    long value;
    ended_with[i] = tn_receive(longs, from, &value);
}

TN_FRAME(void, closes_on_waiters) {
    tn_channel(longs) in = TN_CHANNEL_OF(.name = "in"), out = TN_CHANNEL_OF(.name = "out");
    tn_spawn(waits_to_send, &out, 0);
    tn_spawn(waits_to_send, &out, 1);
    tn_spawn(waits_to_receive, &in, 2);
    tn_yield(self);
    EXPECT_EQ(tn_close(&out), TN_OK);
    EXPECT_EQ(tn_close(&in), TN_OK);
    tn_children_wait(self);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(ended_with[i], TN_CLOSED);
    }
}

TEST(closing_wakes_everybody_who_waits) {
    EXPECT_EQ(tn_run_with(WITH(1), closes_on_waiters, NULL), TN_OK);
}

TN_FRAME(void, cancels_both_sides) {
    tn_channel(longs) one = TN_CHANNEL_OF(.name = "one");
    tn_task(waits_to_send) sender = tn_spawn(waits_to_send, &one, 0);
    struct tn_frame *sends = tn_share(sender);
    tn_yield(self);
    EXPECT(tn_remove(self, sends));
    EXPECT_EQ(ended_with[0], TN_CANCELLED);
    long value;
    EXPECT_EQ(tn_try_receive(longs, &one, &value), TN_WOULD_WAIT); // it did not send
    tn_task(waits_to_receive) receiver = tn_spawn(waits_to_receive, &one, 1);
    struct tn_frame *receives = tn_share(receiver);
    tn_yield(self);
    EXPECT(tn_remove(self, receives));
    EXPECT_EQ(ended_with[1], TN_CANCELLED);
    EXPECT_EQ(tn_try_send(longs, &one, 1), TN_WOULD_WAIT); // nobody is there to take it
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.01);
    EXPECT_EQ(tn_receive(longs, &one, &value), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
}

TEST(a_cancelled_send_has_not_sent_and_a_cancelled_receive_takes_nothing) {
    for (int n = 1; n <= 2; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), cancels_both_sides, NULL), TN_OK);
    }
}

static _Atomic long taken;
static _Atomic long given;

TN_PFRAME(void, gives_in_time, (tn_channel(longs) *, to), (int, times)) {
    for (int i = 0; i < times; i++) {
        struct tn_scope scope;
        tn_deadline_begin(self, &scope, 1e-5 * (i % 7));
        given += tn_send(longs, to, 1) == TN_OK ? 1 : 0;
        (void)tn_scope_end(self, &scope);
    }
}

TN_PFRAME(void, takes_in_time, (tn_channel(longs) *, from), (int, times)) {
    for (int i = 0; i < times; i++) {
        struct tn_scope scope;
        tn_deadline_begin(self, &scope, 1e-5 * (i % 5));
        long value = 0;
        taken += tn_receive(longs, from, &value) == TN_OK ? value : 0;
        (void)tn_scope_end(self, &scope);
    }
}

TN_PFRAME(void, give_and_take, (tn_channel(longs) *, numbers)) {
    for (int i = 0; i < 4; i++) {
        tn_spawn(gives_in_time, numbers, repeated(100));
        tn_spawn(takes_in_time, numbers, repeated(100));
    }
    tn_children_wait(self);
    for (long value; tn_try_receive(longs, numbers, &value) == TN_OK;) {
        taken += value;
    }
    EXPECT_EQ(taken, given);
}

TEST(deadlines_that_race_with_transfers_lose_no_item) {
    for (int n = 1; n <= 4; n++) {
        for (size_t capacity = 0; capacity < 3; capacity++) {
            tn_channel(longs) numbers = TN_CHANNEL_OF(.capacity = capacity);
            taken = given = 0;
            EXPECT_EQ(tn_run_with(WITH(n), give_and_take, NULL, &numbers), TN_OK);
            EXPECT_EQ(tn_channel_free(&numbers), TN_OK);
        }
    }
}

// ---- threads that are in no run ----------------------------------------------------------------

static tn_channel(longs) to_thread = TN_CHANNEL_OF(.capacity = 4);
static tn_channel(longs) from_thread;

static void *doubles(void *argument) {
    struct tn_self *self = tn_current();
    for (long i; tn_receive(longs, &to_thread, &i) == TN_OK;) {
        EXPECT_EQ(tn_send(longs, &from_thread, 2 * i), TN_OK);
    }
    EXPECT_EQ(tn_close(&from_thread), TN_OK);
    return argument;
}

TN_PFRAME(long, asks_the_thread, (int, times)) {
    long got = 0;
    for (long i = 0; i < times; i++) {
        long twice;
        EXPECT_EQ(tn_send(longs, &to_thread, i), TN_OK);
        EXPECT_EQ(tn_receive(longs, &from_thread, &twice), TN_OK);
        EXPECT_EQ(twice, 2 * i);
        got++;
    }
    EXPECT_EQ(tn_close(&to_thread), TN_OK);
    return got;
}

TEST(a_thread_in_no_run_blocks_where_a_frame_would_wait) {
    if (is_simulated()) {
        TEST_SKIP("the simulated system has one real thread");
    }
    for (int n = 1; n <= 2; n++) {
        pthread_t thread;
        EXPECT_EQ(pthread_create(&thread, NULL, doubles, NULL), 0);
        long got = 0;
        EXPECT_EQ(tn_run_with(WITH(n), asks_the_thread, &got, 200), TN_OK);
        EXPECT_EQ(pthread_join(thread, NULL), 0);
        EXPECT_EQ(got, 200);
        EXPECT_EQ(tn_channel_free(&to_thread), TN_OK);
        EXPECT_EQ(tn_channel_free(&from_thread), TN_OK);
    }
}

// ---- errors ----------------------------------------------------------------------------------

TN_FRAME(void, closes_twice) {
    tn_channel(longs) numbers = TN_CHANNEL_OF(.name = "numbers");
    EXPECT_EQ(tn_close(&numbers), TN_OK);
    EXPECT_EQ(tn_close(&numbers), TN_CLOSED);
}

TN_FRAME(void, frees_what_is_used) {
    tn_channel(longs) numbers = TN_CHANNEL_OF(.name = "numbers");
    tn_spawn(waits_to_receive, &numbers, 0);
    tn_yield(self);
    EXPECT_EQ(tn_channel_free(&numbers), TN_NOT_YOURS);
    EXPECT_EQ(tn_close(&numbers), TN_OK);
    tn_children_wait(self);
}

static void run_closes_twice(void *argument) {
    (void)argument;
    EXPECT_EQ(tn_run_with(MISUSED_RUN, closes_twice, NULL), TN_OK);
    misused_end();
}

static void run_frees_what_is_used(void *argument) {
    (void)argument;
    EXPECT_EQ(tn_run_with(MISUSED_RUN, frees_what_is_used, NULL), TN_OK);
    misused_end();
}

TEST(closing_twice_and_freeing_too_early_are_told) {
    EXPECT_MISUSE(run_closes_twice, "the channel numbers was closed twice");
    EXPECT_MISUSE(run_frees_what_is_used, "the channel numbers was freed while a frame waits");
}

TN_FRAME(void, needs_too_much) {
    tn_channel(longs) huge = TN_CHANNEL_OF(.capacity = (size_t)1 << 62);
    EXPECT_EQ(tn_send(longs, &huge, 1), TN_NO_MEMORY);
    EXPECT_EQ(tn_channel_count(&huge), 0);
}

TEST(a_ring_that_does_not_fit_into_memory_is_a_code) {
    EXPECT_EQ(tn_run_with(WITH(1), needs_too_much, NULL), TN_OK);
}
