// fail.c - a failure goes up the tree; one that nobody absorbs ends the run.
//
// Invariant: handlers are asked innermost first, once each, on the thread of the failure, before
// the failed frame's children are removed. Start reading at tn_fail_at.
#include <stdarg.h>
#include <stdio.h>

#include "frame/cancel.h"
#include "frame/frame.h"
#include "frame/run.h"

#define PATH_BYTES 256

int tn_on_failure(struct tn_self *self, tn_failure_handler *handler, void *data) {
    struct frame *frame = frame_current(self);
    if (frame == NULL) {
        return TN_NO_MEMORY;
    }
    os_lock_acquire(&frame->lock);
    frame->handler = handler;
    frame->handler_data = data;
    os_lock_release(&frame->lock);
    return TN_OK;
}

// True when one of the handlers from `frame` outwards absorbs the failure. *code is what they made
// of it.
static bool ask_handlers(struct frame *frame, struct tn_failure *failure, int *code) {
    for (; frame != NULL; frame = frame_parent(frame)) {
        os_lock_acquire(&frame->lock);
        tn_failure_handler *handler = frame->handler;
        void *data = frame->handler_data;
        os_lock_release(&frame->lock);
        if (handler == NULL) {
            continue;
        }
        failure->code = *code;
        if (handler(failure, code, data) == TN_ABSORB) {
            return true;
        }
    }
    return false;
}

// The frame that failed: its own node, or, if there is no memory for one, the nearest outwards.
static struct frame *mark_failed(struct tn_self *self, int code) {
    struct frame *frame = frame_current(self);
    if (frame == NULL) {
        frame = frame_nearest(self);
    }
    if (frame->failure_code != 0) {
        return NULL;
    }
    frame->failure_code = code;
    os_lock_acquire(&frame->lock);
    frame_count_cancel(frame);
    os_lock_release(&frame->lock);
    return frame;
}

void tn_fail_at(struct tn_self *self, const struct tn_failure *cause, int code, const char *file,
                unsigned line, const char *format, ...) {
    REQUIRE(code < 0, "a failure's code is negative");
    struct frame *frame = mark_failed(self, code);
    if (frame == NULL) {
        return;
    }
    char message[RUN_MESSAGE_BYTES / 2];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    char path[PATH_BYTES];
    (void)tn_frame_path((const struct tn_frame *)(const void *)frame, path, sizeof path);
    struct tn_failure failure = {code, message, path, file, line, cause, NULL};
    int final_code = code;
    if (ask_handlers(frame, &failure, &final_code)) {
        return;
    }
    char text[2 * RUN_MESSAGE_BYTES];
    (void)snprintf(text, sizeof text, "%s failed at %s:%u: %s", path, file, line, message);
    run_fail(frame->run, final_code, text);
}
