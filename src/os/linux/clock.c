// clock.c - time on Linux.
//
// Invariant: one clock, CLOCK_MONOTONIC, for os_now_ns, deadlines and sleeping, because futex
// deadlines count in it too. Start reading at os_now_ns.
#include <errno.h>
#include <time.h>

#include "base/atomic.h"
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

// ---- ticks -----------------------------------------------------------------------------------

#if defined(__x86_64__)

enum { MEASURED_NS = 20000, LOOKS = 4, RATE_BITS = 24 };

uint64_t os_ticks(void) {
    return __builtin_ia32_rdtsc();
}

struct moment {
    uint64_t ns, ticks;
};

// Both clocks at a time: of some looks the one that took least, for it was not interrupted.
static struct moment look(void) {
    struct moment moment = {0, 0};
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < LOOKS; i++) {
        const uint64_t before = os_ticks(), ns = os_now_ns(), took = os_ticks() - before;
        if (took < least) {
            least = took;
            moment = (struct moment){ns, before + took / 2};
        }
    }
    return moment;
}

// Nanoseconds of 2^RATE_BITS ticks.
static uint64_t measure_rate(void) {
    const struct moment begin = look();
    struct moment end;
    do {
        end = look();
    } while (end.ns - begin.ns < MEASURED_NS || end.ticks <= begin.ticks);
    return ((end.ns - begin.ns) << RATE_BITS) / (end.ticks - begin.ticks);
}

uint64_t os_ticks_to_ns(uint64_t ticks) {
    static _Atomic uint64_t rate;
    uint64_t known = atomic_load_relaxed(&rate);
    if (known == 0) {
        known = measure_rate();
        atomic_store_relaxed(&rate, known);
    }
    return (uint64_t)((unsigned __int128)ticks * known >> RATE_BITS);
}

#else

uint64_t os_ticks(void) {
    return os_now_ns();
}

uint64_t os_ticks_to_ns(uint64_t ticks) {
    return ticks;
}

#endif

// ---- CPU time, and sleep ---------------------------------------------------------------------

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
