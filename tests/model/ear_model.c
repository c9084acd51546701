// ear_model.c - who hears what another process says. sources: src/cluster/ear.c
// sources: src/scheduler/wire.c src/scheduler/idle.c src/os/lock.c
//
// A worker that is idle listens to the link, or sleeps until it is rung for or handed something,
// and then goes on with something else for ever; the agent sleeps when it may; the other process
// says two things, and rings when it must. The link is a count; the system's poll is one word: rung
// or not, and to hear it makes it silent again.
//
// Invariant: all that was said is heard, by the agent if by nobody else; and the agent looks when
// who leaves has found that this is to be done soon. Start reading at attend.
#include <string.h>

#include "base/atomic.h"
#include "cluster/ear.h"
#include "model/model.h"
#include "scheduler/wire.h"

enum { LISTENER, AGENT, WORKERS, SAID = 2 };

static struct scheduler scheduler;
static struct worker workers[WORKERS];
static struct ear ear;
static struct wire wire;
static struct link process; // the other one
static _Atomic uint32_t bell;
static _Atomic int said;
static _Atomic int must_ring;
static _Atomic int is_handed; // to the worker: something to run
// Under the turn:
static int heard;
static int in_poll;       // by whoever sleeps there: one at a time
static bool finds_a_look; // who leaves
static bool is_look_due, has_looked;

// A measurement, and no part of the protocol.
void spin_note_wake(_Atomic uint64_t *woken_ns) {
    (void)woken_ns;
}

// ---- the system ------------------------------------------------------------------------------

int os_poll_wait(struct os_poll *poll, struct os_poll_event *events, int events_max,
                 uint64_t deadline_ns) {
    (void)poll, (void)events, (void)events_max;
    MODEL_EXPECT(in_poll++ == 0); // a wake-up that is meant for one must not reach another
    if (atomic_exchange_relaxed(&bell, 0) == 0) {
        (void)os_wait_word(&bell, 0, deadline_ns);
        atomic_store_relaxed(&bell, 0);
    }
    in_poll--;
    return 0;
}

static void ring_bell(void) {
    atomic_store_relaxed(&bell, 1); // it orders nothing, so that the link has to
    os_wake_word(&bell, 1);
}

void os_poll_wake(struct os_poll *poll) {
    (void)poll;
    ring_bell();
}

// ---- the link --------------------------------------------------------------------------------

static unsigned turn(struct link *of) {
    (void)of;
    const int news = atomic_load_relaxed(&said) - heard;
    heard += news;
    return (unsigned)news;
}

static bool sleep_on(struct link *of) {
    (void)of;
    atomic_store_relaxed(&must_ring, 1);
    atomic_fence_seq_cst(); // seq_cst: pairs with say
    return atomic_load_relaxed(&said) == heard;
}

static void awake(struct link *of) {
    (void)of;
    atomic_store_relaxed(&must_ring, 0);
}

static const struct link_calls calls = {.turn = turn, .sleep = sleep_on, .awake = awake};

static void say(void) {
    for (int i = 1; i <= SAID; i++) {
        atomic_store_relaxed(&said, i);
        atomic_fence_seq_cst(); // seq_cst: pairs with sleep_on
        if (atomic_load_relaxed(&must_ring) != 0 && atomic_exchange_relaxed(&must_ring, 0) != 0) {
            ring_bell();
        }
    }
}

// ---- the run ---------------------------------------------------------------------------------

// As in bridge.c and serve.c.
static bool hear(struct wire *of, struct worker *worker, bool is_first) {
    (void)of;
    if (!ear_take(&ear, worker, is_first)) {
        return false;
    }
    if (is_first) {
        worker->listens = true;
        ear_begin(&ear, worker);
    }
    const unsigned news = turn(&process);
    os_lock_release(&ear.turn);
    return news > 0;
}

static bool leave(struct wire *of, struct worker *worker, bool has_listened) {
    os_lock_acquire(&ear.turn);
    const bool is_quiet = ear_end(&ear, worker, has_listened);
    is_look_due |= finds_a_look && !worker->is_agent;
    has_looked |= is_look_due && worker->is_agent;
    const uint64_t until_ns = is_look_due ? 1 : OS_NEVER;
    if (worker->is_agent) {
        of->until_ns = ear_agent_until(&ear, until_ns);
    }
    const bool is_late = until_ns < of->until_ns && !ear.is_watched;
    const bool wakes = is_quiet && is_late && !MUTATED(ear_model_keeps_the_time);
    os_lock_release(&ear.turn);
    if (wakes) {
        wire_wake_agent(&scheduler);
    }
    return is_quiet;
}

static bool has_heard_all(void) {
    os_lock_acquire(&ear.turn);
    const bool is_all = heard == SAID && (!finds_a_look || has_looked);
    os_lock_release(&ear.turn);
    return is_all;
}

// As the loop of worker.c, as far as the agent goes.
static void attend(void) {
    struct worker *agent = &workers[AGENT];
    for (;;) {
        idle_announce(&agent->idle, &scheduler.idle);
        (void)wire_hear(agent);
        if (has_heard_all()) {
            break;
        }
        if (!idle_is_woken(&agent->idle)) {
            wire_sleep_as_agent(agent);
        }
        (void)idle_retract(&agent->idle, &scheduler.idle);
    }
}

// Looks for work, and finds some that takes for ever.
static void listen_and_leave(void) {
    (void)wire_hear(&workers[LISTENER]);
    wire_leave(&workers[LISTENER]);
    if (has_heard_all()) {
        wire_wake_agent(&scheduler); // whom nobody will tell
    }
}

// As the loop of worker.c: goes to sleep, unless it has been handed something, which it runs for
// ever.
static void sleep_and_leave(void) {
    struct worker *worker = &workers[LISTENER];
    worker->is_announced = true;
    idle_announce(&worker->idle, &scheduler.idle);
    (void)wire_hear(worker);
    while (atomic_load_relaxed(&is_handed) == 0) {
        if (wire_sleep(worker)) {
            wire_sleep_until(worker, OS_NEVER);
        }
        idle_announce(&worker->idle, &scheduler.idle);
        if (atomic_load_relaxed(&is_handed) == 0) {
            (void)wire_hear(worker);
        }
    }
    worker->is_announced = false;
    (void)idle_retract(&worker->idle, &scheduler.idle);
    if (worker->is_on_wire) {
        wire_leave(worker);
    }
    if (has_heard_all()) {
        wire_wake_agent(&scheduler);
    }
}

static void say_and_hand_over(void) {
    say();
    atomic_store_relaxed(&is_handed, 1);
    idle_published();
    idle_wake(&workers[LISTENER].idle);
}

static void set_up(void) {
    memset(&scheduler, 0, sizeof scheduler);
    memset(workers, 0, sizeof workers);
    atomic_store_relaxed(&bell, 0);
    atomic_store_relaxed(&said, 0);
    atomic_store_relaxed(&must_ring, 0);
    atomic_store_relaxed(&is_handed, 0);
    heard = in_poll = 0;
    finds_a_look = is_look_due = has_looked = false;
    process = (struct link){.calls = &calls};
    MODEL_EXPECT(ear_init(&ear) == OS_OK);
    ear.link = &process;
    ear.is_armed = true;
    (void)sleep_on(&process);
    wire = (struct wire){.hear = hear, .leave = leave, .world = &ear.world, .until_ns = OS_NEVER};
    atomic_store_relaxed(&wire.due_ns, OS_NEVER);
    scheduler.wire = &wire;
    scheduler.workers = workers;
    scheduler.executors = AGENT;
    idle_map_init(&scheduler.idle);
    for (int i = 0; i < WORKERS; i++) {
        workers[i].scheduler = &scheduler;
        workers[i].index = i;
        workers[i].is_agent = i == AGENT;
        idle_init(&workers[i].idle, i, false);
    }
}

// All has been said, and the agent sleeps for as long as it takes.
static void set_up_look(void) {
    set_up();
    finds_a_look = true;
    heard = SAID;
    atomic_store_relaxed(&said, SAID);
    (void)sleep_on(&process);
}

// The next one to leave is one too many.
static void set_up_watch(void) {
    set_up();
    ear.left_to_run = EAR_WATCH_LEAVES - 1;
}

int os_poll_init(struct os_poll *poll) {
    (void)poll;
    return OS_OK;
}

static void expect_all(void) {
    MODEL_EXPECT(heard == SAID);
}

MODEL(the_agent_hears_all_that_is_said, .threads = 2, .setup = set_up, .thread = {attend, say},
      .finish = expect_all)

MODEL(what_is_said_while_a_listener_leaves_is_heard, .threads = 3, .setup = set_up,
      .thread = {attend, say, listen_and_leave}, .preemptions_max = 2, .search_preemptions_max = 2,
      .finish = expect_all)

MODEL(the_agent_looks_when_who_leaves_has_found_that_it_is_time, .threads = 2, .setup = set_up_look,
      .thread = {attend, listen_and_leave}, .preemptions_max = 2, .search_preemptions_max = 2,
      .finish = expect_all)

MODEL(what_is_said_while_the_agent_watches_is_heard, .threads = 3, .setup = set_up_watch,
      .thread = {attend, say, listen_and_leave}, .preemptions_max = 2, .search_preemptions_max = 2,
      .finish = expect_all)

MODEL(who_sleeps_at_the_bell_and_is_handed_something_leaves_nothing_unheard, .threads = 3,
      .setup = set_up, .thread = {attend, say_and_hand_over, sleep_and_leave}, .preemptions_max = 2,
      .search_preemptions_max = 2, .finish = expect_all)

MODEL_MUTATION(ear_arms_without_a_look)
MODEL_MUTATION(wire_leaves_without_waking)
MODEL_MUTATION(ear_watches_without_an_end)
MODEL_MUTATION(ear_model_keeps_the_time)
MODEL_MUTATION(ear_leaves_the_bell_alone)
MODEL_MUTATION(wire_forgets_who_must_look)
