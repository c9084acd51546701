// context.h - a suspended machine state: leave one stack and continue on another.
//
// Invariant: a context is either running (on exactly one thread; its fields mean nothing), or
// suspended (it may be continued once, on any thread), or finished. Only a switch changes that:
//
//   context_init -------------> suspended
//   suspended ----------------> running     context_switch(x, c), context_switch_last(x, c)
//   running ------------------> suspended   context_switch(c, x)
//   running ------------------> finished    context_switch_last(c, x)
//
// Ownership: the memory of the stack and of the struct stay valid from context_init until the
// context is finished or, when it is suspended and never to be continued, until context_deinit.
// Nothing here is atomic. Whoever hands a suspended context to another thread publishes it with
// release, and whoever continues it has seen that with acquire; and it may be published only after
// the switch away from it happened (so by the code that was switched to, never by itself before).
//
// What a switch keeps: everything a function call keeps, except the floating-point control words
// (MXCSR and x87 CW, FPCR): those belong to the thread, so a frame that calls fesetround and then
// suspends leaves its rounding mode to whoever runs next. Saving them costs 30 ns a switch.
// What a switch does not keep: anything derived from the thread. Thread-locals, errno among them,
// must be read again after it through a function that is never inlined (os_thread_local).
//
// Start reading here, then machine_x86_64.h; what sanitizers are told is in sanitizer.h.
#ifndef TENON_CONTEXT_CONTEXT_H
#define TENON_CONTEXT_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "context/machine.h"
#include "context/sanitizer.h"

struct context {
    struct machine machine;
    struct sanitizer_fiber fiber; // empty unless a sanitizer watches
};

// The least stack that context_init accepts. Real code wants far more: printf takes 4 KB.
#define CONTEXT_STACK_BYTES_MIN 1024

// Makes *c stand for whatever runs now, so that it can be the `from` of a switch: normally a
// thread on its own stack, before its first switch. It may equally be called on any other stack (a
// simulated thread in the middle of a frame); the switch then saves that place. Pair with
// context_deinit.
static inline void context_init_thread(struct context *c) {
    machine_init_thread(&c->machine);
    sanitizer_fiber_init_thread(&c->fiber);
}

// Forgets a context that is finished, is suspended for good, or describes a thread. Never called
// by the context itself on its own stack. Nothing to do outside of sanitizer builds.
static inline void context_deinit(struct context *c) {
    sanitizer_fiber_deinit(&c->fiber);
}

#if CONTEXT_SANITIZED

// Out of line: the sanitizers are told before and after (sanitizer.c). Contracts as below.
void context_init(struct context *c, void *stack_low, size_t stack_bytes,
                  void (*entry)(void *argument), void *argument);
void context_switch(struct context *from, struct context *to);
__attribute__((noreturn)) void context_switch_last(struct context *from, struct context *to);

#else

// Makes *c a suspended context that will call entry(argument) on the given stack, which grows down
// from stack_low + stack_bytes (any alignment). entry must not return: it ends by
// context_switch_last. A backtrace taken inside ends at the caller of entry. About 1 ns; allocates
// nothing outside of sanitizer builds. Pair with context_deinit.
static inline void context_init(struct context *c, void *stack_low, size_t stack_bytes,
                                void (*entry)(void *argument), void *argument) {
    ASSERT(stack_bytes >= CONTEXT_STACK_BYTES_MIN);
    machine_init(&c->machine, stack_low, stack_bytes, entry, argument);
}

// Suspends the running context into *from and continues *to, which must be suspended. Returns when
// somebody continues *from, perhaps on another thread. from != to.
static inline void context_switch(struct context *from, struct context *to) {
    machine_switch(&from->machine, &to->machine);
}

// Ends the running context *from, and continues *to. Never returns. As soon as *to runs, the stack
// and the struct of *from may be reused or freed, after context_deinit.
__attribute__((noreturn)) static inline void context_switch_last(struct context *from,
                                                                 struct context *to) {
    (void)from;
    machine_leave(&to->machine);
}

#endif

#endif
