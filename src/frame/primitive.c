// primitive.c - see primitive.h.
#include "frame/primitive.h"

#include "base/atomic.h"
#include "frame/frame.h"
#include "frame/room.h"

void primitive_add(struct frame *owner, struct primitive *primitive) {
    primitive->owner = owner;
    atomic_store_relaxed(&primitive->is_disposed, false);
    frame_lock(owner);
    list_push_back(&owner->primitives, &primitive->link);
    frame_unlock(owner);
}

bool primitive_take(struct primitive *primitive) {
    struct frame *owner = primitive->owner;
    frame_lock(owner);
    const bool is_owned = !atomic_load_relaxed(&primitive->is_disposed);
    if (is_owned) {
        atomic_store_relaxed(&primitive->is_disposed, true);
        list_remove(&primitive->link);
    }
    frame_unlock(owner);
    return is_owned;
}

// The newest one that is still owned, which is now with the disposed ones; NULL: none.
static struct primitive *newest(struct frame *owner) {
    struct primitive *primitive = NULL;
    frame_lock(owner);
    struct list_node *node = list_pop_back(&owner->primitives);
    if (node != NULL) {
        primitive = container_of(node, struct primitive, link);
        atomic_store_relaxed(&primitive->is_disposed, true);
        list_push_back(&owner->disposed, &primitive->link);
    }
    frame_unlock(owner);
    return primitive;
}

void primitives_dispose(struct frame *owner) {
    struct primitive *primitive;
    // Whoever could add to the list from another thread is gone: a glance needs no lock.
    while (!list_is_empty(&owner->primitives) && (primitive = newest(owner)) != NULL) {
        primitive->dispose(primitive);
    }
}

void primitives_release(struct frame *owner) {
    // Its function has returned and nothing below it is left: nobody else is here.
    struct list_node *node;
    while ((node = list_pop_back(&owner->disposed)) != NULL) {
        struct primitive *primitive = container_of(node, struct primitive, link);
        primitive->release(primitive);
    }
    if (UNLIKELY(owner->received != NULL)) {
        room_free_all(owner->received);
    }
}
