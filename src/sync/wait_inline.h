// wait_inline.h - waiting and firing, inline, for those waits that are made often.
//
// What wait_list.h says of the functions of the same names. Inline, as in suspend.h: each return
// after the switch is one that the processor predicts wrongly; and what is fired on its own thread
// costs less than the calls on the way. Start reading at wait_suspend_inline.
#ifndef TENON_SYNC_WAIT_INLINE_H
#define TENON_SYNC_WAIT_INLINE_H

#include <tenon/status.h>

#include "base/atomic.h"
#include "frame/cancel.h"
#include "frame/current.h"
#include "frame/ready.h"
#include "frame/scope.h"
#include "scheduler/suspend.h"
#include "sync/wait_list.h"

// For its note, see note.h.
void waiter_note_tell(const struct note *note, char *text, size_t bytes);
const struct tn_self *waiter_note_holder(const struct note *note);

// Field by field: `lock` only a select needs.
static inline void waiter_init_inline(struct waiter *waiter, struct tn_self *self,
                                      void (*tell)(const struct waiter *waiter, char *text,
                                                   size_t bytes),
                                      void *object) {
    struct task_stack *stack = task_stack_of(self);
    waiter->note = (struct note){waiter_note_tell, note_ends_inside, waiter_note_holder, NULL};
    waiter->self = self;
    waiter->stack = current_is_outside(self) ? NULL : stack;
    // Of a wait that is over: who fires it before it suspends claims nothing.
    waiter->ticket = task_stack_next_ticket(stack) - 2;
    atomic_store_relaxed(&waiter->has_fired, WAIT_NOT_FIRED);
    atomic_store_relaxed(&waiter->chosen, 0);
    waiter->tell = tell;
    waiter->object = object;
    waiter->leave = NULL;
    waiter->holder = NULL;
}

// ---- firing ----------------------------------------------------------------------------------

// For a thread, for a run that is not the caller's, and where a run has several workers.
void waiter_wake_slow(struct waiter *waiter);

// With the lock held that the waiter comes to before it goes on, unless it was fired from inside.
// By `worker`; NULL: by a thread in no run.
static inline void waiter_wake(struct waiter *waiter, struct worker *worker) {
    struct task_stack *stack = waiter->stack;
    if (stack == NULL || worker == NULL || worker->scheduler != stack->scheduler ||
        worker->scheduler->is_shared) {
        waiter_wake_slow(waiter);
        return;
    }
    const uint32_t ticket = waiter->ticket;
    // release: pairs with waiter_has_fired: the waiter may be gone after this.
    atomic_store_release(&waiter->has_fired, WAIT_FIRED);
    if (task_stack_claim_alone(stack, ticket)) {
        worker_ready_alone(worker, stack);
    }
}

static inline void wait_fire_inline(struct wait *wait, int outcome, struct worker *worker) {
    struct waiter *waiter = wait->waiter;
    wait->outcome = outcome;
    if (UNLIKELY(wait->place != 0)) {
        waiter_fire(waiter);
    } else {
        waiter_wake(waiter, worker);
    }
}

// ---- waiting ---------------------------------------------------------------------------------

struct suspension {
    struct waiter *waiter;
    struct guard guard;
    bool is_hidden;
};

// What is done for the stack when it has been left. The suspension is gone as soon as the ticket is
// open, the waiter when the lock is released.
static inline void waiter_open(struct task_stack *stack, struct suspension suspension) {
    const uint32_t ticket = task_stack_wait(stack);
    suspension.waiter->ticket = ticket;
    if (!suspension.is_hidden) {
        cancel_open(stack, ticket); // whom it wakes comes to this lock first
    }
    guard_release(suspension.guard);
}

void waiter_commit(struct task_stack *stack, void *argument);

// A partner on another thread that is awake answers sooner than this stack is left and continued,
// by another worker perhaps. With nothing else to run the worker would look round itself. True, and
// the guard is released: the wait has fired.
bool wait_spin(struct wait *wait, struct guard guard);

// After a suspension: whether the waiter has fired.
bool waiter_has_fired_slow(struct waiter *waiter, struct guard guard);
static inline bool waiter_has_fired(struct waiter *waiter, struct guard guard) {
    // acquire: pairs with waiter_wake.
    return LIKELY(atomic_load_acquire(&waiter->has_fired) == WAIT_FIRED) ||
           waiter_has_fired_slow(waiter, guard);
}

// Of a frame, on `stack`. As waiter_suspend.
__attribute__((always_inline)) static inline bool
waiter_suspend_inline(struct waiter *waiter, struct task_stack *stack, struct guard guard) {
    const bool is_hidden = stack->scopes != NULL && scope_hides(stack);
    stack->note = &waiter->note;
    suspend_hand_over(stack);
    if (LIKELY(suspend_may_commit(stack))) { // as suspend_stack, but nothing goes through memory
        waiter_open(stack, (struct suspension){waiter, guard, is_hidden});
        suspend_to_next(stack);
    } else {
        struct suspension suspension = {waiter, guard, is_hidden};
        suspend_to_loop(stack, waiter_commit, &suspension);
    }
    suspend_take_over(stack);
    return waiter_has_fired(waiter, guard);
}

// The rest of wait_suspend: after a suspension, where the wait has not fired; and for a thread.
int wait_suspend_again(struct wait *wait, struct guard guard);
int wait_suspend_thread(struct wait *wait, struct guard guard);

// Of `waiter`, which stands for `self`, a frame. What is known to the caller need not be looked up.
// It `spins` at first, where that may be of use.
__attribute__((always_inline)) static inline int
wait_suspend_frame(struct tn_self *self, struct wait *wait, struct waiter *waiter,
                   struct guard guard, bool spins) {
    ready_begin(self, NULL);
    int code = TN_OK;
    const bool is_over =
        (UNLIKELY(turn_is_shared(guard.first)) && spins && wait_spin(wait, guard)) ||
        waiter_suspend_inline(waiter, task_stack_of(self), guard);
    if (UNLIKELY(!is_over)) {
        code = wait_suspend_again(wait, guard);
    }
    ready_over(waiter->self); // `self` need not be kept over the switch
    return code;
}

__attribute__((always_inline)) static inline int wait_suspend_inline(struct wait *wait,
                                                                     struct guard guard) {
    struct waiter *waiter = wait->waiter;
    return waiter->stack == NULL ? wait_suspend_thread(wait, guard)
                                 : wait_suspend_frame(waiter->self, wait, waiter, guard, true);
}

#endif
