// find.c - where a worker looks for something to run, and in which order (see worker.h).
//
// Invariant: whatever is taken is run before anything else is looked at, and an announced worker
// retracts before it runs. Start reading at worker_find.
#include "base/atomic.h"
#include "scheduler/hard.h"
#include "scheduler/worker_private.h"

// Every so many rounds, a multiple of those, a worker looks first where it would look last or not
// at all, so that its own queue cannot starve what waits there.
#define FAIRNESS_ROUNDS 64

// Of those that are due so many go before one that is queued. More than one: many that came from
// the queue and went to sleep are due at once, later, and must not find as many in their way.
#define DUE_IN_A_ROW 3

bool worker_may_take_free(struct worker *worker) {
    if (!worker->is_spare) {
        return worker->takes_free;
    }
    return atomic_load_relaxed(&worker->scheduler->workers[0].idle.state) != IDLE_AWAKE;
}

// Takes the worker's announcement back. False: somebody has chosen it.
static bool retract(struct worker *worker) {
    const bool was_announced = worker->is_announced;
    worker->is_announced = false;
    return !was_announced || idle_retract(&worker->idle, &worker->scheduler->idle);
}

// What an announced worker got from who chose it, and may not have come to say so yet. NULL: it
// shall look for itself.
static struct runnable *take_handed(struct worker *worker) {
    uintptr_t handed;
    // acquire: pairs with scheduler_hand_over.
    while ((handed = atomic_exchange_acquire(&worker->handed, 0)) == 0) {
        os_thread_yield();
    }
    worker->is_chosen = true;
    return handed == HANDED_NOTHING ? NULL : (struct runnable *)handed;
}

// A worker that somebody chose at the very moment when it found something itself has two things to
// run: one of them goes where others can take it, so that neither waits behind the other. Returns
// the one to run here.
static struct runnable *stop_idling(struct worker *worker, struct runnable *found, bool may_wait) {
    spin_end(&worker->spin, true);
    if (retract(worker)) {
        return found;
    }
    struct runnable *handed = take_handed(worker);
    if (handed == NULL) {
        return found;
    }
    shared_queue_push(&worker->ready, may_wait ? found : handed);
    return may_wait ? handed : found;
}

// What runs now may run for long: lets others come for what waits here, or for what this worker was
// woken for, if that was something else.
__attribute__((noinline)) static void show_rest(struct worker *worker) {
    struct scheduler *scheduler = worker->scheduler;
    if (!shared_queue_is_empty(&worker->ready) || scheduler_has_free_work(scheduler)) {
        scheduler_work_published(scheduler);
    }
    worker->is_chosen = false;
    if (watchdog_is_owed(&worker->watchdog)) {
        watchdog_pay(worker);
    }
}

// Runs what was found; returns the stack to continue, if it is one.
static struct task_stack *run(struct worker *worker, struct runnable *runnable, bool is_idle,
                              bool may_wait) {
    if (is_idle) {
        runnable = stop_idling(worker, runnable, may_wait);
    }
    if (UNLIKELY(worker->is_chosen || !shared_queue_is_empty(&worker->ready))) {
        show_rest(worker);
    }
    return runnable->run(worker, runnable);
}

struct task_stack *worker_stop_idling(struct worker *worker) {
    if (retract(worker)) {
        return NULL;
    }
    struct runnable *handed = take_handed(worker);
    return handed == NULL ? NULL : run(worker, handed, false, false);
}

static struct task_stack *run_stolen(struct worker *worker, struct task_stack *from,
                                     struct tn_task *task, bool is_idle) {
    if (tasks_has_public(&from->tasks)) {
        scheduler_tasks_published(from); // There is more: let one more come.
    }
    struct task_stack *stack = worker->scheduler->calls->start_stolen(worker, from, task);
    return stack == NULL ? NULL : run(worker, &stack->resume, is_idle, true);
}

// Tasks on suspended stacks of `owner`. The lock stands in for the stack's owner, who is not there.
static bool run_loaded(struct worker *worker, struct worker *owner, bool is_idle,
                       struct task_stack **next) {
    if (atomic_load_relaxed(&owner->loaded_count) == 0) {
        return false;
    }
    struct task_stack *from = NULL;
    struct tn_task *task = NULL;
    os_lock_acquire(&owner->loaded_lock);
    struct list_node *node;
    while (task == NULL && (node = list_first(&owner->loaded)) != NULL) {
        from = container_of(node, struct task_stack, loaded);
        task = tasks_steal(&from->tasks);
        if (task == NULL && tasks_publish(&from->tasks, from->tasks.self.top, true)) {
            task = tasks_steal(&from->tasks);
        }
        if (task == NULL) {
            list_remove(node);
            // release: pairs with worker_unload: what was read here happens before it goes on.
            atomic_store_release(&from->loaded_on, NULL);
            atomic_fetch_sub_relaxed(&owner->loaded_count, 1);
        }
    }
    os_lock_release(&owner->loaded_lock);
    if (task == NULL) {
        return false;
    }
    *next = run_stolen(worker, from, task, is_idle);
    return true;
}

static bool run_ready(struct worker *worker, struct worker *owner, bool is_idle,
                      struct task_stack **next) {
    struct runnable *runnable = shared_queue_pop(&owner->ready);
    if (runnable == NULL) {
        return false;
    }
    *next = run(worker, runnable, is_idle, true);
    return true;
}

static bool rob(struct worker *worker, struct worker *victim, bool is_idle,
                struct task_stack **next) {
    struct task_stack *stack = atomic_load_acquire(&victim->running); // pairs with switch_to
    if (stack != NULL) {
        struct tn_task *task = tasks_steal(&stack->tasks);
        if (task != NULL) {
            *next = run_stolen(worker, stack, task, is_idle);
            return true;
        }
        tasks_poke(&stack->tasks);
    }
    return run_loaded(worker, victim, is_idle, next) || run_ready(worker, victim, is_idle, next);
}

// Victims in turn from a random one on, so that thieves do not all meet at the same.
static bool rob_someone(struct worker *worker, bool is_idle, struct task_stack **next) {
    struct scheduler *scheduler = worker->scheduler;
    if (!scheduler->is_shared) {
        return false;
    }
    worker->random = worker->random * 1664525u + 1013904223u; // Numerical Recipes' generator
    const int start = (int)(worker->random >> 16) % scheduler->count;
    for (int i = 0; i < scheduler->count; i++) {
        struct worker *victim = &scheduler->workers[(start + i) % scheduler->count];
        if (victim != worker && rob(worker, victim, is_idle, next)) {
            return true;
        }
    }
    return false;
}

static bool run_shared(struct worker *worker, bool is_idle, struct task_stack **next) {
    struct runnable *runnable = shared_queue_pop(&worker->scheduler->anyone);
    const bool is_post = runnable != NULL;
    if (runnable == NULL && worker_may_take_free(worker)) {
        runnable = shared_queue_pop(&worker->scheduler->free);
    }
    if (runnable == NULL) {
        return false;
    }
    *next = run(worker, runnable, is_idle, !is_post);
    return true;
}

// What is due goes before what is queued, but not for ever: neither starves the other.
static struct runnable *take_own(struct worker *worker) {
    const bool is_due = worker->due.first != NULL &&
                        (worker->due_in_a_row < DUE_IN_A_ROW || worker->local.first == NULL);
    worker->due_in_a_row = is_due ? worker->due_in_a_row + 1 : 0;
    return runnable_queue_pop(is_due ? &worker->due : &worker->local);
}

static bool run_own(struct worker *worker, bool is_idle, struct task_stack **next) {
    if (atomic_load_relaxed(&worker->handed) > HANDED_NOTHING) { // only while it is announced
        *next = worker_stop_idling(worker);
        return true;
    }
    worker_take_inbox(worker);
    struct runnable *runnable = take_own(worker);
    if (runnable == NULL) {
        runnable = shared_queue_pop(&worker->ready);
    }
    if (runnable == NULL) {
        return false;
    }
    *next = run(worker, runnable, is_idle, false);
    return true;
}

static bool run_free(struct worker *worker, bool is_idle, struct task_stack **next) {
    struct runnable *runnable =
        worker_may_take_free(worker) ? shared_queue_pop(&worker->scheduler->free) : NULL;
    if (runnable == NULL) {
        return false;
    }
    *next = run(worker, runnable, is_idle, true);
    return true;
}

// What a worker that always has something of its own would leave alone for ever: the timers, the
// ready frames and the tasks of workers whose running frame never waits, in turn; its own frames
// that others may take, behind those that only it may run; free frames behind posts.
static bool run_neglected(struct worker *worker, bool is_idle, struct task_stack **next) {
    struct scheduler *scheduler = worker->scheduler;
    const unsigned count = (unsigned)scheduler->count;
    const unsigned turn = worker->tick / FAIRNESS_ROUNDS;
    struct worker *other = &scheduler->workers[turn % count];
    if (other != worker && timers_earliest_ns(&other->timers) != TIMERS_NONE) {
        (void)timers_fire(&other->timers, os_now_ns());
    }
    const unsigned first = turn / count % 3;
    if ((first == 0 && run_shared(worker, is_idle, next)) ||
        (first == 1 && run_free(worker, is_idle, next))) {
        return true;
    }
    if (worker_may_take_free(worker) &&
        (run_ready(worker, other, is_idle, next) || run_loaded(worker, other, is_idle, next))) {
        return true;
    }
    return first != 0 && run_shared(worker, is_idle, next);
}

// What a worker takes that was heard from other processes: just now, or before it ended something.
static bool run_next(struct worker *worker, bool is_idle, struct task_stack **next) {
    struct runnable *found;
    const bool is_done = wire_next(worker, &found);
    if (found != NULL) {
        *next = run(worker, found, is_idle, true);
    }
    return is_done;
}

// What an idle worker hears from them.
static bool run_heard(struct worker *worker, struct task_stack **next) {
    const bool is_news = wire_hear(worker);
    return (worker->taken != NULL && run_next(worker, true, next)) || is_news;
}

// The oldest task that `stack` shows, if it shall run elsewhere: for the agent.
static struct tn_task *steal_to_send(struct task_stack *stack, struct wire *wire) {
    struct tn_task *task = wire_wants_of(wire, stack, true) ? tasks_steal(&stack->tasks) : NULL;
    wire->leaves_some |= task == NULL && tasks_has_public(&stack->tasks);
    return task;
}

static struct tn_task *steal_loaded_to_send(struct worker *owner, struct task_stack **from) {
    struct wire *wire = owner->scheduler->wire;
    struct tn_task *task = NULL;
    if (atomic_load_relaxed(&owner->loaded_count) > 0) {
        os_lock_acquire(&owner->loaded_lock);
        LIST_EACH(&owner->loaded, node) {
            *from = container_of(node, struct task_stack, loaded);
            task = steal_to_send(*from, wire);
            if (task != NULL) {
                break;
            }
        }
        os_lock_release(&owner->loaded_lock);
    }
    return task;
}

// While there are places elsewhere, the agent takes what others spawned, and begins to send it. Who
// has shown nothing is asked to.
static bool rob_to_send(struct worker *worker, bool is_idle, struct task_stack **next) {
    struct scheduler *scheduler = worker->scheduler;
    scheduler->wire->leaves_some = false;
    if (atomic_load_relaxed(&scheduler->wire->open) <= 0) {
        return false;
    }
    for (int i = 0; i < scheduler->executors; i++) {
        struct worker *other = &scheduler->workers[i];
        struct task_stack *from = atomic_load_acquire(&other->running); // pairs with switch_to
        struct tn_task *task = NULL;
        if (from != NULL) {
            task = steal_to_send(from, scheduler->wire);
            if (task == NULL && !tasks_has_public(&from->tasks)) {
                tasks_poke(&from->tasks);
            }
        }
        if (task == NULL) {
            task = steal_loaded_to_send(other, &from);
        }
        if (task != NULL) {
            *next = run_stolen(worker, from, task, is_idle);
            return true;
        }
    }
    return false;
}

bool wire_is_next(struct worker *worker) {
    return !worker->is_announced && worker->taken == NULL &&
           (worker->tick + 1) % FAIRNESS_ROUNDS != 0 && worker_may_take_free(worker) &&
           !worker_has_next(worker) && !worker->is_chosen &&
           shared_queue_is_empty(&worker->scheduler->anyone) &&
           !scheduler_has_free_work(worker->scheduler);
}

bool wire_may_follow(struct worker *worker) {
    return !hard_is(HARD_PARK) && !wire_round_is_over(worker, worker->tick + 1);
}

bool worker_find(struct worker *worker, bool is_idle, struct task_stack **stack) {
    *stack = NULL;
    worker->tick++;
    if (is_idle && UNLIKELY(worker->scheduler->wire != NULL) && run_heard(worker, stack)) {
        return true;
    }
    if (worker->tick % WORKER_TIMER_ROUNDS == 0) {
        if (timers_earliest_ns(&worker->timers) != TIMERS_NONE) {
            (void)timers_fire(&worker->timers, os_now_ns());
        }
        scheduler_look_at_world(worker->scheduler);
        if (UNLIKELY(atomic_load_relaxed(&worker->scheduler->look_ns) != OS_NEVER)) {
            (void)still_look_around(worker->scheduler);
        }
    }
    if (UNLIKELY(worker->taken != NULL) && run_next(worker, is_idle, stack)) {
        return true;
    }
    if (worker->tick % FAIRNESS_ROUNDS == 0 && run_neglected(worker, is_idle, stack)) {
        return true;
    }
    if (run_own(worker, is_idle, stack)) {
        return true;
    }
    if (worker_may_take_free(worker) && run_loaded(worker, worker, is_idle, stack)) {
        return true;
    }
    if (run_shared(worker, is_idle, stack)) {
        return true;
    }
    if (UNLIKELY(worker->is_agent)) {
        return rob_to_send(worker, is_idle, stack);
    }
    if (!is_idle && UNLIKELY(worker->scheduler->wire != NULL) && run_next(worker, false, stack)) {
        return true;
    }
    return worker_may_take_free(worker) && rob_someone(worker, is_idle, stack);
}
