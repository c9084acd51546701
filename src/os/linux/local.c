// local.c - the one pointer that every thread has.
//
// Invariant: the address of a thread-local variable never leaves one call here. Code that switches
// stacks may continue on another thread, and a compiler that had kept the address would go on
// using the old thread's. Hence out of line and opaque: noipa, or for clang an asm that could do
// anything, hold under link-time optimisation too. Start reading at os_thread_local.
#include "os/os.h"

#if defined(__clang__)
#define OPAQUE __attribute__((noinline))
#else
#define OPAQUE __attribute__((noipa))
#endif

// initial-exec: one load relative to the thread register also inside a shared library.
static _Thread_local void *local __attribute__((tls_model("initial-exec")));

OPAQUE void *os_thread_local(void) {
    void *value = local;
    __asm__ volatile("" : "+r"(value)::"memory");
    return value;
}

OPAQUE void os_thread_local_set(void *value) {
    local = value;
    __asm__ volatile("" ::: "memory");
}
