// wire.c - see wire.h.
#include "scheduler/wire.h"

#include "base/atomic.h"
#include "base/check.h"
#include "scheduler/hard.h"
#include "scheduler/worker_private.h"

bool wire_hear(struct worker *worker) {
    struct wire *wire = worker->scheduler->wire;
    worker->is_on_wire = true;
    return wire->hear(wire, worker, !worker->listens);
}

bool wire_next(struct worker *worker, struct runnable **found) {
    struct wire *wire = worker->scheduler->wire;
    *found = NULL;
    return (worker->taken != NULL || atomic_load_relaxed(&wire->has_next)) &&
           wire->next(wire, worker, found);
}

static bool leave(struct worker *worker) {
    struct wire *wire = worker->scheduler->wire;
    const bool has_listened = worker->listens;
    worker->listens = false;
    return wire->leave(wire, worker, has_listened);
}

bool wire_sleep(struct worker *worker) {
    const bool may_sleep = leave(worker);
    const bool must_look = !may_sleep && !MUTATED(wire_forgets_who_must_look);
    worker->is_on_wire = must_look || worker->is_at_bell;
    return may_sleep;
}

void wire_leave(struct worker *worker) {
    worker->is_on_wire = false;
    worker->spin.is_spent = false;
    if (!leave(worker) && !MUTATED(wire_leaves_without_waking)) {
        wire_wake_agent(worker->scheduler);
    }
}

void wire_sleep_until(struct worker *worker, uint64_t until_ns) {
    if (worker->is_at_bell) {
        idle_sleep_in_world(&worker->idle, worker->scheduler->wire->world, until_ns);
    } else {
        idle_sleep(&worker->idle, until_ns);
    }
}

void wire_sleep_as_agent(struct worker *worker) {
    struct wire *wire = worker->scheduler->wire;
    if (wire_sleep(worker)) {
        const uint64_t until_ns = wire->until_ns; // nobody else writes it
        if (until_ns == OS_NEVER || until_ns > os_now_ns()) {
            wire_sleep_until(worker, until_ns);
        }
    }
}

// What takes less than this in all need not be interrupted for that.
#define ROUND_NS 50000

bool wire_round_is_over(struct worker *worker, unsigned count) {
    if (count % WORKER_TIMER_ROUNDS != 0) {
        return false;
    }
    // Who has waited knows the time.
    const bool has_waited = worker->waits_here != worker->round_waits;
    worker->round_waits = worker->waits_here;
    if (has_waited && worker->spin.began_ns - worker->round_ns < ROUND_NS) {
        return false;
    }
    worker->round_ns = worker->spin.began_ns;
    return true;
}

// Of those that run in place around who waits.
enum { TASKS_LOOKS = 16 };

bool wire_may_wait_here(struct task_stack *stack) {
    struct worker *worker = stack->worker;
    return !worker->is_agent && !hard_is(HARD_PARK) && !tasks_has_new(&stack->tasks, TASKS_LOOKS) &&
           !worker_has_next(worker) && !scheduler_has_free_work(worker->scheduler) &&
           !wire_round_is_over(worker, ++worker->waits_here);
}

// After a look at the clock of its spin.
static bool has_something_due(struct worker *worker) {
    return worker_has_next(worker) || scheduler_has_free_work(worker->scheduler) ||
           timers_earliest_ns(&worker->timers) <= worker->spin.began_ns + worker->spin.spun_ns;
}

// Spins on the stack until it is over, listening or not.
static bool spin_here(struct worker *worker, bool listens, bool (*is_over)(const void *),
                      const void *what) {
    if (!spin_begin(&worker->spin)) {
        return false;
    }
    bool has_come = false;
    while (!has_come && !has_something_due(worker) && spin_goes_on(&worker->spin)) {
        if (listens) {
            (void)wire_hear(worker);
        }
        has_come = is_over(what);
    }
    spin_end(&worker->spin, has_come);
    worker->spin.is_spent = !has_come;
    return has_come;
}

bool wire_wait_here(struct task_stack *stack, bool (*is_over)(const void *), const void *what) {
    const bool has_come = spin_here(stack->worker, true, is_over, what);
    if (has_come) {
        wire_leave(stack->worker);
    }
    return has_come;
}

// Who stays looks at first without the clock, for as long as an answer takes that is on its way.
// Once in so long it looks at the clock, and what is due by it; and whether somebody has to look at
// what all others might miss.
enum { STAY_LOOKS = 32, STAY_NS = 50000, STAY_UNSEEN_NS = 1000000 };

static bool has_world_to_look_at(struct scheduler *scheduler) {
    struct world *world = atomic_load_acquire(&scheduler->world); // pairs with scheduler_set_world
    return world != NULL && atomic_load_relaxed(&world->awaited) > 0 &&
           atomic_load_relaxed(&scheduler->keeper) < 0;
}

static bool must_leave(struct worker *worker, uint64_t now_ns) {
    struct scheduler *scheduler = worker->scheduler;
    if (timers_earliest_ns(&worker->timers) <= now_ns ||
        atomic_load_relaxed(&scheduler->look_ns) <= now_ns) {
        return true;
    }
    const bool is_round = now_ns - worker->round_ns > STAY_UNSEEN_NS;
    worker->round_ns = is_round ? now_ns : worker->round_ns;
    return is_round && has_world_to_look_at(scheduler);
}

static bool may_stay_here(struct task_stack *stack) {
    struct worker *worker = stack->worker;
    if (worker->is_agent || hard_is(HARD_PARK) || tasks_has_new(&stack->tasks, TASKS_LOOKS) ||
        worker_has_next(worker) || scheduler_has_free_work(worker->scheduler)) {
        return false;
    }
    const uint64_t now = os_ticks();
    if (os_ticks_to_ns(now - worker->stayed) < STAY_NS) {
        return true;
    }
    worker->stayed = now;
    return !must_leave(worker, os_now_ns());
}

bool wire_stay_here(struct task_stack *stack, bool (*is_over)(const void *), const void *what) {
    if (!may_stay_here(stack)) {
        return false;
    }
    for (int i = 0; i < STAY_LOOKS; i++) {
        if (is_over(what)) {
            return true;
        }
        cpu_pause();
    }
    return spin_here(stack->worker, false, is_over, what);
}

bool wire_wants_of(struct wire *wire, struct task_stack *stack, bool is_idle) {
    const struct tn_type *type = tasks_peek(&stack->tasks);
    return type != NULL && type->travel != NULL && wire->wants(wire, type, is_idle);
}

void wire_published(struct wire *wire, struct task_stack *stack) {
    if (atomic_load_relaxed(&wire->open) > 0 && wire_wants_of(wire, stack, false)) {
        wire_wake_agent(stack->scheduler);
    }
}

void wire_wake_agent(struct scheduler *scheduler) {
    idle_published();
    idle_wake(&scheduler->workers[scheduler->executors].idle);
}
