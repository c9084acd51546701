// wait_list.c - see wait_list.h.
#include "sync/wait_list.h"

#include <limits.h>

#include <tenon/status.h>

#include "base/atomic.h"
#include "frame/cancel.h"
#include "frame/current.h"
#include "frame/ready.h"
#include "frame/scope.h"
#include "scheduler/hard.h"
#include "scheduler/suspend.h"

static void tell(const struct note *note, char *text, size_t bytes) {
    const struct waiter *waiter = container_of(note, struct waiter, note);
    waiter->tell(waiter, text, bytes);
}

static const struct tn_self *holder(const struct note *note) {
    const struct waiter *waiter = container_of(note, struct waiter, note);
    return waiter->holder == NULL ? NULL : waiter->holder(waiter);
}

// Field by field: `lock` only a select needs.
void waiter_init(struct waiter *waiter, struct tn_self *self,
                 void (*tell_what)(const struct waiter *waiter, char *text, size_t bytes),
                 void *object) {
    struct task_stack *stack = task_stack_of(self);
    const bool is_thread = current_is_outside(self);
    waiter->note = (struct note){tell, note_ends_inside, holder, NULL};
    waiter->self = self;
    waiter->stack = is_thread ? NULL : stack;
    // Of a wait that is over: who fires it before it suspends claims nothing.
    waiter->ticket = task_stack_next_ticket(stack) - 2;
    atomic_store_relaxed(&waiter->has_fired, WAIT_NOT_FIRED);
    waiter->is_select = false;
    atomic_store_relaxed(&waiter->chosen, 0);
    waiter->tell = tell_what;
    waiter->object = object;
    waiter->leave = NULL;
    waiter->holder = NULL;
}

int waiter_due(struct waiter *waiter) {
    return waiter->stack == NULL ? TN_OK : cancel_due(waiter->self);
}

bool waiter_is_undisturbed(struct waiter *waiter) {
    return waiter->stack == NULL || cancel_is_none(waiter->stack);
}

// ---- the list --------------------------------------------------------------------------------

static void link_between(struct wait_list *list, struct wait *wait, struct wait *prev,
                         struct wait *next) {
    wait->list = list;
    wait->prev = prev;
    wait->next = next;
    *(prev == NULL ? &list->first : &prev->next) = wait;
    *(next == NULL ? &list->last : &next->prev) = wait;
}

void wait_push(struct wait_list *list, struct wait *wait, struct waiter *waiter) {
    wait->waiter = waiter;
    link_between(list, wait, list->last, NULL);
}

void wait_push_front(struct wait_list *list, struct wait *wait, struct waiter *waiter) {
    wait->waiter = waiter;
    link_between(list, wait, NULL, list->first);
}

void wait_unlink(struct wait *wait) {
    struct wait_list *list = wait->list;
    ASSERT(list != NULL);
    *(wait->prev == NULL ? &list->first : &wait->prev->next) = wait->next;
    *(wait->next == NULL ? &list->last : &wait->next->prev) = wait->prev;
    wait->list = NULL;
}

// ---- firing ----------------------------------------------------------------------------------

// Of the waits of a select only one fires.
static bool choose(struct wait *wait) {
    uint32_t none = 0;
    return !wait->waiter->is_select ||
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

struct wait *wait_take_slow(struct wait_list *list) {
    struct wait *wait;
    while ((wait = list->first) != NULL) {
        wait_unlink(wait);
        if (choose(wait)) {
            return wait;
        }
    }
    return NULL;
}

// With the lock held that the waiter comes to before it goes on, unless it was fired from inside.
static void wake(struct waiter *waiter) {
    struct task_stack *stack = waiter->stack;
    const uint32_t ticket = waiter->ticket;
    if (stack == NULL) {
        // release: pairs with waiter_suspend: the waiter may be gone after this.
        atomic_store_release(&waiter->has_fired, WAIT_FIRED);
        os_wake_word(&waiter->has_fired, INT_MAX);
        return;
    }
    const struct worker *worker = worker_current();
    const bool is_inside = worker != NULL && worker->scheduler == stack->scheduler;
    // release: pairs with waiter_suspend: as above.
    atomic_store_release(&waiter->has_fired, is_inside ? WAIT_FIRED : WAIT_FIRED_FROM_OUTSIDE);
    const bool is_alone = is_inside && !stack->scheduler->is_shared;
    if (is_alone ? task_stack_claim_alone(stack, ticket) : task_stack_claim(stack, ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

void waiter_fire(struct waiter *waiter) {
    turn_acquire(&waiter->lock, TN_NO_THREAD_);
    wake(waiter);
    turn_release(&waiter->lock); // a select passes the lock of what fired it before it goes on
}

void wait_fire(struct wait *wait, int outcome) {
    struct waiter *waiter = wait->waiter;
    wait->outcome = outcome;
    if (waiter->is_select) {
        waiter_fire(waiter);
    } else {
        wake(waiter);
    }
}

void wait_fire_all(struct wait_list *list, int outcome) {
    struct wait *wait;
    while ((wait = wait_take(list)) != NULL) {
        wait_fire(wait, outcome);
    }
}

// ---- waiting ---------------------------------------------------------------------------------

struct suspension {
    struct waiter *waiter;
    struct guard guard;
    bool is_hidden;
};

// The suspension is gone as soon as the ticket is open, the waiter when the lock is released.
static void commit(struct task_stack *stack, void *argument) {
    const struct suspension suspension = *(const struct suspension *)argument;
    const uint32_t ticket = task_stack_wait(stack);
    suspension.waiter->ticket = ticket;
    if (!suspension.is_hidden) {
        cancel_open(stack, ticket); // whom it wakes comes to this lock first
    }
    guard_release(suspension.guard);
}

// How often a wait is looked at before its stack is left: some microseconds.
enum { SPINS_MAX = 64 };

static bool has_fired(struct waiter *waiter, struct guard guard) {
    // acquire: pairs with wake.
    if (atomic_load_acquire(&waiter->has_fired) != WAIT_FIRED) {
        // Whoever has just fired it, or left its stack, is done.
        guard_acquire(guard, waiter->self->thread);
        guard_release(guard);
    }
    return atomic_load_relaxed(&waiter->has_fired) != WAIT_NOT_FIRED;
}

// Inline, as in suspend.h.
__attribute__((always_inline)) static inline bool suspend_once(struct waiter *waiter,
                                                               struct guard guard,
                                                               uint64_t deadline_ns) {
    struct task_stack *stack = waiter->stack;
    if (stack == NULL) {
        guard_release(guard);
        (void)os_wait_word(&waiter->has_fired, WAIT_NOT_FIRED, deadline_ns);
    } else {
        struct suspension suspension = {waiter, guard, stack->scopes != NULL && scope_hides(stack)};
        stack->note = &waiter->note;
        suspend_stack(stack, commit, &suspension);
    }
    return has_fired(waiter, guard);
}

bool waiter_suspend(struct waiter *waiter, struct guard guard, uint64_t deadline_ns) {
    return suspend_once(waiter, guard, deadline_ns);
}

bool wait_may_spin(struct tn_self *self) {
    if (hard_is(HARD_PARK) || current_is_outside(self)) {
        return false;
    }
    const struct task_stack *stack = task_stack_of(self);
    return stack->scheduler->is_shared && !worker_has_next(stack->worker);
}

// A partner on another thread that is awake answers sooner than this stack is left and continued,
// by another worker perhaps. With nothing else to run the worker would look round itself. True, and
// the guard is released: the wait has fired.
static bool spin(struct wait *wait, struct guard guard) {
    struct waiter *waiter = wait->waiter;
    if (!turn_is_shared(guard.first) || !wait_may_spin(waiter->self)) {
        return false;
    }
    guard_release(guard);
    for (int looks = 0; looks < SPINS_MAX; looks++) {
        // acquire: pairs with wake.
        if (atomic_load_acquire(&waiter->has_fired) != WAIT_NOT_FIRED) {
            break;
        }
        cpu_pause();
    }
    if (atomic_load_relaxed(&waiter->has_fired) != WAIT_NOT_FIRED) {
        return has_fired(waiter, guard);
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

int wait_suspend(struct wait *wait, struct guard guard) {
    struct waiter *waiter = wait->waiter;
    const bool is_frame = waiter->stack != NULL;
    if (is_frame) {
        ready_begin(waiter->self, NULL);
    }
    int code = TN_OK;
    bool is_over = is_frame && spin(wait, guard);
    while (!is_over && !suspend_once(waiter, guard, OS_NEVER)) {
        code = look_why(wait, guard);
        is_over = code != TN_OK || wait->list == NULL;
        if (code == TN_OK && is_over) { // fired meanwhile
            guard_release(guard);
        }
    }
    if (is_frame) {
        ready_over(waiter->self);
    }
    return code;
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
