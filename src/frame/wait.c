// wait.c - see wait.h; the ticket is explained in scheduler/task_stack.h.
#include "frame/wait.h"

#include <stdio.h>

#include "frame/cancel.h"
#include "frame/frame.h"
#include "frame/note.h"
#include "frame/ready.h"
#include "scheduler/suspend.h"

struct stolen_wait {
    struct note note;
    struct tn_task *task;
    bool is_shielded;
};

static void tell(const struct note *note, char *text, size_t bytes) {
    const struct stolen_wait *wait = container_of(note, struct stolen_wait, note);
    (void)snprintf(text, bytes, "waits for the frame %s", wait->task->type->name);
}

static bool awaited(const struct note *note, struct meeting *meeting) {
    const struct stolen_wait *wait = container_of(note, struct stolen_wait, note);
    struct frame *thief = task_adopter(wait->task);
    return thief != NULL && meeting->meet(meeting, thief);
}

static void commit(struct task_stack *stack, void *argument) {
    const struct stolen_wait wait = *(const struct stolen_wait *)argument;
    const uint32_t ticket = task_stack_wait(stack);
    if (!tasks_await(wait.task, ticket)) {
        if (task_stack_claim(stack, ticket)) {
            worker_ready(stack->scheduler, stack);
        }
    } else if (!wait.is_shielded) {
        cancel_check_waiting(stack, ticket);
    }
}

void wait_follow(struct tn_task *task) {
    struct frame *thief = CONTEXT_TSAN_OUTSIDE ? task_adopter(task) : NULL;
    if (thief != NULL) {
        sanitizer_take_over(&thief->done);
    }
}

// The thief's frame is kept alive by its slot.
static void begin(struct tn_self *self, struct tn_task *task) {
    if (task_stack_of(self)->unready != 0) {
        struct frame *thief = wait_for_adopter(task);
        ready_begin(self, thief == NULL ? NULL : &thief->done);
    }
}

int wait_for_stolen(struct tn_self *self, struct tn_task *task, bool is_shielded) {
    struct stolen_wait wait = {{tell, note_ends_inside, NULL, awaited}, task, is_shielded};
    while (!task_has_ended(task)) {
        const int due = is_shielded ? TN_OK : cancel_due(self);
        if (due != TN_OK) {
            return due;
        }
        task_stack_of(self)->note = &wait.note;
        if (!is_shielded) {
            begin(self, task);
        }
        suspend_stack(task_stack_of(self), commit, &wait);
        tasks_await_cancel(task);
    }
    wait_follow(task);
    ready_over(self);
    return TN_OK;
}

struct frame *wait_for_adopter(struct tn_task *task) {
    for (;;) {
        struct frame *frame = task_adopter(task);
        if (frame != NULL || task_has_ended(task)) {
            return frame != NULL ? frame : task_adopter(task);
        }
        os_thread_yield();
    }
}
