// machine_generic.h - saved registers and the switch for any system that has ucontext.
//
// Invariant: the same contract as the assembly ones, which tests hold to this one. Slow (two system
// calls a switch, for the signal mask) and therefore only for machines that have no other.
// Start reading in machine_generic.c.
#ifndef TENON_CONTEXT_MACHINE_GENERIC_H
#define TENON_CONTEXT_MACHINE_GENERIC_H

#include <stddef.h>
#include <string.h>
#include <ucontext.h>

// Nothing is known of the machine: the largest that any has.
#ifndef MACHINE_GUARD_BYTES
#define MACHINE_GUARD_BYTES 65536
#endif

struct generic_machine {
    ucontext_t state;
};

void generic_machine_init(struct generic_machine *m, void *stack_low, size_t stack_bytes,
                          void (*entry)(void *argument), void *argument);
void generic_machine_switch(struct generic_machine *from, struct generic_machine *to);
__attribute__((noreturn)) void generic_machine_leave(struct generic_machine *to);

static inline void generic_machine_init_thread(struct generic_machine *m) {
    memset(m, 0, sizeof *m);
}

#endif
