// All and any, nested and repeated, of frames, events and timers.
// Invariant: what a combination says follows from its parts; the parts live on untouched.
#include <tenon/event.h>
#include <tenon/failure.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure;
    (void)replace;
    (void)data;
    return TN_ABSORB;
}

TN_PFRAME(int, later, (double, seconds), (int, code)) {
    tn_sleep(self, seconds);
    if (code < 0) {
        TN_FAIL(self, code, "as told");
    }
    return code;
}

static struct tn_awaitable *in(struct tn_self *self, double seconds) {
    return tn_timer(self, seconds);
}

// Runs a test's root with 1, 2 and 4 threads.
#define ON_ALL(root)                                                                               \
    for (int n = 1; n <= 4; n *= 2) {                                                              \
        int answer = 0;                                                                            \
        EXPECT_EQ(tn_run_with(WITH(n), root, &answer), TN_OK);                                     \
        EXPECT_EQ(answer, 1);                                                                      \
    }

TN_PFRAME(int, all_of_timers) {
    const double start = tn_now();
    struct tn_awaitable *all = tn_all(self, in(self, 0.02), in(self, 0.001), in(self, 0.01));
    EXPECT_EQ(tn_wait(self, all), TN_OK);
    EXPECT(tn_now() - start >= 0.02);
    EXPECT_EQ(tn_wait(self, all), TN_OK);
    return 1;
}

TEST(all_completes_with_its_last_part) {
    ON_ALL(all_of_timers)
}

TN_PFRAME(int, any_of_timers) {
    const double start = tn_now();
    struct tn_awaitable *any = tn_any(self, in(self, 9), in(self, 0.01), tn_never(self));
    EXPECT_EQ(tn_winner(any), -1);
    EXPECT_EQ(tn_wait(self, any), TN_OK);
    EXPECT(tn_now() - start < 5);
    EXPECT_EQ(tn_winner(any), 1);
    return 1;
}

TEST(any_completes_with_its_first_part) {
    ON_ALL(any_of_timers)
}

TN_FRAME(int, empties) {
    EXPECT_EQ(tn_wait(self, tn_all_of(self, 0, NULL)), TN_OK);
    EXPECT_EQ(tn_wait(self, NULL), TN_NO_MEMORY);
    EXPECT(tn_all(self, tn_never(self), NULL) == NULL);
    EXPECT(tn_any(self, NULL, tn_never(self)) == NULL);
    EXPECT(tn_of_event(NULL) == NULL && tn_of_frame(NULL) == NULL);
    return 1;
}

TEST(all_of_nothing_and_parts_that_are_none) {
    ON_ALL(empties)
}

TN_FRAME(int, finished_parts) {
    struct tn_awaitable *a = in(self, 0);
    struct tn_awaitable *b = in(self, -3);
    EXPECT_EQ(tn_wait(self, a), TN_OK);
    EXPECT_EQ(tn_wait(self, b), TN_OK);
    struct tn_awaitable *any = tn_any(self, tn_never(self), b, a);
    EXPECT_EQ(tn_winner(any), 1);
    EXPECT_EQ(tn_wait(self, any), TN_OK);
    EXPECT_EQ(tn_wait(self, tn_all(self, a, b, a)), TN_OK);
    return 1;
}

TEST(of_parts_that_have_finished_the_first_in_order_wins) {
    ON_ALL(finished_parts)
}

TN_PFRAME(int, duplicates) {
    struct tn_awaitable *timer = in(self, 0.003);
    struct tn_awaitable *all = tn_all(self, timer, timer, timer);
    struct tn_awaitable *any = tn_any(self, timer, timer);
    EXPECT_EQ(tn_wait(self, tn_all(self, all, any, all)), TN_OK);
    EXPECT_EQ(tn_winner(any), 0);
    return 1;
}

TEST(a_part_may_be_given_more_than_once) {
    ON_ALL(duplicates)
}

TN_PFRAME(int, nested) {
    struct tn_awaitable *deep = in(self, 0.002);
    for (int i = 0; i < 100; i++) {
        deep = i % 2 == 0 ? tn_any(self, tn_never(self), deep) : tn_all(self, deep, in(self, 0));
    }
    EXPECT_EQ(tn_wait(self, deep), TN_OK);
    struct tn_awaitable *slow = tn_all(self, in(self, 0.001), tn_never(self));
    struct tn_awaitable *quick = tn_all(self, in(self, 0.001), in(self, 0.002));
    struct tn_awaitable *first = tn_any(self, slow, quick);
    EXPECT_EQ(tn_wait(self, first), TN_OK);
    EXPECT_EQ(tn_winner(first), 1);
    return 1;
}

TEST(combinations_may_be_nested) {
    ON_ALL(nested)
}

TN_PFRAME(int, of_frames) {
    tn_on_failure(self, absorb, NULL);
    tn_task(later) good = tn_spawn(later, 0.001, 3);
    tn_task(later) bad = tn_spawn(later, 0.002, -8);
    tn_task(later) worse = tn_spawn(later, 0.0, -9);
    struct tn_awaitable *a = tn_of_frame(tn_share(good));
    struct tn_awaitable *b = tn_of_frame(tn_share(bad));
    struct tn_awaitable *c = tn_of_frame(tn_share(worse));
    EXPECT_EQ(tn_wait(self, tn_all(self, a, b, c)), -8);
    EXPECT_EQ(tn_wait(self, tn_any(self, c, b)), -9);
    EXPECT_EQ(tn_wait(self, a), TN_OK);
    EXPECT_EQ(tn_await(later, good), 3);
    EXPECT_EQ(tn_await(later, bad), 0);
    return 1;
}

TEST(the_outcome_of_all_is_the_first_bad_one) {
    ON_ALL(of_frames)
}

TN_PFRAME(int, losers_run_on) {
    tn_task(later) slow = tn_spawn(later, 0.02, 5);
    tn_task(later) quick = tn_spawn(later, 0.001, 6);
    struct tn_awaitable *any = tn_any(self, tn_of_frame(tn_share(slow)),
                                      tn_of_frame(tn_share(quick)));
    EXPECT_EQ(tn_wait(self, any), TN_OK);
    EXPECT_EQ(tn_winner(any), 1);
    EXPECT_EQ(tn_await(later, slow), 5);
    return 1;
}

TEST(the_losers_of_any_run_on) {
    ON_ALL(losers_run_on)
}

TN_PFRAME(int, removed_part) {
    tn_task(later) child = tn_spawn(later, 9, 5);
    struct tn_frame *frame = tn_share(child);
    struct tn_awaitable *all = tn_all(self, in(self, 0), tn_of_frame(frame));
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(tn_wait(self, all), TN_REMOVED);
    struct tn_event *event = tn_event_create(self, "gone");
    struct tn_awaitable *any = tn_any(self, tn_never(self), tn_of_event(event));
    EXPECT_EQ(tn_event_remove(self, event), TN_OK);
    EXPECT_EQ(tn_wait(self, any), TN_REMOVED);
    EXPECT_EQ(tn_winner(any), 1);
    return 1;
}

TEST(a_part_that_is_removed_counts_as_completed) {
    ON_ALL(removed_part)
}

// Parts belong to a frame that ends before those who wait for the combination.
TN_PFRAME(int, makes_timer, (struct tn_awaitable *_Atomic *, made), (_Atomic bool *, is_used)) {
    *made = tn_timer(self, 100);
    while (!*is_used) {
        tn_sleep(self, 0.0002);
    }
    return TN_OK;
}

TN_FRAME(int, waits_for_others_timer) {
    struct tn_awaitable *_Atomic made = NULL;
    _Atomic bool is_used = false;
    tn_task(makes_timer) child = tn_spawn(makes_timer, &made, &is_used);
    tn_share(child);
    while (made == NULL) {
        tn_sleep(self, 0.0002);
    }
    struct tn_awaitable *all = tn_all(self, made, in(self, 0));
    is_used = true;
    EXPECT_EQ(tn_wait(self, all), TN_REMOVED);
    return 1;
}

TEST(a_part_whose_owner_ends_is_removed) {
    ON_ALL(waits_for_others_timer)
}

TN_PFRAME(void, waits_long, (struct tn_awaitable *, any), (_Atomic int *, ended)) {
    EXPECT_EQ(tn_wait(self, any), TN_CANCELLED);
    ++*ended;
}

TN_PFRAME(int, cancels_waiters) {
    struct tn_awaitable *any = tn_any(self, tn_never(self), in(self, 100));
    _Atomic int ended = 0;
    for (int i = 0; i < 20; i++) {
        tn_task(waits_long) child = tn_spawn(waits_long, any, &ended);
        struct tn_frame *frame = tn_share(child);
        tn_sleep(self, i % 2 == 0 ? 0.001 : 0.00001);
        EXPECT(tn_remove(self, frame));
    }
    EXPECT(ended <= 20 && ended >= 5);
    return 1;
}

TEST(a_wait_for_a_combination_may_be_cancelled) {
    ON_ALL(cancels_waiters)
}

// Many timers race for one any, again and again, on all threads.
TN_PFRAME(int, races, (int, rounds)) {
    for (int i = 0; i < rounds; i++) {
        struct tn_awaitable *parts[16];
        for (int p = 0; p < 16; p++) {
            parts[p] = in(self, 0.00002 * (p * 7 % 16));
        }
        struct tn_awaitable *any = tn_any_of(self, 16, parts);
        EXPECT_EQ(tn_wait(self, any), TN_OK);
        EXPECT(tn_winner(any) >= 0 && tn_winner(any) < 16);
        EXPECT_EQ(tn_wait(self, tn_all_of(self, 16, parts)), TN_OK);
    }
    return rounds;
}

TN_PFRAME(int, many_races) {
    tn_task(races) each[8];
    for (int i = 0; i < 8; i++) {
        each[i] = tn_spawn(races, 20);
    }
    int sum = 0;
    for (int i = 0; i < 8; i++) {
        sum += tn_await(races, each[i]);
    }
    return sum == 160;
}

TEST(timers_race_on_all_threads, .seconds = 30) {
    ON_ALL(many_races)
}
