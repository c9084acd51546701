// fail.c - a failure goes up the tree; one that nobody absorbs ends the run.
//
// Invariant: handlers are asked innermost first, once each, on the thread of the failure, before
// the failed frame's children are removed. Start reading at tn_fail_at.
#include "frame/fail.h"

#include <stdarg.h>
#include <stdio.h>

#include "frame/current.h"
#include "frame/elsewhere.h"
#include "frame/failure.h"
#include "frame/frame.h"
#include "frame/misuse.h"
#include "frame/run.h"

#define PATH_BYTES 512
#define MESSAGE_BYTES 512

static struct tn_frame *handle_of(struct frame *frame) {
    return (struct tn_frame *)(void *)frame;
}

// ---- handlers --------------------------------------------------------------------------------

int tn_on_failure(struct tn_self *self, tn_failure_handler *handler, void *data) {
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    struct frame *frame = frame_current(self);
    if (frame == NULL) {
        return TN_NO_MEMORY;
    }
    frame_lock(frame);
    frame->handler = handler;
    frame->handler_data = data;
    frame_unlock(frame);
    return TN_OK;
}

// A failure on its way up. `told` is the current one, and `record`, unless there was no memory for
// it, what will be kept of it.
struct raising {
    struct run *run;
    struct tn_failure told;
    struct failure *record;
};

static const struct tn_failure *view(const struct raising *raising) {
    const struct failure *record = raising->record;
    return record != NULL ? &record->faces[FAILURE_OF_FRAME] : &raising->told;
}

static struct failure *make_record(struct run *run, const struct tn_failure *told) {
    return failure_create(told, atomic_fetch_add_relaxed(&run->failures_count, 1));
}

// A handler of `frame` passes the failure on with another code: a new one, because of the former.
static void replace_code(struct raising *raising, int code, struct frame *frame) {
    char path[PATH_BYTES];
    char message[MESSAGE_BYTES + PATH_BYTES];
    (void)tn_frame_path(handle_of(frame), path, sizeof path);
    (void)snprintf(message, sizeof message, "%d became %d in the handler of %s", raising->told.code,
                   code, path);
    struct failure *former = raising->record;
    struct tn_failure told = raising->told;
    told.code = code;
    told.message = message;
    told.cause = view(raising);
    raising->record = make_record(raising->run, &told);
    if (raising->record != NULL) {
        raising->told = raising->record->faces[FAILURE_OF_FRAME];
        if (former != NULL) {
            failure_release(former);
        }
    } else { // what is known of the former is all that can be kept
        raising->told.code = code;
        raising->record = former;
    }
}

// True when one of the handlers from `frame` outwards absorbs the failure. *outcome is what they
// made of its code.
static bool ask_handlers(struct frame *frame, struct raising *raising, int *outcome) {
    *outcome = raising->told.code;
    for (; frame != NULL; frame = frame_parent(frame)) {
        frame_lock(frame);
        tn_failure_handler *handler = frame->handler;
        void *data = frame->handler_data;
        frame_unlock(frame);
        if (handler == NULL) {
            continue;
        }
        int code = raising->told.code;
        const enum tn_verdict verdict = handler(view(raising), &code, data);
        if (code >= 0) {
            code = misuse(raising->told.code,
                          "a failure handler left %d in *replace: put a negative code there", code);
        }
        *outcome = code;
        if (verdict == TN_ABSORB) {
            return true;
        }
        if (code != raising->told.code) {
            replace_code(raising, code, frame);
        }
    }
    return false;
}

// ---- keeping ---------------------------------------------------------------------------------

static void keep_with(struct frame *parent, struct failure *record) {
    record->is_with_parent = true;
    frame_lock(parent);
    failure_keep(&parent->failures, record, FAILURE_OF_CHILD);
    frame_unlock(parent);
}

// The frame that keeps the failure of `frame` as its child's; NULL: root has none, nor has a frame
// that runs for another process; and a stolen
// frame's parent, which is on another thread, may have to be made a frame first: it does that
// itself when it looks (fail_collect).
static struct frame *find_keeper(struct frame *frame) {
    struct task_stack *stack = frame->origin;
    if (stack == NULL) {
        const bool is_border = frame->body != NULL && frame->body->failed != NULL;
        return is_border ? NULL : frame->parent;
    }
    if (stack != frame->stack) {
        return NULL;
    }
    struct tn_task *slot = tasks_in_place(&stack->tasks, frame->slot);
    if (slot == NULL) {
        return stack->frame;
    }
    struct frame *parent = task_adopter(slot);
    if (parent == NULL) {
        parent = frame_in_place(stack, slot);
        // The parent's end has to take the slow path now: what `frame` leaves behind sees to it.
        frame->leaves_mark = parent != NULL;
    }
    return parent != NULL ? parent : frame_parent(frame);
}

void fail_collect(struct tn_self *self, struct frame *stolen) {
    // acquire: pairs with settle_failure.
    struct failure *record = atomic_load_acquire(&stolen->failure);
    if (record == NULL || record->is_with_parent) {
        return;
    }
    struct frame *parent = frame_current(self);
    keep_with(parent != NULL ? parent : frame_nearest(self), record);
}

// The last step: whoever looks finds the record from now on.
static void settle_failure(struct frame *frame, struct raising *raising) {
    if (raising->record == NULL) {
        return;
    }
    struct frame *parent = find_keeper(frame);
    if (parent != NULL) {
        keep_with(parent, raising->record);
    }
    // release: pairs with fail_collect and tn_failure_of.
    atomic_store_release(&frame->failure, raising->record);
}

// ---- failing ---------------------------------------------------------------------------------

// Nobody has absorbed the failure of `frame`: it ends the run, or what runs for another process.
static void end_above(struct frame *frame, int code, struct failure *record) {
    struct frame *border = elsewhere_border(frame);
    if (border != NULL) {
        border->body->failed(border, frame, code, record);
    } else {
        run_fail(frame->run, code, record);
    }
}

// Takes the failure that `told` begins from `frame` to the handlers, and to whoever keeps it.
// Without a path in it the frame's own is its.
static void take_up(struct frame *frame, const struct tn_failure *told) {
    char path[PATH_BYTES];
    struct raising raising = {.run = frame->run, .told = *told};
    if (told->path == NULL) {
        (void)tn_frame_path(handle_of(frame), path, sizeof path);
        raising.told.path = path;
    }
    raising.record = make_record(frame->run, &raising.told);
    int outcome;
    const bool is_absorbed = ask_handlers(frame, &raising, &outcome);
    frame->failure_code = outcome;
    if (!is_absorbed) {
        end_above(frame, outcome, raising.record);
    }
    settle_failure(frame, &raising);
}

// The frame that failed: its own node, or, if there is no memory for one, the nearest outwards.
// NULL when it has failed before.
static struct frame *mark_failed(struct tn_self *self, int code) {
    struct frame *frame = frame_current(self);
    if (frame == NULL) {
        frame = frame_nearest(self);
    }
    if (frame->failure_code != 0) {
        return NULL;
    }
    frame->failure_code = code;
    frame_lock(frame);
    frame_count_cancel(frame);
    frame_unlock(frame);
    tasks_poke(&task_stack_of(self)->tasks); // its next await shall look
    return frame;
}

void tn_fail_at(struct tn_self *self, const struct tn_failure *cause, int code, const char *file,
                unsigned line, const char *format, ...) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return;
    }
    if (code >= 0) {
        code = misuse(TN_OUT_OF_RANGE, "a failure has a negative code, not %d (%s:%u)", code, file,
                      line);
    }
    struct frame *frame = mark_failed(self, code);
    if (frame == NULL) {
        return;
    }
    char message[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    take_up(frame,
            &(struct tn_failure){
                .code = code, .message = message, .file = file, .line = line, .cause = cause});
}

void fail_told(struct tn_self *self, const struct tn_failure *told) {
    struct frame *frame = mark_failed(self, told->code);
    if (frame != NULL) {
        take_up(frame, told);
    }
}

void fail_told_beside(struct frame *frame, const struct tn_failure *told) {
    struct raising raising = {.run = frame->run, .told = *told};
    int outcome;
    raising.record = make_record(frame->run, told);
    if (!ask_handlers(frame, &raising, &outcome)) {
        end_above(frame, outcome, raising.record);
    }
    if (raising.record != NULL) {
        failure_release(raising.record);
    }
}

void fail_frame(struct frame *frame, int code, const char *message) {
    frame->failure_code = code;
    take_up(frame,
            &(struct tn_failure){
                .code = code, .message = message, .file = frame->type->file, .line = frame->line});
}

int fail_task(struct task_stack *stack, struct tn_task *task, int code, const char *message) {
    struct frame *above = frame_outwards(stack, task);
    char path[PATH_BYTES];
    const size_t length = tn_frame_path(handle_of(above), path, sizeof path);
    (void)snprintf(path + length, sizeof path - length, "/%s", task->type->name);
    struct raising raising = {.run = above->run,
                              .told = {.code = code,
                                       .message = message,
                                       .path = path,
                                       .file = task->type->file,
                                       .line = task_line(task)}};
    raising.record = make_record(above->run, &raising.told);
    int outcome;
    if (!ask_handlers(above, &raising, &outcome)) {
        end_above(above, outcome, raising.record);
    }
    if (raising.record != NULL) {
        keep_with(above, raising.record);
        failure_release(raising.record);
    }
    return outcome;
}

// ---- looking back ----------------------------------------------------------------------------

const struct tn_failure *tn_children_failures(struct tn_self *self) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return NULL;
    }
    struct tasks *tasks = &task_stack_of(self)->tasks;
    struct tn_task *slot = tasks_in_place(tasks, self->top);
    // Whatever lies above is a child's place; one with a frame was stolen.
    for (struct tn_task *task = slot != NULL ? slot + 1 : tasks->first; task < self->top; task++) {
        struct frame *stolen = task_adopter(task);
        if (stolen != NULL) {
            fail_collect(self, stolen);
        }
    }
    struct frame *frame = slot != NULL ? task_adopter(slot) : task_stack_of(self)->frame;
    if (frame == NULL) {
        return NULL;
    }
    frame_lock(frame);
    const struct tn_failure *oldest = failure_show(frame->failures, FAILURE_OF_CHILD);
    frame_unlock(frame);
    return oldest;
}

const struct tn_failure *tn_failure_of(const struct tn_frame *handle) {
    const struct frame *frame = (const struct frame *)(const void *)handle;
    if (frame == NULL || frame_state(frame) != FRAME_ENDED) {
        return NULL;
    }
    // acquire: pairs with settle_failure.
    const struct failure *record =
        atomic_load_acquire(&((struct frame *)(uintptr_t)frame)->failure);
    return record == NULL ? NULL : &record->faces[FAILURE_OF_FRAME];
}
