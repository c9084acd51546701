// Maps over real processes of which one is slow: what else there is to do does not wait for it.
//
// Invariant: a map's items are begun once each, wherever they run. Start reading at map_unevenly.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <tenon.h>
#include <time.h>
#include <unistd.h>

#include "api/simulated.h"
#include "support/test.h"

enum { ITEMS = 40, LONG_US = 200000, FROZEN_US = 300000 };

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); // the same in all processes
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void keep_thread_us(long us) {
    const struct timespec time = {us / 1000000, us % 1000000 * 1000};
    (void)nanosleep(&time, NULL);
}

static const struct tn_run_options *options(const char *place) {
    static const struct tn_run_options made = {
        .num_threads = 2, .num_processes = 2, .threads_per_process = 1};
    if (is_simulated()) {
        TEST_SKIP("the simulated system has no other processes");
    }
    setenv("TENON_PLACE", place, 1);
    return &made;
}

// When it has ended.
TN_DFRAME(int64_t, item, (int, long_one), (int, i)) {
    keep_thread_us(i == long_one ? LONG_US : 1000);
    return now_us();
}

// How long the longest of the others took, in microseconds.
TN_PFRAME(int64_t, map_unevenly, (int, long_one)) {
    const int64_t begin_us = now_us();
    struct tn_map *ends =
        tn_map_with(TN_MAP(.order = TN_AS_COMPLETED, .chunk = 1), item, ITEMS, long_one, 0);
    int64_t end_us, others_us = 0;
    int count = 0;
    while (tn_map_next(item, ends, &end_us)) {
        const bool is_long = tn_map_index(ends) == (size_t)long_one;
        EXPECT(!is_long || end_us - begin_us >= LONG_US);
        if (!is_long && end_us - begin_us > others_us) {
            others_us = end_us - begin_us;
        }
        count++;
    }
    EXPECT_EQ(tn_map_finish(self, ends), TN_OK);
    EXPECT_EQ(count, ITEMS);
    return others_us;
}

static void map_is_not_held_up(const char *place) {
    int64_t others_us = 0;
    EXPECT_EQ(tn_run_with(options(place), map_unevenly, &others_us, 3), TN_OK);
    TEST_NOTE("one took %d ms, all others %.1f ms", LONG_US / 1000, (double)others_us / 1e3);
    EXPECT(others_us < (int64_t)LONG_US * 3 / 4 * test_slowness());
}

TEST(a_process_that_runs_a_long_item_holds_up_no_map) {
    map_is_not_held_up("remote");
}

TEST(a_map_over_processes_and_this_one_is_not_held_up_either) {
    map_is_not_held_up("");
}

// ---- a process that is stopped ---------------------------------------------------------------

// The first process to run one stops, and goes on some time later.
TN_DFRAME(int64_t, stops_once, (int, owner), (tn_text, path)) {
    char name[64];
    (void)snprintf(name, sizeof name, "%.*s", (int)path.count, path.data);
    if (getpid() != owner && unlink(name) == 0) {
        const pid_t stopped = getpid();
        if (fork() == 0) {
            keep_thread_us(FROZEN_US);
            (void)kill(stopped, SIGCONT);
            _exit(0);
        }
        (void)kill(stopped, SIGSTOP);
    } else {
        keep_thread_us(1000);
    }
    return now_us();
}

// How many ended only when the stopped process went on.
TN_PFRAME(int, map_while_one_stops, (tn_text, path)) {
    tn_task(stops_once) tasks[ITEMS];
    const int64_t begin_us = now_us();
    int late = 0;
    for (int i = 0; i < ITEMS; i++) {
        tasks[i] = tn_spawn(stops_once, getpid(), path);
    }
    (void)tn_sleep(self, 0.001);
    for (int i = 0; i < ITEMS; i++) {
        late += tn_await(stops_once, tasks[i]) - begin_us >= FROZEN_US;
    }
    return late;
}

TEST(a_process_that_is_stopped_holds_up_what_it_has_and_nothing_else) {
    const struct tn_run_options *run = options("");
    char name[] = "/tmp/tenon-test-XXXXXX";
    close(mkstemp(name));
    int late = 0;
    EXPECT_EQ(tn_run_with(run, map_while_one_stops, &late, tn_text_of(name)), TN_OK);
    TEST_NOTE("%d of %d ended when the process went on", late, ITEMS);
    if (test_slowness() == 1) {
        EXPECT(late <= 3); // one that runs, one that waits, one that was on its way
    }
    (void)unlink(name);
}
