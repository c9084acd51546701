// awaitable.c - see awaitable.h. A waiter is claimed by its stack's ticket: task_stack.h.
#include "frame/awaitable_wait.h"

#include <stdio.h>

#include <tenon/status.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "frame/cancel.h"
#include "frame/delivery.h"
#include "frame/frame.h"
#include "frame/note.h"
#include "frame/ready.h"
#include "frame/scope.h"
#include "scheduler/suspend.h"

void awaitable_init(struct awaitable *awaitable, const struct awaitable_kind *kind, bool is_local) {
    awaitable->kind = kind;
    awaitable->is_local = is_local;
    os_lock_init(&awaitable->lock);
    atomic_store_relaxed(&awaitable->is_done, false);
    awaitable->outcome = TN_OK;
    awaitable->value = NULL;
    list_init(&awaitable->subscribers);
}

bool awaitable_subscribe(struct awaitable *awaitable, struct subscriber *subscriber) {
    awaitable_lock(awaitable);
    const bool is_done = atomic_load_relaxed(&awaitable->is_done);
    if (!is_done) {
        list_push_back(&awaitable->subscribers, &subscriber->link);
    }
    awaitable_unlock(awaitable);
    return !is_done;
}

bool awaitable_unsubscribe(struct awaitable *awaitable, struct subscriber *subscriber) {
    awaitable_lock(awaitable);
    const bool was_linked = list_is_linked(&subscriber->link);
    if (was_linked) {
        list_remove(&subscriber->link);
    }
    awaitable_unlock(awaitable);
    return was_linked;
}

void awaitable_complete_locked(struct awaitable *awaitable, int outcome, void *value,
                               bool is_for_good, struct delivery *delivery) {
    if (atomic_load_relaxed(&awaitable->is_done)) {
        return;
    }
    if (is_for_good) {
        awaitable->outcome = outcome;
        awaitable->value = value;
        // release: pairs with awaitable_is_done, which then reads the outcome.
        atomic_store_release(&awaitable->is_done, true);
    }
    // Nobody subscribes meanwhile: that takes the lock.
    struct list_node *node;
    while ((node = list_pop_front(&awaitable->subscribers)) != NULL) {
        struct subscriber *subscriber = container_of(node, struct subscriber, link);
        subscriber->fire(subscriber, outcome, value, delivery);
    }
}

void awaitable_complete(struct awaitable *awaitable, int outcome, void *value, bool is_for_good,
                        struct delivery *delivery) {
    sanitizer_hand_over(awaitable);
    awaitable_lock(awaitable);
    awaitable_complete_locked(awaitable, outcome, value, is_for_good, delivery);
    awaitable_unlock(awaitable);
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

// The stack may have been claimed by another, a cancellation: then it finds here, all the same,
// that its wait is over.
void awaitable_waiter_fire(struct subscriber *subscriber, int outcome, void *value,
                           struct delivery *delivery) {
    struct awaitable_waiter *waiter = container_of(subscriber, struct awaitable_waiter, subscriber);
    waiter->outcome = outcome;
    waiter->value = value;
    waiter->delivery = delivery;
    if (delivery != NULL) {
        delivery_add(delivery);
    }
    struct task_stack *stack = waiter->stack;
    const uint32_t ticket = waiter->ticket;
    const bool is_alone = waiter->awaitable->is_local;
    // release: pairs with is_over: the waiter may be gone after this.
    atomic_store_release(&waiter->has_fired, true);
    if (is_alone ? task_stack_claim_alone(stack, ticket) : task_stack_claim(stack, ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

// While the waiter is linked, what it waits for has not ended, so what it is called stands.
void awaitable_waiter_tell(const struct note *note, char *text, size_t bytes) {
    const struct awaitable_waiter *waiter = container_of(note, struct awaitable_waiter, note);
    struct awaitable *awaitable = waiter->awaitable;
    const struct awaitable_kind *kind = awaitable->kind;
    (void)snprintf(text, bytes, kind == NULL ? "waits for ever" : "is about to go on");
    awaitable_lock(awaitable);
    if (kind != NULL && kind->tell != NULL && list_is_linked(&waiter->subscriber.link)) {
        kind->tell(awaitable, text, bytes);
    }
    awaitable_unlock(awaitable);
}

// A frame that is waited for ends by itself; what else there is may come from anywhere.
bool awaitable_waiter_ends_inside(const struct note *note) {
    return frame_of_awaitable(container_of(note, struct awaitable_waiter, note)->awaitable) != NULL;
}

bool awaitable_waiter_awaited(const struct note *note, struct meeting *meeting) {
    struct frame *frame =
        frame_of_awaitable(container_of(note, struct awaitable_waiter, note)->awaitable);
    return frame != NULL && meeting->meet(meeting, frame);
}

// The stack was woken by another than the awaitable. Is its wait over all the same? Else the waiter
// is taken off if the frame is to end; if it was only asked where it stands it stays, so that it
// misses nothing.
bool awaitable_waiter_is_cut(struct awaitable_waiter *waiter, struct tn_self *self) {
    waiter->stays = cancel_reaches(self) == TN_OK;
    return !waiter->stays && !awaitable_unsubscribe(waiter->awaitable, &waiter->subscriber);
}

// The frame is to end, and does not begin its wait, or not again.
void awaitable_waiter_give_up(struct awaitable_waiter *waiter, int due) {
    if (waiter->stays && !awaitable_waiter_has_fired(waiter)) {
        (void)awaitable_unsubscribe(waiter->awaitable, &waiter->subscriber);
    }
    if (!awaitable_waiter_has_fired(waiter)) {
        waiter->outcome = due;
    }
}

void awaitable_waiter_commit(struct task_stack *stack, void *argument) {
    struct awaitable_waiter *waiter = argument; // gone as soon as the stack may go on
    struct awaitable *awaitable = waiter->awaitable;
    const uint32_t ticket = task_stack_wait(stack);
    awaitable_lock(awaitable);
    waiter->ticket = ticket;
    if (!waiter->stays && atomic_load_relaxed(&awaitable->is_done)) {
        waiter->was_done = true;
        waiter->outcome = awaitable->outcome;
        waiter->value = awaitable->value;
    }
    if (awaitable_waiter_has_fired(waiter)) {
        awaitable_unlock(awaitable);
        if (task_stack_claim(stack, ticket)) {
            worker_ready(stack->scheduler, stack);
        }
        return;
    }
    if (!waiter->stays) {
        list_push_back(&awaitable->subscribers, &waiter->subscriber.link);
    }
    if (!waiter->is_shielded) {
        cancel_open(stack, ticket); // whom it wakes comes to is_over, and so to this lock, first
    }
    awaitable_unlock(awaitable);
}

int awaitable_wait(struct tn_self *self, struct awaitable *awaitable, void **value,
                   bool is_shielded) {
    return awaitable_wait_inline(self, awaitable, value, is_shielded);
}
