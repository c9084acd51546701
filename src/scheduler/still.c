// still.c - noticing that nothing moves any more: all workers have been idle for a while.
//
// The last worker to go to sleep sleeps for AFTER_NS only, and looks then. Who is woken
// before that finds that it is not still.
// Invariant: calls->still is called once until a worker is woken again, so a run that waits for
// another thread is woken once in each pause. Start reading at still_look.
#include "scheduler/world.h"
#include "scheduler/worker_private.h"

// How long all workers have to be idle before it is looked whether anything can go on at all.
#define AFTER_NS 100000000u

// Whether nothing is left that could wake a worker but another thread; and nobody has been told.
static bool may_be_still(struct worker *worker) {
    struct scheduler *scheduler = worker->scheduler;
    if (scheduler->calls->still == NULL || atomic_load_relaxed(&scheduler->is_told_still)) {
        return false;
    }
    struct world *world = atomic_load_acquire(&scheduler->world); // pairs with scheduler_set_world
    if (world != NULL && atomic_load_relaxed(&world->awaited) > 0) {
        return false;
    }
    for (int i = 0; i < scheduler->count; i++) {
        struct worker *other = &scheduler->workers[i];
        if (timers_earliest_ns(&other->timers) != TIMERS_NONE ||
            (other != worker && atomic_load_relaxed(&other->idle.state) == IDLE_AWAKE)) {
            return false;
        }
    }
    return true;
}

uint64_t still_begin(struct worker *worker, uint64_t until_ns) {
    const bool is_last = until_ns == TIMERS_NONE && may_be_still(worker);
    worker->still_ns = is_last ? os_now_ns() + AFTER_NS : OS_NEVER;
    return is_last ? worker->still_ns : until_ns;
}

void still_look(struct worker *worker) {
    struct scheduler *scheduler = worker->scheduler;
    if (worker->still_ns != OS_NEVER && os_now_ns() >= worker->still_ns && may_be_still(worker)) {
        atomic_store_relaxed(&scheduler->is_told_still, true);
        scheduler->calls->still(scheduler);
    } else if (atomic_load_relaxed(&scheduler->is_told_still)) {
        atomic_store_relaxed(&scheduler->is_told_still, false);
    }
}
