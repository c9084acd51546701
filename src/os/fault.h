// fault.h - the n-th call to the system fails: on demand, in checking builds, on every os.
//
// An os call that may fail asks here first. The environment chooses which one does:
// TENON_FAIL_ALLOCATION=n the n-th that asks for memory, TENON_FAIL_CALL=n the n-th of all that may
// fail (os_guard and os_thread_start too), counted from 1 and the start of the process; a test
// chooses by the functions below.
//
// Invariant: each counter leads to one failure and then rests. Where TENON_CHECKED is off nothing
// is counted and nothing fails. Start reading at fault_call in fault.c.
#ifndef TENON_OS_FAULT_H
#define TENON_OS_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

// True when this call is the one that must fail.
bool fault_call_slow(void);
static inline bool fault_call(void) {
    return TENON_CHECKED && fault_call_slow();
}

// The same for a call that asks for memory: it counts as a call and as an allocation.
bool fault_allocation_slow(void);
static inline bool fault_allocation(void) {
    return TENON_CHECKED && fault_allocation_slow();
}

// Lets the n-th allocation, or call, from now on fail (1: the next; 0: none).
void fault_fail_allocation(uint64_t n);
void fault_fail_call(uint64_t n);

// True once it has failed.
bool fault_call_has_failed(void);

// How many there were so far, so that a test can fail each in turn.
uint64_t fault_allocations(void);
uint64_t fault_calls(void);

#endif
