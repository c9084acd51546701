// overflow.h - a frame that outgrows its stack dies with a sentence that names it.
//
// A handler for SIGSEGV looks whether the address lies in the guard of one of our stacks. If so it
// says which frame, where it was spawned, and how large its stack is, on standard error; then the
// process dies of SIGSEGV exactly as it would have. Any other fault is passed on to the handler
// that the program had installed before, as if ours were not there.
//
// Invariant: in the handler only atomics, the faulting stack's own header and write are used.
// Start reading at overflow_install_thread.
#ifndef TENON_STACK_OVERFLOW_H
#define TENON_STACK_OVERFLOW_H

#include "os/os.h"
#include "stack/stack.h"

// What the upper layer knows of a stack. Unknown fields stay NULL and 0.
struct overflow_story {
    const char *name; // of the frame
    const char *file; // where it was spawned
    int line;
    const char *advice; // how to ask for a larger stack
};

// Sets who is asked about a stack, by the handler, on a signal stack: it may read the stack's
// header and nothing that needs a lock. NULL: nobody. May be set at any time.
void overflow_set_describe(void (*describe)(const struct stack *stack,
                                            struct overflow_story *story));

// One per worker thread, in the caller's memory.
struct overflow_thread {
    void *signal_stack; // NULL: the thread had one of its own
    size_t bytes;
};

// Gives the calling thread a stack for signals, unless it has one, and installs the handler in the
// process if no other thread has. 0 or an OS_ code. A thread pairs it with uninstall.
OS_MUST_USE int overflow_install_thread(struct overflow_thread *thread);

// Takes the signal stack away; the last thread puts the program's former handler back, unless the
// program has replaced ours since.
void overflow_uninstall_thread(struct overflow_thread *thread);

#endif
