// clock_test.c - the contract of os.h on time, held against whichever os this build has.
//
// Invariant: as in os_test.c. Start reading at the first TEST.
#include "os/os.h"

#include "base/atomic.h"
#include "support/test.h"

enum { MS = 1000000 };

TEST(the_clock_never_goes_back) {
    uint64_t last = os_now_ns();
    for (int i = 0; i < 10000; i++) {
        uint64_t now = os_now_ns();
        EXPECT(now >= last);
        last = now;
    }
}

// Both are looked at within a moment, but now and then another thread runs in between.
TEST(ticks_count_the_time_that_passes) {
    bool agree = false;
    for (int i = 0; i < 100 && !agree; i++) {
        const uint64_t began_ns = os_now_ns(), began = os_ticks();
        uint64_t took_ns;
        while ((took_ns = os_now_ns() - began_ns) < 1 * MS) {
        }
        const uint64_t ticks_ns = os_ticks_to_ns(os_ticks() - began);
        agree = ticks_ns > took_ns / 10 * 9 && ticks_ns < took_ns / 10 * 11;
    }
    EXPECT(agree);
    EXPECT_EQ(os_ticks_to_ns(0), 0);
}

TEST(a_sleep_lasts_at_least_as_long_as_asked) {
    uint64_t before = os_now_ns();
    os_thread_sleep(3 * MS);
    uint64_t took = os_now_ns() - before;
    EXPECT(took >= 3 * MS && took < 2000u * MS);
}

TEST(sleeping_costs_no_cpu_time_and_working_does) {
    uint64_t before = os_thread_cpu_ns();
    os_thread_sleep(50 * MS);
    EXPECT(os_thread_cpu_ns() - before < 25 * MS);
    uint64_t end = os_now_ns() + MS;
    while (os_now_ns() < end) {
        cpu_pause();
    }
    EXPECT(os_thread_cpu_ns() > before);
    EXPECT(os_process_cpu_ns() >= os_thread_cpu_ns() - before);
}
