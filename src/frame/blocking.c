// blocking.c - see blocking.h.
//
// Invariant: `interrupt` of a stack lives exactly while `is_blocking`. Start reading at
// tn_blocking_begin.
#include "frame/blocking.h"

#include <tenon/blocking.h>

#include "base/check.h"
#include "frame/cancel.h"
#include "frame/current.h"
#include "frame/frame.h"
#include "frame/misuse.h"
#include "frame/scope.h"

// What the program's struct tn_blocking holds.
struct blocking {
    const struct blocking *itself; // while it is open
};

_Static_assert(sizeof(struct blocking) <= sizeof(struct tn_blocking), "it fits its public room");

static struct blocking *blocking_of(struct tn_blocking *room) {
    return (struct blocking *)(void *)room;
}

void blocking_interrupt(struct task_stack *stack) {
    os_lock_acquire(&stack->blocking_lock);
    if (atomic_load_relaxed(&stack->is_blocking)) {
        os_interrupt_raise(&stack->interrupt);
    }
    os_lock_release(&stack->blocking_lock);
}

// True when there was something to end.
static bool stop(struct task_stack *stack) {
    os_lock_acquire(&stack->blocking_lock);
    const bool was_blocking = atomic_load_relaxed(&stack->is_blocking);
    atomic_store_relaxed(&stack->is_blocking, false);
    os_lock_release(&stack->blocking_lock);
    if (was_blocking) {
        os_interrupt_deinit(&stack->interrupt);
    }
    return was_blocking;
}

void blocking_abandon(struct task_stack *stack) {
    if (stop(stack)) {
        (void)misuse(TN_NOT_YOURS, "%s has returned without tn_blocking_end", stack->frame->name);
    }
}

int tn_blocking_begin(struct tn_self *self, struct tn_blocking *room) {
    struct blocking *const blocking = blocking_of(room);
    blocking->itself = NULL;
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    struct task_stack *stack = task_stack_of(self);
    if (atomic_load_relaxed(&stack->is_blocking)) {
        return misuse(TN_NOT_YOURS, "tn_blocking_begin inside of another one: end that first");
    }
    const int due = cancel_due(self);
    scheduler_show_tasks(stack->worker); // they need not wait behind the call
    blocking->itself = blocking;
    // What a shield hides shall not interrupt either.
    if (due != TN_OK || scope_hides(stack) ||
        os_interrupt_init(&stack->interrupt, scope_deadline_ns(stack)) != OS_OK) {
        return due;
    }
    os_lock_acquire(&stack->blocking_lock); // who cancels sees the whole interrupt
    atomic_store_relaxed(&stack->is_blocking, true);
    os_lock_release(&stack->blocking_lock);
    atomic_fence_seq_cst(); // seq_cst: pairs with cancel_stack
    if (atomic_load_relaxed(&stack->cancels) != atomic_load_relaxed(&stack->cancels_seen)) {
        os_interrupt_raise(&stack->interrupt);
    }
    return TN_OK;
}

int tn_blocking_end(struct tn_self *self, struct tn_blocking *room) {
    struct blocking *const blocking = blocking_of(room);
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    if (blocking->itself != blocking) {
        return misuse(TN_NOT_YOURS, "tn_blocking_end without its tn_blocking_begin");
    }
    blocking->itself = NULL;
    struct task_stack *stack = task_stack_of(self);
    (void)stop(stack);
    scope_look(stack); // the system's timer may have been quicker than ours
    return cancel_due(self);
}
