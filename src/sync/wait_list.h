// wait_list.h - who waits for a sync object: frames and plain OS threads, in order of coming.
//
// One mechanism under mutexes, channels and all the others. A `waiter` is who waits: a suspended
// stack; a thread that sleeps on a word; or a function that is told, for who waits elsewhere. A
// `wait` is a place in one list; a select has a waiter with several. All of it lies in the memory
// of who waits, so that waiting allocates nothing.
//
// The lists of an object are guarded by its lock. Who waits looks at the object under that lock,
// links itself, leaves its stack, and only then, on the worker's loop, opens its ticket and
// releases the lock (wait_suspend; alone in a run it does so before: suspend.h). So nobody fires a
// wait whose stack he could continue too early, and a wake is one compare and swap on the ticket.
//
//   (none) --wait_push--> linked --wait_fire--> fired: it has what it waited for
//                               \--wait_suspend: told to end--> unlinked: it has not
//
// Who completes it: one caller of wait_fire, under the lock. What stays valid meanwhile: a wait
// that is linked, under the lock; after `has_fired` is set the waiter may be gone. Who fires for
// another run than its own keeps the lock until it is done with that run's scheduler, and the
// waiter passes the lock before it goes on: so its run cannot end too early. A cancellation that
// comes after the firing changes nothing: what was given was received.
// Start reading at wait_suspend.
#ifndef TENON_SYNC_WAIT_LIST_H
#define TENON_SYNC_WAIT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "frame/cancel.h"
#include "frame/knot.h"
#include "frame/note.h"
#include "sync/turn.h"

struct task_stack;
struct tn_self;
struct wait;

// Zeros are an empty one.
struct wait_list {
    struct wait *first;
    struct wait *last;
};

enum wait_fired {
    WAIT_NOT_FIRED,
    WAIT_FIRED,              // and who fired it is done with it
    WAIT_FIRED_FROM_OUTSIDE, // but still holds the lock
};

struct waiter {
    struct note note;
    // Writes what it waits for, as in "waits for the mutex books".
    void (*tell)(const struct waiter *waiter, char *text, size_t bytes);
    void *object;
    // Under the lock, when it is taken off its list because its frame has to end; NULL: nothing.
    void (*leave)(void *object);
    // Who holds what it still waits for; NULL: nobody, or it has it. From any thread; takes the
    // object's lock. Itself NULL: that is never known.
    const struct tn_self *(*holder)(const struct waiter *waiter);
    // Of one that nobody is suspended for: called in place of a wake, with the object's lock, to
    // which it may not come back. The waiter may be gone as soon as it is called.
    void (*fired)(struct waiter *waiter);
    struct tn_self *self;    // NULL: of such a one
    _Atomic uint32_t chosen; // of a select: the place of its wait that fires, from 1; 0: none yet
    struct turn lock;        // of a select: it is fired, or suspends; after that of an object
    // What who fires it looks at, last: so it lies beside a wait that follows.
    struct task_stack *stack; // NULL: a thread in no run, or `fired` is called
    uint32_t ticket;
    _Atomic uint32_t has_fired; // enum wait_fired; a thread sleeps on it
};

struct wait {
    struct wait *next;
    struct wait *prev;
    struct wait_list *list; // NULL: linked no more
    struct waiter *waiter;
    uint32_t place; // in a select, from 1; 0: its waiter has no other
    int outcome;    // written by who fires it
    union {         // of a channel: channel_item_of
        void *item;    // what is sent, or where to what is received
        uint64_t word; // the item itself
    };
};

// The waiter is whoever runs on `self`; outside of a run, the calling thread.
void waiter_init(struct waiter *waiter, struct tn_self *self,
                 void (*tell)(const struct waiter *waiter, char *text, size_t bytes),
                 void *object);

// One that nobody is suspended for, and whose wait tells `fired`.
void waiter_init_told(struct waiter *waiter, void (*fired)(struct waiter *waiter));

// Before a wait, without any lock: TN_OK, or why the frame has to end. For a thread: TN_OK.
int waiter_due(struct waiter *waiter);

// Around the wait of one who has a `holder`, without any lock: frames that wait for each other in a
// circle are found so. `site` is where the program called.
static inline void waiter_tie(const struct waiter *waiter, struct knot_tie *tie, const void *site) {
    knot_tie(tie, waiter->stack, &waiter->note, site);
}

// The same with the lock, when it takes no more than a load to know: true, and it may wait. False:
// nothing is known; then waiter_due has to be asked, without the lock.
static inline bool waiter_is_undisturbed(struct waiter *waiter) {
    return waiter->stack == NULL || cancel_is_none(waiter->stack);
}

static inline void wait_link(struct wait_list *list, struct wait *wait, struct wait *prev,
                             struct wait *next) {
    wait->list = list;
    wait->prev = prev;
    wait->next = next;
    *(prev == NULL ? &list->first : &prev->next) = wait;
    *(next == NULL ? &list->last : &next->prev) = wait;
}

// Under the lock of the object, all of these. At the end of the list, or before all others.
static inline void wait_push(struct wait_list *list, struct wait *wait, struct waiter *waiter) {
    wait->waiter = waiter;
    wait_link(list, wait, list->last, NULL);
}

void wait_push_front(struct wait_list *list, struct wait *wait, struct waiter *waiter);

static inline void wait_unlink(struct wait *wait) {
    struct wait_list *list = wait->list;
    ASSERT(list != NULL);
    *(wait->prev == NULL ? &list->first : &wait->prev->next) = wait->next;
    *(wait->next == NULL ? &list->last : &wait->next->prev) = wait->prev;
    wait->list = NULL;
}

static inline bool wait_list_is_empty(const struct wait_list *list) {
    return list->first == NULL;
}

// Whether somebody else than `waiter` waits there who may be fired.
bool wait_list_has_other(const struct wait_list *list, const struct waiter *waiter);

// The first wait of the list that may be fired, and must be then: taken off. NULL: there is none.
struct wait *wait_take_choice(struct wait_list *list);
static inline struct wait *wait_take(struct wait_list *list) {
    struct wait *first = list->first;
    if (first == NULL || UNLIKELY(first->place != 0)) {
        return first == NULL ? NULL : wait_take_choice(list);
    }
    wait_unlink(first);
    return first;
}

// Ends a wait that was taken: its waiter goes on, and finds the outcome.
void wait_fire(struct wait *wait, int outcome);

// The same for a select of which no wait is to fire, because its time is over.
void waiter_fire(struct waiter *waiter);

// Suspends until the wait, which was pushed, has fired: TN_OK, and its outcome says the rest. Why
// the frame has to end: then it is unlinked. Called with the object's lock held, which it releases.
int wait_suspend(struct wait *wait, struct guard guard);

// Whether who would wait had better look again for a moment before: somebody who is awake on
// another thread may do what is waited for, and the caller's worker has nothing else to run.
bool wait_may_spin(struct tn_self *self);

// Fires everybody.
void wait_fire_all(struct wait_list *list, int outcome);

// All of a wait that is granted: looks whether the frame has to end, and then, under the lock, asks
// grant(object), which is to be true when nothing has to be waited for; else waits in the list.
// What the one who fires it says, or why the frame has to end. Called without the lock. When it
// returns, whoever fired the wait is done with the object, which may go.
int wait_until_granted(struct tn_self *self, struct turn *lock, struct wait_list *list,
                       void (*tell)(const struct waiter *waiter, char *text, size_t bytes),
                       bool (*grant)(void *object), void *object);

// One suspension, which may end for no reason: true when the waiter has fired. `guard`, which
// who fires it holds, is held at the beginning and not at the end. A thread sleeps till deadline_ns
// at most.
bool waiter_suspend(struct waiter *waiter, struct guard guard, uint64_t deadline_ns);

#endif
