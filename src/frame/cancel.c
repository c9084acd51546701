// cancel.c - see cancel.h.
#include "frame/cancel.h"

#include "frame/frame.h"
#include "scheduler/hard.h"

// The reason stands from the first request on; only a removal overrules a deadline.
static bool give_reason(struct frame *frame, int reason) {
    int former = atomic_load_relaxed(&frame->cancelled);
    do {
        if (former == TN_CANCELLED || former == reason) {
            return false;
        }
    } while (!atomic_cas_relaxed(&frame->cancelled, &former, reason));
    return true;
}

bool cancel_request(struct frame *frame, int reason) {
    if (!give_reason(frame, reason)) {
        return false;
    }
    if (frame_discard(frame, reason == TN_CANCELLED ? TN_REMOVED : reason)) {
        return true;
    }
    os_lock_acquire(&frame->lock);
    struct task_stack *stack = frame->stack;
    if (stack != NULL) {
        frame_count_cancel(frame);
        sanitizer_hand_over(&stack->cancels);
        tasks_poke(&stack->tasks); // its next await shall look
        atomic_fence_seq_cst();    // seq_cst: pairs with cancel_check_waiting
        const uint32_t ticket = atomic_load_relaxed(&stack->cancellable);
        if (ticket % 2 == 1 && task_stack_claim(stack, ticket)) {
            worker_ready(stack->scheduler, stack);
        }
    }
    os_lock_release(&frame->lock);
    return true;
}

void cancel_check_waiting(struct task_stack *stack, uint32_t ticket) {
    // The stack may be in a later wait already, whose number must stand then.
    uint32_t former = atomic_load_relaxed(&stack->cancellable);
    while ((int32_t)(ticket - former) > 0 &&
           !atomic_cas_relaxed(&stack->cancellable, &former, ticket)) {
    }
    atomic_fence_seq_cst(); // seq_cst: pairs with cancel_request
    if (atomic_load_relaxed(&stack->cancels) != 0 && task_stack_claim(stack, ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

void cancel_open(struct task_stack *stack, uint32_t ticket) {
    // Nobody can have claimed it yet, so it is the last.
    atomic_store_relaxed(&stack->cancellable, ticket);
    if (stack->scheduler->is_shared) {
        atomic_fence_seq_cst(); // seq_cst: pairs with cancel_request
    }
    if (UNLIKELY(atomic_load_relaxed(&stack->cancels) != 0) && task_stack_claim(stack, ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

// Why the waits of the frame end; TN_OK: they do not.
static int reason_of(struct frame *frame) {
    return frame->failure_code != 0 ? TN_CANCELLED : atomic_load_relaxed(&frame->cancelled);
}

int cancel_reaches(struct tn_self *self) {
    struct task_stack *stack = task_stack_of(self);
    if (atomic_load_relaxed(&stack->cancels) == 0) {
        stack->tasks.is_watched = hard_is(HARD_PARK); // whoever was cancelled here has ended
        return TN_OK;
    }
    stack->tasks.is_watched = true;
    int reason = reason_of(stack->frame);
    struct tn_task *task = self->top;
    while (reason == TN_OK && (task = tasks_in_place(&stack->tasks, task)) != NULL) {
        struct frame *frame = task_adopter(task);
        reason = frame == NULL ? TN_OK : reason_of(frame);
    }
    return reason;
}

int cancel_due(struct tn_self *self) {
    const int reason = cancel_reaches(self);
    if (reason == TN_OK) {
        return TN_OK;
    }
    struct task_stack *stack = task_stack_of(self);
    sanitizer_take_over(&stack->cancels);
    tasks_arm(&stack->tasks);
    struct tn_task *const slot = tasks_in_place(&stack->tasks, self->top);
    struct frame *current = slot == NULL ? stack->frame : task_adopter(slot);
    if (current == NULL || !current->has_removed_children) {
        if (current != NULL) {
            current->has_removed_children = true;
        }
        frame_strip(self, current, slot);
        if (slot != NULL) {
            // So that its end takes the slow path, where it is seen that its result is none.
            (void)tasks_push_mark(&stack->tasks);
        }
    }
    return reason;
}
