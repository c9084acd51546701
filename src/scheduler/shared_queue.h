// shared_queue.h - a queue of runnables that several workers push to and take from.
//
// A lock around a list: it holds frames that have a stack or wait for one, which cost far more than
// the lock; the tasks of fork-join never pass through here (task_stack.h).
// Invariant: `count` is the length of the list whenever the lock is free, so that an idle worker
// can see that there is nothing without taking the lock. Start reading at shared_queue_push.
#ifndef TENON_SCHEDULER_SHARED_QUEUE_H
#define TENON_SCHEDULER_SHARED_QUEUE_H

#include "base/atomic.h"
#include "os/os.h"
#include "scheduler/runnable.h"

struct shared_queue {
    struct os_lock lock;
    _Atomic size_t count;
    struct runnable_queue queue;
};

static inline void shared_queue_init(struct shared_queue *shared) {
    os_lock_init(&shared->lock);
    atomic_store_relaxed(&shared->count, 0);
    shared->queue = (struct runnable_queue){NULL, NULL, 0};
}

// From any thread. The idle protocol (idle.h) makes sure that somebody looks after it.
static inline void shared_queue_push(struct shared_queue *shared, struct runnable *runnable) {
    os_lock_acquire(&shared->lock);
    runnable_queue_push(&shared->queue, runnable);
    atomic_store_relaxed(&shared->count, shared->queue.count);
    os_lock_release(&shared->lock);
}

// A glance without the lock: may be outdated by the time it returns.
static inline bool shared_queue_is_empty(struct shared_queue *shared) {
    return atomic_load_relaxed(&shared->count) == 0;
}

// The oldest entry, or NULL.
static inline struct runnable *shared_queue_pop(struct shared_queue *shared) {
    if (shared_queue_is_empty(shared)) {
        return NULL;
    }
    os_lock_acquire(&shared->lock);
    struct runnable *runnable = runnable_queue_pop(&shared->queue);
    atomic_store_relaxed(&shared->count, shared->queue.count);
    os_lock_release(&shared->lock);
    return runnable;
}

#endif
