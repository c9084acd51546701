// in_place.h - calling a function on a lane's stack as a task of its own, inline: that is what an
// item costs.
//
// The place of the task is what makes the call a member of the tree: what it spawns, owns or fails
// finds it there. It becomes a frame when it needs to be one; then something lies above its place
// when its function returns, and it ends as a frame does.
// Invariant: a lane's own frame has no tasks, so the place is the first one of its stack, with no
// hole below it.
#ifndef TENON_EXECUTOR_IN_PLACE_H
#define TENON_EXECUTOR_IN_PLACE_H

#include "base/bits.h"
#include "frame/frame.h"
#include "frame/room.h"

// Arguments and result are at `payload`; `type` says nothing of arguments (argument_bytes is 0)
// where they do not fit a task, because a frame that is made in between copies what lies there.
// Returns the outcome.
static inline int in_place_run(struct tn_self *self, const struct tn_type *type, unsigned line,
                               void *payload) {
    struct tn_task *task = self->top;
    task->type = type;
    TN_STORE_(task->info, (uint64_t)line << 8 | TASK_IN_PLACE);
    self->top = task + 1;
    type->invoke(self, payload);
    if (LIKELY(self->top == task + 1)) {
        self->top = task;
        return TN_OK;
    }
    struct room *rooms;
    const int outcome = frame_end_called(self, task, payload, &rooms);
    tasks_drop(&task_stack_of(self)->tasks, task);
    room_receive(self, rooms);
    return outcome;
}

#endif
