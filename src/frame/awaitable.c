// awaitable.c - see awaitable.h. A waiter is claimed by its stack's ticket: task_stack.h.
#include "frame/awaitable.h"

#include <tenon/status.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "frame/cancel.h"
#include "frame/delivery.h"
#include "frame/frame.h"
#include "scheduler/worker.h"

void awaitable_init(struct awaitable *awaitable, const struct awaitable_kind *kind) {
    awaitable->kind = kind;
    os_lock_init(&awaitable->lock);
    atomic_store_relaxed(&awaitable->is_done, false);
    awaitable->outcome = TN_OK;
    awaitable->value = NULL;
    list_init(&awaitable->subscribers);
}

bool awaitable_subscribe(struct awaitable *awaitable, struct subscriber *subscriber) {
    os_lock_acquire(&awaitable->lock);
    const bool is_done = atomic_load_relaxed(&awaitable->is_done);
    if (!is_done) {
        list_push_back(&awaitable->subscribers, &subscriber->link);
    }
    os_lock_release(&awaitable->lock);
    return !is_done;
}

bool awaitable_unsubscribe(struct awaitable *awaitable, struct subscriber *subscriber) {
    os_lock_acquire(&awaitable->lock);
    const bool was_linked = list_is_linked(&subscriber->link);
    if (was_linked) {
        list_remove(&subscriber->link);
    }
    os_lock_release(&awaitable->lock);
    return was_linked;
}

void awaitable_complete(struct awaitable *awaitable, int outcome, void *value, bool for_good,
                        struct delivery *delivery) {
    sanitizer_hand_over(awaitable);
    os_lock_acquire(&awaitable->lock);
    if (!atomic_load_relaxed(&awaitable->is_done)) {
        awaitable->outcome = outcome;
        awaitable->value = for_good ? value : NULL;
        // release: pairs with awaitable_is_done, which then reads the outcome.
        atomic_store_release(&awaitable->is_done, for_good);
        // Only those that are here now: who subscribes again while these run waits for the next.
        struct list now = LIST_INIT(now);
        list_append(&now, &awaitable->subscribers);
        struct list_node *node;
        while ((node = list_pop_front(&now)) != NULL) {
            struct subscriber *subscriber = container_of(node, struct subscriber, link);
            subscriber->fire(subscriber, outcome, value, delivery);
        }
    }
    os_lock_release(&awaitable->lock);
}

bool awaitable_is_done(struct awaitable *awaitable, int *outcome) {
    // acquire: pairs with awaitable_complete.
    const bool is_done = atomic_load_acquire(&awaitable->is_done);
    if (is_done) {
        *outcome = awaitable->outcome;
        sanitizer_take_over(awaitable);
    }
    return is_done;
}

struct waiter {
    struct subscriber subscriber;
    struct awaitable *awaitable;
    struct task_stack *stack;
    uint32_t ticket;
    bool is_shielded;
    bool was_done; // before the wait began
    int outcome;
    void *value;
    struct delivery *delivery; // that woke it and counts it; NULL: none
    _Atomic bool has_fired;    // and whoever fired it is done with it
};

// The stack may have been claimed by another, a cancellation: then it finds here, all the same,
// that its wait is over.
static void fire(struct subscriber *subscriber, int outcome, void *value,
                 struct delivery *delivery) {
    struct waiter *waiter = container_of(subscriber, struct waiter, subscriber);
    waiter->outcome = outcome;
    waiter->value = value;
    waiter->delivery = delivery;
    if (delivery != NULL) {
        delivery_add(delivery);
    }
    struct task_stack *stack = waiter->stack;
    const uint32_t ticket = waiter->ticket;
    // release: pairs with is_over: the waiter may be gone after this.
    atomic_store_release(&waiter->has_fired, true);
    if (task_stack_claim(stack, ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

// After the stack was woken: did the awaitable do it? Else the waiter is taken off.
static bool is_over(struct waiter *waiter) {
    // acquire: pairs with fire.
    return waiter->was_done || atomic_load_acquire(&waiter->has_fired) ||
           !awaitable_unsubscribe(waiter->awaitable, &waiter->subscriber);
}

static void commit(struct task_stack *stack, void *argument) {
    struct waiter *waiter = argument; // gone as soon as the stack may go on
    struct awaitable *awaitable = waiter->awaitable;
    const bool is_shielded = waiter->is_shielded;
    waiter->ticket = task_stack_wait(stack);
    const uint32_t ticket = waiter->ticket;
    os_lock_acquire(&awaitable->lock);
    waiter->was_done = atomic_load_relaxed(&awaitable->is_done);
    if (waiter->was_done) {
        waiter->outcome = awaitable->outcome;
        waiter->value = awaitable->value;
        os_lock_release(&awaitable->lock);
        if (task_stack_claim(stack, ticket)) {
            worker_ready(stack->scheduler, stack);
        }
        return;
    }
    list_push_back(&awaitable->subscribers, &waiter->subscriber.link);
    os_lock_release(&awaitable->lock);
    if (!is_shielded) {
        cancel_check_waiting(stack, ticket);
    }
}

int awaitable_wait(struct tn_self *self, struct awaitable *awaitable, void **value,
                   bool is_shielded) {
    struct task_stack *stack = task_stack_of(self);
    const struct awaitable_kind *kind = awaitable->kind;
    struct waiter waiter = {.outcome = TN_CANCELLED};
    if (kind != NULL) {
        kind->retain(awaitable);
    }
    do {
        if (!is_shielded && cancel_is_due(self)) {
            waiter.outcome = TN_CANCELLED;
            break;
        }
        waiter = (struct waiter){.subscriber.fire = fire,
                                 .awaitable = awaitable,
                                 .stack = stack,
                                 .is_shielded = is_shielded};
        list_node_init(&waiter.subscriber.link);
        AUDIT(frame_check(stack->frame));
        worker_suspend(stack, commit, &waiter);
    } while (!is_over(&waiter));
    sanitizer_take_over(awaitable);
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
