// machine_generic.c - the portable switch. See machine_generic.h.
//
// Invariant: makecontext passes ints only, so a pointer travels as two halves and is put together
// again in boot. Start reading at generic_machine_init.
#include "context/machine_generic.h"

#include <stdint.h>

#include "base/check.h"

static void boot(unsigned int entry_high, unsigned int entry_low, unsigned int argument_high,
                 unsigned int argument_low) {
    uint64_t entry = (uint64_t)entry_high << 32 | entry_low;
    uint64_t argument = (uint64_t)argument_high << 32 | argument_low;
    ((void (*)(void *))(uintptr_t)entry)((void *)(uintptr_t)argument);
    UNREACHABLE("the entry of a context returned");
}

void generic_machine_init(struct generic_machine *m, void *stack_low, size_t stack_bytes,
                          void (*entry)(void *argument), void *argument) {
    int failed = getcontext(&m->state);
    ASSERT(failed == 0);
    (void)failed;
    m->state.uc_stack.ss_sp = stack_low;
    m->state.uc_stack.ss_size = stack_bytes;
    m->state.uc_link = NULL;
    uint64_t to = (uintptr_t)entry;
    uint64_t with = (uintptr_t)argument;
    makecontext(&m->state, (void (*)(void))(uintptr_t)boot, 4, (unsigned int)(to >> 32),
                (unsigned int)to, (unsigned int)(with >> 32), (unsigned int)with);
}

void generic_machine_switch(struct generic_machine *from, struct generic_machine *to) {
    int failed = swapcontext(&from->state, &to->state);
    ASSERT(failed == 0);
    (void)failed;
}

void generic_machine_leave(struct generic_machine *to) {
    (void)setcontext(&to->state);
    UNREACHABLE("setcontext returned");
}
