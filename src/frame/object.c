// object.c - see object.h.
#include "frame/object.h"

#include <stdio.h>

#include <tenon/event.h>

static void retain(struct awaitable *awaitable) {
    object_retain(container_of(awaitable, struct object, awaitable));
}

static void release(struct awaitable *awaitable) {
    object_release(container_of(awaitable, struct object, awaitable));
}

static void tell(const struct awaitable *awaitable, char *text, size_t bytes) {
    const struct object *object = container_of(awaitable, const struct object, awaitable);
    if (object->name != NULL) {
        (void)snprintf(text, bytes, "waits for the event %s", object->name);
    } else {
        (void)snprintf(text, bytes, "waits for an awaitable of its own or of others");
    }
}

static const struct awaitable_kind kind = {retain, release, tell};

struct object *object_from_awaitable(const struct awaitable *awaitable) {
    return awaitable->kind != &kind
               ? NULL
               : container_of((struct awaitable *)(uintptr_t)awaitable, struct object, awaitable);
}

void object_retain(struct object *object) {
    atomic_fetch_add_relaxed(&object->references, 1);
}

void object_release(struct object *object) {
    // acq_rel: pairs with object_release: the last one sees what all others did.
    if (atomic_fetch_sub_acq_rel(&object->references, 1) == 1) {
        if (object->destroy != NULL) {
            object->destroy(object);
        } else {
            os_free(object);
        }
    }
}

static void dispose(struct primitive *primitive) {
    struct object *object = container_of(primitive, struct object, primitive);
    awaitable_complete(&object->awaitable, object->outcome_at_end, NULL, true, NULL);
    if (object->withdraw != NULL) {
        object->withdraw(object);
    }
}

static void let_go(struct primitive *primitive) {
    object_release(container_of(primitive, struct object, primitive));
}

void object_init(struct object *object, struct scheduler *scheduler) {
    awaitable_init(&object->awaitable, &kind, !scheduler->is_shared);
    object->primitive.dispose = dispose;
    object->primitive.release = let_go;
    object->outcome_at_end = TN_REMOVED;
    atomic_store_relaxed(&object->references, 1);
}

void object_give(struct object *object, struct frame *owner) {
    primitive_add(owner, &object->primitive);
}

void *object_create(struct tn_self *self, size_t bytes, void (*withdraw)(struct object *object)) {
    struct frame *owner = frame_current(self);
    struct object *object = owner == NULL ? NULL : os_allocate(bytes);
    if (object == NULL) {
        return NULL;
    }
    __builtin_memset(object, 0, bytes);
    object_init(object, task_stack_of(self)->scheduler);
    object->withdraw = withdraw;
    object->may_be_dropped = true;
    object_give(object, owner);
    return object;
}

struct object *object_of(struct awaitable *awaitable) {
    return awaitable->kind == &kind ? container_of(awaitable, struct object, awaitable) : NULL;
}

void object_dispose(struct object *object) {
    if (primitive_take(&object->primitive)) {
        dispose(&object->primitive);
        object_release(object);
    }
}

void tn_drop(struct tn_self *self, struct tn_awaitable *awaitable) {
    (void)self;
    struct object *object =
        awaitable == NULL ? NULL : object_from_awaitable((struct awaitable *)(void *)awaitable);
    if (object != NULL && object->may_be_dropped) {
        object_dispose(object);
    }
}
