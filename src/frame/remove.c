// remove.c - frames as objects: the current one, and removing one from anywhere.
//
// Removal is a request and a wait: the frame itself, on its own stack, removes its children and
// unwinds (cancel.c). Start reading at tn_remove.
#include "frame/cancel.h"
#include "frame/frame.h"

struct tn_frame *tn_this(struct tn_self *self) {
    struct frame *frame = frame_current(self);
    if (frame != NULL) {
        frame_share(frame);
    }
    return (struct tn_frame *)(void *)frame;
}

static bool is_current_or_above(struct tn_self *self, const struct frame *frame) {
    for (struct frame *at = frame_nearest(self); at != NULL; at = frame_parent(at)) {
        if (at == frame) {
            return true;
        }
    }
    return false;
}

bool tn_remove(struct tn_self *self, struct tn_frame *handle) {
    struct frame *frame = (struct frame *)(void *)handle;
    if (frame_state(frame) == FRAME_ENDED || !cancel_request(frame, TN_CANCELLED)) {
        return false;
    }
    if (!is_current_or_above(self, frame)) {
        (void)awaitable_wait(self, &frame->done, NULL, false);
    }
    return true;
}
