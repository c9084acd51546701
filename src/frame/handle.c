// handle.c - handles that are given away: to others, by tn_share, or to nobody, by tn_forget.
//
// Invariant: afterwards the handle of a task that nobody had taken names a frame. Start reading at
// take_out.
#include "frame/cancel.h"
#include "frame/frame.h"
#include "frame/promote.h"
#include "frame/wait.h"

// ---- handles ---------------------------------------------------------------------------------

struct frame *frame_from_task(struct tn_self *self, struct tn_task *task) {
    struct task_stack *stack = task_stack_of(self);
    struct frame *parent = frame_current(self);
    struct frame *child = parent == NULL ? NULL
                                         : frame_create(stack->worker, stack->frame->run,
                                                        task->type, task_line(task), task->payload);
    if (child == NULL) {
        return NULL;
    }
    child->home = frame_home_for(stack, task->type->level);
    frame_adopt_child(parent, child, task);
    tasks_drop(&stack->tasks, task);
    stack->tasks.is_closed = true;
    tasks_arm(&stack->tasks);
    frame_submit(child);
    return child;
}

// The frame of a task of this stack whose handle is given away, made now if nobody has taken the
// task: then the handle's task becomes a hole. NULL: somebody has. Bound tasks start in their
// order, so those around it become frames too.
static struct frame *take_out(struct tn_self *self, struct tn_task *task) {
    struct task_stack *stack = task_stack_of(self);
    if (task_state(task) == TASK_FRAME) {
        return container_of(task, struct frame, task);
    }
    if (!tasks_reclaim(&stack->tasks, task)) {
        return NULL;
    }
    if (!stack->tasks.is_bound) {
        return frame_from_task(self, task);
    }
    promote_bound(stack, task);
    struct frame *frame = frame_from_task(self, task);
    promote_bound(stack, NULL);
    return frame;
}

struct tn_task *frame_late(void) {
    static const struct tn_type type = {.name = "late"};
    static struct tn_task late = {.type = &type};
    return &late;
}

struct tn_frame *tn_handle_share(struct tn_self *self, struct tn_handle *handle) {
    struct tn_task *task = handle->task;
    if (task == NULL || task == frame_late() || cancel_due(self) != TN_OK) {
        return NULL;
    }
    struct frame *frame = take_out(self, task);
    if (frame != NULL) {
        handle->task = &frame->task;
    } else if (tasks_is_stolen(&task_stack_of(self)->tasks, task)) {
        frame = wait_for_adopter(task);
    }
    if (frame != NULL) {
        frame_share(frame);
    }
    return (struct tn_frame *)(void *)frame;
}

void tn_handle_forget(struct tn_self *self, struct tn_handle *handle) {
    struct tn_task *task = handle->task;
    handle->task = NULL;
    handle->outcome = TN_OK;
    if (task == NULL || task == frame_late() || cancel_due(self) != TN_OK) {
        return;
    }
    struct frame *frame = take_out(self, task);
    if (frame != NULL) { // a stolen task leaves its place when this frame ends
        frame_forget(frame);
    }
}
