// keeper_model.c - who watches the timer of a busy worker. sources: src/scheduler/keeper.c
// sources: src/scheduler/idle.c
//
// A busy worker gets a timer while another, who may be the keeper, goes to other work, and a third
// one falls asleep. The third is the only one left who can watch.
//
// Invariant: in the end it sleeps as the keeper, and no longer than until that timer. Start reading
// at fall_asleep.
#include <string.h>

#include "base/atomic.h"
#include "model/model.h"
#include "scheduler/keeper.h"

enum { BUSY, LEAVING, SLEEPING, WORKERS, AT_NS = 7 };

static struct scheduler scheduler;
static struct worker workers[WORKERS];
static bool is_watched;

struct worker *worker_current(void) {
    return os_thread_local();
}

// A measurement, and no part of the protocol.
void spin_note_wake(_Atomic uint64_t *woken_ns) {
    (void)woken_ns;
}

static void set_up(void) {
    memset(&scheduler, 0, sizeof scheduler);
    memset(workers, 0, sizeof workers);
    scheduler.count = WORKERS;
    scheduler.workers = workers;
    scheduler.is_shared = true;
    atomic_store_relaxed(&scheduler.keeper, -1);
    atomic_store_relaxed(&scheduler.armed_ns, TIMERS_NONE);
    idle_map_init(&scheduler.idle);
    for (int i = 0; i < WORKERS; i++) {
        workers[i].scheduler = &scheduler;
        workers[i].index = i;
        idle_init(&workers[i].idle, i, false);
        atomic_store_relaxed(&workers[i].timers.earliest_ns, TIMERS_NONE);
    }
    is_watched = false;
}

// What timers_add leaves behind, and then worker_switch looks at.
static void get_a_timer(void) {
    os_thread_local_set(&workers[BUSY]);
    atomic_store_relaxed(&workers[BUSY].timers.earliest_ns, AT_NS);
    keeper_hear(&workers[BUSY]);
}

// As wait_for_work, of one who has been woken already, so that a wake does nothing to it.
static void leave(void) {
    struct worker *worker = &workers[LEAVING];
    os_thread_local_set(worker);
    (void)keeper_begin(worker);
    keeper_end(worker);
}

// Until it is to watch the timer: woken for nothing it comes back.
static void fall_asleep(void) {
    struct worker *worker = &workers[SLEEPING];
    os_thread_local_set(worker);
    for (;;) {
        idle_announce(&worker->idle, &scheduler.idle);
        if (keeper_begin(worker) == AT_NS) {
            break;
        }
        idle_sleep(&worker->idle, OS_NEVER);
        keeper_end(worker);
        (void)idle_retract(&worker->idle, &scheduler.idle);
    }
    is_watched = true;
}

static void expect_a_keeper(void) {
    MODEL_EXPECT(is_watched && atomic_load_relaxed(&scheduler.keeper) == SLEEPING);
    MODEL_EXPECT(atomic_load_relaxed(&scheduler.armed_ns) == AT_NS);
}

MODEL(a_timer_is_watched_by_who_is_left, .threads = 3, .setup = set_up,
      .thread = {get_a_timer, leave, fall_asleep}, .preemptions_max = 3, .finish = expect_a_keeper)

MODEL(a_timer_is_seen_by_who_falls_asleep, .threads = 2, .setup = set_up,
      .thread = {get_a_timer, fall_asleep}, .finish = expect_a_keeper)

MODEL_SITE_UNNEEDED("keeper.c", "atomic_load_acquire(&scheduler->world)", "here is no world")
MODEL_SITE_UNNEEDED("idle.c", "atomic_exchange_acquire(&idle->state", "here is no world")

MODEL_MUTATION(keeper_trusts_what_it_knew)
MODEL_MUTATION(keeper_appoints_sleepers_only)
