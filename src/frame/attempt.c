// attempt.c - which DFrame this is: tenon/attempt.h.
//
// A DFrame that was sent to another process got its number before (src/cluster/call.c), and all
// DFrames below it there share that. One that runs here gets a number when it asks, of the same
// count, so no two of a run are the same. Nobody but the frame itself asks.
// Invariant: a frame's `task_number` and `begins_before` are its own from when its function begins.
// Start reading at tn_attempt_of.
#include <tenon/attempt.h>

#include "frame/current.h"
#include "frame/misuse.h"
#include "frame/run.h"
#include "frame/tree.h"

static const struct tn_attempt none;

// Of one that runs for no other process.
static struct tn_attempt attempt_here(struct tn_self *self) {
    struct frame *frame = frame_current(self);
    if (frame == NULL) {
        return none;
    }
    if (frame->task_number == 0) {
        frame->task_number = run_next_task(frame->run);
    }
    return (struct tn_attempt){ports_run(&frame->run->ports), frame->task_number,
                               frame->begins_before + 1};
}

struct tn_attempt tn_attempt_of(struct tn_self *self) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return none;
    }
    const struct tree_place place = tree_place_on(task_stack_of(self));
    if (tree_type(&place)->level != TN_LEVEL_DFRAME) {
        return none;
    }
    struct frame *frame = frame_nearest(self);
    const struct elsewhere *elsewhere = frame->run->elsewhere;
    const bool serves = elsewhere != NULL && elsewhere->attempt_of != NULL;
    struct frame *border = serves ? elsewhere_border(frame) : NULL;
    return border != NULL ? elsewhere->attempt_of(border) : attempt_here(self);
}
