// order.h - in which order locks are taken, where a program has them watched: orders that
// contradict each other are told, though nobody came to hang.
//
// Who takes a lock while it holds others leaves a pair for each of those, (held, taken), with the
// places of both. A new pair that closes a circle with older ones - (a, b) by one frame, (b, a) by
// another - is told with all of its places: frames that come at the same time would wait for each
// other. Orders that only occur while a third lock is held, the same for both, contradict nothing.
//
// Invariant: a lock has a number from the first time that it is seen here, so that another one in
// the same memory is another one. What is remembered is bounded, and the oldest is forgotten: then
// something is not told, and nothing is told that is not so. Mutexes are watched in what is
// compiled with TN_WATCH_LOCKS, locks for readers and writers in checking builds of the library.
// Start reading at order_take.
#ifndef TENON_SYNC_ORDER_H
#define TENON_SYNC_ORDER_H

#include <stdbool.h>
#include <stdint.h>

struct tn_self;

// A lock, as its structure keeps it.
struct order_lock {
    uint32_t *number;  // 0 at first
    const char *kind;  // as in "mutex"
    const char *name;  // NULL: none
    const void *site;  // where the program called what takes it
};

// The lock was taken; `waited`: by a call that would have waited for it. By its holder.
void order_take(struct tn_self *self, const struct order_lock *lock, bool waited);

// It is given back.
void order_give(const struct tn_self *self, uint32_t number);

#endif
