// cancel.c - see cancel.h.
#include "frame/cancel.h"

#include "frame/frame.h"

bool cancel_request(struct frame *frame) {
    if (atomic_exchange_relaxed(&frame->is_cancelled, true)) {
        return false;
    }
    if (frame_discard(frame, TN_REMOVED)) {
        return true;
    }
    os_lock_acquire(&frame->lock);
    struct task_stack *stack = frame->stack;
    if (stack != NULL) {
        frame_count_cancel(frame);
        tasks_poke(&stack->tasks); // its next await shall look
        atomic_fence_seq_cst();    // seq_cst: pairs with cancel_check_waiting
        const uint32_t ticket = atomic_load_relaxed(&stack->ticket);
        if (ticket % 2 == 1 && task_stack_claim(stack, ticket)) {
            worker_ready(stack->scheduler, stack);
        }
    }
    os_lock_release(&frame->lock);
    return true;
}

void cancel_check_waiting(struct task_stack *stack, uint32_t ticket) {
    atomic_fence_seq_cst(); // seq_cst: pairs with cancel_request
    if (atomic_load_relaxed(&stack->cancels) != 0 && task_stack_claim(stack, ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

static bool is_cancelled(struct frame *frame) {
    return atomic_load_relaxed(&frame->is_cancelled) || frame->failure_code != 0;
}

bool cancel_is_due(struct tn_self *self) {
    struct task_stack *stack = task_stack_of(self);
    if (atomic_load_relaxed(&stack->cancels) == 0) {
        stack->tasks.is_watched = false; // whoever was cancelled here has ended
        return false;
    }
    stack->tasks.is_watched = true;
    struct tn_task *const slot = tasks_in_place(&stack->tasks, self->top);
    bool is_due = is_cancelled(stack->frame);
    for (struct tn_task *task = slot; task != NULL && !is_due;
         task = tasks_in_place(&stack->tasks, task)) {
        struct frame *frame = task_adopter(task);
        is_due = frame != NULL && is_cancelled(frame);
    }
    if (!is_due) {
        return false;
    }
    tasks_arm(&stack->tasks);
    struct frame *current = slot == NULL ? stack->frame : task_adopter(slot);
    // The mark of a frame in place has to stay, for its end.
    if (current == NULL || !current->has_removed_children) {
        if (current != NULL) {
            current->has_removed_children = true;
        }
        frame_remove_children(self, current, slot);
        if (current != NULL && slot != NULL) {
            (void)tasks_push_mark(&stack->tasks);
        }
    }
    return true;
}
