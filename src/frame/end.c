// end.c - the end of a frame. The picture is in frame.h.
//
// Invariant: frame_settle runs once per frame, after its last instruction on any stack, and is the
// last to touch its parent. Start reading at frame_end.
#include "base/check.h"
#include "frame/cancel.h"
#include "frame/class.h"
#include "frame/cleanup.h"
#include "frame/delivery.h"
#include "frame/failure.h"
#include "frame/frame.h"
#include "frame/free.h"
#include "frame/local.h"
#include "frame/primitive.h"
#include "frame/run.h"
#include "frame/scope.h"

int frame_outcome(const struct frame *frame) {
    if (frame->failure_code != 0) {
        return frame->failure_code;
    }
    const int reason = atomic_load_relaxed(&((struct frame *)(uintptr_t)frame)->cancelled);
    return reason == TN_CANCELLED ? TN_REMOVED : frame->has_timed_out ? TN_TIMED_OUT : TN_OK;
}

// An ended frame that others have a handle of stays with the nearest frame outwards.
static void keep_if_shared(struct frame *frame) {
    if (!atomic_load_relaxed(&frame->is_shared)) {
        return;
    }
    struct frame *parent = frame_parent(frame);
    frame_retain(frame);
    frame_lock(parent);
    list_push_back(&parent->kept, &frame->sibling);
    frame_unlock(parent);
}

// A forgotten child leaves by itself. The last one alive wakes a parent that waits for that.
static void leave_parent(struct frame *frame) {
    struct frame *parent = frame->parent;
    if (parent == NULL) {
        atomic_store_release(&frame->state, FRAME_ENDED); // pairs with frame_state
        return;
    }
    frame_lock(parent);
    const bool leaves = frame->is_forgotten && !atomic_load_relaxed(&frame->is_shared);
    if (leaves) {
        list_remove(&frame->sibling);
        frame_count_child(parent, -1);
    }
    atomic_store_release(&frame->state, FRAME_ENDED); // pairs with frame_state
    const uint32_t ticket = --parent->alive == 0 ? parent->childless_ticket : 0;
    struct task_stack *stack = parent->stack;
    frame_unlock(parent);
    if (ticket != 0 && task_stack_claim(stack, ticket)) {
        worker_ready(stack->scheduler, stack);
    }
    if (leaves) {
        frame_release(frame);
    }
}

// From here on nobody finds its stack, its free event or its lateness.
static void hide(struct frame *frame) {
    frame_lock(frame);
    if (frame->cancels > 0) {
        atomic_fetch_sub_relaxed(&frame->stack->cancels, frame->cancels);
    }
    const bool has_run = frame->stack != NULL;
    frame->stack = NULL;
    frame->is_settled = true;
    struct watch *watch = frame->watch;
    const bool is_told = atomic_load_relaxed(&frame->is_told);
    frame_unlock(frame);
    if (is_told) {
        grace_end(frame);
    } else if (UNLIKELY(frame->deadline_ns != OS_NEVER) && has_run) {
        grace_end_untold(frame, frame->deadline_ns);
    }
    if (watch != NULL) {
        free_settle(watch);
    }
}

void frame_settle(struct frame *frame) {
    hide(frame);
    const int outcome = frame_outcome(frame);
    struct run *run = frame->run;
    struct task_stack *origin = frame->origin;
    const bool is_root = frame == run->root;
    const bool has_class = class_has_any(frame);
    struct frame *const around = has_class ? class_leave(frame) : NULL;
    if (origin != NULL) { // the slot keeps it for those who have its handle
        atomic_store_release(&frame->state, FRAME_ENDED); // pairs with frame_state
    } else {
        leave_parent(frame);
    }
    if (is_root) {
        run_end(run);
    }
    awaitable_complete(&frame->done, outcome, NULL, true, NULL);
    uint32_t ticket;
    if (origin != NULL && tasks_finish(frame->slot, outcome, &ticket) &&
        task_stack_claim(origin, ticket)) {
        worker_ready(&run->scheduler, origin);
    }
    if (has_class) {
        class_end(frame, around);
    }
    if (UNLIKELY(frame->body != NULL) && frame->body->settled != NULL) {
        frame->body->settled(frame, outcome);
    }
    frame_release(frame);
}

static void settle_after_stack(struct task_stack *stack, void *argument) {
    (void)stack;
    frame_settle(argument);
}

// Nobody uses any more what it owned, and the ended frames that it kept for others.
static void drop_belongings(struct frame *frame) {
    primitives_release(frame);
    struct list_node *node;
    while ((node = list_pop_back(&frame->kept)) != NULL) {
        frame_release(container_of(node, struct frame, sibling));
    }
    if (UNLIKELY(frame->failures != NULL)) {
        failure_drop(&frame->failures, FAILURE_OF_CHILD);
    }
    if (UNLIKELY(atomic_load_relaxed(&frame->locals) != NULL)) {
        local_end(frame);
    }
}

// The function of the frame that is current on `self` has returned: what happens on its stack yet.
static void wind_up(struct tn_self *self, struct frame *frame, struct tn_task *slot) {
    if (frame->waits_for_children && frame_outcome(frame) == TN_OK) {
        (void)tn_children_wait(self);
    }
    // Before it is too late for a removal that has been announced already: often the listener is
    // the frame itself, which has returned because of it.
    if (UNLIKELY(atomic_load_relaxed(&frame->is_watched))) {
        free_announce_end(self, frame, slot);
    }
    cancel_close(frame);
    atomic_store_relaxed(&frame->state, FRAME_ENDING);
    frame_strip(self, frame, slot, TN_CANCELLED);
    cleanup_run(self, frame, slot);
    drop_belongings(frame);
}

void frame_end(struct task_stack *stack) {
    struct frame *frame = stack->frame;
    scope_leave(stack, NULL);
    wind_up(&stack->tasks.self, frame, NULL);
    scope_stop(stack);
    sanitizer_hand_over(&frame->done);
    if (frame->parent != NULL) {
        sanitizer_hand_over(&frame->parent->children);
    }
    worker_finish(stack, settle_after_stack, frame);
}

bool frame_ends_plainly(struct frame *frame) {
    return atomic_load_relaxed(&frame->cancelled) == TN_OK && frame->failure_code == 0 &&
           !frame->has_timed_out && !frame->waits_for_children &&
           !atomic_load_relaxed(&frame->is_watched) && frame->cleanups == NULL &&
           !class_has_any(frame);
}

// Nothing of this can wait, so it needs no stack.
void frame_end_unrun(struct frame *frame) {
    struct task_stack *stack = frame->stack;
    ASSERT(stack->is_kept && stack->scopes == NULL);
    wind_up(&stack->tasks.self, frame, NULL);
    scope_stop(stack);
    context_deinit(&stack->context);
    frame_settle(frame);
}

bool frame_discard(struct frame *frame, int outcome) {
    if (!frame_claim(frame, FRAME_ENDING)) {
        return false;
    }
    frame->failure_code = outcome;
    frame_settle(frame);
    return true;
}

// End of a frame that runs in place: its stack goes on with its parent. Its result stays for those
// who join it.
static int end_in_place(struct frame *frame, const void *result) {
    frame->stack->unready -= frame->has_waited ? 0 : 1;
    hide(frame);
    const int outcome = frame_outcome(frame);
    if (frame->leaves_mark) {
        task_set(frame->slot, TASK_MARK, 0);
    }
    if (outcome == TN_OK && result != NULL) {
        __builtin_memcpy(frame->payload, result, frame->type->result_bytes);
    }
    keep_if_shared(frame);
    atomic_store_release(&frame->state, FRAME_ENDED); // pairs with frame_state
    awaitable_complete(&frame->done, outcome, NULL, true, NULL);
    if (class_has_any(frame)) {
        class_end(frame, NULL); // what is around it goes on when this returns
    }
    frame_release(frame);
    frame_release(frame);
    return outcome;
}

int frame_end_in_place(struct tn_self *self, struct tn_task *task, const void *result) {
    scope_leave(task_stack_of(self), task);
    if (task_adopter(task) == NULL) {
        frame_strip(self, NULL, task, TN_CANCELLED);
    }
    struct frame *frame = task_adopter(task); // a child's failure may have made it one just now
    if (frame != NULL) {
        wind_up(self, frame, task);
    }
    ASSERT(self->top == task + 1);
    const int outcome = frame != NULL ? end_in_place(frame, result) : cancel_reaches(self);
    delivery_end_in_place(task_stack_of(self), task);
    return outcome;
}
