// delivery.c - see delivery.h.
#include "frame/delivery.h"

static void subtract(struct delivery *delivery) {
    // acq_rel: pairs with subtract: the last one sees what all others did.
    if (atomic_fetch_sub_acq_rel(&delivery->awaited, 1) == 1) {
        delivery->done(delivery);
    }
}

static void left(struct departure *departure) {
    subtract(container_of(departure, struct delivery, departure));
}

void delivery_init(struct delivery *delivery, void (*done)(struct delivery *delivery)) {
    delivery->departure.left = left;
    delivery->done = done;
    atomic_store_relaxed(&delivery->awaited, 1);
}

void delivery_close(struct delivery *delivery) {
    subtract(delivery);
}

void delivery_add(struct delivery *delivery) {
    atomic_fetch_add_relaxed(&delivery->awaited, 1);
}

void delivery_arrive(struct delivery *delivery, struct task_stack *stack) {
    // A stack is in one wait at a time, so nobody else wants to know of this departure.
    ASSERT(stack->departure == NULL);
    stack->departure = &delivery->departure;
    stack->departing = tasks_in_place(&stack->tasks, stack->tasks.self.top);
    if (stack->departing != NULL) {
        (void)tasks_push_mark(&stack->tasks); // so that its end takes the slow path
    }
}

void delivery_end_in_place(struct task_stack *stack, const struct tn_task *task) {
    struct departure *departure = stack->departure;
    if (UNLIKELY(departure != NULL) && stack->departing == task) {
        stack->departure = NULL;
        departure->left(departure);
    }
}
