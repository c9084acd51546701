// turn.c - see turn.h.
#include "sync/turn.h"

#include "base/check.h"
#include "scheduler/worker.h"

// What sharing costs, some microseconds each, is bounded for the whole process: after so many
// objects that turned out to be shared the next ones are so from the beginning.
enum { SHARED_MAX = 1000 };

// How often who waits for the lock looks at it, twice as long after each look, then yielding.
enum { LOOKS_SPINNING = 7, LOOKS_YIELDING = 200 };
#define SLEEP_NS 50000

_Atomic uint32_t turn_shared_count;

uint32_t turn_thread(void) {
    const struct worker *worker = worker_current();
    return worker == NULL ? TN_NO_THREAD_ : worker->thread_number;
}

// With the lock. The owner may be about to come in, or inside.
__attribute__((noinline)) static void share(struct turn *turn, uint32_t owner) {
    atomic_store_relaxed(&turn->owner, TURN_LEAVING);
    if (!MUTATED(turn_without_barrier)) {
        os_barrier_all();
    }
    // acquire: pairs with turn_release.
    while (atomic_load_acquire(&turn->inside) != 0 && !MUTATED(turn_without_wait)) {
        os_thread_yield();
    }
    if (!MUTATED(turn_without_mark)) {
        atomic_store_relaxed(&turn->inside, turn_mark(owner));
    }
    // release: pairs with tn_mutex_is_shared_.
    atomic_store_release(&turn->owner, TURN_SHARED);
    atomic_fetch_add_relaxed(&turn_shared_count, 1);
}

// With the lock, by whoever comes first.
static void claim(struct turn *turn, uint32_t thread) {
    const bool is_worth_it = atomic_load_relaxed(&turn_shared_count) < SHARED_MAX;
    const bool may_own = thread != TN_NO_THREAD_ && is_worth_it;
    atomic_store_relaxed(&turn->owner, may_own ? thread : TURN_SHARED);
}

// In most cases who has the turn runs. If not it needs a processor, perhaps this one; a thread that
// must never be kept from running by this one, whatever its priority, gets it in the end.
void turn_wait_a_moment(uint32_t looks) {
    if (looks < LOOKS_SPINNING) {
        cpu_pause();
        cpu_pauses((1 << looks) - 1);
    } else if (looks < LOOKS_YIELDING) {
        os_thread_yield();
    } else {
        os_thread_sleep(SLEEP_NS);
    }
}

static void lock(struct turn *turn) {
    // acquire: pairs with turn_release.
    while (atomic_exchange_acquire(&turn->lock, 1) != 0) {
        uint32_t looks = 0;
        do {
            turn_wait_a_moment(looks++);
        } while (atomic_load_relaxed(&turn->lock) != 0);
    }
}

void turn_settle(struct turn *turn, uint32_t thread) {
    const uint32_t owner = atomic_load_relaxed(&turn->owner);
    if (owner == TURN_NEW) {
        claim(turn, thread);
    } else if (owner != TURN_SHARED && owner != thread) {
        share(turn, owner);
    } else if (atomic_load_relaxed(&turn->inside) == turn_mark(thread)) {
        atomic_store_relaxed(&turn->inside, 0);
    }
}

void turn_acquire_slow(struct turn *turn, uint32_t thread) {
    lock(turn);
    turn_settle(turn, thread);
}

// Who waits for the lock finds an owner and takes the turn from it.
void turn_keep(struct turn *turn, uint32_t thread) {
    ASSERT(turn_is_shared(turn) && thread != TN_NO_THREAD_);
    if (atomic_load_relaxed(&turn->inside) == 0) {
        atomic_fetch_sub_relaxed(&turn_shared_count, 1);
        atomic_store_relaxed(&turn->owner, thread);
    }
    // release: pairs with turn_acquire, lock.
    atomic_store_release(&turn->lock, 0);
}
