// cleanup.c - see cleanup.h and tenon/cleanup.h.
//
// Invariant: frame->cleanups belongs to whoever runs on the frame's stack. Start reading at
// cleanup_run.
#include "frame/cleanup.h"

#include <tenon/cleanup.h>

#include "frame/cancel.h"
#include "frame/current.h"
#include "frame/frame.h"
#include "frame/misuse.h"
#include "frame/scope.h"

struct cleanup {
    struct cleanup *next; // registered before this one
    tn_cleanup_handler *handler;
    void *data;
};

int tn_cleanup_push(struct tn_self *self, tn_cleanup_handler *handler, void *data) {
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    struct frame *frame = frame_current(self);
    struct cleanup *cleanup = frame == NULL ? NULL : os_allocate(sizeof *cleanup);
    if (cleanup == NULL) {
        return TN_NO_MEMORY;
    }
    *cleanup = (struct cleanup){frame->cleanups, handler, data};
    frame->cleanups = cleanup;
    return TN_OK;
}

static struct cleanup pop(struct frame *frame) {
    struct cleanup *cleanup = frame->cleanups;
    const struct cleanup popped = *cleanup;
    frame->cleanups = popped.next;
    os_free(cleanup);
    return popped;
}

void tn_cleanup_pop(struct tn_self *self, bool is_called) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return;
    }
    struct task_stack *stack = task_stack_of(self);
    struct tn_task *slot = tasks_in_place(&stack->tasks, self->top);
    struct frame *frame = slot == NULL ? stack->frame : task_adopter(slot);
    if (frame == NULL || frame->cleanups == NULL) {
        return;
    }
    const struct cleanup cleanup = pop(frame);
    if (is_called) {
        cleanup.handler(self, cleanup.data);
    }
}

void cleanup_run(struct tn_self *self, struct frame *frame, struct tn_task *slot) {
    if (frame->cleanups == NULL) {
        return;
    }
    struct task_stack *stack = task_stack_of(self);
    atomic_store_relaxed(&frame->phase, FRAME_CLEANS);
    while (frame->cleanups != NULL) {
        const struct cleanup cleanup = pop(frame);
        cleanup.handler(self, cleanup.data);
        scope_leave(stack, slot);
        frame_strip(self, frame, slot, TN_CANCELLED);
    }
    atomic_store_relaxed(&frame->phase, FRAME_RUNS);
}
