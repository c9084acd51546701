// fault.c - on Linux nothing fails on purpose.
//
// Invariant: always false. The other half is os/sim/fault.c.
#include "os/fault.h"

bool fault_call(const char *name) {
    (void)name;
    return false;
}
