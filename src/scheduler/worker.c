// worker.c - the loop of a worker and the ways in and out of it.
//
// Life of an idle worker: worker_find found nothing -> idle_announce -> look again,
// spinning for a while (waking a sleeping core costs far more than it) -> idle_sleep until somebody
// wakes it or a deadline comes -> fire timers -> loop.
// Invariant: exactly one of "in the loop" and "on worker->running's stack" holds; a commit runs
// once, right after the switch away from its stack, or before it (suspend.h). Start reading at
// worker_loop.
#include "scheduler/worker.h"

#include "base/atomic.h"
#include "base/check.h"
#include "scheduler/bound.h"
#include "scheduler/hard.h"
#include "scheduler/keeper.h"
#include "scheduler/suspend.h"
#include "scheduler/worker_private.h"

struct worker *worker_current(void) {
    return os_thread_local();
}

// ---- switching -------------------------------------------------------------------------------

// Switches to a stack and returns when it suspends or ends, after its commit. Inline, as in
// suspend.h: what comes back lands in the loop itself, so that no return follows that the processor
// predicts wrongly.
__attribute__((always_inline)) static inline void switch_to(struct worker *worker,
                                                            struct task_stack *stack) {
    stack->worker = worker;
    stack->tasks.self.thread = worker->thread_number;
    if (UNLIKELY(timers_earliest_ns(&worker->timers) <
                 atomic_load_relaxed(&worker->scheduler->armed_ns))) {
        keeper_hear(worker);
    }
    // release: pairs with rob: a thief reads the stack's tasks through this.
    atomic_store_release(&worker->running, stack);
    context_switch(&worker->context, &stack->context);
    stack = atomic_load_relaxed(&worker->running); // stacks may have followed one another
    atomic_store_relaxed(&worker->running, NULL);
    void (*commit)(struct task_stack *, void *) = worker->commit;
    if (commit == NULL) { // suspend_stack has done it
        return;
    }
    worker->commit = NULL;
    struct departure *const departure = stack->departure; // after the commit it may run elsewhere
    stack->departure = NULL;
    struct departure *const waits = stack->waits;
    stack->waits = NULL;
    AUDIT(tasks_check(&stack->tasks));
    worker_load(worker, stack);
    commit(stack, worker->commit_argument);
    if (UNLIKELY(departure != NULL)) {
        departure->left(departure);
    }
    if (UNLIKELY(waits != NULL)) {
        waits->left(waits);
    }
}

static inline struct task_stack *resume(struct worker *worker, struct runnable *runnable) {
    struct task_stack *stack = container_of(runnable, struct task_stack, resume);
    if (hard_move(worker, stack)) {
        return NULL;
    }
    worker_unload(stack);
    return stack;
}

struct task_stack *worker_resume(struct worker *worker, struct runnable *runnable) {
    return resume(worker, runnable);
}

// The same, and the mark of what is due.
static struct task_stack *resume_due(struct worker *worker, struct runnable *runnable) {
    runnable->run = worker_resume;
    return resume(worker, runnable);
}

void worker_suspend(struct task_stack *stack,
                    void (*commit)(struct task_stack *stack, void *argument), void *argument) {
    suspend_hand_over(stack);
    suspend_to_loop(stack, commit, argument);
    suspend_take_over(stack);
}

// On the loop's stack: nobody uses the finished one any more.
static void give_back(struct task_stack *stack, void *argument) {
    struct worker *worker = stack->worker;
    context_deinit(&stack->context);
    const bool is_kept = stack->is_kept; // then the commit may be the last to have it
    const bool outlives = UNLIKELY(stack->turn_is_queued) && bound_outlives(worker, stack);
    if (outlives) {
        atomic_fetch_add_relaxed(&stack->uses, 1);
    }
    if (worker->last_commit != NULL) {
        worker->last_commit(stack, argument);
    }
    if (!is_kept) {
        worker_stack_release(worker->scheduler, stack);
    }
}

void worker_finish(struct task_stack *stack, void (*commit)(struct task_stack *, void *),
                   void *argument) {
    // Kept by the worker: nothing on the stack that ends may be used after the switch.
    struct worker *worker = stack->worker;
    worker->commit = give_back;
    worker->commit_argument = argument;
    worker->last_commit = commit;
    suspend_hand_over(stack);
    context_switch_last(&stack->context, &worker->context);
}

static void enter(void *argument) {
    struct task_stack *stack = argument;
    suspend_take_over(stack);
    stack->entry(stack);
    UNREACHABLE("a stack's entry ends by worker_finish");
}

struct task_stack *worker_stack_acquire(struct worker *worker, size_t bytes) {
    const enum stack_class class = stack_class_for(bytes);
    if (class == STACK_CLASSES) {
        return NULL;
    }
    struct stack *memory = stack_pool_acquire(&worker->stacks, class);
    if (memory == NULL) {
        return NULL;
    }
    struct task_stack *stack = container_of(memory, struct task_stack, memory);
    atomic_store_relaxed(&stack->uses, 1);
    stack->reserved = 0;
    return stack;
}

void worker_stack_release(struct scheduler *scheduler, struct task_stack *stack) {
    struct worker *worker = worker_current();
    // acquire, acq_rel: pairs with worker_stack_release: the last one sees what the other did.
    if (UNLIKELY(atomic_load_acquire(&stack->uses) != 1) &&
        atomic_fetch_sub_acq_rel(&stack->uses, 1) != 1) {
        return;
    }
    if (LIKELY(worker != NULL && worker->scheduler == scheduler)) {
        stack_pool_release(&worker->stacks, &stack->memory);
    } else {
        stack_set_release(&scheduler->stacks, &stack->memory);
    }
}

struct task_stack *worker_stack_create(struct worker *worker, size_t bytes, struct worker *home,
                                       void (*entry)(struct task_stack *stack)) {
    struct task_stack *stack = worker_stack_acquire(worker, bytes);
    if (stack != NULL) {
        worker_stack_prepare(worker, stack, home, entry);
        stack->is_kept = false;
    }
    return stack;
}

static inline void init_context(struct task_stack *stack) {
    struct stack *const memory = &stack->memory;
    context_init(&stack->context, memory->low, memory->bytes - stack->reserved, enter, stack);
}

void worker_stack_prepare(struct worker *worker, struct task_stack *stack, struct worker *home,
                          void (*entry)(struct task_stack *stack)) {
    struct stack *const memory = &stack->memory;
    stack->is_kept = true;
    tasks_init(&stack->tasks, memory->below, memory->below_bytes, worker->scheduler->is_shared);
    stack->scheduler = worker->scheduler;
    stack->worker = NULL;
    stack->home = home;
    stack->resume.run = worker_resume;
    stack->turn_is_queued = false;
    stack->has_ended = false;
    stack->frame = NULL;
    stack->flight = NULL;
    stack->flown = (struct flown){0};
    stack->departure = NULL;
    stack->departing = NULL;
    atomic_store_relaxed(&stack->tie, NULL);
    stack->waits = NULL;
    stack->entry = entry;
    atomic_store_relaxed(&stack->loaded_on, NULL);
    atomic_store_relaxed(&stack->cancels, 0);
    stack->overdue = 0;
    stack->scopes = NULL;
    stack->scope_mark = NULL;
    stack->limit_in = NULL;
    atomic_store_relaxed(&stack->is_blocking, false);
    os_lock_init(&stack->blocking_lock);
    atomic_store_relaxed(&stack->passed_ns, 0);
    atomic_store_relaxed(&stack->embedded, 0);
    init_context(stack);
}

void *worker_stack_room(struct task_stack *stack, size_t bytes) {
    struct stack *const memory = &stack->memory;
    const size_t left = (memory->bytes - bytes) / CACHE_LINE * CACHE_LINE;
    stack->reserved = memory->bytes - left;
    return memory->low + left;
}

void *worker_stack_reserve(struct task_stack *stack, size_t bytes) {
    void *const room = worker_stack_room(stack, bytes);
    context_deinit(&stack->context);
    init_context(stack);
    return room;
}

// ---- loaded stacks ---------------------------------------------------------------------------

__attribute__((noinline)) static void load(struct worker *worker, struct task_stack *stack) {
    struct tasks *tasks = &stack->tasks;
    (void)tasks_publish(tasks, tasks->self.top, true);
    if (!tasks_has_public(tasks)) {
        return;
    }
    os_lock_acquire(&worker->loaded_lock);
    list_push_back(&worker->loaded, &stack->loaded);
    atomic_store_relaxed(&stack->loaded_on, worker);
    atomic_fetch_add_relaxed(&worker->loaded_count, 1);
    os_lock_release(&worker->loaded_lock);
    scheduler_tasks_published(stack);
}

void worker_load(struct worker *worker, struct task_stack *stack) {
    if (tasks_has_unstolen(&stack->tasks)) {
        load(worker, stack);
    }
}

void worker_unload(struct task_stack *stack) {
    // acquire: pairs with run_loaded.
    struct worker *owner = atomic_load_acquire(&stack->loaded_on);
    if (owner == NULL) {
        return;
    }
    os_lock_acquire(&owner->loaded_lock);
    if (atomic_load_relaxed(&stack->loaded_on) != NULL) {
        list_remove(&stack->loaded);
        atomic_store_relaxed(&stack->loaded_on, NULL);
        atomic_fetch_sub_relaxed(&owner->loaded_count, 1);
    }
    os_lock_release(&owner->loaded_lock);
}

// ---- making ready ----------------------------------------------------------------------------

static inline void ready(struct worker *worker, struct scheduler *scheduler,
                         struct task_stack *stack) {
    struct worker *home = stack->home;
    if (worker != NULL && worker->scheduler == scheduler) {
        if (home == worker || !scheduler->is_shared) {
            // What another worker handed over before, when it fired timers of ours, goes first.
            worker_take_inbox(worker);
            runnable_queue_push(&worker->local, &stack->resume);
            return;
        }
        if (home == NULL && worker_may_take_free(worker)) {
            shared_queue_push(&worker->ready, &stack->resume);
            // The loop takes it itself, or shows it before it runs something else.
            if (atomic_load_relaxed(&worker->running) != NULL) {
                scheduler_work_published(scheduler);
            }
            return;
        }
    }
    scheduler_submit(scheduler, &stack->resume, home);
}

void worker_ready(struct scheduler *scheduler, struct task_stack *stack) {
    ready(worker_current(), scheduler, stack);
}

void worker_ready_due(struct scheduler *scheduler, struct task_stack *stack) {
    struct worker *home = scheduler->is_shared ? stack->home : &scheduler->workers[0];
    if (home == NULL) {
        worker_ready(scheduler, stack);
        return;
    }
    stack->resume.run = resume_due;
    if (home == worker_current()) {
        worker_take_inbox(home);
        runnable_queue_push(&home->due, &stack->resume);
    } else {
        scheduler_submit(scheduler, &stack->resume, home);
    }
}

void worker_take_inbox_slow(struct worker *worker) {
    struct runnable_queue came = {0};
    (void)inbox_take(&worker->inbox, &came);
    struct runnable *runnable;
    while ((runnable = runnable_queue_pop(&came)) != NULL) {
        const bool is_due = runnable->run == resume_due;
        runnable_queue_push(is_due ? &worker->due : &worker->local, runnable);
    }
}

void worker_requeue(struct task_stack *stack, void *argument) {
    (void)argument;
    ready(stack->worker, stack->scheduler, stack);
}

// ---- the loop --------------------------------------------------------------------------------

void worker_loop(struct worker *worker) {
    struct scheduler *scheduler = worker->scheduler;
    worker->is_announced = worker->index > 0; // by scheduler_run
    // acquire: pairs with scheduler_stop; everything root did is visible to whoever joins us.
    while (!atomic_load_acquire(&scheduler->is_stopping)) {
        struct task_stack *stack;
        struct runnable *next = worker->is_announced ? NULL : worker_peek_next(worker);
        if (LIKELY(next != NULL)) {
            worker_take_next(worker);
            stack = next->run == worker_resume ? resume(worker, next) : next->run(worker, next);
        } else if (worker->is_announced || !worker_find(worker, false, &stack)) {
            stack = worker_idle(worker);
        }
        if (stack != NULL) {
            if (UNLIKELY(worker->is_on_wire) && !worker->is_agent) {
                wire_leave(worker);
            }
            switch_to(worker, stack);
        }
    }
}
