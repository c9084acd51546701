// mutex.c - see mutex.h.
#include "sync/mutex.h"

#include <stdio.h>

#include "base/atomic.h"
#include "context/sanitizer.h"
#include "frame/current.h"
#include "frame/misuse.h"
#include "scheduler/worker.h"
#include "sync/order.h"

_Static_assert(sizeof(struct mutex) == sizeof(struct tn_mutex) &&
                   offsetof(struct mutex, lock) == offsetof(struct tn_mutex, tn_inside) &&
                   offsetof(struct mutex, state) == offsetof(struct tn_mutex, tn_state) &&
                   offsetof(struct mutex, holder) == offsetof(struct tn_mutex, tn_holder),
               "it is the same structure");

// What a wait ended with.
enum { HANDED, TRY };

// How often somebody may be overtaken before the mutex is handed to it.
enum { OVERTAKEN_MAX = 2 };

// A holder that runs on another thread gives it back soon, mostly; waking costs more than that.
// Each look at the mutex takes its words from the holder's core: so the first one comes late, and
// the time from look to look doubles. Longer where nothing else is to be run.
enum { PAUSES_MIN = 32, PAUSES_MAX = 128, PAUSES_MAX_BUSY = 32 };

struct mutex_wait {
    struct waiter waiter;
    struct wait wait;
    struct knot_tie tie;
    uint32_t overtaken;
    bool wants_hand_over;
};

static void tell(const struct waiter *waiter, char *text, size_t bytes) {
    const struct mutex *mutex = waiter->object;
    (void)snprintf(text, bytes, "waits for the mutex %s",
                   mutex->name == NULL ? "(without a name)" : mutex->name);
}

// Who is off the list has it, or is about to try.
static const struct tn_self *holder_of(const struct waiter *waiter) {
    const struct mutex_wait *wait = container_of(waiter, const struct mutex_wait, waiter);
    struct mutex *mutex = waiter->object;
    turn_acquire(&mutex->lock, turn_thread());
    const struct tn_self *holder =
        wait->wait.list == NULL ? NULL : atomic_load_relaxed(&mutex->holder);
    turn_release(&mutex->lock);
    return holder;
}

static void set_holder(struct mutex *mutex, struct tn_self *self) {
    atomic_store_relaxed(&mutex->holder, self);
}

// True when the mutex was free and is taken now. Under the lock, or not.
static bool take(struct mutex *mutex, struct tn_self *self, uint32_t state) {
    uint32_t expected = MUTEX_FREE;
    // acquire: pairs with tn_mutex_unlock_slow, and with the release in tn_mutex_unlock.
    if (!atomic_cas_acquire(&mutex->state, &expected, state)) {
        return false;
    }
    set_holder(mutex, self);
    return true;
}

static uint32_t held_state(const struct mutex *mutex) {
    return wait_list_is_empty(&mutex->waits) ? MUTEX_HELD : MUTEX_WAITED;
}

// Under the lock. True when the mutex is the caller's; else whoever unlocks it comes to the lock.
static bool take_or_mark(struct mutex *mutex, struct tn_self *self) {
    for (;;) {
        if (take(mutex, self, held_state(mutex))) {
            return true;
        }
        uint32_t held = MUTEX_HELD;
        if (MUTATED(mutex_without_mark) ||
            atomic_cas_relaxed(&mutex->state, &held, MUTEX_WAITED) || held == MUTEX_WAITED) {
            return false;
        }
    }
}

static bool spin(struct mutex *mutex, const struct waiter *waiter) {
    const struct task_stack *stack = waiter->stack;
    if (!turn_is_shared(&mutex->lock) || (stack != NULL && !stack->scheduler->is_shared)) {
        return false; // the holder is on this thread
    }
    const int pauses_max = wait_may_spin(waiter->self) ? PAUSES_MAX : PAUSES_MAX_BUSY;
    for (int pauses = PAUSES_MIN; pauses <= pauses_max; pauses *= 2) {
        cpu_pauses(pauses);
        const uint32_t state = atomic_load_relaxed(&mutex->state);
        if (state == MUTEX_WAITED || mutex->is_strict) {
            return false;
        }
        if (state == MUTEX_FREE && take(mutex, waiter->self, MUTEX_HELD)) {
            return true;
        }
    }
    return false;
}

// Under the lock, by somebody who was woken to try and does not: the next one tries instead.
static void pass_on(struct mutex *mutex) {
    if (wait_list_is_empty(&mutex->waits)) {
        return;
    }
    uint32_t held = MUTEX_HELD;
    if (!atomic_cas_relaxed(&mutex->state, &held, MUTEX_WAITED) && held == MUTEX_FREE) {
        wait_fire(wait_take(&mutex->waits), TRY);
    }
}

// Woken to try, and told to end: somebody else has to look after the mutex.
static int leave(struct mutex *mutex, struct mutex_wait *wait, int code) {
    if (wait->overtaken > 0) {
        turn_acquire(&mutex->lock, wait->waiter.self->thread);
        pass_on(mutex);
        turn_release(&mutex->lock);
    }
    return code;
}

// One wait. TN_OK with wait.outcome, or why the frame has to end.
static int wait_once(struct mutex *mutex, struct mutex_wait *wait) {
    if (wait->overtaken == 0) {
        wait_push(&mutex->waits, &wait->wait, &wait->waiter);
    } else {
        wait_push_front(&mutex->waits, &wait->wait, &wait->waiter);
    }
    wait->wants_hand_over = mutex->is_strict || wait->overtaken >= OVERTAKEN_MAX;
    atomic_store_relaxed(&wait->waiter.has_fired, WAIT_NOT_FIRED);
    return wait_suspend(&wait->wait, GUARD(&mutex->lock));
}

static int wait_for_it(struct tn_self *self, struct mutex *mutex, struct mutex_wait *wait) {
    for (;;) {
        int code = waiter_due(&wait->waiter);
        if (code != TN_OK) {
            return leave(mutex, wait, code);
        }
        turn_acquire(&mutex->lock, self->thread);
        if (take_or_mark(mutex, self)) {
            turn_release(&mutex->lock);
            return TN_OK;
        }
        code = wait_once(mutex, wait);
        if (code != TN_OK) {
            return code;
        }
        if (wait->wait.outcome == HANDED) {
            turn_acquire(&mutex->lock, self->thread); // who handed it over is done with it
            turn_release(&mutex->lock);
            return TN_OK;
        }
        wait->overtaken++;
    }
}

static int lock_slow(struct tn_self *self, struct mutex *mutex, const void *site) {
    struct mutex_wait wait;
    wait.overtaken = 0;
    wait.wait.list = NULL;
    wait.wait.place = 0;
    waiter_init(&wait.waiter, self, tell, mutex);
    wait.waiter.holder = holder_of;
    if (spin(mutex, &wait.waiter)) {
        return TN_OK;
    }
    waiter_tie(&wait.waiter, &wait.tie, site);
    const int code = wait_for_it(self, mutex, &wait);
    knot_untie(&wait.tie);
    return code;
}

int tn_mutex_try_slow(struct tn_self *self, struct tn_mutex *room) {
    struct mutex *mutex = mutex_of(room);
    turn_acquire(&mutex->lock, self->thread);
    const bool is_taken = take(mutex, self, held_state(mutex));
    turn_release(&mutex->lock);
    return is_taken ? TN_OK : TN_WOULD_WAIT;
}

int tn_mutex_lock_slow(struct tn_self *self, struct tn_mutex *room) {
    struct mutex *mutex = mutex_of(room);
    const int code = lock_slow(self, mutex, __builtin_return_address(0));
    if (code == TN_OK) {
        sanitizer_take_over(&mutex->state);
    }
    return code;
}

// It stays held: by the first who waits.
static void hand_over(struct mutex *mutex, struct wait *wait) {
    set_holder(mutex, wait->waiter->self);
    // release: pairs with take, by whoever comes after the new holder.
    atomic_store_release(&mutex->state, held_state(mutex));
    wait_fire(wait, HANDED);
}

int tn_mutex_unlock_slow(struct tn_self *self, struct tn_mutex *room) {
    struct mutex *mutex = mutex_of(room);
    if (atomic_load_relaxed(&mutex->holder) != self) {
        return misuse(TN_NOT_YOURS, "the mutex %s was unlocked by a frame that does not hold it: "
                                    "let the one unlock it that has locked it",
                      mutex->name == NULL ? "(without a name)" : mutex->name);
    }
    sanitizer_hand_over(&mutex->state);
    turn_acquire(&mutex->lock, self->thread);
    struct wait *first = wait_take(&mutex->waits);
    const bool is_handed =
        first != NULL && container_of(first, struct mutex_wait, wait)->wants_hand_over;
    if (is_handed) {
        hand_over(mutex, first);
    } else {
        set_holder(mutex, NULL);
        // release: pairs with take, tn_mutex_try.
        atomic_store_release(&mutex->state, MUTEX_FREE);
        if (first != NULL) {
            wait_fire(first, TRY);
        }
    }
    turn_release(&mutex->lock);
    return TN_OK;
}

// ---- watched ---------------------------------------------------------------------------------

static void take_in_order(struct tn_self *self, struct mutex *mutex, const void *site,
                          bool waited) {
    order_take(self, &(struct order_lock){&mutex->order, "mutex", mutex->name, site}, waited);
}

int tn_mutex_try_watched(struct tn_self *self, struct tn_mutex *room) {
    const int code = tn_mutex_take_(self, room);
    if (code == TN_OK) {
        take_in_order(self, mutex_of(room), __builtin_return_address(0), false);
    }
    return code;
}

int tn_mutex_lock_watched(struct tn_self *self, struct tn_mutex *room) {
    struct mutex *mutex = mutex_of(room);
    const void *site = __builtin_return_address(0);
    int code = tn_mutex_take_(self, room);
    if (code != TN_OK) {
        code = lock_slow(self, mutex, site);
        sanitizer_take_over(&mutex->state);
    }
    if (code == TN_OK) {
        take_in_order(self, mutex, site, true);
    }
    return code;
}

int tn_mutex_unlock_watched(struct tn_self *self, struct tn_mutex *room) {
    struct mutex *mutex = mutex_of(room);
    if (atomic_load_relaxed(&mutex->holder) == self) {
        order_give(self, mutex->order);
    }
    return tn_mutex_give_(self, room);
}

// ---- recursive -------------------------------------------------------------------------------

// Where the current frame runs in place; NULL: it is the one of the stack, or a thread.
static const void *place_of(struct tn_self *self) {
    return current_is_outside(self) ? NULL
                                    : tasks_in_place(&task_stack_of(self)->tasks, self->top);
}

// What is read here was written by the caller, if it is the holder.
static bool is_held_by(struct tn_recursive_mutex *mutex, struct tn_self *self) {
    return atomic_load_relaxed(&mutex_of(&mutex->mutex)->holder) == self &&
           mutex->tn_place == place_of(self);
}

static int begin(struct tn_self *self, struct tn_recursive_mutex *mutex, int code) {
    if (code == TN_OK) {
        mutex->tn_place = place_of(self);
        mutex->tn_depth = 1;
    }
    return code;
}

int tn_recursive_mutex_lock(struct tn_self *self, struct tn_recursive_mutex *mutex) {
    if (is_held_by(mutex, self)) {
        mutex->tn_depth++;
        return TN_OK;
    }
    return begin(self, mutex, tn_mutex_lock(self, &mutex->mutex));
}

int tn_recursive_mutex_try(struct tn_self *self, struct tn_recursive_mutex *mutex) {
    if (is_held_by(mutex, self)) {
        mutex->tn_depth++;
        return TN_OK;
    }
    return begin(self, mutex, tn_mutex_try(self, &mutex->mutex));
}

int tn_recursive_mutex_unlock(struct tn_self *self, struct tn_recursive_mutex *mutex) {
    if (!is_held_by(mutex, self)) {
        const char *name = mutex->mutex.name;
        return misuse(TN_NOT_YOURS, "the recursive mutex %s was unlocked by a frame that does not "
                                    "hold it: unlock it as often as it was locked, by the same one",
                      name == NULL ? "(without a name)" : name);
    }
    if (--mutex->tn_depth > 0) {
        return TN_OK;
    }
    mutex->tn_place = NULL;
    return tn_mutex_unlock(self, &mutex->mutex);
}
