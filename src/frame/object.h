// object.h - an awaitable that a frame owns: events, timers, all and any.
//
// Invariant: one reference is the owner's, until it has ended or object_dispose; each wait and each
// all or any that it is part of holds another. The memory goes with the last one. Start reading at
// object_create.
#ifndef TENON_FRAME_OBJECT_H
#define TENON_FRAME_OBJECT_H

#include "frame/frame.h"
#include "frame/primitive.h"

struct object {
    struct awaitable awaitable;
    struct primitive primitive;
    // Takes the object out of whatever may still call it; the awaitable has completed for good.
    void (*withdraw)(struct object *object);
    // Gives its memory back; NULL: it was allocated.
    void (*destroy)(struct object *object);
    const char *name;    // of an event; NULL: none
    bool may_be_dropped; // it was made by object_create
    int outcome_at_end;  // for those who wait when it is disposed of
    _Atomic int references;
};

// The object whose awaitable it is; NULL: it is something else.
struct object *object_from_awaitable(const struct awaitable *awaitable);

// Zeroed memory of `bytes` bytes that begins with struct object, owned by the current frame. NULL:
// no memory. `withdraw` may be NULL.
void *object_create(struct tn_self *self, size_t bytes, void (*withdraw)(struct object *object));

// The two halves of it. Makes an object of zeroed memory; the reference is the caller's.
void object_init(struct object *object, struct scheduler *scheduler);
// The frame owns it from now on, and has that reference.
void object_give(struct object *object, struct frame *owner);

// Ends the object before its owner ends: waiters receive TN_REMOVED. Nothing happens when the owner
// has disposed of it already, because it is being removed.
void object_dispose(struct object *object);

// The object whose awaitable this is; NULL when it is the awaitable of a frame.
struct object *object_of(struct awaitable *awaitable);

void object_retain(struct object *object);
void object_release(struct object *object);

#endif
