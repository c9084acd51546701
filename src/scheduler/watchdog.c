// watchdog.c - see watchdog.h. Start reading at look.
#include "scheduler/watchdog.h"

#include "base/atomic.h"
#include "base/bits.h"
#include "scheduler/worker_private.h"

// Looks in one limit: a hog is told of when it has run for one to one and a quarter of it.
#define LOOKS 4
#define LOOK_NS_MIN 500000
// A hog that goes on is told of again when it has run for so many times as long.
#define PATIENCE 10

// Frames bound to this worker wait for it; and everything does, when it is the only one. The turn
// of the hog itself (bound.h) may be stale.
static bool is_in_the_way(struct worker *worker, const struct task_stack *stack) {
    struct scheduler *scheduler = worker->scheduler;
    const struct runnable *first = worker->local.first;
    if (first == &stack->turn) {
        first = first->next;
    }
    if (first != NULL || worker->due.first != NULL || !inbox_is_empty(&worker->inbox)) {
        return true;
    }
    return !scheduler->is_shared && (!shared_queue_is_empty(&scheduler->anyone) ||
                                     timers_earliest_ns(&worker->timers) <= os_now_ns());
}

static void tell(struct worker *worker, struct task_stack *stack, uint64_t cpu_ns,
                 const void *registers) {
    struct watchdog *watchdog = &worker->watchdog;
    struct scheduler *scheduler = worker->scheduler;
    const struct hog hog = {.cpu_ns = cpu_ns - watchdog->cpu_ns,
                            .clock_ns = os_now_ns() - watchdog->clock_ns,
                            .tellings = watchdog->tellings,
                            .is_in_the_way = is_in_the_way(worker, stack),
                            .registers = registers};
    switch (scheduler->calls->tell_hog(worker, stack, &hog)) {
    case HOG_PASSED:
        return;
    case HOG_OWED:
        watchdog->owed_ns = watchdog->cpu_ns;
        watchdog->is_owed = true;
        worker->is_chosen = true; // the loop comes to watchdog_pay before it runs something else
        break;
    case HOG_TOLD:
        break;
    }
    watchdog->tellings++;
    watchdog->due_ns = watchdog->cpu_ns + PATIENCE * (watchdog->due_ns - watchdog->cpu_ns);
}

static void look(struct os_watch *watch, const void *registers) {
    struct worker *worker = container_of(watch, struct worker, watchdog.watch);
    struct watchdog *watchdog = &worker->watchdog;
    struct task_stack *stack = atomic_load_relaxed(&worker->running);
    const unsigned tick = *(volatile unsigned *)&worker->tick;
    const uint64_t cpu_ns = os_thread_cpu_ns();
    if (stack == NULL || stack != watchdog->stack || tick != watchdog->tick) {
        watchdog->stack = stack;
        watchdog->tick = tick;
        watchdog->cpu_ns = cpu_ns;
        watchdog->clock_ns = os_now_ns();
        watchdog->due_ns = cpu_ns + worker->scheduler->hog_ns;
        watchdog->tellings = 0;
    } else if (cpu_ns >= watchdog->due_ns) {
        tell(worker, stack, cpu_ns, registers);
    }
}

void watchdog_start(struct worker *worker) {
    const uint64_t limit_ns = worker->scheduler->hog_ns;
    if (limit_ns == 0) {
        return;
    }
    const uint64_t look_ns = limit_ns / LOOKS > LOOK_NS_MIN ? limit_ns / LOOKS : LOOK_NS_MIN;
    worker->watchdog.is_on = os_watch_init(&worker->watchdog.watch, look_ns, look) == OS_OK;
}

void watchdog_stop(struct worker *worker) {
    if (worker->watchdog.is_on) {
        os_watch_deinit(&worker->watchdog.watch);
        worker->watchdog.is_on = false;
    }
    if (worker->watchdog.is_owed) {
        watchdog_pay(worker);
    }
}

void watchdog_pay(struct worker *worker) {
    worker->watchdog.is_owed = false;
    worker->scheduler->calls->hog_left(worker, os_thread_cpu_ns() - worker->watchdog.owed_ns);
}
