// reactor.c - see reactor.h.
#include "io/reactor.h"

#include "base/atomic.h"
#include "base/bits.h"
#include "io/descriptor.h"
#include "io/signal.h"

enum { EVENTS_MAX = 64 };

// Busy workers look at most this often: a look is a system call.
#define LOOK_NS 20000

// Reactors that no run has, and the right to give a run one.
static struct os_lock lock = OS_LOCK_INIT;
static struct reactor *spare;

static struct reactor *reactor_from(struct world *world) {
    return container_of(world, struct reactor, world);
}

// By the holder of turn.
static void gather(struct reactor *reactor, uint64_t deadline_ns) {
    struct os_poll_event events[EVENTS_MAX];
    const int count = os_poll_wait(&reactor->poll, events, EVENTS_MAX, deadline_ns);
    for (int i = 0; i < count; i++) {
        if (events[i].tag == REACTOR_SIGNALS) {
            signal_tell(reactor);
        } else {
            descriptor_tell(events[i].tag, events[i].what);
        }
    }
}

void reactor_wait(struct world *world, _Atomic uint32_t *word, uint32_t expected,
                  uint64_t deadline_ns) {
    struct reactor *reactor = reactor_from(world);
    os_lock_acquire(&reactor->turn);
    if (MUTATED(sleep_without_looking_at_the_word) || atomic_load_relaxed(word) == expected) {
        gather(reactor, deadline_ns);
    }
    os_lock_release(&reactor->turn);
}

void reactor_wake(struct world *world) {
    os_poll_wake(&reactor_from(world)->poll);
}

static void look(struct world *world) {
    struct reactor *reactor = reactor_from(world);
    if (!os_lock_try(&reactor->turn)) {
        return;
    }
    const uint64_t now_ns = os_now_ns();
    if (now_ns - reactor->looked_ns >= LOOK_NS) {
        reactor->looked_ns = now_ns;
        gather(reactor, 0);
    }
    os_lock_release(&reactor->turn);
}

static void leave(struct world *world) {
    struct reactor *reactor = reactor_from(world);
    os_lock_acquire(&lock);
    reactor->next = spare;
    spare = reactor;
    os_lock_release(&lock);
}

static struct reactor *create(void) {
    struct reactor *reactor = os_allocate_aligned(sizeof *reactor, _Alignof(struct reactor));
    if (reactor == NULL) {
        return NULL;
    }
    if (os_poll_init(&reactor->poll) != OS_OK) {
        os_free(reactor);
        return NULL;
    }
    reactor->world =
        (struct world){.wait = reactor_wait, .wake = reactor_wake, .look = look, .leave = leave};
    os_lock_init(&reactor->turn);
    os_lock_init(&reactor->signal_lock);
    list_init(&reactor->signals);
    reactor->hears_signals = false;
    reactor->looked_ns = 0;
    return reactor;
}

// Under the lock.
static struct reactor *give(struct scheduler *scheduler) {
    struct world *world = atomic_load_relaxed(&scheduler->world);
    if (world != NULL) {
        return reactor_from(world);
    }
    struct reactor *reactor = spare;
    if (reactor != NULL) {
        spare = reactor->next;
    } else {
        reactor = create();
    }
    if (reactor != NULL) {
        reactor->scheduler = scheduler;
        scheduler_set_world(scheduler, &reactor->world);
    }
    return reactor;
}

struct reactor *reactor_of(struct scheduler *scheduler) {
    struct world *world = atomic_load_acquire(&scheduler->world); // pairs with scheduler_set_world
    if (world != NULL) {
        return reactor_from(world);
    }
    os_lock_acquire(&lock);
    struct reactor *reactor = give(scheduler);
    os_lock_release(&lock);
    return reactor;
}
