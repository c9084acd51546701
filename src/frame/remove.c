// remove.c - frames as objects: the current one, and removing one from anywhere.
//
// Removal announces itself (free.h), asks the frame to end (cancel.h), and waits: the frame itself,
// on its own stack, removes its children and unwinds. tn_remove waits on the stack of who calls it;
// tn_removal is a chain of callbacks that belongs to an awaitable.
// Invariant: `is_in_removal` is set by one removal at a time, and stays unless that is refused.
// Start reading at tn_remove.
#include <tenon/event.h>

#include "frame/cancel.h"
#include "frame/current.h"
#include "frame/frame.h"
#include "frame/free.h"
#include "frame/misuse.h"
#include "frame/object.h"

struct tn_frame *tn_this(struct tn_self *self) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return NULL;
    }
    struct frame *frame = frame_current(self);
    if (frame != NULL) {
        frame_share(frame);
    }
    return (struct tn_frame *)(void *)frame;
}

// False when the frame has ended or somebody else is at it.
static bool claim(struct frame *frame) {
    return frame_state(frame) != FRAME_ENDED &&
           !atomic_exchange_relaxed(&frame->is_in_removal, true);
}

static void give_up(struct frame *frame) {
    atomic_store_relaxed(&frame->is_in_removal, false);
}

// ---- waiting for it --------------------------------------------------------------------------

static bool is_current_or_above(struct tn_self *self, const struct frame *frame) {
    for (struct frame *at = frame_nearest(self); at != NULL; at = frame_parent(at)) {
        if (at == frame) {
            return true;
        }
    }
    return false;
}

// Announces it and asks the frame to end: false when that is off, or somebody else was first.
static bool begin(struct tn_self *self, struct frame *frame) {
    struct announcement announcement;
    bool is_begun = free_announce_removal(self, frame, &announcement);
    if (is_begun) {
        is_begun = cancel_request(frame, TN_CANCELLED);
    } else {
        give_up(frame);
    }
    free_finish(&announcement);
    return is_begun;
}

bool tn_remove(struct tn_self *self, struct tn_frame *handle) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return false;
    }
    struct frame *frame = (struct frame *)(void *)handle;
    if (frame == NULL || !claim(frame)) {
        return false;
    }
    // Its parent, who keeps it for those with a handle, may end before we go on.
    frame_retain(frame);
    const bool is_begun = begin(self, frame);
    if (is_begun && !is_current_or_above(self, frame)) {
        (void)awaitable_wait(self, &frame->done, NULL, false);
    }
    frame_release(frame);
    return is_begun;
}

// ---- as an awaitable -------------------------------------------------------------------------

// Holds a reference of its own and of the frame until `finish`, so that it goes on when its owner
// ends.
struct removal {
    struct object object; // first
    struct frame *frame;
    struct announcement announcement;
    struct subscriber end; // of the frame
};

static void finish(struct removal *removal, int outcome) {
    awaitable_complete(&removal->object.awaitable, outcome, NULL, true, NULL);
    frame_release(removal->frame);
    object_release(&removal->object);
}

static void frame_is_gone(struct subscriber *subscriber, int outcome, void *value,
                          struct delivery *delivery) {
    (void)outcome;
    (void)value;
    (void)delivery;
    finish(container_of(subscriber, struct removal, end), TN_OK);
}

static void ask_to_end(struct removal *removal) {
    if (!cancel_request(removal->frame, TN_CANCELLED)) {
        finish(removal, TN_REMOVED);
    } else if (!awaitable_subscribe(&removal->frame->done, &removal->end)) {
        finish(removal, TN_OK);
    }
}

static void is_announced(struct announcement *announcement) {
    struct removal *removal = container_of(announcement, struct removal, announcement);
    object_retain(&removal->object); // for free_finish
    if (free_conclude(announcement)) {
        ask_to_end(removal);
    } else {
        give_up(removal->frame);
        finish(removal, TN_REFUSED);
    }
    free_finish(announcement);
    object_release(&removal->object);
}

struct tn_awaitable *tn_removal(struct tn_self *self, struct tn_frame *handle) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return NULL;
    }
    struct frame *frame = (struct frame *)(void *)handle;
    struct removal *removal = frame == NULL ? NULL : object_create(self, sizeof *removal, NULL);
    if (removal == NULL) {
        return NULL;
    }
    removal->frame = frame;
    removal->end.fire = frame_is_gone;
    list_node_init(&removal->end.link);
    object_retain(&removal->object);
    frame_retain(frame);
    if (claim(frame)) {
        free_begin(&removal->announcement, frame, is_announced);
    } else {
        finish(removal, TN_REMOVED);
    }
    return (struct tn_awaitable *)(void *)&removal->object.awaitable;
}
