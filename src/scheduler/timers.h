// timers.h - the deadlines that frames of one worker wait for.
//
// The worker fires its own; when it is busy, whichever worker is idle fires them for it (keeper.c),
// so a timer never waits behind a busy worker while another is free.
// Invariant: `earliest_ns` is the key of the heap's first node, or TIMERS_NONE, whenever the lock
// is free. Equal deadlines fire in the order of timers_add. Nothing allocates.
// Start reading at timers_fire.
#ifndef TENON_SCHEDULER_TIMERS_H
#define TENON_SCHEDULER_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/heap.h"
#include "os/os.h"

#define TIMERS_NONE OS_NEVER

struct timer {
    struct heap_node node;
    // Called once, under the lock of its timers, when the deadline has passed: it must not block
    // and must not call timers_* functions. The timer is free again when it is called.
    void (*fire)(struct timer *timer);
    struct timers *in; // NULL when it is not waiting; changes under the lock of where it was
};

struct timers {
    struct os_lock lock;
    struct heap heap;
    _Atomic uint64_t earliest_ns;
};

void timers_init(struct timers *timers);

// Waits for deadline_ns with timer->fire set. From any thread. True when it is now the earliest.
bool timers_add(struct timers *timers, struct timer *timer, uint64_t deadline_ns);

// Takes a timer back. True when it had not fired; false when it has, or is firing: then this waits
// until fire has returned.
bool timers_cancel(struct timers *timers, struct timer *timer);

// Fires everything due at now_ns, in order. From any thread. Returns how many.
int timers_fire(struct timers *timers, uint64_t now_ns);

// The earliest deadline, TIMERS_NONE if nothing waits. A glance.
static inline uint64_t timers_earliest_ns(struct timers *timers) {
    return atomic_load_relaxed(&timers->earliest_ns);
}

#endif
