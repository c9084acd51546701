// inbox.h - what other threads hand to one worker.
//
// Many push, the worker takes everything at once: a stack of links with one exchange, turned round
// so that the oldest comes first. No entry can be lost or seen half written, and there is no ABA:
// nothing is ever popped alone.
// After: R. K. Treiber, Systems programming: coping with parallelism (IBM RJ 5118, 1986).
//
// Invariant: following `next` from `newest` meets every entry pushed and not yet taken, newest
// first. Model-checked in tests/model. Start reading at inbox_push.
#ifndef TENON_SCHEDULER_INBOX_H
#define TENON_SCHEDULER_INBOX_H

#include <stdbool.h>

#include "base/atomic.h"
#include "scheduler/runnable.h"

struct inbox {
    struct runnable *_Atomic newest;
};

void inbox_init(struct inbox *inbox);

// From any thread. Does not wake the worker: see idle.h.
void inbox_push(struct inbox *inbox, struct runnable *runnable);

// Moves everything behind what `queue` holds, oldest first. By the worker only. True when there was
// anything.
bool inbox_take(struct inbox *inbox, struct runnable_queue *queue);

static inline bool inbox_is_empty(struct inbox *inbox) {
    return atomic_load_relaxed(&inbox->newest) == NULL;
}

#endif
