// DFrames from outside: levels, the cap on them, and functions that several files could share.
// Invariant: whatever the level, results are equal. Start reading at the first TEST.
#include <tenon/dframe.h>
#include <tenon/run.h>

#include <stdlib.h>

#include "support/test.h"

TN_DFRAME_DECLARE(int64_t, weigh, (tn_int32s, weights), (int32_t, factor));

TN_DFRAME_DEFINE(int64_t, weigh, (tn_int32s, weights), (int32_t, factor)) {
    int64_t sum = 0;
    for (size_t i = 0; i < weights.count; i++) {
        sum += (int64_t)weights.data[i] * factor;
    }
    return sum;
}

TN_DFRAME(int, threads) {
    return tn_thread_count();
}

TN_DFRAME(void, nothing) {
}

TN_FRAME(int, root) {
    static const int32_t weights[] = {1, -2, 300};
    tn_task(weigh) sum = tn_spawn(weigh, tn_int32s_of(weights, 3), 7);
    tn_task(threads) count = tn_spawn(threads);
    tn_task(nothing) none = tn_spawn(nothing);
    EXPECT_EQ(tn_try_await(nothing, none, NULL), TN_OK);
    EXPECT_EQ(tn_await(weigh, sum), 2093);
    return tn_await(threads, count);
}

static int run(int num_threads) {
    int answer = 0;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = num_threads), root, &answer), TN_OK);
    return answer;
}

TEST(a_dframe_runs_in_this_process_and_may_be_root) {
    unsetenv("TENON_LEVEL");
    EXPECT_EQ(run(3), 3);
    int answer = 0;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2), threads, &answer), TN_OK);
    EXPECT_EQ(answer, 2);
}

TEST(the_environment_caps_the_level) {
    setenv("TENON_LEVEL", "frame", 1);
    EXPECT_EQ(run(3), 1);
    EXPECT_EQ(run(0), 1);
    setenv("TENON_LEVEL", "pframe", 1);
    EXPECT_EQ(run(3), 3);
    setenv("TENON_LEVEL", "dframe", 1);
    EXPECT_EQ(run(3), 3);
}

static void run_with_unknown_level(void *argument) {
    (void)argument;
    setenv("TENON_LEVEL", "cluster", 1);
    int answer = 0;
    EXPECT_EQ(tn_run(root, &answer), TN_OUT_OF_RANGE);
}

TEST(an_unknown_level_is_refused_with_a_sentence) {
    EXPECT_DIES(run_with_unknown_level, NULL, 0,
                "TENON_LEVEL is \"cluster\"; it can be serial, frame, pframe or dframe");
}

TEST(every_dframe_of_the_program_has_an_entry_and_an_identity) {
    int found = 0;
    for (struct tn_dframe_entry *const *at = __start_tn_dframes; at < __stop_tn_dframes; at++) {
        EXPECT((*at)->identity != 0);
        EXPECT_EQ((*at)->type->level, TN_LEVEL_DFRAME);
        found++;
    }
    EXPECT_EQ(found, 3);
}
