// watch_test.c - looking after a thread that computes, on whichever os this build has.
//
// Invariant: as os_test.c: nothing here knows os/linux or os/sim.
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "os/os.h"
#include "support/test.h"

enum { MS = 1000000 };

struct looked {
    struct os_watch watch;
    _Atomic int count;
    uint64_t thread;
    size_t addresses;
    bool saw_compute;
    char first[256];
};

__attribute__((noinline)) static void compute(struct looked *looked, int looks) {
    const uint64_t end_ns = os_now_ns() + UINT64_C(8000) * MS;
    while (atomic_load_relaxed(&looked->count) < looks && os_now_ns() < end_ns) {
    }
}

static void look(struct os_watch *watch, const void *registers) {
    enum { FAR = 4096 };
    struct looked *looked = container_of(watch, struct looked, watch);
    void *addresses[32];
    looked->thread = os_thread_id();
    looked->addresses = os_backtrace(registers, addresses, 32);
    for (size_t i = 0; i < looked->addresses; i++) {
        const uintptr_t offset = (uintptr_t)addresses[i] - (uintptr_t)compute;
        looked->saw_compute = looked->saw_compute || offset < FAR;
    }
    os_describe_address(looked->addresses > 0 ? addresses[0] : NULL, looked->first,
                        sizeof looked->first);
    atomic_fetch_add_relaxed(&looked->count, 1);
}

TEST(a_thread_that_computes_is_looked_at_where_it_is, .seconds = 30) {
    struct looked looked = {.count = 0};
    EXPECT_EQ(os_watch_init(&looked.watch, 2 * MS, look), OS_OK);
    compute(&looked, 3);
    os_watch_deinit(&looked.watch);
    EXPECT(atomic_load_relaxed(&looked.count) >= 3);
    EXPECT_EQ(looked.thread, os_thread_id());
    EXPECT(looked.addresses > 2);
    EXPECT(looked.saw_compute);
    EXPECT(strstr(looked.first, "+0x") != NULL);
    TEST_NOTE("at %s", looked.first);
    const int count = atomic_load_relaxed(&looked.count);
    const uint64_t before_ns = os_thread_cpu_ns();
    while (os_thread_cpu_ns() < before_ns + 6 * MS) {
        (void)os_now_ns();
    }
    EXPECT_EQ(atomic_load_relaxed(&looked.count), count);
}

TEST(a_thread_that_waits_is_not_looked_at) {
    struct looked looked = {.count = 0};
    EXPECT_EQ(os_watch_init(&looked.watch, 10 * MS, look), OS_OK);
    os_thread_sleep(50 * MS);
    EXPECT_EQ(atomic_load_relaxed(&looked.count), 0);
    os_watch_deinit(&looked.watch);
}

TEST(an_address_that_lies_nowhere_is_a_number) {
    char text[40];
    os_describe_address((void *)(uintptr_t)0x10, text, sizeof text);
    EXPECT_STR(text, "0x10");
    os_describe_address((void *)(uintptr_t)look, text, 5);
    EXPECT_EQ(strlen(text), 4);
}
