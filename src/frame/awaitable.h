// awaitable.h - anything that completes, and whoever waits for it.
//
// Two kinds of subscribers hang on an awaitable: a waiter (a suspended stack) and a part (this
// awaitable belongs to an all or any). Both are in the memory of who subscribes, so that waiting
// allocates nothing.
//
// Who completes it: one caller of awaitable_complete (once, or again and again for an event: then
// it is a delivery and is_done stays false). What stays valid meanwhile: a subscriber that is still
// linked, under the lock. What makes teardown safe: a subscriber unlinks itself under the lock
// before its memory goes; an awaitable completes with TN_REMOVED before its owner lets go of it,
// and its memory goes with the last reference.
// Lock order: a part's lock before that of the all or any it belongs to.
// Start reading at awaitable_complete.
#ifndef TENON_FRAME_AWAITABLE_H
#define TENON_FRAME_AWAITABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "os/os.h"

struct awaitable;
struct delivery;
struct tn_self;

// What keeps an awaitable's memory alive while somebody waits: references of what it is part of.
struct awaitable_kind {
    void (*retain)(struct awaitable *awaitable);
    void (*release)(struct awaitable *awaitable);
    // Writes what who waits for it does, as in "waits for the event tick": note.h. Under its lock.
    // NULL: nobody ever waits for long.
    void (*tell)(const struct awaitable *awaitable, char *text, size_t bytes);
};

struct awaitable {
    const struct awaitable_kind *kind;
    struct os_lock lock;
    bool is_local;        // the run has one thread, the only one that comes here: nothing to lock
    _Atomic bool is_done; // written under the lock
    int outcome;          // when done
    void *value;          // when done
    struct list subscribers;
};

struct subscriber {
    struct list_node link; // linked while it may still be called
    // Called under the awaitable's lock, unlinked: must not block. Waiters that it wakes, or that
    // are woken by what it completes in turn, are counted by `delivery` (NULL: by nobody).
    void (*fire)(struct subscriber *subscriber, int outcome, void *value,
                 struct delivery *delivery);
};

// `kind` may be NULL when the memory outlives every wait anyway. `is_local` as above.
void awaitable_init(struct awaitable *awaitable, const struct awaitable_kind *kind, bool is_local);

static inline void awaitable_lock(struct awaitable *awaitable) {
    if (!awaitable->is_local) {
        os_lock_acquire(&awaitable->lock);
    }
}

static inline void awaitable_unlock(struct awaitable *awaitable) {
    if (!awaitable->is_local) {
        os_lock_release(&awaitable->lock);
    }
}

// Hangs a subscriber on. False when the awaitable is done already: then nothing was done.
bool awaitable_subscribe(struct awaitable *awaitable, struct subscriber *subscriber);

// Takes it off. False when it has fired. Either way it is not called any more when this returns.
bool awaitable_unsubscribe(struct awaitable *awaitable, struct subscriber *subscriber);

// Calls every subscriber with the outcome, oldest first. `is_for_good`: also those to come.
// `delivery` (NULL: nobody cares) is told of everybody who is woken.
void awaitable_complete(struct awaitable *awaitable, int outcome, void *value, bool is_for_good,
                        struct delivery *delivery);
// The same with the lock held by the caller.
void awaitable_complete_locked(struct awaitable *awaitable, int outcome, void *value,
                               bool is_for_good, struct delivery *delivery);

// Done, and with what? False leaves *outcome alone. The value is then in awaitable->value.
bool awaitable_is_done(struct awaitable *awaitable, int *outcome);

// Suspends the frame until the awaitable completes; its outcome, and what it carried in
// *value (may be NULL). What cancel_due says when the frame has to end first; `shielded` waits go
// on then.
int awaitable_wait(struct tn_self *self, struct awaitable *awaitable, void **value, bool shielded);

#endif
