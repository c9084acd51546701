// keeper.c - see keeper.h.
#include "scheduler/keeper.h"

#include "base/atomic.h"

static uint64_t earliest_of_all_ns(struct scheduler *scheduler) {
    uint64_t earliest_ns = TIMERS_NONE;
    for (int i = 0; i < scheduler->count; i++) {
        const uint64_t at_ns = timers_earliest_ns(&scheduler->workers[i].timers);
        earliest_ns = at_ns < earliest_ns ? at_ns : earliest_ns;
    }
    return earliest_ns;
}

bool keeper_fire(struct scheduler *scheduler) {
    const uint64_t earliest_ns = earliest_of_all_ns(scheduler);
    if (earliest_ns == TIMERS_NONE) {
        return false;
    }
    const uint64_t now_ns = os_now_ns();
    int fired = 0;
    for (int i = 0; i < scheduler->count && earliest_ns <= now_ns; i++) {
        fired += timers_fire(&scheduler->workers[i].timers, now_ns);
    }
    return fired > 0;
}

uint64_t keeper_begin(struct worker *worker) {
    struct scheduler *scheduler = worker->scheduler;
    int none = -1;
    if (!atomic_cas_relaxed(&scheduler->keeper, &none, worker->index)) {
        return timers_earliest_ns(&worker->timers);
    }
    idle_published(); // pairs with the same in keeper_hear
    const uint64_t earliest_ns = earliest_of_all_ns(scheduler);
    atomic_store_relaxed(&scheduler->armed_ns, earliest_ns);
    return earliest_ns;
}

void keeper_end(struct worker *worker) {
    struct scheduler *scheduler = worker->scheduler;
    if (atomic_load_relaxed(&scheduler->keeper) != worker->index) {
        return;
    }
    const uint64_t known_ns = atomic_load_relaxed(&scheduler->armed_ns);
    atomic_store_relaxed(&scheduler->armed_ns, TIMERS_NONE);
    atomic_store_relaxed(&scheduler->keeper, -1);
    // Before the looks at what is awaited, and at timers that have come since: who added one took
    // this for the keeper. Pairs with scheduler_awaits_world and keeper_hear.
    idle_published();
    const bool has_timers =
        (MUTATED(keeper_trusts_what_it_knew) ? known_ns : earliest_of_all_ns(scheduler)) !=
        TIMERS_NONE;
    struct world *world = atomic_load_acquire(&scheduler->world); // pairs with scheduler_set_world
    if (has_timers || (world != NULL && atomic_load_relaxed(&world->awaited) > 0)) {
        keeper_appoint(scheduler);
    }
}

// Somebody who sleeps. If nobody does, those who are about to: they may have looked for a keeper
// when there was one.
void keeper_appoint(struct scheduler *scheduler) {
    idle_published(); // there is no keeper: who falls asleep sees that, too, or is seen
    for (int i = 0; i < scheduler->count; i++) {
        if (atomic_load_relaxed(&scheduler->workers[i].idle.state) == IDLE_ASLEEP) {
            idle_wake(&scheduler->workers[i].idle);
            return;
        }
    }
    for (int i = 0; i < scheduler->count; i++) {
        struct worker *worker = &scheduler->workers[i];
        if (worker != worker_current() && !worker->is_agent &&
            !MUTATED(keeper_appoints_sleepers_only) &&
            atomic_load_relaxed(&worker->idle.state) != IDLE_AWAKE) {
            idle_wake(&worker->idle);
        }
    }
}

void keeper_hear(struct worker *worker) {
    struct scheduler *scheduler = worker->scheduler;
    if (!scheduler->is_shared) {
        return;
    }
    const uint64_t earliest_ns = timers_earliest_ns(&worker->timers);
    if (earliest_ns >= atomic_load_relaxed(&scheduler->armed_ns)) {
        return;
    }
    idle_published(); // pairs with the same in keeper_begin
    const int keeper = atomic_load_relaxed(&scheduler->keeper);
    if (keeper >= 0) {
        idle_wake(&scheduler->workers[keeper].idle);
    } else {
        keeper_appoint(scheduler); // those who sleep had nothing to watch when they fell asleep
    }
}
