// cancel.c - see cancel.h.
#include "frame/cancel.h"

#include "frame/frame.h"
#include "frame/run.h"
#include "frame/misuse.h"
#include "scheduler/hard.h"

// What `cancelled` says when the function had returned before anybody asked for its end.
#define RETURNED 1

// The reason stands from the first request on; only a removal overrules a deadline.
static bool give_reason(struct frame *frame, int reason) {
    int former = atomic_load_relaxed(&frame->cancelled);
    do {
        if (former == TN_CANCELLED || former == reason || former == RETURNED) {
            return false;
        }
    } while (!atomic_cas_relaxed(&frame->cancelled, &former, reason));
    return true;
}

void cancel_close(struct frame *frame) {
    int former = atomic_load_relaxed(&frame->cancelled);
    if (!frame->run->scheduler.is_shared) { // nobody asks in between
        atomic_store_relaxed(&frame->cancelled, former == TN_OK ? RETURNED : former);
    } else if (former == TN_OK) {
        (void)atomic_cas_relaxed(&frame->cancelled, &former, RETURNED);
    }
}

// Makes the frame look whether it has to end: in the wait it is in, or at the next. Under its lock.
static void nudge(struct frame *frame) {
    struct task_stack *stack = frame->stack;
    if (stack == NULL) {
        return;
    }
    frame_count_cancel(frame);
    sanitizer_hand_over(&stack->cancels);
    tasks_poke(&stack->tasks);
    atomic_fence_seq_cst(); // seq_cst: pairs with cancel_check_waiting
    const uint32_t ticket = atomic_load_relaxed(&stack->cancellable);
    if (ticket % 2 == 1 && task_stack_claim(stack, ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

bool cancel_request(struct frame *frame, int reason) {
    const bool is_first = give_reason(frame, reason);
    if (is_first && frame_discard(frame, reason == TN_CANCELLED ? TN_REMOVED : reason)) {
        return true;
    }
    os_lock_acquire(&frame->lock);
    if (is_first) {
        nudge(frame);
    }
    const bool is_news = !atomic_load_relaxed(&frame->is_told) && !frame->is_settled;
    if (is_news) {
        atomic_store_relaxed(&frame->is_told, true);
    }
    os_lock_release(&frame->lock);
    if (is_news) { // also of a frame that is ending by itself: somebody waits for that now
        grace_begin(frame);
    }
    return is_first;
}

void cancel_insist(struct frame *frame) {
    os_lock_acquire(&frame->lock);
    if (!atomic_load_relaxed(&frame->is_overdue)) {
        atomic_store_relaxed(&frame->is_overdue, true);
        nudge(frame);
    }
    os_lock_release(&frame->lock);
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

// A walk outwards over the frames of a stack, to the first reason why waits on it have to end.
struct search {
    int reason;
    bool is_cleaning; // a cleanup handler runs further in: only grace that is over counts
};

static void search_frame(struct search *search, struct frame *frame) {
    search->is_cleaning |= atomic_load_relaxed(&frame->phase) == FRAME_CLEANS;
    if (search->is_cleaning) {
        search->reason = atomic_load_relaxed(&frame->is_overdue) ? TN_CANCELLED : TN_OK;
    } else {
        const int reason = atomic_load_relaxed(&frame->cancelled);
        search->reason = frame->failure_code != 0 ? TN_CANCELLED
                         : reason == RETURNED     ? TN_OK
                                                  : reason;
    }
}

int cancel_reaches(struct tn_self *self) {
    struct task_stack *stack = task_stack_of(self);
    if (atomic_load_relaxed(&stack->cancels) == 0) {
        stack->tasks.is_watched = hard_is(HARD_PARK); // whoever was cancelled here has ended
        return TN_OK;
    }
    if (stack->frame == NULL) { // outside of a run: current.h
        return TN_NOT_RUNNING;
    }
    stack->tasks.is_watched = true;
    struct search search = {TN_OK, false};
    struct tn_task *task = self->top;
    while (search.reason == TN_OK && (task = tasks_in_place(&stack->tasks, task)) != NULL) {
        struct frame *frame = task_adopter(task);
        if (frame != NULL) {
            search_frame(&search, frame);
        }
    }
    if (search.reason == TN_OK) {
        search_frame(&search, stack->frame);
    }
    if (search.is_cleaning && search.reason == TN_OK) {
        // Nothing to look for until somebody insists.
        stack->hidden_cancels += atomic_exchange_relaxed(&stack->cancels, 0);
    }
    return search.reason;
}

void cancel_unhide(struct task_stack *stack) {
    if (stack->hidden_cancels != 0) {
        atomic_fetch_add_relaxed(&stack->cancels, stack->hidden_cancels);
        stack->hidden_cancels = 0;
        tasks_poke(&stack->tasks);
    }
}

int cancel_due_slow(struct tn_self *self) {
    const int reason = cancel_reaches(self);
    if (reason == TN_OK) {
        return TN_OK;
    }
    if (reason == TN_NOT_RUNNING) {
        return misuse_outside();
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
