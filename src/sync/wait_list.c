// wait_list.c - see wait_list.h.
#include "sync/wait_inline.h"

#include <limits.h>

#include "scheduler/hard.h"

void waiter_note_tell(const struct note *note, char *text, size_t bytes) {
    const struct waiter *waiter = container_of(note, struct waiter, note);
    waiter->tell(waiter, text, bytes);
}

const struct tn_self *waiter_note_holder(const struct note *note) {
    const struct waiter *waiter = container_of(note, struct waiter, note);
    return waiter->holder == NULL ? NULL : waiter->holder(waiter);
}

void waiter_init(struct waiter *waiter, struct tn_self *self,
                 void (*tell)(const struct waiter *waiter, char *text, size_t bytes),
                 void *object) {
    waiter_init_inline(waiter, self, tell, object);
}

void waiter_init_told(struct waiter *waiter, void (*fired)(struct waiter *waiter)) {
    *waiter = (struct waiter){.fired = fired};
}

int waiter_due(struct waiter *waiter) {
    return waiter->stack == NULL ? TN_OK : cancel_due(waiter->self);
}

// ---- the list --------------------------------------------------------------------------------

void wait_push_front(struct wait_list *list, struct wait *wait, struct waiter *waiter) {
    wait->waiter = waiter;
    wait_link(list, wait, NULL, list->first);
}

// ---- firing ----------------------------------------------------------------------------------

// Of the waits of a select only one fires.
static bool choose(struct wait *wait) {
    uint32_t none = 0;
    return wait->place == 0 ||
           atomic_cas_relaxed(&wait->waiter->chosen, &none, wait->place);
}

bool wait_list_has_other(const struct wait_list *list, const struct waiter *waiter) {
    for (const struct wait *wait = list->first; wait != NULL; wait = wait->next) {
        // One whose select has chosen another is only waiting to be taken off.
        if (wait->waiter != waiter && atomic_load_relaxed(&wait->waiter->chosen) == 0) {
            return true;
        }
    }
    return false;
}

struct wait *wait_take_choice(struct wait_list *list) {
    struct wait *wait;
    while ((wait = list->first) != NULL) {
        wait_unlink(wait);
        if (choose(wait)) {
            return wait;
        }
    }
    return NULL;
}

void waiter_wake_slow(struct waiter *waiter) {
    struct task_stack *stack = waiter->stack;
    const uint32_t ticket = waiter->ticket;
    if (stack == NULL && waiter->self == NULL) {
        waiter->fired(waiter);
        return;
    }
    if (stack == NULL) {
        // release: pairs with waiter_has_fired: the waiter may be gone after this.
        atomic_store_release(&waiter->has_fired, WAIT_FIRED);
        os_wake_word(&waiter->has_fired, INT_MAX);
        return;
    }
    const struct worker *worker = worker_current();
    const bool is_inside = worker != NULL && worker->scheduler == stack->scheduler;
    // release: pairs with waiter_has_fired: as above.
    atomic_store_release(&waiter->has_fired, is_inside ? WAIT_FIRED : WAIT_FIRED_FROM_OUTSIDE);
    if (task_stack_claim(stack, ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

void waiter_fire(struct waiter *waiter) {
    turn_acquire(&waiter->lock, TN_NO_THREAD_);
    waiter_wake(waiter, worker_current());
    turn_release(&waiter->lock); // a select passes the lock of what fired it before it goes on
}

void wait_fire(struct wait *wait, int outcome) {
    wait_fire_inline(wait, outcome, worker_current());
}

void wait_fire_all(struct wait_list *list, int outcome) {
    struct wait *wait;
    while ((wait = wait_take(list)) != NULL) {
        wait_fire(wait, outcome);
    }
}

// ---- waiting ---------------------------------------------------------------------------------

void waiter_commit(struct task_stack *stack, void *argument) {
    waiter_open(stack, *(const struct suspension *)argument);
}

bool waiter_has_fired_slow(struct waiter *waiter, struct guard guard) {
    // Whoever has just fired it, or left its stack, is done.
    guard_acquire(guard, waiter->self->thread);
    guard_release(guard);
    return atomic_load_relaxed(&waiter->has_fired) != WAIT_NOT_FIRED;
}

bool waiter_suspend(struct waiter *waiter, struct guard guard, uint64_t deadline_ns) {
    if (waiter->stack != NULL) {
        return waiter_suspend_inline(waiter, waiter->stack, guard);
    }
    guard_release(guard);
    (void)os_wait_word(&waiter->has_fired, WAIT_NOT_FIRED, deadline_ns);
    return waiter_has_fired(waiter, guard);
}

// How often a wait is looked at before its stack is left: some microseconds.
enum { SPINS_MAX = 64 };

bool wait_may_spin(struct tn_self *self) {
    if (hard_is(HARD_PARK) || current_is_outside(self)) {
        return false;
    }
    const struct task_stack *stack = task_stack_of(self);
    return stack->scheduler->is_shared && !worker_has_next(stack->worker);
}

bool wait_spin(struct wait *wait, struct guard guard) {
    struct waiter *waiter = wait->waiter;
    if (!wait_may_spin(waiter->self)) {
        return false;
    }
    guard_release(guard);
    for (int looks = 0; looks < SPINS_MAX; looks++) {
        // acquire: pairs with waiter_wake_slow.
        if (atomic_load_acquire(&waiter->has_fired) != WAIT_NOT_FIRED) {
            break;
        }
        cpu_pause();
    }
    if (atomic_load_relaxed(&waiter->has_fired) != WAIT_NOT_FIRED) {
        return waiter_has_fired(waiter, guard);
    }
    guard_acquire(guard, waiter->self->thread);
    if (wait->list == NULL) {
        guard_release(guard);
        return true;
    }
    return false;
}

// Woken, but not fired: TN_OK, with the lock held, when the wait goes on in its place.
static int look_why(struct wait *wait, struct guard guard) {
    struct waiter *waiter = wait->waiter;
    const int reason = waiter->stack == NULL ? TN_OK : cancel_reaches(waiter->self);
    guard_acquire(guard, waiter->self->thread);
    if (reason == TN_OK || wait->list == NULL) {
        return TN_OK;
    }
    wait_unlink(wait);
    if (waiter->leave != NULL) {
        waiter->leave(waiter->object);
    }
    guard_release(guard);
    return cancel_due(waiter->self);
}

int wait_suspend_again(struct wait *wait, struct guard guard) {
    do {
        const int code = look_why(wait, guard);
        if (code != TN_OK) {
            return code;
        }
        if (wait->list == NULL) { // fired meanwhile
            guard_release(guard);
            return TN_OK;
        }
    } while (!waiter_suspend(wait->waiter, guard, OS_NEVER));
    return TN_OK;
}

int wait_suspend_thread(struct wait *wait, struct guard guard) {
    return waiter_suspend(wait->waiter, guard, OS_NEVER) ? TN_OK : wait_suspend_again(wait, guard);
}

int wait_suspend(struct wait *wait, struct guard guard) {
    return wait_suspend_inline(wait, guard);
}

int wait_until_granted(struct tn_self *self, struct turn *lock, struct wait_list *list,
                       void (*tell_what)(const struct waiter *waiter, char *text, size_t bytes),
                       bool (*grant)(void *object), void *object) {
    struct waiter waiter;
    struct wait wait = {.outcome = TN_OK};
    waiter_init(&waiter, self, tell_what, object);
    int code = waiter_due(&waiter);
    if (code != TN_OK) {
        return code;
    }
    turn_acquire(lock, self->thread);
    if (grant(object)) {
        turn_release(lock);
        return TN_OK;
    }
    wait_push(list, &wait, &waiter);
    code = wait_suspend(&wait, GUARD(lock));
    turn_acquire(lock, self->thread);
    turn_release(lock);
    return code == TN_OK ? wait.outcome : code;
}
