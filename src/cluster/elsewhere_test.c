// DFrames in other processes, which are threads here (support/loopback.h): what comes back.
#include <stdlib.h>

#include <tenon.h>

#include "os/os.h"
#include "support/loopback.h"
#include "support/test.h"

TN_DFRAME(int, where, (int, after_ms)) {
    if (after_ms > 0) {
        (void)tn_sleep(self, after_ms / 1000.0);
    }
    return loopback_here();
}

TN_DFRAME(long, square, (int, n)) {
    return (long)n * n;
}

TN_PFRAME(int, ask_where, (int, after_ms)) {
    tn_task(where) child = tn_spawn(where, after_ms);
    return tn_await(where, child);
}

TEST(a_dframe_is_run_in_another_process_and_its_result_comes_back) {
    loopback_send_all(1, 1);
    int answer = -2;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), ask_where, &answer, 0), TN_OK);
    EXPECT_EQ(answer, 0);
    EXPECT_EQ(loopback_started(), 1);
}

TN_PFRAME(long, sum_squares, (int, count)) {
    enum { MAX = 1000 };
    tn_task(square) tasks[MAX];
    long sum = 0;
    for (int i = 0; i < count; i++) {
        tasks[i] = tn_spawn(square, i);
    }
    for (int i = 0; i < count; i++) {
        sum += tn_await(square, tasks[i]);
    }
    return sum;
}

static void sum_in(int processes, int threads, int own_threads, bool is_forced) {
    loopback_use(processes, threads);
    loopback_force(is_forced);
    long answer = 0;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = own_threads), sum_squares, &answer, 300), TN_OK);
    EXPECT_EQ(answer, 299L * 300 * 599 / 6);
}

TEST(many_dframes_give_the_same_sum_in_one_process_and_in_three) {
    sum_in(1, 1, 1, true);
    sum_in(3, 1, 2, true);
    sum_in(2, 2, 2, false);
    sum_in(1, 1, 4, false);
}

// ---- who runs what ---------------------------------------------------------------------------

// Keeps its thread for a while.
TN_DFRAME(int, where_at_work, (int, n)) {
    (void)n;
    os_thread_sleep(1000000);
    return loopback_here();
}

TN_PFRAME(int, spread, (int, count)) {
    enum { MAX = 64 };
    tn_task(where_at_work) tasks[MAX];
    int here = 0;
    for (int i = 0; i < count; i++) {
        tasks[i] = tn_spawn(where_at_work, i);
    }
    for (int i = 0; i < count; i++) {
        here += tn_await(where_at_work, tasks[i]) == -1 ? 1 : 0;
    }
    return here;
}

TEST(while_there_are_places_dframes_are_sent_without_being_told_to) {
    loopback_use(2, 2);
    int here = -1;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), spread, &here, 64), TN_OK);
    EXPECT(here < 64);
    TEST_NOTE("%d of 64 ran where they were spawned", here);
}

TN_PFRAME(int, many_short, (int, rounds)) {
    enum { BATCH = 16 };
    int away = 0;
    for (int i = 0; i < rounds; i++) {
        tn_task(where) tasks[BATCH];
        for (int k = 0; k < BATCH; k++) {
            tasks[k] = tn_spawn(where, 0);
        }
        for (int k = 0; k < BATCH; k++) {
            away += tn_await(where, tasks[k]) >= 0 && i >= rounds / 2 ? 1 : 0;
        }
    }
    return away;
}

// A short one may last long when something else has its core.
TEST(what_is_not_worth_the_way_stays_here) {
    loopback_use(1, 1);
    int away = -1;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), many_short, &away, 40), TN_OK);
    EXPECT(away < 320);
    TEST_NOTE("%d of the last 320 short ones were sent", away);
}

TN_FRAME(int, spread_from_a_frame, (int, count)) {
    tn_task(spread) child = tn_spawn(spread, count);
    tn_task(where) own = tn_spawn(where, 0);
    return tn_await(spread, child) + (tn_await(where, own) == 0 ? 0 : 1000);
}

TEST(a_plain_frame_sends_its_dframes_too) {
    loopback_send_all(1, 1);
    int here = -1;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2), spread_from_a_frame, &here, 20), TN_OK);
    EXPECT_EQ(here, 0);
}

TN_PFRAME(int, never_needs_one, (int, n)) {
    return n + tn_thread_count();
}

TEST(no_process_is_started_before_the_first_dframe) {
    loopback_use(2, 1);
    int answer = 0;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2), never_needs_one, &answer, 5), TN_OK);
    EXPECT_EQ(answer, 7);
    EXPECT_EQ(loopback_started(), 0);
}

TN_PFRAME(int, pins, (int, thread)) {
    tn_task(where) child = tn_spawn_with(TN_OPTIONS(.thread = thread), where, 0);
    return tn_await(where, child);
}

TEST(a_dframe_with_a_thread_of_its_own_stays) {
    loopback_send_all(1, 1);
    int answer = 0;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2), pins, &answer, 2), TN_OK);
    EXPECT_EQ(answer, -1);
}

// ---- what travels ----------------------------------------------------------------------------

TN_DATA(reading, (double, value), (int, count));

TN_DFRAME(struct reading, mean, (tn_doubles, values), (tn_text, unit), (bool, negate)) {
    double sum = 0;
    for (size_t i = 0; i < values.count; i++) {
        sum += values.data[i];
    }
    const double factor = unit.count == 2 ? 1000 : 1;
    const double mean = values.count == 0 ? 0 : sum / (double)values.count * factor;
    return (struct reading){negate ? -mean : mean, (int)values.count};
}

TN_PFRAME(double, mean_of, (int, count)) {
    double *values = malloc(((size_t)count + 1) * sizeof *values);
    EXPECT(values != NULL);
    for (int i = 0; i < count; i++) {
        values[i] = i;
    }
    tn_task(mean) child =
        tn_spawn(mean, tn_doubles_of(values, (size_t)count), tn_text_of("km"), true);
    const struct reading reading = tn_await(mean, child);
    free(values);
    EXPECT_EQ(reading.count, count);
    return reading.value;
}

// 100,000 doubles are longer than the link takes: they stay here.
TEST(arrays_text_and_structures_come_whole_whatever_their_size) {
    static const int counts[] = {0, 1, 7, 100, 3000, 100000};
    loopback_send_all(1, 1);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        double answer = 1;
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), mean_of, &answer, counts[i]), TN_OK);
        EXPECT_NEAR(answer, counts[i] == 0 ? 0 : -(counts[i] - 1) * 500.0, 1e-6);
    }
}

static _Atomic int done_count;

TN_DFRAME(void, does, (int, n)) {
    done_count += n;
}

TN_PFRAME(void, lets_do, (int, count)) {
    for (int i = 0; i < count; i++) {
        tn_task(does) child = tn_spawn(does, 1);
        tn_await(does, child);
    }
}

TEST(a_dframe_without_a_result_is_awaited_too) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), lets_do, NULL, 50), TN_OK);
    EXPECT_EQ(done_count, 50);
}

// ---- a whole runtime -------------------------------------------------------------------------

TN_FRAME(int, inner_frame, (int, n)) {
    return tn_sleep(self, 0.001) == TN_OK ? n : -1;
}

TN_PFRAME(int, inner_pframe, (int, n)) {
    tn_task(inner_frame) one = tn_spawn(inner_frame, n);
    tn_task(inner_frame) other = tn_spawn(inner_frame, 2 * n);
    return tn_await(inner_frame, one) + tn_await(inner_frame, other);
}

TN_DFRAME(int, whole, (int, n)) {
    tn_task(inner_pframe) one = tn_spawn(inner_pframe, n);
    tn_task(inner_pframe) other = tn_spawn(inner_pframe, 10 * n);
    tn_task(where) inside = tn_spawn(where, 0);
    const int sum = tn_await(inner_pframe, one) + tn_await(inner_pframe, other);
    return tn_await(where, inside) == loopback_here() ? sum : -1;
}

TN_PFRAME(int, ask_whole, (int, n)) {
    tn_task(whole) child = tn_spawn(whole, n);
    return tn_await(whole, child);
}

TEST(frames_of_every_level_run_inside_a_dframe_elsewhere) {
    for (int threads = 1; threads <= 2; threads++) {
        loopback_send_all(1, threads);
        int answer = 0;
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), ask_whole, &answer, 3), TN_OK);
        EXPECT_EQ(answer, 99);
    }
}
