// idling.c - what a worker does that has found nothing: it looks again and again for a while, and
// then sleeps where it will be woken (see worker.h, spin.h, idle.h, wire.h).
//
// Invariant: it is announced all the while. Start reading at worker_idle.
#include "base/atomic.h"
#include "scheduler/hard.h"
#include "scheduler/keeper.h"
#include "scheduler/worker_private.h"

// ---- sleeping --------------------------------------------------------------------------------

// Where the keeper sleeps, so that it sees what happens there, if the run waits for that. NULL: the
// worker needs no such place.
static struct world *world_to_sleep_in(struct worker *worker) {
    struct scheduler *scheduler = worker->scheduler;
    if (atomic_load_relaxed(&scheduler->keeper) != worker->index) {
        return NULL;
    }
    idle_published(); // pairs with the same in scheduler_set_world
    return atomic_load_acquire(&scheduler->world); // pairs with scheduler_set_world
}

static void sleep_until(struct worker *worker, uint64_t until_ns) {
    struct world *world = world_to_sleep_in(worker);
    if (worker->is_at_bell) {
        if (world == NULL) {
            wire_sleep_until(worker, until_ns);
        } // else it looks again, and does not go to the bell then
    } else if (world != NULL) {
        idle_sleep_in_world(&worker->idle, world, until_ns);
    } else {
        idle_sleep(&worker->idle, until_ns);
    }
}

// Nobody waits for the wire in vain when this worker sleeps. False: there is something to hear, or
// who left the wire has made something ready, which waits for this worker then.
static bool may_leave_wire(struct worker *worker) {
    worker->sleeps_in_world = world_to_sleep_in(worker) != NULL;
    return wire_sleep(worker) && !worker_has_next(worker);
}

// ---- looking ---------------------------------------------------------------------------------

// One look at everything. True: something was done, or is to be done; *stack as in worker_find.
static bool look_for_work(struct worker *worker, struct task_stack **stack) {
    return atomic_load_relaxed(&worker->scheduler->is_stopping) || idle_is_woken(&worker->idle) ||
           keeper_fire(worker->scheduler) || worker_find(worker, true, stack);
}

// Looks again and again, for as long as that is cheaper than to be woken. After spin_begin.
static bool spin_for_work(struct worker *worker, struct task_stack **stack) {
    bool is_found = false;
    while (!is_found && spin_goes_on(&worker->spin)) {
        cpu_pause();
        is_found = look_for_work(worker, stack); // stop_idling has ended the spin if it ran any
    }
    spin_end(&worker->spin, is_found);
    return is_found;
}

static void learn_from_sleep(struct worker *worker, uint64_t until_ns) {
    const uint64_t woken_ns = atomic_load_relaxed(&worker->idle.woken_ns), now_ns = os_now_ns();
    if (worker->is_at_bell && woken_ns < worker->spin.began_ns && now_ns < until_ns) {
        spin_learn_rung(&worker->spin, now_ns);
    } else {
        spin_learn(&worker->spin, woken_ns, now_ns);
    }
}

// Nothing found: spins, unless it is the only thread, then sleeps. NULL, or the stack to continue.
static struct task_stack *wait_for_work(struct worker *worker) {
    const bool spins = worker->scheduler->is_shared && !hard_is(HARD_PARK) &&
                       (LIKELY(!worker->is_agent) || worker->scheduler->wire->agent_spins);
    struct task_stack *stack = NULL;
    if (watchdog_is_owed(&worker->watchdog)) {
        watchdog_pay(worker);
    }
    if (look_for_work(worker, &stack) ||
        (spins && spin_begin(&worker->spin) && spin_for_work(worker, &stack))) {
        return stack;
    }
    if (hard_is(HARD_PARK)) {
        hard_sleeps();
    }
    if (UNLIKELY(worker->is_agent)) {
        wire_sleep_as_agent(worker);
        return NULL;
    }
    const uint64_t until_ns = still_begin(worker, keeper_begin(worker));
    const bool may_sleep = worker->scheduler->wire == NULL || may_leave_wire(worker);
    if (may_sleep && (until_ns == TIMERS_NONE || until_ns > os_now_ns())) {
        sleep_until(worker, until_ns);
        if (spins) {
            learn_from_sleep(worker, until_ns);
        }
    }
    keeper_end(worker);
    still_look(worker);
    return NULL;
}

struct task_stack *worker_idle(struct worker *worker) {
    struct scheduler *scheduler = worker->scheduler;
    if (!worker->is_announced) {
        worker->is_announced = true;
        idle_announce(&worker->idle, &scheduler->idle);
    }
    if (worker->index == 0) {
        scheduler_wake_spare(scheduler);
    }
    struct task_stack *stack = wait_for_work(worker);
    if (worker->is_announced && !idle_remain(&worker->idle, &scheduler->idle)) {
        stack = worker_stop_idling(worker);
    }
    return stack;
}
