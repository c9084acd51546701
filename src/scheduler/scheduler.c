// scheduler.c - the workers together: starting, stopping, handing out.
//
// Invariant: a runnable that is submitted is run by somebody, or still queued when the loops end.
// Start reading at scheduler_submit.
#include "base/atomic.h"
#include "base/check.h"
#include "scheduler/hard.h"
#include "scheduler/keeper.h"
#include "scheduler/worker_private.h"

// ---- handing out -----------------------------------------------------------------------------

void scheduler_hand_over(struct worker *worker, struct runnable *runnable) {
    const uintptr_t handed = runnable == NULL ? HANDED_NOTHING : (uintptr_t)runnable;
    // release: pairs with take_handed. It is empty: the worker empties it before it is announced.
    atomic_store_release(&worker->handed, handed);
    idle_published(); // pairs with idle_announce
    idle_wake(&worker->idle);
}

// Free work goes to the idle worker with the lowest index; the oldest waits longest in the queue.
static void submit_free(struct scheduler *scheduler, struct runnable *runnable) {
    idle_published();
    const int chosen = idle_choose(&scheduler->idle);
    if (chosen >= 0) {
        scheduler_hand_over(&scheduler->workers[chosen], runnable);
        return;
    }
    shared_queue_push(&scheduler->free, runnable);
    scheduler_work_published(scheduler);
}

void scheduler_submit(struct scheduler *scheduler, struct runnable *runnable, struct worker *home) {
    struct worker *worker = worker_current();
    if (!scheduler->is_shared) {
        home = &scheduler->workers[0];
    }
    if (home == NULL) {
        submit_free(scheduler, runnable);
    } else if (home == worker) {
        runnable_queue_push(&worker->local, runnable);
    } else {
        inbox_push(&home->inbox, runnable);
        idle_published();
        idle_wake(&home->idle);
    }
}

void scheduler_submit_anyone(struct scheduler *scheduler, struct runnable *runnable, bool local) {
    struct worker *worker = worker_current();
    const bool inside = worker != NULL && worker->scheduler == scheduler;
    if (inside && (local || !scheduler->is_shared)) {
        runnable_queue_push(&worker->local, runnable);
        return;
    }
    shared_queue_push(&scheduler->anyone, runnable);
    idle_published();
    for (int i = 0; i < scheduler->executors; i++) {
        if (atomic_load_relaxed(&scheduler->workers[i].idle.state) != IDLE_AWAKE) {
            idle_wake(&scheduler->workers[i].idle);
            return;
        }
    }
    if (UNLIKELY(scheduler->wire != NULL) && inside) {
        wire_wake_agent(scheduler);
    }
}

// False: no executor is idle.
static bool wake_executor(struct scheduler *scheduler) {
    idle_published();
    const int chosen = idle_choose(&scheduler->idle);
    if (chosen >= 0) {
        scheduler_hand_over(&scheduler->workers[chosen], NULL);
        return true;
    }
    scheduler_wake_spare(scheduler);
    return false;
}

void scheduler_work_published(struct scheduler *scheduler) {
    if (scheduler->is_shared) {
        (void)wake_executor(scheduler);
    }
}

void scheduler_tasks_published(struct task_stack *stack) {
    struct scheduler *scheduler = stack->scheduler;
    if (scheduler->is_shared && !wake_executor(scheduler) && UNLIKELY(scheduler->wire != NULL)) {
        wire_published(scheduler->wire, stack);
    }
}

void scheduler_show_tasks(struct worker *worker) {
    struct task_stack *stack = atomic_load_relaxed(&worker->running);
    if (worker->scheduler->is_shared && stack != NULL &&
        tasks_publish(&stack->tasks, stack->tasks.self.top, true)) {
        scheduler_tasks_published(stack);
    }
}

bool scheduler_has_free_work(struct scheduler *scheduler) {
    if (!shared_queue_is_empty(&scheduler->free)) {
        return true;
    }
    for (int i = 0; i < scheduler->count; i++) {
        struct worker *worker = &scheduler->workers[i];
        // acquire: pairs with switch_to.
        struct task_stack *running = atomic_load_acquire(&worker->running);
        if (!shared_queue_is_empty(&worker->ready) ||
            atomic_load_relaxed(&worker->loaded_count) > 0 ||
            (running != NULL && tasks_has_public(&running->tasks))) {
            return true;
        }
    }
    return false;
}

void scheduler_wake_spare(struct scheduler *scheduler) {
    struct worker *last = &scheduler->workers[scheduler->executors - 1];
    if (last->is_spare && worker_may_take_free(last) && scheduler_has_free_work(scheduler)) {
        idle_wake(&last->idle);
    }
}

void scheduler_set_world(struct scheduler *scheduler, struct world *world) {
    // release: pairs with scheduler_look_at_world and sleep_until.
    atomic_store_release(&scheduler->world, world);
    idle_published();
    const int keeper = atomic_load_relaxed(&scheduler->keeper);
    if (keeper >= 0) {
        idle_wake(&scheduler->workers[keeper].idle);
    }
}

void scheduler_awaits_world(struct scheduler *scheduler) {
    if (scheduler->is_shared) {
        idle_published();
        if (atomic_load_relaxed(&scheduler->keeper) < 0) {
            keeper_appoint(scheduler);
        }
    }
}

void scheduler_look_at_world(struct scheduler *scheduler) {
    struct world *world = atomic_load_acquire(&scheduler->world); // pairs with scheduler_set_world
    if (world != NULL && atomic_load_relaxed(&world->awaited) > 0 &&
        atomic_load_relaxed(&scheduler->keeper) < 0) {
        world->look(world);
    }
}

struct timers *scheduler_timers(struct scheduler *scheduler) {
    struct worker *worker = worker_current();
    const bool is_inside = worker != NULL && worker->scheduler == scheduler;
    return is_inside ? &worker->timers : &scheduler->workers[0].timers;
}

void scheduler_timer_add(struct timers *timers, struct timer *timer, uint64_t deadline_ns) {
    struct worker *owner = container_of(timers, struct worker, timers);
    const bool is_first = timers_add(timers, timer, deadline_ns);
    if (is_first && owner != worker_current()) {
        idle_published();
        idle_wake(&owner->idle);
        keeper_hear(owner);
    }
}

// ---- life ------------------------------------------------------------------------------------

static void init_worker(struct scheduler *scheduler, int index,
                        const struct scheduler_options *options) {
    struct worker *worker = &scheduler->workers[index];
    *worker = (struct worker){.scheduler = scheduler, .index = index};
    worker->is_agent = index == options->count;
    worker->takes_free =
        !worker->is_agent && (index > 0 || !options->zero_is_reserved || options->count == 1);
    worker->is_spare = options->has_spare && index == options->count - 1;
    worker->random = (uint32_t)index * 2654435761u + 1;
    spin_init(&worker->spin, &scheduler->spins);
    idle_init(&worker->idle, index, worker->takes_free && !worker->is_spare);
    inbox_init(&worker->inbox);
    atomic_store_relaxed(&worker->handed, 0);
    shared_queue_init(&worker->ready);
    timers_init(&worker->timers);
    os_lock_init(&worker->loaded_lock);
    list_init(&worker->loaded);
    stack_pool_init(&worker->stacks, &scheduler->stacks);
}

int scheduler_init(struct scheduler *scheduler, const struct scheduler_options *options) {
    const int count = options->count + (options->wire != NULL ? 1 : 0);
    REQUIRE(options->count >= 1 && options->count <= IDLE_WORKERS_MAX,
            "a run has 1 to 1024 threads");
    hard_begin();
    *scheduler = (struct scheduler){.count = count,
                                    .executors = options->count,
                                    .is_shared = count > 1,
                                    .wire = options->wire,
                                    .calls = options->calls,
                                    .upper = options->upper,
                                    .hog_ns = options->hog_ns,
                                    .suspect_ns = options->suspect_ns};
    const size_t bytes = (size_t)count * sizeof(struct worker);
    scheduler->workers = os_allocate_aligned(bytes, _Alignof(struct worker));
    if (scheduler->workers == NULL) {
        return OS_NO_MEMORY;
    }
    stack_set_init(&scheduler->stacks, sizeof(struct task_stack) + options->beside_bytes);
    stack_set_share(&scheduler->stacks, TASKS_SHARE);
    idle_map_init(&scheduler->idle);
    spin_limits_init(&scheduler->spins, count);
    shared_queue_init(&scheduler->free);
    shared_queue_init(&scheduler->anyone);
    atomic_store_relaxed(&scheduler->is_stopping, false);
    atomic_store_relaxed(&scheduler->keeper, -1);
    atomic_store_relaxed(&scheduler->armed_ns, TIMERS_NONE);
    atomic_store_relaxed(&scheduler->world, NULL);
    atomic_store_relaxed(&scheduler->look_ns, OS_NEVER);
    os_lock_init(&scheduler->still_lock);
    for (int i = 0; i < count; i++) {
        init_worker(scheduler, i, options);
    }
    return OS_OK;
}

void scheduler_deinit(struct scheduler *scheduler) {
    struct world *world = atomic_load_relaxed(&scheduler->world);
    if (world != NULL) {
        world->leave(world);
    }
    for (int i = 0; i < scheduler->count; i++) {
        stack_pool_deinit(&scheduler->workers[i].stacks);
    }
    stack_set_deinit(&scheduler->stacks);
    os_free(scheduler->workers);
}

// What a thread needs around its loop: the signal stack for overflow messages, its own context.
static void work(void *argument) {
    struct worker *worker = argument;
    void *const former = os_thread_local();
    os_thread_local_set(worker);
    worker->thread_number = (uint32_t)os_thread_id();
    const int code = overflow_install_thread(&worker->overflow);
    context_init_thread(&worker->context);
    watchdog_start(worker);
    worker_loop(worker);
    watchdog_stop(worker);
    context_deinit(&worker->context);
    if (code == OS_OK) {
        overflow_uninstall_thread(&worker->overflow);
    }
    os_thread_local_set(former);
}

static void drain(struct worker *worker, struct runnable_queue *queue) {
    struct runnable *runnable;
    while ((runnable = runnable_queue_pop(queue)) != NULL) {
        (void)runnable->run(worker, runnable); // nothing that ended has a stack to continue
    }
}

// When every frame has ended, what is still queued stands for nothing: frames that were removed
// before they started, posts that nobody waits for. Running it lets go of its memory.
static void drain_all(struct scheduler *scheduler) {
    struct worker *worker = &scheduler->workers[0];
    void *const former = os_thread_local();
    os_thread_local_set(worker);
    drain(worker, &scheduler->free.queue);
    drain(worker, &scheduler->anyone.queue);
    for (int i = 0; i < scheduler->count; i++) {
        const uintptr_t handed = atomic_load_relaxed(&scheduler->workers[i].handed);
        if (handed > HANDED_NOTHING) {
            runnable_queue_push(&scheduler->workers[i].local, (struct runnable *)handed);
        }
        (void)inbox_take(&scheduler->workers[i].inbox, &scheduler->workers[i].local);
        drain(worker, &scheduler->workers[i].local);
        drain(worker, &scheduler->workers[i].ready.queue);
    }
    os_thread_local_set(former);
}

int scheduler_run(struct scheduler *scheduler) {
    // Announced before anything runs, so that the first PFrames go to the lowest numbers even if
    // those threads come up later than others.
    for (int i = 1; i < scheduler->count; i++) {
        idle_announce(&scheduler->workers[i].idle, &scheduler->idle);
    }
    int code = OS_OK;
    int started = 1;
    while (started < scheduler->count && code == OS_OK) {
        struct worker *worker = &scheduler->workers[started];
        code = os_thread_start(&worker->thread, work, worker, "tenon-worker");
        started += code == OS_OK ? 1 : 0;
    }
    if (code == OS_OK) {
        work(&scheduler->workers[0]);
    } else {
        scheduler_stop(scheduler);
    }
    for (int i = 1; i < started; i++) {
        os_thread_join(&scheduler->workers[i].thread);
    }
    if (code == OS_OK) {
        drain_all(scheduler);
    }
    return code;
}

void scheduler_stop(struct scheduler *scheduler) {
    // release: pairs with worker_loop.
    atomic_store_release(&scheduler->is_stopping, true);
    idle_published();
    for (int i = 0; i < scheduler->count; i++) {
        idle_wake(&scheduler->workers[i].idle);
    }
}
