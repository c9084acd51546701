// fault.h - what the saved registers of a signal say.
//
// Invariant: callable in a signal handler. Start reading at fault_stack_pointer.
#ifndef TENON_CONTEXT_FAULT_H
#define TENON_CONTEXT_FAULT_H

#include <stdint.h>
#include <ucontext.h>

// The stack pointer at the moment of the signal, from the third argument of its handler. 0 on a
// machine whose registers are not known here.
static inline uintptr_t fault_stack_pointer(const void *registers) {
    const ucontext_t *context = registers;
#if defined(__x86_64__)
    enum { RSP = 15 }; // REG_RSP, without asking for all extensions of the C library
    return (uintptr_t)context->uc_mcontext.gregs[RSP];
#elif defined(__aarch64__)
    return (uintptr_t)context->uc_mcontext.sp;
#else
    (void)context;
    return 0;
#endif
}

// The address of the instruction that the signal came before; NULL on a machine unknown here.
static inline void *fault_code_address(const void *registers) {
    const ucontext_t *context = registers;
#if defined(__x86_64__)
    enum { RIP = 16 }; // REG_RIP
    return (void *)context->uc_mcontext.gregs[RIP];
#elif defined(__aarch64__)
    return (void *)context->uc_mcontext.pc;
#else
    (void)context;
    return NULL;
#endif
}

#endif
