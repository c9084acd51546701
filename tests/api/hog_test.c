// A frame that keeps its thread for itself is reported: who, where, for how long, and who is not.
//
// Invariant: what counts is CPU time (on the simulated system: virtual time), so a busy machine
// changes no result here. Start reading at a_frame_that_computes_for_long_is_reported.
#include <tenon/frame.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/simulated.h"
#include "support/test.h"

#define LIMIT 0.004

static int threads_seen;

static int os_threads(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/task");
    EXPECT(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

// CPU time of the thread; the simulated system has its own.
static double used(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return is_simulated() ? tn_now() : (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

__attribute__((noinline)) static void compute(double seconds) {
    const double end = used() + seconds;
    while (used() < end) {
        (void)tn_now(); // virtual time passes
    }
}

TN_FRAME(void, hog, (double, seconds)) {
    compute(seconds);
    threads_seen = os_threads();
}

enum { SPAWN_LINE = __LINE__ + 3 };

TN_FRAME(void, root, (double, seconds)) {
    tn_task(hog) task = tn_spawn(hog, seconds);
    tn_await(hog, task);
}

// ---- on standard error -------------------------------------------------------------------------

struct wanted {
    double limit;
    double seconds;
    int num_threads;
};

static void run_hog(void *argument) {
    const struct wanted *wanted = argument;
    int code = tn_run_with(TN_RUN(.num_threads = wanted->num_threads, .hog_seconds = wanted->limit),
                           root, NULL, wanted->seconds);
    EXPECT_EQ(code, TN_OK);
}

TEST(a_frame_that_computes_for_long_is_reported) {
    struct wanted wanted = {LIMIT, 8 * LIMIT, 1};
    char place[64];
    snprintf(place, sizeof place, "hog_test.c:%d)", SPAWN_LINE);
    EXPECT_DIES(run_hog, &wanted, 0, "tenon: /root/hog (spawned at ");
    EXPECT_DIES(run_hog, &wanted, 0, place);
    EXPECT_DIES(run_hog, &wanted, 0, " has computed for 0.0");
    EXPECT_DIES(run_hog, &wanted, 0,
                "by the clock) without a wait, and nothing else may run on thread 0");
    EXPECT_DIES(run_hog, &wanted, 0, ": it is\n    in ");
    wanted.num_threads = 3;
    EXPECT_DIES(run_hog, &wanted, 0, "tenon: /root/hog (spawned at ");
}

TEST(the_environment_sets_the_limit_where_the_program_does_not) {
    setenv("TENON_HOG_SECONDS", "0.004", 1);
    struct wanted wanted = {0, 8 * LIMIT, 1};
    EXPECT_DIES(run_hog, &wanted, 0, "tenon: /root/hog (spawned at ");
}

// ---- by the run's report -----------------------------------------------------------------------

struct heard {
    int count;
    int told; // of them, of hogs
    char last[4096];
};

static void hear(const char *sentence, void *data) {
    struct heard *heard = data;
    heard->count++;
    heard->told += strstr(sentence, " has computed for ") != NULL;
    snprintf(heard->last, sizeof heard->last, "%s", sentence);
}

TEST(a_run_with_a_report_of_its_own_hears_of_it_when_the_frame_has_left) {
    struct heard heard = {0, 0, ""};
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1, .hog_seconds = LIMIT, .report = hear,
                                 .report_data = &heard),
                          root, NULL, 8 * LIMIT),
              TN_OK);
    EXPECT_EQ(heard.told, 1);
    EXPECT(strncmp(heard.last, "/root/hog (spawned at ", 22) == 0);
    EXPECT(strstr(heard.last, "\n    and left after 0.0") != NULL);
    double told = 0;
    double left = 0;
    EXPECT_EQ(sscanf(strstr(heard.last, " has computed for "), " has computed for %lf", &told), 1);
    EXPECT_EQ(sscanf(strstr(heard.last, "left after "), "left after %lf", &left), 1);
    EXPECT(told >= LIMIT - 0.001 && left >= told && left >= 3 * LIMIT);
}

TN_FRAME(void, waits_now_and_then, (int, times)) {
    for (int i = 0; i < times; i++) {
        compute(LIMIT / 8);
        (void)tn_yield(self);
    }
}

TN_PFRAME(void, computes_at_any_thread) {
    compute(8 * LIMIT);
}

TN_PFRAME(void, root_anywhere) {
    tn_task(computes_at_any_thread) task = tn_spawn(computes_at_any_thread);
    tn_await(computes_at_any_thread, task);
}

TN_FRAME(void, blocks) {
    tn_block(8 * LIMIT);
}

TEST(who_waits_or_is_in_nobodys_way_or_only_blocks_is_not_reported) {
    struct heard heard = {0, 0, ""};
    const struct tn_run_options options = {
        .num_threads = 2, .hog_seconds = LIMIT, .report = hear, .report_data = &heard};
    EXPECT_EQ(tn_run_with(&options, waits_now_and_then, NULL, 40), TN_OK);
    EXPECT_EQ(tn_run_with(&options, root_anywhere, NULL), TN_OK);
    if (!is_simulated()) {
        EXPECT_EQ(tn_run_with(&options, blocks, NULL), TN_OK);
    }
    EXPECT_EQ(heard.count, 0);
}

TN_FRAME(void, only_waits) {
    (void)tn_sleep(self, LIMIT);
}

// A Frame is bound to the thread of the PFrame that made it.
TN_PFRAME(void, computes_before_a_child) {
    tn_task(only_waits) child = tn_spawn(only_waits);
    compute(8 * LIMIT);
    tn_await(only_waits, child);
}

TEST(a_pframe_that_others_wait_for_is_reported) {
    struct heard heard = {0, 0, ""};
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2, .hog_seconds = LIMIT, .report = hear,
                                 .report_data = &heard),
                          computes_before_a_child, NULL),
              TN_OK);
    EXPECT_EQ(heard.told, 1);
    EXPECT(strstr(heard.last, ", which others wait for: it is") != NULL);
}

TEST(nobody_is_reported_when_the_program_says_so) {
    struct heard heard = {0, 0, ""};
    setenv("TENON_HOG_SECONDS", "0.001", 1);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1, .hog_seconds = -1, .report = hear,
                                 .report_data = &heard),
                          root, NULL, 8 * LIMIT),
              TN_OK);
    EXPECT_EQ(heard.count, 0);
}

// ---- the process -------------------------------------------------------------------------------

static volatile int alarms;

static void count_alarm(int number) {
    (void)number;
    alarms++;
}

TEST(the_watch_starts_no_thread_and_leaves_the_programs_handler_alone) {
    if (is_simulated()) {
        TEST_SKIP("simulated threads are no threads of the system");
    }
    struct heard heard = {0, 0, ""};
    (void)signal(SIGVTALRM, count_alarm);
    const int before = os_threads();
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1, .hog_seconds = LIMIT, .report = hear,
                                 .report_data = &heard),
                          root, NULL, 8 * LIMIT),
              TN_OK);
    EXPECT_EQ(threads_seen, before);
    EXPECT_EQ(heard.told, 1);
    EXPECT_EQ(alarms, 0);
    EXPECT_EQ(raise(SIGVTALRM), 0);
    EXPECT_EQ(alarms, 1);
}
