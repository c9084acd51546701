// thread.c - simulated threads: contexts on stacks of their own.
//
// Invariant: a struct sim_thread lives from os_thread_start until os_thread_join returns.
// Start reading at os_thread_start; turn.c decides who runs.
#include <stdlib.h>
#include <sys/mman.h>

#include "base/check.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/sim/turn.h"

// Room for anything a test does on a thread's own stack; only touched pages cost memory.
enum { STACK_BYTES = 1 << 20, GUARD_BYTES = 1 << 16 };

static void run_thread(void *argument) {
    struct sim_thread *thread = argument;
    thread->entry(thread->argument);
    if (thread->kept != NULL) {
        thread->kept->drop(thread->kept);
    }
    turn_end();
}

static void *make_stack(void) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
    REQUIRE(stack != MAP_FAILED, "no memory for a simulated thread's stack");
    int failed = mprotect(stack, GUARD_BYTES, PROT_NONE);
    REQUIRE(failed == 0, "no guard for a simulated thread's stack");
    return stack;
}

int os_thread_start(struct os_thread *thread, void (*entry)(void *argument), void *argument,
                    const char *name) {
    turn_pass();
    if (fault_call()) {
        return OS_AGAIN;
    }
    struct sim_thread *made = calloc(1, sizeof *made);
    REQUIRE(made != NULL, "no memory for a simulated thread");
    made->entry = entry;
    made->argument = argument;
    made->name = name == NULL ? "thread" : name;
    made->deadline_ns = OS_NEVER;
    made->look_at_ns = OS_NEVER;
    made->stack = make_stack();
    context_init(&made->begin, (char *)made->stack + GUARD_BYTES, STACK_BYTES - GUARD_BYTES,
                 run_thread, made);
    made->place = &made->begin;
    *thread = (struct os_thread){(uintptr_t)made, entry, argument, name};
    turn_add(made);
    turn_pass();
    return OS_OK;
}

void os_thread_join(struct os_thread *thread) {
    struct sim_thread *joined = (struct sim_thread *)thread->handle;
    REQUIRE(joined != NULL && joined != turn_current(),
            "os_thread_join was given no running thread, or the calling one");
    while (joined->state != SIM_ENDED) {
        (void)turn_wait(SIM_FOR_END, joined, OS_NEVER);
    }
    thread->handle = 0;
    context_deinit(&joined->begin);
    munmap(joined->stack, STACK_BYTES);
    free(joined);
}

void *os_thread_local(void) {
    return turn_current()->local;
}

void os_thread_local_set(void *value) {
    turn_current()->local = value;
}

struct os_keepsake *os_thread_kept(void) {
    return turn_current()->kept;
}

void os_thread_keep(struct os_keepsake *keepsake) {
    turn_current()->kept = keepsake;
}

uint64_t os_thread_id(void) {
    return turn_current()->id;
}

int os_thread_count(void) {
    return turn_threads();
}

void os_thread_yield(void) {
    turn_advance(100);
    turn_pass();
}
