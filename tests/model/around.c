// around.c - what the sources under test call beside the protocol that a model explores.
//
// Invariant: a model that gets here has left its protocol, and fails; one that means to go there
// defines the function itself or names its source, which counts instead of the weak one here.
// Start reading at OUTSIDE.
#include <tenon/failure.h>

#include "frame/cancel.h"
#include "frame/frame.h"
#include "model/model.h"

#define OUTSIDE __attribute__((weak, noreturn))
#define LEFT_THE_MODEL() model_fail("the model was left", __func__)

#pragma GCC diagnostic ignored "-Wunused-parameter"

OUTSIDE bool awaitable_is_done(struct awaitable *awaitable, int *outcome) {
    LEFT_THE_MODEL();
}

OUTSIDE int awaitable_wait(struct tn_self *self, struct awaitable *awaitable, void **value,
                           bool is_shielded) {
    LEFT_THE_MODEL();
}

OUTSIDE void frame_adopt_child(struct frame *parent, struct frame *child) {
    LEFT_THE_MODEL();
}

OUTSIDE void frame_consume(struct frame *child) {
    LEFT_THE_MODEL();
}

OUTSIDE struct frame *frame_create(struct worker *worker, struct run *run,
                                   const struct tn_type *type, unsigned line,
                                   const void *arguments) {
    LEFT_THE_MODEL();
}

OUTSIDE struct frame *frame_current(struct tn_self *self) {
    LEFT_THE_MODEL();
}

OUTSIDE void frame_forget(struct frame *child) {
    LEFT_THE_MODEL();
}

OUTSIDE struct worker *frame_home_for(struct task_stack *stack, enum tn_level level) {
    LEFT_THE_MODEL();
}

OUTSIDE void frame_share(struct frame *frame) {
    LEFT_THE_MODEL();
}

OUTSIDE void frame_submit(struct frame *frame) {
    LEFT_THE_MODEL();
}

OUTSIDE int frame_wait_for_children(struct tn_self *self, struct frame *frame) {
    LEFT_THE_MODEL();
}

OUTSIDE int tn_end_slow(struct tn_self *self, struct tn_task *task) {
    LEFT_THE_MODEL();
}

OUTSIDE void tn_fail_at(struct tn_self *self, int code, const char *file, unsigned line,
                        const char *format, ...) {
    LEFT_THE_MODEL();
}

OUTSIDE void os_lock_acquire(struct os_lock *lock) {
    LEFT_THE_MODEL();
}

OUTSIDE void os_lock_release(struct os_lock *lock) {
    LEFT_THE_MODEL();
}
