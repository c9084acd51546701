// still.c - noticing that nothing moves any more: all workers have been idle for a while.
//
// The last worker to go to sleep sleeps for a while only, and looks then. Who is woken
// before that finds that it is not still. And looking round for the layer above at the moment that
// it asked for, whether anything moves or not.
// Invariant: calls->still is called once, and once more where somebody wants to hear of long
// pauses, until a worker is woken again: so a run that waits for another thread is woken once in
// each pause. Start reading at still_look.
#include "scheduler/world.h"
#include "scheduler/worker_private.h"

// How long all workers have to be idle before it is looked whether anything can go on at all.
#define AFTER_NS 100000000u

enum still_told { STILL_UNTOLD, STILL_TOLD, STILL_TOLD_LONG };

static bool is_world_awaited(struct scheduler *scheduler) {
    struct world *world = atomic_load_acquire(&scheduler->world); // pairs with scheduler_set_world
    return scheduler->wire != NULL || (world != NULL && atomic_load_relaxed(&world->awaited) > 0);
}

// Whether nothing of the run itself could wake a worker any more. `asleep`: all others sleep, and
// so pass still_look before they run anything; else they may be about to.
static bool is_at_rest(struct worker *worker, bool asleep) {
    struct scheduler *scheduler = worker->scheduler;
    for (int i = 0; i < scheduler->count; i++) {
        struct worker *other = &scheduler->workers[i];
        const uint32_t state = atomic_load_relaxed(&other->idle.state);
        if (timers_earliest_ns(&other->timers) != TIMERS_NONE ||
            (other != worker && (state == IDLE_AWAKE || (asleep && state == IDLE_ANNOUNCED)))) {
            return false;
        }
    }
    return true;
}

// What is to be told next, and after how long a rest; OS_NEVER: nothing.
static enum still_told next_telling(struct scheduler *scheduler, uint64_t *after_ns) {
    const uint32_t told = atomic_load_relaxed(&scheduler->told_still);
    const bool is_first = told == STILL_UNTOLD && !is_world_awaited(scheduler);
    const bool is_over = scheduler->calls->still == NULL || told == STILL_TOLD_LONG;
    *after_ns = is_over ? OS_NEVER : is_first ? AFTER_NS : scheduler->suspect_ns;
    return is_first ? STILL_TOLD : STILL_TOLD_LONG;
}

// What a worker has done before it sleeps is seen by whoever looks; and who wakes waits until that
// one has looked. Without suspicion nobody can be woken meanwhile.
static void pass_looker(struct scheduler *scheduler) {
    if (scheduler->suspect_ns != OS_NEVER) {
        os_lock_acquire(&scheduler->still_lock);
        os_lock_release(&scheduler->still_lock);
    }
}

// True when the layer above was told that it is still.
static bool tell_still(struct worker *worker) {
    struct scheduler *scheduler = worker->scheduler;
    uint64_t after_ns;
    os_lock_acquire(&scheduler->still_lock);
    const bool is_still = is_at_rest(worker, true);
    if (is_still) {
        const enum still_told telling = next_telling(scheduler, &after_ns);
        atomic_store_relaxed(&scheduler->told_still, telling);
        scheduler->calls->still(scheduler, telling == STILL_TOLD_LONG);
    }
    os_lock_release(&scheduler->still_lock);
    return is_still;
}

void scheduler_look_at(struct scheduler *scheduler, uint64_t at_ns) {
    atomic_store_relaxed(&scheduler->look_ns, at_ns);
}

bool still_look_around(struct scheduler *scheduler) {
    uint64_t at_ns = atomic_load_relaxed(&scheduler->look_ns);
    const bool is_due = at_ns != OS_NEVER && os_now_ns() >= at_ns &&
                        atomic_cas_relaxed(&scheduler->look_ns, &at_ns, OS_NEVER);
    if (is_due) {
        scheduler->calls->look(scheduler);
    }
    return is_due;
}

// A rest is none the shorter for who looked round in the midst of it.
uint64_t still_begin(struct worker *worker, uint64_t until_ns) {
    struct scheduler *scheduler = worker->scheduler;
    uint64_t after_ns;
    pass_looker(scheduler);
    (void)next_telling(scheduler, &after_ns);
    const bool is_last =
        until_ns == TIMERS_NONE && after_ns != OS_NEVER && is_at_rest(worker, false);
    if (!is_last) {
        worker->still_ns = OS_NEVER;
    } else if (!worker->has_looked || worker->still_ns == OS_NEVER) {
        worker->still_ns = os_now_ns() + after_ns;
    }
    worker->look_ns = atomic_load_relaxed(&scheduler->look_ns);
    until_ns = worker->still_ns < until_ns ? worker->still_ns : until_ns;
    return worker->look_ns < until_ns ? worker->look_ns : until_ns;
}

void still_look(struct worker *worker) {
    struct scheduler *scheduler = worker->scheduler;
    pass_looker(scheduler);
    const bool is_asked = worker->still_ns != OS_NEVER || worker->look_ns != OS_NEVER;
    const uint64_t now_ns = is_asked ? os_now_ns() : 0;
    const bool is_told = now_ns >= worker->still_ns && tell_still(worker);
    worker->has_looked = !is_told && now_ns >= worker->look_ns;
    if (worker->has_looked) {
        (void)still_look_around(scheduler);
    } else if (!is_told && atomic_load_relaxed(&scheduler->told_still) != STILL_UNTOLD) {
        atomic_store_relaxed(&scheduler->told_still, STILL_UNTOLD);
    }
}
