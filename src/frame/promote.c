// promote.c - see promote.h.
#include "frame/promote.h"

#include "frame/fail.h"
#include "frame/frame.h"

// A frame for a task that was taken, with a reference for the caller; NULL: no memory, and the task
// has ended as failed.
static struct frame *promote(struct worker *worker, struct task_stack *from, struct tn_task *task) {
    struct run *run = worker->scheduler->upper;
    struct frame *frame = frame_create(worker, run, task->type, task_line(task), task->payload);
    if (frame == NULL) {
        const int outcome = fail_task(from, task, TN_NO_MEMORY, "no memory for a frame");
        uint32_t ticket;
        if (tasks_finish(task, outcome, &ticket) && task_stack_claim(from, ticket)) {
            worker_ready(worker->scheduler, from);
        }
        return NULL;
    }
    frame->home = frame_home_for(from, task->type->level);
    frame->deadline_ns = from->frame->deadline_ns; // no scope was open where it was made
    frame->origin = from;
    frame->slot = task;
    // Whoever owns the slot may discard the frame from here on.
    frame_retain(frame);
    task_adopt(task, frame);
    return frame;
}

struct task_stack *promote_stolen(struct worker *worker, struct task_stack *from,
                                  struct tn_task *task) {
    struct frame *frame = promote(worker, from, task);
    if (frame == NULL) {
        return NULL;
    }
    struct task_stack *stack = frame_start(frame, worker);
    frame_release(frame);
    return stack;
}

void promote_bound(struct task_stack *stack, const struct tn_task *end) {
    struct tn_task *task;
    while ((task = tasks_oldest_bound(&stack->tasks)) != NULL && (end == NULL || task < end)) {
        tasks_take_bound(&stack->tasks, task);
        struct frame *frame = promote(stack->worker, stack, task);
        if (frame != NULL) {
            frame_submit(frame);
            frame_release(frame);
        }
    }
}
