// machine.h - which implementation of struct machine, the saved registers, this build has.
//
// Invariant: every implementation defines the same five: struct machine, machine_init,
// machine_init_thread, machine_switch, machine_leave, with the contracts that context.h gives to
// the functions of the same name. TENON_CONTEXT_GENERIC=1 takes the portable one anywhere.
// Start reading in machine_x86_64.h.
#ifndef TENON_CONTEXT_MACHINE_H
#define TENON_CONTEXT_MACHINE_H

#if defined(__x86_64__) && !defined(__ILP32__) && !TENON_CONTEXT_GENERIC

#include "context/machine_x86_64.h"

#elif defined(__aarch64__) && !defined(__ILP32__) && !TENON_CONTEXT_GENERIC

#include "context/machine_aarch64.h"

#else

#include "context/machine_generic.h"

// The portable one keeps names of its own, so that a test can hold another to it in one program.
#define machine generic_machine
#define machine_init generic_machine_init
#define machine_init_thread generic_machine_init_thread
#define machine_switch generic_machine_switch
#define machine_leave generic_machine_leave

#endif

#endif
