// fault.c - the n-th call fails.
//
// Invariant: each counter counts down to one failure and then rests. Start reading at fault_call.
#include "os/fault.h"

#include <stdint.h>
#include <stdlib.h>

#include "os/os.h"
#include "os/sim/sim.h"

struct countdown {
    const char *variable;
    uint64_t counted;
    uint64_t fails_at; // 0: none will fail.
};

static struct countdown allocations = {"TENON_FAIL_ALLOCATION", 0, 0};
static struct countdown calls = {"TENON_FAIL_CALL", 0, 0};

static bool count(struct countdown *countdown) {
    if (countdown->counted++ == 0 && countdown->fails_at == 0) {
        const char *text = os_environment(countdown->variable);
        countdown->fails_at = text == NULL ? 0 : strtoull(text, NULL, 0);
    }
    return countdown->counted == countdown->fails_at;
}

bool fault_call(const char *name) {
    (void)name;
    return count(&calls);
}

bool fault_allocation(const char *name) {
    bool call_fails = fault_call(name);
    return count(&allocations) || call_fails;
}

void sim_fail_allocation(uint64_t n) {
    allocations.fails_at = n == 0 ? 0 : allocations.counted + n;
}

void sim_fail_call(uint64_t n) {
    calls.fails_at = n == 0 ? 0 : calls.counted + n;
}

uint64_t sim_allocations(void) {
    return allocations.counted;
}

uint64_t sim_calls(void) {
    return calls.counted;
}
