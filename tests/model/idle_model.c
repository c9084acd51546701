// idle_model.c - going to sleep and being woken, explored. sources: src/scheduler/idle.c
// sources: src/scheduler/scheduler.c src/scheduler/find.c src/scheduler/inbox.c src/os/lock.c
//
// Workers run the loop of worker.c without its spinning and its timers, which only make sleep
// rarer; producers submit through the real scheduler_submit. The one who runs the last job stops
// the scheduler, so that every execution has to end.
//
// Invariant: every job runs once; while one waits nobody who may take it stays asleep.
// Start reading at work.
#include <string.h>

#include "base/atomic.h"
#include "model/model.h"
#include "scheduler/worker_private.h"

enum { WORKERS = 2, JOBS = 2 };

static struct scheduler scheduler;
static struct worker workers[WORKERS];
static struct runnable jobs[JOBS];
static int runs[JOBS];
static int inputs[JOBS];
static _Atomic int left;

struct worker *worker_current(void) {
    return os_thread_local();
}

// No job has slept: none is due.
void worker_take_inbox_slow(struct worker *worker) {
    (void)inbox_take(&worker->inbox, &worker->local);
}

// A measurement, and no part of the protocol.
void spin_note_wake(_Atomic uint64_t *woken_ns) {
    (void)woken_ns;
}

// The first job blocks its thread until the second has been run.
static bool first_blocks;
static _Atomic uint32_t second_ran;

static void take_turns(long number) {
    while (first_blocks && number == 0 && atomic_load_relaxed(&second_ran) == 0) {
        (void)os_wait_word(&second_ran, 0, OS_NEVER);
    }
    if (first_blocks && number == 1) {
        atomic_store_relaxed(&second_ran, 1);
        os_wake_word(&second_ran, 1);
    }
}

static struct task_stack *run_job(struct worker *worker, struct runnable *job) {
    (void)worker;
    const long number = job - jobs;
    take_turns(number);
    MODEL_EXPECT(plain_read(&inputs[number]) == 1);
    MODEL_EXPECT(runs[number]++ == 0);
    if (atomic_fetch_sub_relaxed(&left, 1) == 1) {
        scheduler_stop(&scheduler);
    }
    return NULL;
}

// A world where nothing ever happens: who sleeps in it is only woken.
static bool is_in_world;
static int world_begun;

static void world_wait(struct world *world, _Atomic uint32_t *word, uint32_t expected,
                       uint64_t deadline_ns) {
    (void)world;
    (void)os_wait_word(word, expected, deadline_ns);
}

static void world_wake(struct world *world) {
    (void)world;
    MODEL_EXPECT(plain_read(&world_begun) == 1);
    os_wake_word(&workers[0].idle.state, 1);
}

static struct world world = {.wait = world_wait, .wake = world_wake};

static void fall_asleep(struct worker *worker) {
    if (is_in_world) {
        plain_write(&world_begun, 1);
        idle_sleep_in_world(&worker->idle, &world, OS_NEVER);
    } else {
        idle_sleep(&worker->idle, OS_NEVER);
    }
}

static void init_workers(int count, int count_of_jobs) {
    memset(&scheduler, 0, sizeof scheduler);
    memset(workers, 0, sizeof workers);
    memset(runs, 0, sizeof runs);
    scheduler.count = count;
    scheduler.executors = count;
    scheduler.workers = workers;
    scheduler.is_shared = true;
    idle_map_init(&scheduler.idle);
    shared_queue_init(&scheduler.free);
    shared_queue_init(&scheduler.anyone);
    for (int i = 0; i < count; i++) {
        workers[i].scheduler = &scheduler;
        workers[i].index = i;
        workers[i].takes_free = true;
        idle_init(&workers[i].idle, i, true);
        inbox_init(&workers[i].inbox);
        shared_queue_init(&workers[i].ready);
        os_lock_init(&workers[i].loaded_lock);
        list_init(&workers[i].loaded);
    }
    for (int i = 0; i < JOBS; i++) {
        jobs[i].run = run_job;
    }
    atomic_store_relaxed(&left, count_of_jobs);
    is_in_world = false;
    world_begun = 0;
    first_blocks = false;
    atomic_store_relaxed(&second_ran, 0);
}

// worker_loop with idle and wait_for_work in it.
static void work(struct worker *worker, bool is_announced) {
    os_thread_local_set(worker);
    struct task_stack *stack;
    worker->is_announced = is_announced;
    while (!atomic_load_acquire(&scheduler.is_stopping)) { // pairs with scheduler_stop
        if (!worker->is_announced && worker_find(worker, false, &stack)) {
            continue;
        }
        if (!worker->is_announced) {
            worker->is_announced = true;
            idle_announce(&worker->idle, &scheduler.idle);
        }
        if (!atomic_load_relaxed(&scheduler.is_stopping) && !idle_is_woken(&worker->idle) &&
            (MUTATED(sleep_without_recheck) || !worker_find(worker, true, &stack))) {
            fall_asleep(worker);
        }
        if (worker->is_announced && !idle_remain(&worker->idle, &scheduler.idle)) {
            (void)worker_stop_idling(worker);
        }
    }
}

static void work_as_first(void) {
    work(&workers[0], false);
}

// As scheduler_run begins: announced before their threads exist.
static void work_as_announced_first(void) {
    work(&workers[0], true);
}

static void work_as_announced_second(void) {
    work(&workers[1], true);
}

static void submit(int number, struct worker *home) {
    os_thread_local_set(NULL);
    plain_write(&inputs[number], 1);
    scheduler_submit(&scheduler, &jobs[number], home);
}

static void submit_free_work(void) {
    submit(0, NULL);
}

static void submit_to_the_first(void) {
    submit(0, &workers[0]);
}

static void submit_more_to_the_first(void) {
    submit(1, &workers[0]);
}

static void submit_a_post(void) {
    os_thread_local_set(NULL);
    plain_write(&inputs[0], 1);
    scheduler_submit_anyone(&scheduler, &jobs[0], false);
}

static void set_up_one(void) {
    init_workers(1, 1);
}

static void set_up_one_in_world(void) {
    init_workers(1, 1);
    is_in_world = true;
}

static void set_up_two(void) {
    init_workers(2, 1);
    idle_announce(&workers[0].idle, &scheduler.idle);
    idle_announce(&workers[1].idle, &scheduler.idle);
}

static void set_up_two_jobs(void) {
    init_workers(1, 2);
    idle_announce(&workers[0].idle, &scheduler.idle);
}

static void set_up_one_of_two(void) {
    init_workers(2, 1);
    idle_announce(&workers[1].idle, &scheduler.idle);
}

// The first of two announced workers will find a job by itself, when it is handed another.
static void set_up_one_found(void) {
    init_workers(2, 2);
    idle_announce(&workers[0].idle, &scheduler.idle);
    idle_announce(&workers[1].idle, &scheduler.idle);
    first_blocks = true;
    inputs[0] = 1;
    inbox_push(&workers[0].inbox, &jobs[0]);
    idle_wake(&workers[0].idle);
}

static void submit_more_free_work(void) {
    submit(1, NULL);
}

static void expect_two(void) {
    MODEL_EXPECT(runs[0] == 1 && runs[1] == 1);
}

static void expect_one(void) {
    MODEL_EXPECT(runs[0] == 1);
}

MODEL(free_work_wakes_a_worker, .threads = 2, .setup = set_up_one,
      .thread = {work_as_first, submit_free_work}, .finish = expect_one)

MODEL(free_work_wakes_who_sleeps_in_the_world, .threads = 2, .setup = set_up_one_in_world,
      .thread = {work_as_first, submit_free_work}, .finish = expect_one)

MODEL(what_is_sent_home_wakes_its_worker, .threads = 2, .setup = set_up_one,
      .thread = {work_as_first, submit_to_the_first}, .finish = expect_one)

MODEL(a_post_wakes_a_worker, .threads = 2, .setup = set_up_one,
      .thread = {work_as_first, submit_a_post}, .finish = expect_one)

MODEL(free_work_wakes_one_of_two, .threads = 3, .setup = set_up_two,
      .thread = {work_as_announced_first, work_as_announced_second, submit_free_work},
      .finish = expect_one)

MODEL(two_producers_want_the_same_worker, .threads = 3, .setup = set_up_two_jobs,
      .thread = {work_as_announced_first, submit_free_work, submit_more_to_the_first},
      .preemptions_max = 3, .search_preemptions_max = 1, .finish = expect_two)

MODEL(a_worker_falls_asleep_while_another_is_woken, .threads = 3, .setup = set_up_one_of_two,
      .thread = {work_as_first, work_as_announced_second, submit_free_work},
      .search_preemptions_max = 2, .finish = expect_one)

MODEL(what_a_busy_worker_is_handed_goes_to_another, .threads = 3, .setup = set_up_one_found,
      .thread = {work_as_announced_first, work_as_announced_second, submit_more_free_work},
      .preemptions_max = 2, .search_preemptions_max = 1, .finish = expect_two)

MODEL_MUTATION(sleep_without_recheck)

MODEL_SITE_UNNEEDED("idle_model.c", "atomic_load_acquire(&scheduler.is_stopping)",
                    "after the stop nobody here reads what others wrote: they are joined")
MODEL_SITE_UNNEEDED("scheduler.c", "atomic_store_release(&scheduler->is_stopping",
                    "after the stop nobody here reads what others wrote: they are joined")
MODEL_SITE_UNNEEDED("scheduler.c", "atomic_store_release(&worker->handed",
                    "submit_free has a fence before it, but hard_move_slow has none")
MODEL_SITE_UNNEEDED("find.c", "atomic_load_acquire(&victim->running)",
                    "no stack runs here; and who steals through it is ordered by tasks_steal")
MODEL_SITE_UNNEEDED("scheduler.c", "atomic_load_acquire(&worker->running)",
                    "no stack runs here; and who steals through it is ordered by tasks_steal")
MODEL_SITE_UNNEEDED("lock.c", "atomic_exchange_acquire(&lock->word",
                    "a queue of one entry is hardly contended; see lock_model.c")
