// lock.c - struct os_lock, the same for every os: a word and os_wait_word.
//
// Invariant: FREE nobody has it; HELD one thread has it and nobody sleeps; CONTENDED one thread
// has it and somebody may sleep, so that its release must wake. Start reading at os_lock_acquire.
//
//   FREE --try/acquire--> HELD --acquire_slow (by another)--> CONTENDED
//   HELD, CONTENDED --release--> FREE
#include "base/atomic.h"
#include "base/bits.h"
#include "base/check.h"
#include "os/os.h"

enum { FREE = 0, HELD = 1, CONTENDED = 2 };

// A critical section of ours lasts well under a microsecond; sleeping and waking costs several. The
// explorer needs to see one round.
#if TENON_MODEL
enum { SPINS_MAX = 1 };
#else
enum { SPINS_MAX = 64 };
#endif

bool os_lock_try(struct os_lock *lock) {
    uint32_t expected = FREE;
    // pairs with os_lock_release
    return atomic_cas_acquire(&lock->word, &expected, HELD);
}

__attribute__((noinline)) static void acquire_slow(struct os_lock *lock) {
    for (int i = 0; i < SPINS_MAX; i++) {
        cpu_pause();
        if (atomic_load_relaxed(&lock->word) == FREE && os_lock_try(lock)) {
            return;
        }
    }
    // Whoever gets it here leaves CONTENDED behind: others may sleep still, and one wake too many
    // is cheaper than one too few.
    uint32_t mark = MUTATED(lock_without_mark) ? HELD : CONTENDED;
    // pairs with os_lock_release
    while (atomic_exchange_acquire(&lock->word, mark) != FREE) {
        (void)os_wait_word(&lock->word, mark, OS_NEVER);
    }
}

void os_lock_acquire(struct os_lock *lock) {
    if (UNLIKELY(!os_lock_try(lock))) {
        acquire_slow(lock);
    }
}

void os_lock_release(struct os_lock *lock) {
    // pairs with os_lock_try and acquire_slow
    uint32_t before = atomic_exchange_release(&lock->word, FREE);
    ASSERT(before != FREE);
    if (UNLIKELY(before == CONTENDED) && !MUTATED(lock_without_wake)) {
        os_wake_word(&lock->word, 1);
    }
}
