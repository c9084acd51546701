// join.c - results of several children at once; and for frames that did not spawn, by handle, any
// number of times.
#include "frame/awaitable.h"
#include "frame/frame.h"
#include "frame/misuse.h"
#include "scheduler/hard.h"

// The constant that describes a function exists once in each file that includes its declaration.
static bool is_same(const struct tn_type *one, const struct tn_type *other) {
    return one == other || one->invoke == other->invoke;
}

int tn_join_type(struct tn_self *self, const struct tn_type *type, struct tn_frame *handle,
                 void *value) {
    struct frame *frame = (struct frame *)(void *)handle;
    if (frame == NULL) {
        return TN_NO_MEMORY;
    }
    if (!is_same(frame->type, type)) {
        return misuse(TN_WRONG_TYPE, "tn_join(%s, ...) of a frame of %s: name its own function",
                      type->name, frame->type->name);
    }
    int outcome;
    if (awaitable_is_done(&frame->done, &outcome)) {
        hard_await(task_stack_of(self));
    } else {
        outcome = awaitable_wait(self, &frame->done, NULL, false);
    }
    if (value != NULL && outcome == TN_OK) {
        __builtin_memcpy(value, frame->payload, type->result_bytes);
    }
    return outcome;
}

int tn_await_each(struct tn_self *self, size_t count, void *const *tasks) {
    // The newest first: it lies on top and can run in place.
    for (size_t i = count; i-- > 0;) {
        struct tn_handle *handle = tasks[i];
        if (handle->task != NULL) {
            const struct tn_type *type = handle->task->type;
            void *value = (char *)handle + type->value_offset;
            handle->outcome =
                tn_await_slow(self, handle->task, type->result_bytes > 0 ? value : NULL);
            handle->task = NULL;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct tn_handle *handle = tasks[i];
        if (handle->outcome != TN_OK) {
            return handle->outcome;
        }
    }
    return TN_OK;
}
