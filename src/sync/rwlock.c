// rwlock.c - many readers or one writer, in order of coming.
//
// Invariants, under the lock: a writer => no readers; somebody waits => there is a writer, or
// readers and the first who waits is a writer. Start reading at admit.
#include <stdio.h>

#include <tenon/rwlock.h>

#include "base/check.h"
#include "context/sanitizer.h"
#include "frame/misuse.h"
#include "sync/order.h"
#include "sync/wait_list.h"

// struct tn_rwlock as seen from here.
struct rwlock {
    const char *name;
    struct turn lock;
    uint32_t readers;
    struct tn_self *writer;
    uint32_t order; // its number: order.h
    struct wait_list waits;
};

_Static_assert(sizeof(struct rwlock) == sizeof(struct tn_rwlock), "it is the same structure");

static struct rwlock *rwlock_of(struct tn_rwlock *rwlock) {
    return (struct rwlock *)(void *)rwlock;
}

static const char *name_of(const struct rwlock *rwlock) {
    return rwlock->name == NULL ? "(without a name)" : rwlock->name;
}

static void tell_read(const struct waiter *waiter, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "waits to read %s", name_of(waiter->object));
}

static void tell_write(const struct waiter *waiter, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "waits to write %s", name_of(waiter->object));
}

struct rwlock_wait {
    struct waiter waiter;
    struct wait wait;
    struct knot_tie tie;
};

// The writer. Readers are many: nobody knows them.
static const struct tn_self *holder_of(const struct waiter *waiter) {
    const struct rwlock_wait *wait = container_of(waiter, const struct rwlock_wait, waiter);
    struct rwlock *rwlock = waiter->object;
    turn_acquire(&rwlock->lock, turn_thread());
    const struct tn_self *writer = wait->wait.list == NULL ? NULL : rwlock->writer;
    turn_release(&rwlock->lock);
    return writer;
}

static bool is_writer(const struct wait *wait) {
    return wait->waiter->tell == tell_write;
}

// Under the lock: lets in whom nothing stands against any more.
static void admit(void *object) {
    struct rwlock *rwlock = object;
    while (!wait_list_is_empty(&rwlock->waits) && rwlock->writer == NULL) {
        struct wait *first = rwlock->waits.first;
        if (is_writer(first) && rwlock->readers > 0) {
            return;
        }
        wait_unlink(first);
        if (is_writer(first)) {
            rwlock->writer = first->waiter->self;
        } else {
            rwlock->readers++;
        }
        wait_fire(first, TN_OK);
    }
}

static int try_to_enter(struct tn_self *self, struct rwlock *rwlock, bool writes) {
    const bool is_free = rwlock->writer == NULL && wait_list_is_empty(&rwlock->waits) &&
                         (!writes || rwlock->readers == 0);
    if (is_free && writes) {
        rwlock->writer = self;
    } else if (is_free) {
        rwlock->readers++;
    }
    return is_free ? TN_OK : TN_WOULD_WAIT;
}

static int wait_to_enter(struct tn_self *self, struct rwlock *rwlock, struct rwlock_wait *wait) {
    turn_acquire(&rwlock->lock, self->thread);
    if (try_to_enter(self, rwlock, is_writer(&wait->wait)) == TN_OK) {
        turn_release(&rwlock->lock);
        return TN_OK;
    }
    wait_push(&rwlock->waits, &wait->wait, &wait->waiter);
    return wait_suspend(&wait->wait, GUARD(&rwlock->lock));
}

static int enter_slow(struct tn_self *self, struct rwlock *rwlock, bool writes, const void *site) {
    struct rwlock_wait wait = {.wait.outcome = TN_OK};
    waiter_init(&wait.waiter, self, writes ? tell_write : tell_read, rwlock);
    wait.waiter.holder = holder_of;
    wait.waiter.leave = admit; // those behind a writer that gives up need not wait for it
    wait.wait.waiter = &wait.waiter;
    int code = waiter_due(&wait.waiter);
    if (code == TN_OK) {
        waiter_tie(&wait.waiter, &wait.tie, site);
        code = wait_to_enter(self, rwlock, &wait);
        knot_untie(&wait.tie);
    }
    return code;
}

static int enter(struct tn_self *self, struct tn_rwlock *room, bool writes, bool waits,
                 const void *site) {
    struct rwlock *rwlock = rwlock_of(room);
    turn_acquire(&rwlock->lock, self->thread);
    int code = try_to_enter(self, rwlock, writes);
    turn_release(&rwlock->lock);
    if (code != TN_OK && waits) {
        code = enter_slow(self, rwlock, writes, site);
    }
    sanitizer_take_over(rwlock);
    if (TENON_CHECKED && code == TN_OK) {
        order_take(self, &(struct order_lock){&rwlock->order, "lock", rwlock->name, site}, waits);
    }
    return code;
}

int tn_rwlock_read(struct tn_self *self, struct tn_rwlock *rwlock) {
    return enter(self, rwlock, false, true, __builtin_return_address(0));
}

int tn_rwlock_write(struct tn_self *self, struct tn_rwlock *rwlock) {
    return enter(self, rwlock, true, true, __builtin_return_address(0));
}

int tn_rwlock_try_read(struct tn_self *self, struct tn_rwlock *rwlock) {
    return enter(self, rwlock, false, false, __builtin_return_address(0));
}

int tn_rwlock_try_write(struct tn_self *self, struct tn_rwlock *rwlock) {
    return enter(self, rwlock, true, false, __builtin_return_address(0));
}

static void give_in_order(const struct tn_self *self, const struct rwlock *rwlock) {
    if (TENON_CHECKED) {
        order_give(self, rwlock->order);
    }
}

int tn_rwlock_read_end(struct tn_self *self, struct tn_rwlock *room) {
    struct rwlock *rwlock = rwlock_of(room);
    give_in_order(self, rwlock);
    sanitizer_hand_over(rwlock);
    turn_acquire(&rwlock->lock, self->thread);
    const bool is_read = rwlock->readers > 0;
    rwlock->readers -= is_read ? 1 : 0;
    admit(rwlock);
    turn_release(&rwlock->lock);
    return is_read ? TN_OK
                   : misuse(TN_NOT_YOURS, "tn_rwlock_read_end of %s, which nobody reads: call it "
                                          "once for each tn_rwlock_read",
                            name_of(rwlock));
}

int tn_rwlock_write_end(struct tn_self *self, struct tn_rwlock *room) {
    struct rwlock *rwlock = rwlock_of(room);
    give_in_order(self, rwlock);
    sanitizer_hand_over(rwlock);
    turn_acquire(&rwlock->lock, self->thread);
    const bool is_writer_itself = rwlock->writer == self;
    if (is_writer_itself) {
        rwlock->writer = NULL;
        admit(rwlock);
    }
    turn_release(&rwlock->lock);
    return is_writer_itself
               ? TN_OK
               : misuse(TN_NOT_YOURS, "tn_rwlock_write_end of %s by a frame that does not write "
                                      "it: let the one end it that began",
                        name_of(rwlock));
}
