// sending.c - a delivery that is made now, and whose end can be waited for.
//
// Invariant: a sending has two references at first, its maker's (or its owner's) and one of the
// delivery, let go of when everybody who was woken has run to its next wait.
// Start reading at send.
#include "frame/current.h"
#include "frame/delivery.h"
#include "frame/event.h"

struct sending {
    struct object object; // first
    struct delivery delivery;
};

static void finish(struct delivery *delivery) {
    struct sending *sending = container_of(delivery, struct sending, delivery);
    awaitable_complete(&sending->object.awaitable, TN_OK, NULL, true, NULL);
    object_release(&sending->object);
}

// Delivers, once the sending is complete in all its parts: it may be over when this returns.
static void send(struct sending *sending, struct tn_event *event, void *value) {
    object_retain(&sending->object);
    delivery_init(&sending->delivery, finish);
    awaitable_complete(&event->object.awaitable, TN_OK, value, event->is_singleshot,
                       &sending->delivery);
    delivery_close(&sending->delivery);
}

int tn_event_send(struct tn_self *self, struct tn_event *event, void *value) {
    const int status = event_status(event);
    if (status != TN_OK) {
        return status;
    }
    struct sending *sending = os_allocate(sizeof *sending);
    if (sending == NULL) {
        return TN_NO_MEMORY;
    }
    *sending = (struct sending){.object.awaitable.value = NULL};
    object_init(&sending->object, task_stack_of(self)->scheduler);
    send(sending, event, value);
    int outcome;
    if (!awaitable_is_done(&sending->object.awaitable, &outcome)) {
        outcome = awaitable_wait(self, &sending->object.awaitable, NULL, false);
    }
    sanitizer_take_over(&sending->delivery.departure); // suspend_stack of who was woken
    object_release(&sending->object);
    return outcome;
}

struct tn_awaitable *tn_sending(struct tn_self *self, struct tn_event *event, void *value) {
    if (event == NULL) {
        return NULL;
    }
    if (event_status(event) != TN_OK) {
        return event_ended();
    }
    struct sending *sending = object_create(self, sizeof *sending, NULL);
    if (sending == NULL) {
        return NULL;
    }
    send(sending, event, value);
    return (struct tn_awaitable *)(void *)&sending->object.awaitable;
}
