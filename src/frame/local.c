// local.c - see local.h.
#include "frame/local.h"

#include <tenon/local.h>

#include "frame/current.h"
#include "frame/frame.h"
#include "frame/misuse.h"

struct local {
    struct local *older;
    const struct tn_local *key;
    unsigned char value[];
};

// Under the frame's lock.
static struct local *find_in(struct frame *frame, const struct tn_local *key) {
    struct local *local = atomic_load_relaxed(&frame->locals);
    while (local != NULL && local->key != key) {
        local = local->older;
    }
    return local;
}

// False when the frame has none of that key.
static bool overwrite(struct frame *frame, const struct tn_local *key, const void *value) {
    frame_lock(frame);
    struct local *local = find_in(frame, key);
    if (local != NULL) {
        __builtin_memcpy(local->value, value, key->bytes);
    }
    frame_unlock(frame);
    return local != NULL;
}

int tn_local_write(struct tn_self *self, const struct tn_local *key, const void *value) {
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    struct frame *frame = frame_current(self);
    if (frame == NULL) {
        return TN_NO_MEMORY;
    }
    if (overwrite(frame, key, value)) {
        return TN_OK;
    }
    struct local *local = os_allocate(sizeof *local + key->bytes);
    if (local == NULL) {
        return TN_NO_MEMORY;
    }
    local->key = key;
    __builtin_memcpy(local->value, value, key->bytes);
    frame_lock(frame);
    local->older = atomic_load_relaxed(&frame->locals);
    atomic_store_relaxed(&frame->locals, local);
    frame_unlock(frame);
    return TN_OK;
}

static bool copy_from(struct frame *frame, const struct tn_local *key, void *value) {
    // Most frames have none; who sees no list here could as well have come a moment earlier.
    if (atomic_load_relaxed(&frame->locals) == NULL) {
        return false;
    }
    frame_lock(frame);
    const struct local *local = find_in(frame, key);
    if (local != NULL) {
        __builtin_memcpy(value, local->value, key->bytes);
    }
    frame_unlock(frame);
    return local != NULL;
}

bool tn_local_read(struct tn_self *self, const struct tn_local *key, void *value) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return false;
    }
    for (struct frame *frame = frame_nearest(self); frame != NULL; frame = frame_parent(frame)) {
        if (copy_from(frame, key, value)) {
            return true;
        }
    }
    return false;
}

void local_end(struct frame *frame) {
    struct local *local = atomic_load_relaxed(&frame->locals);
    while (local != NULL) {
        struct local *older = local->older;
        os_free(local);
        local = older;
    }
    atomic_store_relaxed(&frame->locals, NULL);
}
