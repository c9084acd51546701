// cancel.h - telling a frame, wherever it is, that it has to end: removed, or out of time.
//
// Level-triggered: a frame's flag stays set until it ends, and each wait looks at it. The stack
// counts the requests for frames that live on it, the deadlines that have passed there, and open
// scopes (scope.h), so that a wait costs one load while there is none. A waiter that found no
// reason to end remembers the count: only a change of it wakes the wait, not what a shield hides.
//
// A waiting frame and who cancels it meet as in idle.h: the waiter opens its ticket, then looks at
// the count; the canceller raises the count, then looks at the ticket. One of them sees the other.
// The waiter opens its ticket to cancellations only as the last act of its commit: until then only
// what is waited for may claim it, or the commit would go on in memory of a frame that runs again.
// Start reading at cancel_request.
#ifndef TENON_FRAME_CANCEL_H
#define TENON_FRAME_CANCEL_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/hard.h"
#include "frame/frame.h"

struct frame;

// Asks a frame to end, because it is removed (TN_CANCELLED) or because a deadline has passed
// (TN_TIMED_OUT): its waits return `reason`, the one it is in and all that follow; if it has not
// started it never will. From any thread that keeps the frame alive. True for the first request,
// and for the first removal of a frame that had only run out of time.
bool cancel_request(struct frame *frame, int reason);

// The frame has been told to end, finds that it has to, or is out of time: its grace runs from here
// on, if it does not yet. Also under the lock of timers.
void cancel_begin_grace(struct frame *frame);

// Counts a reason to look for whoever lives on the stack, and wakes it. The reason stands already.
// From any thread that keeps the stack's frame alive; also under the lock of timers.
void cancel_stack(struct task_stack *stack);

// Before a wait: true when nobody has counted a reason to end, so that there is none. False: there
// may be one. Also where cancel_due must not be called, because of what it may do.
static inline bool cancel_is_none(struct task_stack *stack) {
    if (UNLIKELY(atomic_load_relaxed(&stack->cancels) != 0)) {
        return false;
    }
    AUDIT(frame_check(stack->frame));
    atomic_store_relaxed(&stack->cancels_seen, 0);
    stack->tasks.is_watched = hard_is(HARD_PARK); // whoever was cancelled here has ended
    return true;
}

// Before a wait: TN_OK, or TN_CANCELLED or TN_TIMED_OUT when the current frame, or one further out
// on the same stack, has to end. The first time, it removes the current frame's children.
int cancel_due_slow(struct tn_self *self);
static inline int cancel_due(struct tn_self *self) {
    return LIKELY(cancel_is_none(task_stack_of(self))) ? TN_OK : cancel_due_slow(self);
}

// The same question without consequences.
int cancel_reaches(struct tn_self *self);

// The frame's function has returned: it ends by itself, requests come too late.
void cancel_close(struct frame *frame);

// While a cleanup handler runs (phase FRAME_CLEANS) its waits see nothing from outside. Grace is
// over: from now on they return TN_CANCELLED.
void cancel_insist(struct frame *frame);

// A deadline of the current frame has passed: removes its children from that birth on.
void cancel_remove_since(struct tn_self *self, uint64_t birth);

// After the ticket was opened, by the commit: wakes the stack if somebody cancelled
// meanwhile.
void cancel_check_waiting(struct task_stack *stack, uint32_t ticket);

// Wakes a stack that waits with that ticket, if nobody else does: for cancel_open.
void cancel_wake(struct task_stack *stack, uint32_t ticket);

// The same, cheaper, by who holds a lock that the stack needs before its wait is over, and that who
// completes what it waits for needs to claim it.
static inline void cancel_open(struct task_stack *stack, uint32_t ticket) {
    // Nobody can have claimed it yet, so it is the last. release: pairs with cancel_claim.
    atomic_store_release(&stack->cancellable, ticket);
    if (stack->scheduler->is_shared) {
        atomic_fence_seq_cst(); // seq_cst: pairs with cancel_request
    }
    if (UNLIKELY(atomic_load_relaxed(&stack->cancels) !=
                 atomic_load_relaxed(&stack->cancels_seen))) {
        cancel_wake(stack, ticket);
    }
}

// Claims a stack that waits with that ticket and has opened it, if nobody else has.
static inline bool cancel_claim(struct task_stack *stack, uint32_t ticket) {
    // acquire: pairs with cancel_open: the commit has read what the stack writes when it goes on.
    return ticket % 2 == 1 && atomic_load_acquire(&stack->cancellable) == ticket &&
           task_stack_claim(stack, ticket);
}

#endif
