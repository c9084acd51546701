// still.c - noticing that nothing moves any more: all workers have been idle for a while.
//
// The last worker to go to sleep sleeps for STILL_AFTER_NS only, and looks then. Who is woken
// before that finds that it is not still.
// Invariant: calls->still is called once until a worker is woken again, so a run that waits for
// another thread is woken once in each pause. Start reading at still_look.
#include "scheduler/world.h"
#include "scheduler/worker_private.h"

bool still_may_be(struct worker *worker) {
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

void still_look(struct worker *worker, uint64_t until_ns) {
    struct scheduler *scheduler = worker->scheduler;
    if (until_ns != OS_NEVER && os_now_ns() >= until_ns && still_may_be(worker)) {
        atomic_store_relaxed(&scheduler->is_told_still, true);
        scheduler->calls->still(scheduler);
    } else if (atomic_load_relaxed(&scheduler->is_told_still)) {
        atomic_store_relaxed(&scheduler->is_told_still, false);
    }
}

