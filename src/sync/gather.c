// gather.c - flags, latches, barriers, once: each a few words, a lock and a list of waits.
//
// Invariant, under the lock: somebody waits  =>  what it waits for has not come to pass.
// Start reading at tn_flag_wait; the others are alike.
#include <tenon/gather.h>

#include <stdio.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "context/sanitizer.h"
#include "frame/misuse.h"
#include "sync/latch.h"

static void tell_of(const char *what, const char *name, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "waits for the %s %s", what,
                   name == NULL ? "(without a name)" : name);
}

// ---- a flag ----------------------------------------------------------------------------------

struct flag {
    const char *name;
    _Atomic bool is_set;
    struct turn lock;
    struct wait_list waits;
};

_Static_assert(sizeof(struct flag) == sizeof(struct tn_flag), "it is the same structure");

static struct flag *flag_of(struct tn_flag *flag) {
    return (struct flag *)(void *)flag;
}

static void tell_flag(const struct waiter *waiter, char *text, size_t bytes) {
    tell_of("flag", ((const struct flag *)waiter->object)->name, text, bytes);
}

static bool is_set(void *object) {
    struct flag *flag = object;
    // acquire: pairs with tn_flag_set.
    return atomic_load_acquire(&flag->is_set);
}

void tn_flag_set(struct tn_flag *room) {
    struct flag *flag = flag_of(room);
    sanitizer_hand_over(flag);
    turn_acquire(&flag->lock, turn_thread());
    // release: pairs with is_set.
    atomic_store_release(&flag->is_set, true);
    wait_fire_all(&flag->waits, TN_OK);
    turn_release(&flag->lock);
}

void tn_flag_clear(struct tn_flag *room) {
    struct flag *flag = flag_of(room);
    turn_acquire(&flag->lock, turn_thread());
    atomic_store_relaxed(&flag->is_set, false);
    turn_release(&flag->lock);
}

bool tn_flag_is_set(struct tn_flag *room) {
    return is_set(flag_of(room));
}

int tn_flag_wait(struct tn_self *self, struct tn_flag *room) {
    struct flag *flag = flag_of(room);
    const int code = is_set(flag) ? TN_OK
                                  : wait_until_granted(self, &flag->lock, &flag->waits, tell_flag,
                                                       is_set, flag);
    sanitizer_take_over(flag);
    return code;
}

// ---- a latch ---------------------------------------------------------------------------------

struct latch {
    const char *name;
    size_t count;
    struct turn lock;
    struct wait_list waits;
};

_Static_assert(sizeof(struct latch) == sizeof(struct tn_latch), "it is the same structure");

static struct latch *latch_of(struct tn_latch *latch) {
    return (struct latch *)(void *)latch;
}

static void tell_latch(const struct waiter *waiter, char *text, size_t bytes) {
    tell_of("latch", ((const struct latch *)waiter->object)->name, text, bytes);
}

static bool is_open(void *object) {
    return ((struct latch *)object)->count == 0;
}

void tn_latch_add(struct tn_latch *room, size_t count) {
    struct latch *latch = latch_of(room);
    turn_acquire(&latch->lock, turn_thread());
    latch->count += count;
    turn_release(&latch->lock);
}

bool latch_finish(struct tn_latch *room) {
    struct latch *latch = latch_of(room);
    sanitizer_hand_over(latch);
    turn_acquire(&latch->lock, turn_thread());
    const bool was_open = latch->count == 0;
    latch->count -= was_open ? 0 : 1;
    if (latch->count == 0) {
        wait_fire_all(&latch->waits, TN_OK);
    }
    turn_release(&latch->lock);
    return !was_open;
}

int tn_latch_done(struct tn_latch *room) {
    const char *name = room->name;
    return latch_finish(room)
               ? TN_OK
               : misuse(TN_OUT_OF_RANGE, "the latch %s was told too often that a part is "
                                         "done: count every part before it begins",
                        name == NULL ? "(without a name)" : name);
}

bool latch_join(struct tn_latch *room, struct wait *wait, struct waiter *waiter) {
    struct latch *latch = latch_of(room);
    turn_acquire(&latch->lock, turn_thread());
    const bool was_open = is_open(latch);
    if (!was_open) {
        wait_push(&latch->waits, wait, waiter);
    }
    turn_release(&latch->lock);
    return was_open;
}

bool latch_leave(struct tn_latch *room, struct wait *wait) {
    struct latch *latch = latch_of(room);
    turn_acquire(&latch->lock, turn_thread());
    const bool was_waiting = wait->list != NULL;
    if (was_waiting) {
        wait_unlink(wait);
    }
    turn_release(&latch->lock);
    return was_waiting;
}

// Under the lock also where nobody has to wait: so who had done the last part is done with it, too.
int tn_latch_wait(struct tn_self *self, struct tn_latch *room) {
    struct latch *latch = latch_of(room);
    turn_acquire(&latch->lock, self->thread);
    const bool was_open = is_open(latch);
    turn_release(&latch->lock);
    const int code = was_open ? TN_OK
                              : wait_until_granted(self, &latch->lock, &latch->waits, tell_latch,
                                                   is_open, latch);
    sanitizer_take_over(latch);
    return code;
}

// ---- a barrier -------------------------------------------------------------------------------

struct barrier {
    const char *name;
    size_t count;
    struct turn lock;
    size_t come;
    struct wait_list waits;
};

_Static_assert(sizeof(struct barrier) == sizeof(struct tn_barrier), "it is the same structure");

static void tell_barrier(const struct waiter *waiter, char *text, size_t bytes) {
    tell_of("barrier", ((const struct barrier *)waiter->object)->name, text, bytes);
}

// Under the lock. True when that was the last one, and all go on.
static bool come(struct barrier *barrier) {
    if (barrier->come + 1 < barrier->count) {
        barrier->come++;
        return false;
    }
    barrier->come = 0;
    wait_fire_all(&barrier->waits, TN_OK);
    return true;
}

static void go_away(void *object) {
    ((struct barrier *)object)->come--;
}

int tn_barrier_wait(struct tn_self *self, struct tn_barrier *room) {
    struct barrier *barrier = (struct barrier *)(void *)room;
    struct waiter waiter;
    struct wait wait = {.outcome = TN_OK};
    waiter_init(&waiter, self, tell_barrier, barrier);
    int code = waiter_due(&waiter);
    if (code != TN_OK) {
        return code;
    }
    sanitizer_hand_over(barrier);
    turn_acquire(&barrier->lock, self->thread);
    if (come(barrier)) {
        turn_release(&barrier->lock);
        sanitizer_take_over(barrier);
        return 1;
    }
    waiter.leave = go_away;
    wait_push(&barrier->waits, &wait, &waiter);
    code = wait_suspend(&wait, GUARD(&barrier->lock));
    sanitizer_take_over(barrier);
    return code;
}

// ---- once ------------------------------------------------------------------------------------

enum { ONCE_NEW = 0, ONCE_BEING_DONE = 1, ONCE_DONE = 2 };

// What a wait for another who does it ends with.
enum { OTHER_HAS_DONE_IT = 0, OTHER_HAS_NOT = 1 };

struct once {
    const char *name;
    _Atomic uint32_t state;
    struct turn lock;
    struct tn_self *doer;
    struct wait_list waits;
};

_Static_assert(sizeof(struct once) == sizeof(struct tn_once), "it is the same structure");

static void tell_once(const struct waiter *waiter, char *text, size_t bytes) {
    tell_of("once", ((const struct once *)waiter->object)->name, text, bytes);
}

struct once_wait {
    struct waiter waiter;
    struct wait wait;
    struct knot_tie tie;
};

static const struct tn_self *doer_of(const struct waiter *waiter) {
    const struct once_wait *wait = container_of(waiter, const struct once_wait, waiter);
    struct once *once = waiter->object;
    turn_acquire(&once->lock, turn_thread());
    const struct tn_self *doer = wait->wait.list == NULL ? NULL : once->doer;
    turn_release(&once->lock);
    return doer;
}

// Waits while another does it. OTHER_HAS_DONE_IT; OTHER_HAS_NOT: the caller is to do it; or why the
// frame has to end.
static int wait_for_doer(struct tn_self *self, struct once *once, struct once_wait *wait) {
    turn_acquire(&once->lock, self->thread);
    const uint32_t state = atomic_load_relaxed(&once->state);
    if (state == ONCE_BEING_DONE) {
        wait_push(&once->waits, &wait->wait, &wait->waiter);
        const int code = wait_suspend(&wait->wait, GUARD(&once->lock));
        turn_acquire(&once->lock, self->thread); // who fired it is done with it
        if (code != TN_OK || wait->wait.outcome == OTHER_HAS_DONE_IT) {
            turn_release(&once->lock);
            return code;
        }
    }
    const bool is_done = state == ONCE_DONE;
    if (!is_done) {
        atomic_store_relaxed(&once->state, ONCE_BEING_DONE);
        once->doer = self;
    }
    turn_release(&once->lock);
    return is_done ? OTHER_HAS_DONE_IT : OTHER_HAS_NOT;
}

static int come_to(struct tn_self *self, struct once *once, const void *site) {
    struct once_wait wait = {.wait.outcome = OTHER_HAS_DONE_IT};
    waiter_init(&wait.waiter, self, tell_once, once);
    wait.waiter.holder = doer_of;
    int code = waiter_due(&wait.waiter);
    if (code == TN_OK) {
        waiter_tie(&wait.waiter, &wait.tie, site);
        code = wait_for_doer(self, once, &wait);
        knot_untie(&wait.tie);
    }
    return code;
}

// The function has returned. When it has failed, the first who waits becomes the one who does it.
static void settle(struct once *once, int code) {
    sanitizer_hand_over(once);
    turn_acquire(&once->lock, turn_thread());
    struct wait *next = code == TN_OK ? NULL : wait_take(&once->waits);
    once->doer = NULL;
    if (code == TN_OK) {
        // release: pairs with tn_once_do.
        atomic_store_release(&once->state, ONCE_DONE);
        wait_fire_all(&once->waits, OTHER_HAS_DONE_IT);
    } else if (next != NULL) {
        wait_fire(next, OTHER_HAS_NOT);
    } else {
        atomic_store_relaxed(&once->state, ONCE_NEW);
    }
    turn_release(&once->lock);
}

int tn_once_do(struct tn_self *self, struct tn_once *room, tn_once_function *function, void *data) {
    struct once *once = (struct once *)(void *)room;
    int code = TN_OK;
    // acquire: pairs with settle.
    if (atomic_load_acquire(&once->state) != ONCE_DONE) {
        code = come_to(self, once, __builtin_return_address(0));
        if (code == OTHER_HAS_NOT) {
            code = function(self, data);
            settle(once, code);
        }
    }
    sanitizer_take_over(once);
    return code;
}
