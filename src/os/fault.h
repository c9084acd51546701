// fault.h - where an os call asks whether it should fail now. Private to src/os.
//
// Invariant: os/linux never fails a call on purpose; os/sim fails the n-th one when told to
// (TENON_FAIL_ALLOCATION, TENON_FAIL_CALL, or os/sim/sim.h). Start reading in os/sim/fault.c.
#ifndef TENON_OS_FAULT_H
#define TENON_OS_FAULT_H

#include <stdbool.h>

// True when the call named `name` is the one that must fail. Called once per os call that may fail
// and costs far more than this question.
bool fault_call(const char *name);

// The same for a call that asks for memory: it counts as a call and as an allocation.
bool fault_allocation(const char *name);

#endif
