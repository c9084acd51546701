// gate.c - see gate.h.
#include "executor/gate.h"

#include <stdio.h>

#include "executor/gate_wait.h"

void gate_waiter_tell(const struct note *note, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "waits for %s",
                   container_of(note, const struct gate_waiter, note)->text);
}

void gate_waiter_commit(struct task_stack *stack, void *argument) {
    struct gate_waiter *waiter = argument; // gone as soon as the stack may go on
    struct gate *gate = waiter->gate;
    waiter->ticket = task_stack_wait(stack);
    list_push_back(waiter->waiters, &waiter->link);
    cancel_open(stack, waiter->ticket); // whom it wakes comes to the lock first
    gate_unlock(gate);
}

int gate_wait(struct tn_self *self, struct gate *gate, struct list *waiters,
              const struct gate_wish *wish, const void *subject) {
    return gate_wait_inline(self, gate, waiters, wish, subject);
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
