// awaitable.c - see awaitable.h. A waiter is claimed by its stack's ticket: task_stack.h.
#include "frame/awaitable.h"

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

struct waiter {
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
    const bool is_alone = waiter->awaitable->is_local;
    // release: pairs with is_over: the waiter may be gone after this.
    atomic_store_release(&waiter->has_fired, true);
    if (is_alone ? task_stack_claim_alone(stack, ticket) : task_stack_claim(stack, ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

// While the waiter is linked, what it waits for has not ended, so what it is called stands.
static void tell(const struct note *note, char *text, size_t bytes) {
    const struct waiter *waiter = container_of(note, struct waiter, note);
    struct awaitable *awaitable = waiter->awaitable;
    const struct awaitable_kind *kind = awaitable->kind;
    (void)snprintf(text, bytes, kind == NULL ? "waits for ever" : "is about to go on");
    awaitable_lock(awaitable);
    if (kind != NULL && kind->tell != NULL && list_is_linked(&waiter->subscriber.link)) {
        kind->tell(awaitable, text, bytes);
    }
    awaitable_unlock(awaitable);
}

static bool has_fired(struct waiter *waiter) {
    // acquire: pairs with fire.
    return waiter->was_done || atomic_load_acquire(&waiter->has_fired);
}

// A frame that is waited for ends by itself; what else there is may come from anywhere.
static bool ends_inside(const struct note *note) {
    return frame_of_awaitable(container_of(note, struct waiter, note)->awaitable) != NULL;
}

static bool awaited(const struct note *note, struct meeting *meeting) {
    struct frame *frame = frame_of_awaitable(container_of(note, struct waiter, note)->awaitable);
    return frame != NULL && meeting->meet(meeting, frame);
}

// After the stack was woken: did the awaitable do it? Else the waiter is taken off if the frame is
// to end; if it was only asked where it stands it stays, so that it misses nothing.
static bool is_over(struct waiter *waiter, struct tn_self *self) {
    if (has_fired(waiter)) {
        return true;
    }
    waiter->stays = cancel_reaches(self) == TN_OK;
    return !waiter->stays && !awaitable_unsubscribe(waiter->awaitable, &waiter->subscriber);
}

// The frame is to end, and does not begin its wait, or not again.
static void give_up(struct waiter *waiter, int due) {
    if (waiter->stays && !has_fired(waiter)) {
        (void)awaitable_unsubscribe(waiter->awaitable, &waiter->subscriber);
    }
    if (!has_fired(waiter)) {
        waiter->outcome = due;
    }
}

static void commit(struct task_stack *stack, void *argument) {
    struct waiter *waiter = argument; // gone as soon as the stack may go on
    struct awaitable *awaitable = waiter->awaitable;
    const uint32_t ticket = task_stack_wait(stack);
    awaitable_lock(awaitable);
    waiter->ticket = ticket;
    if (!waiter->stays && atomic_load_relaxed(&awaitable->is_done)) {
        waiter->was_done = true;
        waiter->outcome = awaitable->outcome;
        waiter->value = awaitable->value;
    }
    if (has_fired(waiter)) {
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
    struct task_stack *stack = task_stack_of(self);
    // On one thread, what completes has told the waiter before its memory can go.
    const struct awaitable_kind *kind = awaitable->is_local ? NULL : awaitable->kind;
    struct waiter waiter = {.note.tell = tell,
                            .note.ends_inside = ends_inside,
                            .note.awaited = awaited,
                            .subscriber.fire = fire,
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
            give_up(&waiter, due);
            break;
        }
        stack->note = &waiter.note;
        if (!is_shielded) {
            ready_begin(self, awaitable);
        }
        suspend_stack(stack, commit, &waiter);
    } while (!is_over(&waiter, self));
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
