// Events: posts from everywhere, sends, delays, ends.
// Invariant: a delivery reaches everybody who waits at that moment and nobody else.
#include <tenon/event.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <pthread.h>
#include <stdint.h>

#include "api/simulated.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static void *number(long value) {
    return (void *)(intptr_t)value;
}

static long value_of(const void *pointer) {
    return (long)(intptr_t)pointer;
}

// ---- posts -----------------------------------------------------------------------------------

TN_FRAME(int, hears_itself) {
    struct tn_event *event = tn_event_create(self, "self");
    for (long i = 0; i < 100; i++) {
        void *value = NULL;
        EXPECT_EQ(tn_event_post(event, number(i)), TN_OK);
        EXPECT_EQ(tn_event_wait(self, event, &value), TN_OK);
        EXPECT_EQ(value_of(value), i);
    }
    return 1;
}

TEST(a_frame_that_posts_and_then_waits_hears_itself) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), hears_itself, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

TN_FRAME(int, posts_to_nobody) {
    struct tn_event *event = tn_event_create(self, "nobody");
    EXPECT_EQ(tn_event_post(event, number(1)), TN_OK);
    tn_sleep(self, 0.001);
    struct tn_awaitable *first = tn_any(self, tn_of_event(event), tn_timer(self, 0.01));
    EXPECT_EQ(tn_wait(self, first), TN_OK);
    EXPECT_EQ(tn_winner(first), 1);
    return 1;
}

TEST(what_is_posted_while_nobody_waits_is_lost) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), posts_to_nobody, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

static _Atomic int ready;
static _Atomic int heard;

TN_FRAME(long, listens, (struct tn_event *, event), (int, times)) {
    long sum = 0;
    for (int i = 0; i < times; i++) {
        void *value = NULL;
        ready++;
        EXPECT_EQ(tn_event_wait(self, event, &value), TN_OK);
        EXPECT_EQ(value_of(value), i);
        sum += value_of(value);
        heard++;
    }
    return sum;
}

TN_PFRAME(long, listens_anywhere, (struct tn_event *, event), (int, times)) {
    return listens(self, event, times);
}

TN_FRAME(long, posts_in_order, (int, times)) {
    struct tn_event *event = tn_event_create(self, "order");
    tn_task(listens) each[10];
    for (int i = 0; i < 10; i++) {
        each[i] = tn_spawn(listens, event, times);
    }
    tn_sleep(self, 0.001);
    for (int i = 0; i < times; i++) {
        EXPECT_EQ(tn_event_post(event, number(i)), TN_OK);
    }
    long sum = 0;
    for (int i = 0; i < 10; i++) {
        sum += tn_await(listens, each[i]);
    }
    return sum;
}

TEST(posts_of_one_thread_reach_its_listeners_all_and_in_order) {
    for (int n = 1; n <= 4; n++) {
        long answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), posts_in_order, &answer, 50), TN_OK);
        EXPECT_EQ(answer, 10 * 49 * 50 / 2);
    }
}

// Whoever listens on other threads says when it is ready for the next one.
TN_PFRAME(long, posts_to_all_threads, (int, times)) {
    struct tn_event *event = tn_event_create(self, "threads");
    tn_task(listens_anywhere) each[10];
    ready = 0;
    for (int i = 0; i < 10; i++) {
        each[i] = tn_spawn(listens_anywhere, event, times);
        tn_share(each[i]);
    }
    for (int i = 0; i < times; i++) {
        while (ready < 10 * (i + 1)) {
            tn_sleep(self, 0.0001);
        }
        tn_sleep(self, 0.002); // they have announced themselves, and then wait
        if (i % 2 == 0) {
            EXPECT_EQ(tn_event_post(event, number(i)), TN_OK);
        } else {
            EXPECT_EQ(tn_event_send(self, event, number(i)), TN_OK);
        }
    }
    long sum = 0;
    for (int i = 0; i < 10; i++) {
        sum += tn_await(listens_anywhere, each[i]);
    }
    return sum;
}

TEST(listeners_on_all_threads_hear_a_post, .seconds = 30) {
    for (int n = 1; n <= 8; n *= 2) {
        long answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), posts_to_all_threads, &answer, 10), TN_OK);
        EXPECT_EQ(answer, 10 * 45);
    }
}

// ---- foreign threads -------------------------------------------------------------------------

struct poster {
    struct tn_event *event;
    int count;
};

static _Atomic bool heard_outside;

static void *post_from_outside(void *argument) {
    const struct poster *poster = argument;
    for (int i = 0; i < poster->count; i++) {
        EXPECT_EQ(tn_event_post(poster->event, number(i)), TN_OK);
        if (i % 10 == 0) {
            EXPECT_EQ(tn_event_post_after(poster->event, number(-1), 0.0001 * i), TN_OK);
        }
        tn_block(0.00002);
    }
    // A post that comes while the listener is on its way back to its wait is lost: so again.
    while (!heard_outside) {
        EXPECT_EQ(tn_event_post_after(poster->event, number(-2), 0.02), TN_OK);
        tn_block(0.02);
    }
    return NULL;
}

TN_FRAME(int, hears_outside, (int, count)) {
    struct poster poster = {tn_event_create(self, "outside"), count};
    heard_outside = false;
    pthread_t thread;
    EXPECT_EQ(pthread_create(&thread, NULL, post_from_outside, &poster), 0);
    long last = -1;
    int delayed = 0;
    for (;;) {
        void *value = NULL;
        EXPECT_EQ(tn_event_wait(self, poster.event, &value), TN_OK);
        if (value_of(value) == -2) {
            break;
        }
        delayed += value_of(value) == -1;
        EXPECT(value_of(value) < 0 || value_of(value) > last);
        last = value_of(value) >= 0 ? value_of(value) : last;
    }
    heard_outside = true;
    pthread_join(thread, NULL);
    EXPECT(delayed > 0);
    return last >= 0;
}

TN_PFRAME(int, hears_outside_anywhere, (int, count)) {
    return hears_outside(self, count);
}

TEST(foreign_threads_may_post) {
    if (is_simulated()) {
        TEST_SKIP("one real thread may call the simulated system");
    }
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), hears_outside, &answer, 100), TN_OK);
        EXPECT_EQ(answer, 1);
        EXPECT_EQ(tn_run_with(WITH(n), hears_outside_anywhere, &answer, 100), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

// ---- delays ----------------------------------------------------------------------------------

TN_FRAME(int, delayed_posts) {
    struct tn_event *event = tn_event_create(self, "delay");
    const double start = tn_now();
    EXPECT_EQ(tn_event_post_after(event, number(3), 0.03), TN_OK);
    EXPECT_EQ(tn_event_post_after(event, number(1), 0.01), TN_OK);
    EXPECT_EQ(tn_event_post_after(event, number(2), 0.02), TN_OK);
    EXPECT_EQ(tn_event_post_after(event, number(0), -1), TN_OK);
    EXPECT_EQ(tn_event_post_after(event, number(9), 100), TN_OK);
    for (long i = 0; i < 4; i++) {
        void *value = NULL;
        EXPECT_EQ(tn_event_wait(self, event, &value), TN_OK);
        EXPECT_EQ(value_of(value), i);
        EXPECT(tn_now() - start >= 0.01 * (double)i);
    }
    return 1;
}

TEST(delayed_posts_come_in_the_order_of_their_times) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), delayed_posts, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

// ---- sends -----------------------------------------------------------------------------------

TN_FRAME(int, sends) {
    struct tn_event *event = tn_event_create(self, "send");
    tn_task(listens) each[10];
    for (int i = 0; i < 10; i++) {
        each[i] = tn_spawn(listens, event, 5);
    }
    tn_yield(self);
    heard = 0;
    for (int i = 0; i < 5; i++) {
        EXPECT_EQ(heard, 10 * i);
        EXPECT_EQ(tn_event_send(self, event, number(i)), TN_OK);
        EXPECT_EQ(heard, 10 * (i + 1));
    }
    return tn_children_wait(self) == TN_OK && each[0].handle.task != NULL;
}

TEST(a_send_returns_after_its_listeners_have_run) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), sends, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

// ---- ends ------------------------------------------------------------------------------------

static int outcomes[16];

TN_PFRAME(void, waits, (struct tn_event *, event), (int, at)) {
    ready++;
    outcomes[at] = tn_event_wait(self, event, NULL);
}

TN_PFRAME(int, owns_an_event, (struct tn_event **, event)) {
    *event = tn_event_create(self, "owned");
    ready++;
    return tn_sleep(self, 0.01);
}

TN_FRAME(int, waiters_outlive_event) {
    struct tn_event *_Atomic event = NULL;
    ready = 0;
    tn_task(owns_an_event) owner = tn_spawn(owns_an_event, (struct tn_event **)&event);
    tn_share(owner);
    while (ready == 0) {
        tn_sleep(self, 0.0002);
    }
    for (int i = 0; i < 16; i++) {
        tn_task(waits) waiter = tn_spawn(waits, event, i);
        tn_forget(waiter);
    }
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    for (int i = 0; i < 16; i++) {
        EXPECT_EQ(outcomes[i], TN_REMOVED);
    }
    return 1;
}

TEST(who_waits_for_an_event_that_ends_is_told_so) {
    for (int n = 1; n <= 8; n *= 2) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), waiters_outlive_event, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

TN_PFRAME(int, removes_event) {
    struct tn_event *event = tn_event_create(self, "short");
    ready = 0;
    for (int i = 0; i < 16; i++) {
        tn_task(waits) waiter = tn_spawn(waits, event, i);
        tn_forget(waiter);
    }
    while (ready < 16) {
        tn_sleep(self, 0.0002);
    }
    tn_sleep(self, 0.002);
    EXPECT_EQ(tn_event_post_after(event, NULL, 5), TN_OK);
    EXPECT_EQ(tn_event_remove(self, event), TN_OK);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    for (int i = 0; i < 16; i++) {
        EXPECT_EQ(outcomes[i], TN_REMOVED);
    }
    return 1;
}

TEST(an_event_may_be_removed_while_many_wait) {
    for (int n = 1; n <= 8; n *= 2) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), removes_event, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

// The run is over before the posts are processed: nothing may be lost or touched after that.
TN_FRAME(int, posts_and_leaves) {
    struct tn_event *event = tn_event_create(self, "late");
    for (long i = 0; i < 5; i++) {
        EXPECT_EQ(tn_event_post(event, number(i)), TN_OK);
        EXPECT_EQ(tn_event_post_after(event, number(i), 0.0005 * (double)i), TN_OK);
    }
    return 1;
}

TN_FRAME(int, has_leavers) {
    for (int i = 0; i < 50; i++) {
        tn_task(posts_and_leaves) child = tn_spawn(posts_and_leaves);
        tn_forget(child);
        if (i % 10 == 0) {
            tn_sleep(self, 0.0003);
        }
    }
    return tn_children_wait(self);
}

TEST(posts_may_be_left_behind) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), posts_and_leaves, &answer), TN_OK);
        EXPECT_EQ(answer, 1);
        EXPECT_EQ(tn_run_with(WITH(n), has_leavers, &answer), TN_OK);
        EXPECT_EQ(answer, TN_OK);
    }
}
