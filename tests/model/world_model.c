// world_model.c - sleeping in the world and being woken there. sources: src/scheduler/idle.c
// sources: src/io/reactor.c src/os/lock.c
//
// A worker sleeps in the real reactor_wait; somebody queues something and wakes it; another worker,
// a busy one, looks for events meanwhile and may hear the bell that was rung for the sleeper. The
// system's poll is one word: rung or not, and hearing it makes it silent again.
//
// Invariant: nothing queued is slept through. Start reading at work.
#include "base/atomic.h"
#include "io/reactor.h"
#include "model/model.h"
#include "scheduler/idle.h"

static struct reactor reactor;
static struct idle_map map;
static struct idle idle;
static _Atomic uint32_t bell;
static _Atomic int queued;
static int input;

// A measurement, and no part of the protocol.
void spin_note_wake(_Atomic uint64_t *woken_ns) {
    (void)woken_ns;
}

int os_poll_wait(struct os_poll *poll, struct os_poll_event *events, int events_max,
                 uint64_t deadline_ns) {
    (void)poll;
    (void)events;
    (void)events_max;
    if (atomic_exchange_seq_cst(&bell, 0) == 0 && deadline_ns != 0) { // pairs with os_poll_wake
        (void)os_wait_word(&bell, 0, deadline_ns);
        atomic_store_relaxed(&bell, 0);
    }
    return 0;
}

void os_poll_wake(struct os_poll *poll) {
    (void)poll;
    atomic_store_seq_cst(&bell, 1); // pairs with os_poll_wait
    os_wake_word(&bell, 1);
}

static void set_up(void) {
    idle_map_init(&map);
    idle_init(&idle, 0, true);
    reactor = (struct reactor){.world = {.wait = reactor_wait, .wake = reactor_wake}};
    os_lock_init(&reactor.turn);
    atomic_store_relaxed(&bell, 0);
    atomic_store_relaxed(&queued, 0);
    input = 0;
}

// The loop of worker.c, as far as sleeping goes.
static void work(void) {
    for (;;) {
        idle_announce(&idle, &map);
        if (atomic_load_acquire(&queued) != 0) { // pairs with produce
            break;
        }
        idle_sleep_in_world(&idle, &reactor.world, OS_NEVER);
        (void)idle_retract(&idle, &map);
    }
    MODEL_EXPECT(plain_read(&input) == 1);
}

static void produce(void) {
    plain_write(&input, 1);
    atomic_store_release(&queued, 1); // pairs with work
    idle_published();
    idle_wake(&idle);
}

// A busy worker: what `look` does, without its clock.
static void look_round(void) {
    if (os_lock_try(&reactor.turn)) {
        (void)os_poll_wait(&reactor.poll, NULL, 0, 0);
        os_lock_release(&reactor.turn);
    }
}

static void expect_silence(void) {
    MODEL_EXPECT(plain_read(&input) == 1);
}

MODEL(a_sleeper_in_the_world_is_woken, .threads = 2, .setup = set_up, .thread = {work, produce},
      .finish = expect_silence)

MODEL(a_bell_that_another_hears_is_not_slept_through, .threads = 3, .setup = set_up,
      .thread = {work, produce, look_round}, .search_preemptions_max = 2, .finish = expect_silence)

MODEL_MUTATION(sleep_without_looking_at_the_word)
