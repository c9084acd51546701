// fault.c - see fault.h. Any thread may count: of several that count at once one meets the number.
#include "os/fault.h"

#include <stdlib.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "os/os.h"

// What `fails_at` is until the environment has been asked.
#define UNREAD UINT64_MAX

struct countdown {
    const char *variable;
    _Atomic uint64_t counted;
    _Atomic uint64_t fails_at; // 0: none will fail
};

static struct countdown allocations = {"TENON_FAIL_ALLOCATION", 0, UNREAD};
static struct countdown calls = {"TENON_FAIL_CALL", 0, UNREAD};

static void read_environment(struct countdown *countdown) {
    const char *text = os_environment(countdown->variable);
    uint64_t expected = UNREAD;
    const uint64_t found = text == NULL ? 0 : strtoull(text, NULL, 0);
    (void)atomic_cas_relaxed(&countdown->fails_at, &expected, found);
}

static bool count(struct countdown *countdown) {
    if (UNLIKELY(atomic_load_relaxed(&countdown->fails_at) == UNREAD)) {
        read_environment(countdown);
    }
    const uint64_t number = atomic_fetch_add_relaxed(&countdown->counted, 1) + 1;
    return number == atomic_load_relaxed(&countdown->fails_at);
}

bool fault_call_slow(void) {
    return count(&calls);
}

bool fault_allocation_slow(void) {
    const bool call_fails = count(&calls);
    return count(&allocations) || call_fails;
}

static void fail_after(struct countdown *countdown, uint64_t n) {
    const uint64_t counted = atomic_load_relaxed(&countdown->counted);
    atomic_store_relaxed(&countdown->fails_at, n == 0 ? 0 : counted + n);
}

void fault_fail_allocation(uint64_t n) {
    fail_after(&allocations, n);
}

void fault_fail_call(uint64_t n) {
    fail_after(&calls, n);
}

bool fault_call_has_failed(void) {
    const uint64_t fails_at = atomic_load_relaxed(&calls.fails_at);
    return fails_at != 0 && fails_at != UNREAD && atomic_load_relaxed(&calls.counted) >= fails_at;
}

uint64_t fault_allocations(void) {
    return atomic_load_relaxed(&allocations.counted);
}

uint64_t fault_calls(void) {
    return atomic_load_relaxed(&calls.counted);
}
