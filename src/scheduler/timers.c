// timers.c - see timers.h. A locked heap of intrusive nodes.
#include "scheduler/timers.h"

#include "base/atomic.h"
#include "base/bits.h"

void timers_init(struct timers *timers) {
    os_lock_init(&timers->lock);
    heap_init(&timers->heap);
    atomic_store_relaxed(&timers->earliest_ns, TIMERS_NONE);
}

static void note_earliest(struct timers *timers) {
    const struct heap_node *first = heap_first(&timers->heap);
    atomic_store_relaxed(&timers->earliest_ns, first == NULL ? TIMERS_NONE : first->key);
}

bool timers_add(struct timers *timers, struct timer *timer, uint64_t deadline_ns) {
    os_lock_acquire(&timers->lock);
    timer->in = timers;
    heap_push(&timers->heap, &timer->node, deadline_ns);
    note_earliest(timers);
    const bool is_first = heap_first(&timers->heap) == &timer->node;
    os_lock_release(&timers->lock);
    return is_first;
}

bool timers_cancel(struct timers *timers, struct timer *timer) {
    os_lock_acquire(&timers->lock);
    const bool waits = timer->in == timers;
    if (waits) {
        timer->in = NULL;
        heap_remove(&timers->heap, &timer->node);
        note_earliest(timers);
    }
    os_lock_release(&timers->lock);
    return waits;
}

int timers_fire(struct timers *timers, uint64_t now_ns) {
    if (timers_earliest_ns(timers) > now_ns) {
        return 0;
    }
    int fired = 0;
    os_lock_acquire(&timers->lock);
    for (;;) {
        struct heap_node *first = heap_first(&timers->heap);
        if (first == NULL || first->key > now_ns) {
            break;
        }
        struct timer *timer = container_of(heap_pop(&timers->heap), struct timer, node);
        timer->in = NULL;
        timer->fire(timer);
        fired++;
    }
    note_earliest(timers);
    os_lock_release(&timers->lock);
    return fired;
}

