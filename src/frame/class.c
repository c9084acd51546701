// class.c - frames with objects: classes, primitives, and who finds them. See class.h for the ends.
//
// Invariant: a frame's list of class objects only grows, at its head and by the frame itself, until
// the frame has left the tree: so those below it read it without a lock. Start reading at
// tn_class_make.
#include "frame/class.h"

#include <tenon/class.h>

#include "frame/current.h"
#include "frame/misuse.h"
#include "frame/primitive.h"

struct instance {
    const struct tn_class *type;
    struct instance *older;     // of the same frame; of a class of frames only
    struct primitive primitive; // of a class of primitives only
    _Alignas(16) unsigned char object[];
};

static struct instance *instance_of(void *object) {
    return (struct instance *)(void *)((char *)object - offsetof(struct instance, object));
}

// ---- ends ------------------------------------------------------------------------------------

static void dispose(struct primitive *primitive) {
    struct instance *instance = container_of(primitive, struct instance, primitive);
    instance->type->destroy(instance->object);
}

static void release(struct primitive *primitive) {
    os_free(container_of(primitive, struct instance, primitive));
}

struct frame *class_leave(struct frame *frame) {
    struct frame *around = frame_parent(frame);
    if (around != NULL) {
        atomic_fetch_add_relaxed(&around->destructing, 1);
    }
    return around;
}

void class_end(struct frame *frame, struct frame *around) {
    struct instance *instance = atomic_load_relaxed(&frame->classes);
    while (instance != NULL) {
        struct instance *older = instance->older;
        instance->type->destroy(instance->object);
        os_free(instance);
        instance = older;
    }
    atomic_store_relaxed(&frame->classes, NULL);
    if (around != NULL) {
        atomic_fetch_sub_release(&around->destructing, 1); // pairs with class_wait
    }
}

// ---- finding ---------------------------------------------------------------------------------

// The newest object of that class in the frame; NULL: none.
static struct instance *find_in(struct frame *frame, const struct tn_class *type) {
    // acquire: pairs with add_class.
    struct instance *instance = atomic_load_acquire(&frame->classes);
    while (instance != NULL && instance->type != type) {
        instance = instance->older;
    }
    return instance;
}

// The nearest frame outwards that is of the class, the current one included, and its object.
static struct frame *find(struct tn_self *self, const struct tn_class *type, void **object) {
    for (struct frame *frame = frame_nearest(self); frame != NULL; frame = frame_parent(frame)) {
        struct instance *instance = find_in(frame, type);
        if (instance != NULL) {
            *object = instance->object;
            return frame;
        }
    }
    *object = NULL;
    return NULL;
}

void *tn_class_find(struct tn_self *self, const struct tn_class *type) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return NULL;
    }
    void *object;
    (void)find(self, type, &object);
    return object;
}

// ---- making ----------------------------------------------------------------------------------

static void add_class(struct frame *frame, struct instance *instance) {
    instance->older = atomic_load_relaxed(&frame->classes);
    // release: pairs with find_in, which reads the object's type and place.
    atomic_store_release(&frame->classes, instance);
}

// An object that its constructor has filled in, owned by nobody yet: TN_OK and *made, or a code.
static int construct(struct tn_self *self, const struct tn_class *type, void *owner_object,
                     const void *arguments, struct instance **made) {
    const size_t bytes = sizeof(struct instance) + type->bytes;
    struct instance *instance = os_allocate(bytes);
    if (instance == NULL) {
        return TN_NO_MEMORY;
    }
    __builtin_memset(instance, 0, bytes);
    instance->type = type;
    const int code = type->construct(self, instance->object, owner_object, arguments);
    if (code != TN_OK) {
        os_free(instance);
        return code;
    }
    *made = instance;
    return TN_OK;
}

static int make_class(struct tn_self *self, const struct tn_class *type, const void *arguments,
                      struct instance **made) {
    struct frame *frame = frame_current(self);
    if (frame == NULL) {
        return TN_NO_MEMORY;
    }
    const int code = construct(self, type, NULL, arguments, made);
    if (code == TN_OK) {
        add_class(frame, *made);
    }
    return code;
}

static int make_primitive(struct tn_self *self, const struct tn_class *type, const void *arguments,
                          struct instance **made) {
    void *owner_object;
    struct frame *owner = find(self, type->owner, &owner_object);
    if (owner == NULL) {
        const char *class = type->owner->name;
        return misuse(TN_NO_OWNER,
                      "%s can't be made outside of a %s frame: call tn_become(%s, ...) in this "
                      "frame or in one around it",
                      type->name, class, class);
    }
    const int code = construct(self, type, owner_object, arguments, made);
    if (code == TN_OK) {
        (*made)->primitive.dispose = dispose;
        (*made)->primitive.release = release;
        primitive_add(owner, &(*made)->primitive);
    }
    return code;
}

int tn_class_make(struct tn_self *self, const struct tn_class *type, const void *arguments,
                  void **object) {
    *object = NULL;
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    struct instance *instance = NULL;
    const int code = type->owner == NULL ? make_class(self, type, arguments, &instance)
                                         : make_primitive(self, type, arguments, &instance);
    if (instance != NULL) {
        *object = instance->object;
    }
    return code;
}

void tn_dispose(struct tn_self *self, void *object) {
    if (object == NULL) {
        return;
    }
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return;
    }
    struct instance *instance = instance_of(object);
    struct frame *owner = instance->primitive.owner;
    struct frame *frame = frame_nearest(self);
    while (frame != NULL && frame != owner) {
        frame = frame_parent(frame);
    }
    if (frame == NULL) {
        (void)misuse(TN_NOT_YOURS,
                     "this %s belongs to another %s: only that frame and those below it may "
                     "dispose of it",
                     instance->type->name, instance->type->owner->name);
        return;
    }
    if (primitive_take(&instance->primitive)) {
        dispose(&instance->primitive);
        release(&instance->primitive);
    }
}
