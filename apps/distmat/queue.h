// A bounded queue between Frames of one thread, made of two events.
//
// Frames of one thread change places only where they wait, so what was tested still holds when the
// wait begins, and an event that is posted while nobody waits is rightly lost.
//
// Invariant: count <= QUEUE_CAPACITY; items leave in the order in which they came.
// Start reading at queue_take.
#ifndef DISTMAT_QUEUE_H
#define DISTMAT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include <tenon.h>

#define QUEUE_CAPACITY 16

struct queue {
    void *items[QUEUE_CAPACITY];
    size_t first;
    size_t count;
    bool is_closed;
    struct tn_event *changed; // posted when an item came, an item went, or the queue was closed
};

// Its event belongs to the current frame, and the queue must not outlive it. Returns TN_OK or
// TN_NO_MEMORY.
int queue_init(struct queue *queue, struct tn_self *self, const char *name);

// Adds an item, not NULL; waits while the queue is full. Returns TN_OK or the code that ended the
// wait.
int queue_put(struct queue *queue, struct tn_self *self, void *item);

// Takes the oldest item; waits for one. NULL when the queue is closed and empty, or the wait ended.
void *queue_take(struct queue *queue, struct tn_self *self);

// Nothing will be put any more.
void queue_close(struct queue *queue);

#endif
