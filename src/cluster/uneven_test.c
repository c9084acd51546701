// A map over other processes in which one DFrame runs for long: the others do not wait for it.
//
// The processes are threads here (support/loopback.h), so time is virtual on the simulated system.
// Invariant: each item is begun once. Start reading at map_unevenly.
#include <tenon.h>

#include "base/atomic.h"
#include "os/os.h"
#include "support/loopback.h"
#include "support/test.h"

enum { ITEMS = 40, SHORT_NS = 1000000, LONG_NS = 200000000 };

static _Atomic int begun[ITEMS];

struct times {
    uint64_t long_ns, others_ns; // when the long one has ended; and the last of all others
    int here;                    // how many ran where they were spawned
};

// Keeps its thread. Tells when it ends, and (in the last bit) where it ran.
TN_DFRAME(uint64_t, keeps_its_thread, (int, number), (uint64_t, for_ns)) {
    atomic_fetch_add_relaxed(&begun[number], 1);
    os_thread_sleep(for_ns);
    return os_now_ns() << 1 | (loopback_here() < 0);
}

TN_PFRAME(struct times, map_unevenly, (int, long_one)) {
    tn_task(keeps_its_thread) tasks[ITEMS];
    struct times times = {0, 0, 0};
    const uint64_t begin_ns = os_now_ns();
    for (int i = 0; i < ITEMS; i++) {
        tasks[i] = tn_spawn(keeps_its_thread, i, (uint64_t)(i == long_one ? LONG_NS : SHORT_NS));
    }
    (void)tn_sleep(self, 0.002); // whoever has nothing to do takes some
    for (int i = 0; i < ITEMS; i++) {
        const uint64_t told = tn_await(keeps_its_thread, tasks[i]);
        const uint64_t end_ns = (told >> 1) - begin_ns;
        uint64_t *latest_ns = i == long_one ? &times.long_ns : &times.others_ns;
        *latest_ns = end_ns > *latest_ns ? end_ns : *latest_ns;
        times.here += (int)(told & 1);
    }
    return times;
}

static void forget_begun(void) {
    for (int i = 0; i < ITEMS; i++) {
        atomic_store_relaxed(&begun[i], 0);
    }
}

static void map_is_not_held_up(int processes, int own_threads, int long_one, bool is_forced) {
    struct times times;
    loopback_use(processes, 1);
    loopback_force(is_forced);
    forget_begun();
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = own_threads), map_unevenly, &times, long_one),
              TN_OK);
    TEST_NOTE("%d processes: the long one took %.1f ms, all others %.1f ms; %d ran here", processes,
              (double)times.long_ns / 1e6, (double)times.others_ns / 1e6, times.here);
    for (int i = 0; i < ITEMS; i++) {
        EXPECT_EQ(atomic_load_relaxed(&begun[i]), 1);
    }
    EXPECT(times.long_ns >= LONG_NS);
    EXPECT(times.others_ns < (uint64_t)LONG_NS * 3 / 4 * (uint64_t)test_slowness());
}

TEST(what_waits_behind_a_long_dframe_goes_to_the_process_that_is_idle) {
    map_is_not_held_up(2, 1, 1, true);
}

TEST(what_waits_behind_a_long_dframe_comes_back_to_a_thread_here_that_is_idle) {
    map_is_not_held_up(2, 1, 1, false);
}

TEST(one_other_process_that_runs_a_long_dframe_gives_back_the_rest) {
    map_is_not_held_up(1, 1, 0, false);
}

// ---- the end of a process meanwhile ----------------------------------------------------------

// One of two processes is killed at about the time when tasks come back. How many were lost.
TN_PFRAME(int, map_while_one_is_killed, (int, killed), (double, after_s)) {
    tn_task(keeps_its_thread) tasks[ITEMS];
    int lost = 0;
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    for (int i = 0; i < ITEMS; i++) {
        tasks[i] = tn_spawn(keeps_its_thread, i, (uint64_t)(i == 1 ? LONG_NS / 4 : SHORT_NS));
    }
    (void)tn_sleep(self, after_s);
    loopback_kill(killed, 9);
    for (int i = 0; i < ITEMS; i++) {
        uint64_t told;
        const int code = tn_try_await(keeps_its_thread, tasks[i], &told);
        EXPECT(code == TN_OK || code == TN_LOST);
        lost += code == TN_LOST;
    }
    return lost;
}

TEST(a_process_that_is_killed_while_it_gives_back_takes_along_what_has_begun_there) {
    const uint64_t seed = test_seed();
    for (int killed = 0; killed < 2; killed++) {
        int lost = -1;
        loopback_send_all(2, 1);
        forget_begun();
        const double after_s = 0.019 + (double)(seed * 37 % 3000) / 1e6;
        EXPECT_EQ(
            tn_run_with(TN_RUN(.num_threads = 1), map_while_one_is_killed, &lost, killed, after_s),
            TN_OK);
        EXPECT(lost == 0 || lost == 1);
        for (int i = 0; i < ITEMS; i++) {
            EXPECT(atomic_load_relaxed(&begun[i]) <= 1);
        }
    }
}
