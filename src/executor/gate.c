// gate.c - see gate.h.
#include "executor/gate.h"

#include <stdio.h>

#include <tenon/status.h>

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

static void tell(const struct note *note, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "waits for %s",
                   container_of(note, const struct gate_waiter, note)->text);
}

static void commit(struct task_stack *stack, void *argument) {
    struct gate_waiter *waiter = argument; // gone as soon as the stack may go on
    struct gate *gate = waiter->gate;
    waiter->ticket = task_stack_wait(stack);
    list_push_back(waiter->waiters, &waiter->link);
    cancel_open(stack, waiter->ticket); // whom it wakes comes to the lock first
    gate_unlock(gate);
}

int gate_wait(struct tn_self *self, struct gate *gate, struct list *waiters,
              const struct gate_wish *wish, const void *subject) {
    struct gate_waiter waiter = {.note.tell = tell,
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
        suspend_stack(waiter.stack, commit, &waiter);
        ready_over(self);
    }
    return TN_OK;
}

bool gate_wake(struct gate *gate, struct list *waiters) {
    struct list_node *node;
    while ((node = list_pop_front(waiters)) != NULL) {
        struct gate_waiter *waiter = container_of(node, struct gate_waiter, link);
        struct task_stack *stack = waiter->stack;
        const bool is_claimed = gate->is_local ? task_stack_claim_alone(stack, waiter->ticket)
                                               : task_stack_claim(stack, waiter->ticket);
        if (is_claimed) { // else a cancellation has: it does not count
            worker_ready(stack->scheduler, stack);
            return true;
        }
    }
    return false;
}

void gate_wake_all(struct gate *gate, struct list *waiters) {
    while (gate_wake(gate, waiters)) {
    }
}
