// runnable.h - one entry of a worker's queues, and the queue itself.
//
// A runnable is embedded in what it stands for: a suspended stack to continue, a frame to start, a
// post to deliver. Queueing allocates nothing and cannot fail.
// Invariant: a runnable is on at most one queue; its owner submits it again only after it ran.
// Start reading at struct runnable.
#ifndef TENON_SCHEDULER_RUNNABLE_H
#define TENON_SCHEDULER_RUNNABLE_H

#include <stdbool.h>
#include <stddef.h>

struct task_stack;
struct worker;

struct runnable {
    struct runnable *next;
    // Called by the worker loop on the worker's own stack, with the runnable on no queue any more.
    // Returns the stack that the loop is to continue now; NULL: the thing is done.
    struct task_stack *(*run)(struct worker *worker, struct runnable *runnable);
};

// First in, first out. Not thread-safe by itself.
struct runnable_queue {
    struct runnable *first;
    struct runnable *last;
    size_t count;
};

static inline void runnable_queue_push(struct runnable_queue *queue, struct runnable *runnable) {
    runnable->next = NULL;
    if (queue->first == NULL) {
        queue->first = runnable;
    } else {
        queue->last->next = runnable;
    }
    queue->last = runnable;
    queue->count++;
}

// Puts it before all others.
static inline void runnable_queue_push_front(struct runnable_queue *queue,
                                             struct runnable *runnable) {
    runnable->next = queue->first;
    queue->first = runnable;
    if (runnable->next == NULL) {
        queue->last = runnable;
    }
    queue->count++;
}

static inline struct runnable *runnable_queue_pop(struct runnable_queue *queue) {
    struct runnable *runnable = queue->first;
    if (runnable != NULL) {
        queue->first = runnable->next;
        queue->count--;
        // Among a million stacks the next one is not in any cache: it may come while this one runs.
        __builtin_prefetch(queue->first, 1);
    }
    return runnable;
}

#endif
