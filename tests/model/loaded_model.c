// loaded_model.c - a suspended stack whose tasks others take, explored.
// sources: src/scheduler/find.c src/scheduler/worker.c src/scheduler/tasks.c src/os/lock.c
//
// Its worker has left the stack and put it on the list of loaded ones; thieves take its tasks, and
// show themselves more of them in its owner's stead, under that list's lock; then it continues. Its
// tasks: one to steal, one that runs in place and is what was suspended, another one to steal.
//
// Invariant: each of the two is run once, by a thief or by the owner, with what the owner wrote.
// Start reading at suspend_and_continue.
#include <string.h>

#include "base/atomic.h"
#include "model/model.h"
#include "scheduler/worker_private.h"

enum { WORKERS = 3, BELOW = 0, SUSPENDED = 1, ABOVE = 2, TASKS = 3 };

static struct scheduler scheduler;
static struct worker workers[WORKERS];
static struct task_stack stack;
static struct tn_task slots[TASKS + TASKS_RESERVE];
static int arguments[TASKS];
static int runs[TASKS];

const uint16_t stack_pool_max[STACK_CLASSES];

bool inbox_take(struct inbox *inbox, struct runnable_queue *queue) {
    (void)inbox;
    (void)queue;
    return false;
}

void scheduler_tasks_published(struct task_stack *shown) {
    (void)shown;
}

static void run_task(const struct tn_task *task) {
    const long number = task - slots;
    MODEL_EXPECT(plain_read(&arguments[number]) == 1);
    MODEL_EXPECT(runs[number]++ == 0);
}

static struct task_stack *start_stolen(struct worker *worker, struct task_stack *from,
                                       struct tn_task *task) {
    (void)worker;
    MODEL_EXPECT(from == &stack);
    run_task(task);
    return NULL;
}

static void set_up(void) {
    static const struct scheduler_calls calls = {.start_stolen = start_stolen};
    memset(&scheduler, 0, sizeof scheduler);
    memset(workers, 0, sizeof workers);
    memset(&stack, 0, sizeof stack);
    memset(slots, 0, sizeof slots);
    memset(runs, 0, sizeof runs);
    scheduler.count = WORKERS;
    scheduler.executors = WORKERS;
    scheduler.workers = workers;
    scheduler.is_shared = true;
    scheduler.calls = &calls;
    for (int i = 0; i < WORKERS; i++) {
        workers[i].scheduler = &scheduler;
        workers[i].index = i;
        workers[i].takes_free = true;
        os_lock_init(&workers[i].loaded_lock);
        list_init(&workers[i].loaded);
    }
    tasks_init(&stack.tasks, slots, sizeof slots, true);
}

// What is NEW may be run here, unless a thief was there first.
static void run_or_leave(struct tn_task *task) {
    if (tn_task_enter(&stack.tasks.self, task)) {
        run_task(task);
        (void)tn_task_leave(&stack.tasks.self, task);
    } else if (tasks_reclaim(&stack.tasks, task)) {
        run_task(task);
        tasks_drop(&stack.tasks, task);
    }
}

static void suspend_and_continue(void) {
    for (int i = 0; i < TASKS; i++) {
        plain_write(&arguments[i], 1);
        task_set(&slots[i], i == SUSPENDED ? TASK_IN_PLACE : TASK_NEW, 0);
    }
    stack.tasks.self.top += TASKS;
    worker_load(&workers[0], &stack);
    worker_unload(&stack);
    run_or_leave(&slots[ABOVE]);
    run_or_leave(&slots[BELOW]);
}

static void steal_as(int number, int times) {
    for (int i = 0; i < times; i++) {
        struct task_stack *next;
        (void)worker_find(&workers[number], false, &next);
    }
}

static void steal_once(void) {
    steal_as(1, 1);
}

static void steal_once_too(void) {
    steal_as(2, 1);
}

static void steal_thrice(void) {
    steal_as(1, 3);
}

static void expect_each_run_once(void) {
    MODEL_EXPECT(runs[BELOW] == 1 && runs[ABOVE] == 1 && runs[SUSPENDED] == 0);
    MODEL_EXPECT(list_is_empty(&workers[0].loaded));
    MODEL_EXPECT(atomic_load_relaxed(&workers[0].loaded_count) == 0);
}

MODEL(a_thief_takes_all_of_a_suspended_stack, .threads = 2, .setup = set_up,
      .thread = {suspend_and_continue, steal_thrice}, .search_preemptions_max = 2,
      .finish = expect_each_run_once)

MODEL(two_thieves_meet_at_a_suspended_stack, .threads = 3, .setup = set_up,
      .thread = {suspend_and_continue, steal_once, steal_once_too}, .preemptions_max = 2,
      .finish = expect_each_run_once)

MODEL_SITE_UNNEEDED("tasks.c", "atomic_fetch_add_release(&tasks->range",
                    "the lock of the list orders it too; see tasks_model.c")
MODEL_SITE_UNNEEDED("tasks.c", "atomic_store_release(&tasks->range",
                    "the lock of the list orders it too; see tasks_model.c")
MODEL_SITE_UNNEEDED("tasks.c", "atomic_cas_acquire(&tasks->range",
                    "the lock of the list orders it too; see tasks_model.c")
MODEL_SITE_UNNEEDED("find.c", "atomic_load_acquire(&victim->running)",
                    "no stack runs here; and who steals through it is ordered by tasks_steal")
