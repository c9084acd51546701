// awaitable_wait.h - waiting for an awaitable, inline, for those waits that are made often.
//
// What awaitable_wait does (awaitable.h). Inline, as in suspend.h: each return after the switch is
// one that the processor predicts wrongly. Start reading at awaitable_wait_inline.
#ifndef TENON_FRAME_AWAITABLE_WAIT_H
#define TENON_FRAME_AWAITABLE_WAIT_H

#include <tenon/status.h>

#include "base/atomic.h"
#include "frame/awaitable.h"
#include "frame/cancel.h"
#include "frame/delivery.h"
#include "frame/frame.h"
#include "frame/note.h"
#include "frame/ready.h"
#include "scheduler/suspend.h"

struct awaitable_waiter {
    struct note note;
    struct subscriber subscriber;
    struct awaitable *awaitable;
    struct task_stack *stack;
    uint32_t ticket;
    bool is_shielded;
    bool was_done; // before the wait began
    bool stays;    // linked since it was asked where it stands
    int outcome;
    void *value;
    struct delivery *delivery; // that woke it and counts it; NULL: none
    _Atomic bool has_fired;    // and whoever fired it is done with it
};

// For its note, see note.h; for its subscription; and its commit.
void awaitable_waiter_tell(const struct note *note, char *text, size_t bytes);
bool awaitable_waiter_ends_inside(const struct note *note);
bool awaitable_waiter_awaited(const struct note *note, struct meeting *meeting);
void awaitable_waiter_fire(struct subscriber *subscriber, int outcome, void *value,
                           struct delivery *delivery);
void awaitable_waiter_commit(struct task_stack *stack, void *argument);

// The stack was woken by another than the awaitable. Is its wait over all the same? Else the waiter
// is taken off if the frame is to end; if it was only asked where it stands it stays, so that it
// misses nothing.
bool awaitable_waiter_is_cut(struct awaitable_waiter *waiter, struct tn_self *self);

// The frame is to end, because of `due`, and does not begin its wait, or not again.
void awaitable_waiter_give_up(struct awaitable_waiter *waiter, int due);

static inline bool awaitable_waiter_has_fired(struct awaitable_waiter *waiter) {
    // acquire: pairs with awaitable_waiter_fire.
    return waiter->was_done || atomic_load_acquire(&waiter->has_fired);
}

__attribute__((always_inline)) static inline int awaitable_wait_inline(struct tn_self *self,
                                                                       struct awaitable *awaitable,
                                                                       void **value,
                                                                       bool is_shielded) {
    struct task_stack *stack = task_stack_of(self);
    // On one thread, what completes has told the waiter before its memory can go.
    const struct awaitable_kind *kind = awaitable->is_local ? NULL : awaitable->kind;
    struct awaitable_waiter waiter = {.note.tell = awaitable_waiter_tell,
                                      .note.ends_inside = awaitable_waiter_ends_inside,
                                      .note.awaited = awaitable_waiter_awaited,
                                      .subscriber.fire = awaitable_waiter_fire,
                                      .awaitable = awaitable,
                                      .stack = stack,
                                      .is_shielded = is_shielded,
                                      .outcome = TN_CANCELLED};
    if (kind != NULL) {
        kind->retain(awaitable);
    }
    do {
        const int due = is_shielded ? TN_OK : cancel_due(self);
        if (due != TN_OK) {
            awaitable_waiter_give_up(&waiter, due);
            break;
        }
        stack->note = &waiter.note;
        if (!is_shielded) {
            ready_begin(self, awaitable);
        }
        suspend_stack(stack, awaitable_waiter_commit, &waiter);
    } while (!awaitable_waiter_has_fired(&waiter) && !awaitable_waiter_is_cut(&waiter, self));
    sanitizer_take_over(awaitable);
    ready_over(self);
    if (kind != NULL) {
        kind->release(awaitable);
    }
    if (waiter.delivery != NULL) {
        delivery_arrive(waiter.delivery, stack);
    }
    if (value != NULL) {
        *value = waiter.value;
    }
    return waiter.outcome;
}

#endif
