// interrupt.c - the simulated system has no blocking calls, so there is nothing to interrupt.
// Invariant: none is ever made. Start reading at os_interrupt_init.
#include "os/os.h"

int os_interrupt_init(struct os_interrupt *interrupt, uint64_t start_ns) {
    (void)interrupt;
    (void)start_ns;
    return OS_UNSUPPORTED;
}

void os_interrupt_raise(struct os_interrupt *interrupt) {
    (void)interrupt;
}

void os_interrupt_deinit(struct os_interrupt *interrupt) {
    (void)interrupt;
}
