// signal.c - signals that the process watches: counted by a handler, told by signal_arrived.
//
// Invariant: our handler stands for a signal exactly while `watchers` of it is above 0, and what
// stood there before is in `former`. Start reading at os_signal_watch.
#include "os/signal.h"

#include <signal.h>
#include <stdatomic.h>

#include "os/fault.h"
#include "os/file.h"

enum { NUMBERS = 65 };

static struct os_lock lock = OS_LOCK_INIT;
static int watchers[NUMBERS];
static struct sigaction former[NUMBERS];
static _Atomic uint64_t counts[NUMBERS];

static void handle(int number) {
    const int error = errno;
    atomic_fetch_add_explicit(&counts[number], 1, memory_order_relaxed);
    signal_arrived();
    errno = error;
}

int os_signal_watch(int number) {
    if (number < 1 || number >= NUMBERS) {
        return OS_INVALID;
    }
    if (fault_call()) {
        return OS_NO_MEMORY;
    }
    int code = OS_OK;
    os_lock_acquire(&lock);
    if (watchers[number] == 0) {
        // On the thread's own signal stack: a frame's may be too small.
        struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART | SA_ONSTACK};
        sigemptyset(&action.sa_mask);
        code = sigaction(number, &action, &former[number]) == 0 ? OS_OK : -errno;
    }
    watchers[number] += code == OS_OK ? 1 : 0;
    os_lock_release(&lock);
    return code;
}

void os_signal_unwatch(int number) {
    os_lock_acquire(&lock);
    if (--watchers[number] == 0) {
        (void)sigaction(number, &former[number], NULL);
    }
    os_lock_release(&lock);
}

uint64_t os_signal_count(int number) {
    return atomic_load_explicit(&counts[number], memory_order_relaxed);
}
