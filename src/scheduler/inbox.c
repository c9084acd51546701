// inbox.c - see inbox.h. One exchange takes all; pushing is a loop of one compare and swap.
#include "scheduler/inbox.h"

#include "base/atomic.h"

void inbox_init(struct inbox *inbox) {
    atomic_store_relaxed(&inbox->newest, NULL);
}

void inbox_push(struct inbox *inbox, struct runnable *runnable) {
    struct runnable *newest = atomic_load_relaxed(&inbox->newest);
    do {
        plain_write(&runnable->next, newest);
        // release: pairs with inbox_take, which follows `next` and runs the entry.
    } while (!atomic_cas_weak_release(&inbox->newest, &newest, runnable) &&
             !MUTATED(inbox_pushes_once));
}

bool inbox_take(struct inbox *inbox, struct runnable_queue *queue) {
    if (inbox_is_empty(inbox)) {
        return false;
    }
    // acquire: pairs with inbox_push.
    struct runnable *newest = atomic_exchange_acquire(&inbox->newest, NULL);
    struct runnable *oldest = NULL;
    while (newest != NULL) {
        struct runnable *next = plain_read(&newest->next);
        plain_write(&newest->next, oldest);
        oldest = newest;
        newest = next;
    }
    const bool any = oldest != NULL;
    while (oldest != NULL) {
        struct runnable *next = oldest->next;
        runnable_queue_push(queue, oldest);
        oldest = next;
    }
    return any;
}
