// turn.h - the lock of a sync object, for the moment that one look at its words takes.
//
// Most objects are used by one thread for long, if not always; an atomic instruction costs 5 to 10
// ns there, for nothing. So the first worker that comes owns the turn, and takes it with plain
// stores. When another thread comes, the turn is shared for good and is a lock as any other.
//
// The lock is a word that is released by a plain store; who finds it taken spins, then yields. A
// turn is some nanoseconds long, so nobody need sleep for one; and half of the atomic instructions
// of an os_lock are saved.
//
//     the owner                                  another, with `lock` held (share)
//     inside = 1                                 owner = TURN_LEAVING
//     (nothing moves across here)                os_barrier_all
//     owner still this thread? then it is mine   wait until inside == 0
//     ... inside = 0                             inside = the owner's mark, owner = TURN_SHARED
//
// Either the owner's store of `inside` came before the barrier: then the other sees it, and waits
// for the end of a turn, which is near. Or its look at `owner` comes after: then it leaves. It may
// be late, as a thread that lost its processor in between: and would then write `inside` of another
// owner. So nobody owns the turn (turn_keep) before the former owner's mark is gone: it has written
// over it on its way out, or has taken the lock since.
//
//             claim: a worker                share: another thread
//     (NEW 0) --------------> a thread's number ------------------> LEAVING --share--> SHARED
//        `-------- claim: a thread that is no worker, or enough were shared already ------^
//
//                                SHARED --turn_keep--> a thread's number
//
// Invariant: whoever has the turn is inside as its owner, or has `lock` and the turn is shared, or
// has `lock` and is the owner. A frame may leave its stack with it: the same thread releases it, on
// its loop. Model-checked in tests/model. Start reading at turn_acquire.
//
// After: K. Kawachiya, A. Koseki, T. Onodera, Lock reservation (OOPSLA 2002); D. Dice, H. Huang, M.
// Yang, Asymmetric Dekker synchronization (2001).
#ifndef TENON_SYNC_TURN_H
#define TENON_SYNC_TURN_H

#include <tenon/task.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "os/os.h"

// The three words that each public structure begins its private part with, tn_turn. Zeros are a new
// one.
struct turn {
    _Atomic uint32_t inside; // 1 while the owner has the turn; shared: turn_mark, or 0
    _Atomic uint32_t owner;  // the number of a thread, or one of those below
    _Atomic uint32_t lock;   // 1: somebody has it
};

_Static_assert(sizeof(struct turn) == 3 * sizeof(uint32_t), "the public structures have that room");

#define TURN_NEW 0
#define TURN_SHARED TN_SHARED_
#define TURN_LEAVING (TN_SHARED_ - 1)

// One that nobody will own.
#define TURN_SHARED_INIT                                                                           \
    { 0, TURN_SHARED, 0 }

// How many have become shared since the process began.
extern _Atomic uint32_t turn_shared_count;

// The number of the calling thread, as in its frames' self->thread.
uint32_t turn_thread(void);

// Instead of turn_release, of a shared turn: the caller's thread, which has been the only one for
// long, owns it again, unless a former owner may still come in. Not where somebody goes by
// turn_is_shared without the turn, as tn_mutex.
void turn_keep(struct turn *turn, uint32_t thread);

// Between two looks at what another thread will have written in some nanoseconds, if it runs.
// `looks`: how many there were already.
void turn_wait_a_moment(uint32_t looks);

// Nobody uses it any more but the caller, who had it last: it is a new one.
static inline void turn_forget(struct turn *turn) {
    atomic_store_relaxed(&turn->inside, 0);
    atomic_store_relaxed(&turn->owner, TURN_NEW);
}

// Whether several threads have come to it: then who has the turn may run on another one.
static inline bool turn_is_shared(struct turn *turn) {
    return atomic_load_relaxed(&turn->owner) == TURN_SHARED;
}

// Of a former owner that may still come in; neither 0 nor 1.
static inline uint32_t turn_mark(uint32_t thread) {
    return ~thread;
}

void turn_acquire_slow(struct turn *turn, uint32_t thread);

// With the lock: the turn is the caller's when this returns, whoever owned it.
void turn_settle(struct turn *turn, uint32_t thread);

// `thread`: the caller's, self->thread.
static inline void turn_acquire(struct turn *turn, uint32_t thread) {
    if (LIKELY(atomic_load_relaxed(&turn->owner) == thread)) {
        // acquire: pairs with turn_release, for ThreadSanitizer, to which frames are threads.
        (void)atomic_load_acquire(&turn->inside);
        atomic_store_relaxed(&turn->inside, 1);
        compiler_fence(); // the barrier in share does the rest
        if (LIKELY(atomic_load_relaxed(&turn->owner) == thread)) {
            return;
        }
        // release: pairs with share.
        atomic_store_release(&turn->inside, 0);
    }
    uint32_t free = 0;
    // acquire: pairs with turn_release.
    if (UNLIKELY(!turn_is_shared(turn)) || UNLIKELY(!atomic_cas_acquire(&turn->lock, &free, 1))) {
        turn_acquire_slow(turn, thread);
    } else if (UNLIKELY(!turn_is_shared(turn)) || // it was kept meanwhile
               UNLIKELY(atomic_load_relaxed(&turn->inside) == turn_mark(thread))) {
        turn_settle(turn, thread);
    }
}

// A former owner that comes too late is inside for a moment after the turn has become shared.
static inline void turn_release(struct turn *turn) {
    if (LIKELY(atomic_load_relaxed(&turn->owner) != TURN_SHARED &&
               atomic_load_relaxed(&turn->inside) != 0)) {
        // release: pairs with share.
        atomic_store_release(&turn->inside, 0);
    } else {
        // release: pairs with turn_acquire, lock.
        atomic_store_release(&turn->lock, 0);
    }
}

// What guards the lists of an object: one turn, or two, taken in this order.
struct guard {
    struct turn *first;
    struct turn *second; // NULL: there is none
};

#define GUARD(turn) ((struct guard){(turn), NULL})

static inline void guard_acquire(struct guard guard, uint32_t thread) {
    turn_acquire(guard.first, thread);
    if (guard.second != NULL) {
        turn_acquire(guard.second, thread);
    }
}

static inline void guard_release(struct guard guard) {
    if (guard.second != NULL) {
        turn_release(guard.second);
    }
    turn_release(guard.first);
}

#endif
