// gate_wait.h - the wait at a gate, inline, for those that wait there for each item.
//
// What gate_wait does (gate.h). Inline, as in suspend.h: a return after the switch is one that the
// processor predicts wrongly; and the wish is known where it is asked. Start reading at
// gate_wait_inline.
#ifndef TENON_EXECUTOR_GATE_WAIT_H
#define TENON_EXECUTOR_GATE_WAIT_H

#include <tenon/status.h>

#include "executor/gate.h"
#include "frame/cancel.h"
#include "frame/ready.h"
#include "scheduler/suspend.h"

struct gate_waiter {
    struct note note;
    struct list_node link; // on a list while it may be woken; under the lock
    struct gate *gate;
    struct list *waiters;
    struct task_stack *stack;
    uint32_t ticket;
    const char *text;
};

// What it is called in reports; and its commit.
void gate_waiter_tell(const struct note *note, char *text, size_t bytes);
void gate_waiter_commit(struct task_stack *stack, void *argument);

__attribute__((always_inline)) static inline int
gate_wait_inline(struct tn_self *self, struct gate *gate, struct list *waiters,
                 const struct gate_wish *wish, const void *subject) {
    struct gate_waiter waiter = {.note.tell = gate_waiter_tell,
                                 .gate = gate,
                                 .waiters = waiters,
                                 .stack = task_stack_of(self),
                                 .text = wish->text};
    for (;;) {
        const int due = cancel_due(self);
        gate_lock(gate);
        if (list_is_linked(&waiter.link)) { // something else has woken it
            list_remove(&waiter.link);
        }
        if (wish->holds(subject)) {
            break;
        }
        if (due != TN_OK) {
            gate_unlock(gate);
            return due;
        }
        waiter.stack->note = &waiter.note;
        ready_begin(self, NULL);
        suspend_stack(waiter.stack, gate_waiter_commit, &waiter);
        ready_over(self);
    }
    return TN_OK;
}

#endif
