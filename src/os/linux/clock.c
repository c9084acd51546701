// clock.c - time on Linux.
//
// Invariant: one clock, CLOCK_MONOTONIC, for os_now_ns, deadlines and sleeping, because futex
// deadlines count in it too. Start reading at os_now_ns.
#include <errno.h>
#include <time.h>

#include "base/check.h"
#include "os/os.h"

#define NS_PER_S UINT64_C(1000000000)

static uint64_t read_clock(clockid_t clock) {
    struct timespec now = {0, 0};
    int failed = clock_gettime(clock, &now);
    REQUIRE(failed == 0, "the system has no such clock");
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t os_now_ns(void) {
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t os_thread_cpu_ns(void) {
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t os_process_cpu_ns(void) {
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

void os_thread_sleep(uint64_t duration_ns) {
    uint64_t now = os_now_ns();
    uint64_t until = duration_ns < (uint64_t)INT64_MAX - now ? now + duration_ns : INT64_MAX;
    struct timespec at = {(time_t)(until / NS_PER_S), (long)(until % NS_PER_S)};
    // An absolute end, so that signals in between neither shorten nor lengthen the sleep.
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
    }
}
