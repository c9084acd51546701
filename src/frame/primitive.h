// primitive.h - something a frame owns: an event, an awaitable, an object of a primitive class.
//
//            primitive_add         primitives_dispose           primitives_release
//     (none) ------------> OWNED --------------------> DISPOSED ------------------> (none)
//                            \--- primitive_take, by whoever disposes of it early ---^
//
// A frame's primitives are disposed of when it is told to end, after its children are gone and
// before its function unwinds: so their memory stays until the frame has ended, and whoever uses
// one meanwhile finds it disposed of.
// Invariant: both lists are under the owner's lock, newest last; a primitive is disposed of once,
// without that lock. Start reading at primitives_dispose.
#ifndef TENON_FRAME_PRIMITIVE_H
#define TENON_FRAME_PRIMITIVE_H

#include <stdbool.h>

#include "base/list.h"

struct frame;

struct primitive {
    struct list_node link;
    struct frame *owner;
    _Atomic bool is_disposed;
    void (*dispose)(struct primitive *primitive); // ends it; may not wait
    void (*release)(struct primitive *primitive); // gives its memory back
};

// The owner is the newest one's from now on. By the owner or a frame below it, on any thread.
void primitive_add(struct frame *owner, struct primitive *primitive);

// Takes it off its owner: the caller disposes of it and releases it. False when the owner has
// disposed of it already. By the owner or a frame below it, on any thread.
bool primitive_take(struct primitive *primitive);

// Disposes of all that the frame owns, newest first; then gives the memory back,
// and that of the results it has awaited. By the frame.
void primitives_dispose(struct frame *owner);
void primitives_release(struct frame *owner);

#endif
