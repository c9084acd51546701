// fault.c - on Linux nothing fails on purpose.
//
// Invariant: both are always false. The other half is os/sim/fault.c.
#include "os/fault.h"

bool fault_call(const char *name) {
    (void)name;
    return false;
}

bool fault_allocation(const char *name) {
    (void)name;
    return false;
}
