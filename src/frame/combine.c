// combine.c - timers and "never" as objects; all and any of awaitables.
//
// A combination hangs a part on each of its members. Members keep their place in the tree; the
// combination only holds references.
// Invariant: a combination completes once: an all when `left` falls to 0, an any when `winner` is
// set. Lock order: member, then combination. Start reading at fire_part.
#include <tenon/event.h>
#include <tenon/time.h>

#include "frame/combine.h"
#include "frame/misuse.h"
#include "frame/object.h"
#include "frame/time.h"
#include "scheduler/hard.h"

// ---- timers ----------------------------------------------------------------------------------

struct timer_object {
    struct object object; // first
    struct timer timer;
    struct timers *timers;
};

static void fire_timer(struct timer *timer) {
    struct timer_object *object = container_of(timer, struct timer_object, timer);
    awaitable_complete(&object->object.awaitable, TN_OK, NULL, true, NULL);
}

static void withdraw_timer(struct object *object) {
    struct timer_object *timer = container_of(object, struct timer_object, object);
    (void)timers_cancel(timer->timers, &timer->timer);
}

struct tn_awaitable *tn_timer(struct tn_self *self, double seconds) {
    struct timer_object *object = object_create(self, sizeof *object, withdraw_timer);
    if (object == NULL) {
        return NULL;
    }
    struct scheduler *scheduler = task_stack_of(self)->scheduler;
    object->timer.fire = fire_timer;
    object->timers = scheduler_timers(scheduler);
    scheduler_timer_add(object->timers, &object->timer, time_after_ns(seconds));
    return (struct tn_awaitable *)(void *)&object->object.awaitable;
}

struct tn_awaitable *tn_never(struct tn_self *self) {
    struct object *object = object_create(self, sizeof *object, NULL);
    return object == NULL ? NULL : (struct tn_awaitable *)(void *)&object->awaitable;
}

struct tn_awaitable *tn_of_frame(struct tn_frame *handle) {
    struct frame *frame = (struct frame *)(void *)handle;
    return frame == NULL ? NULL : (struct tn_awaitable *)(void *)&frame->done;
}

// ---- all and any -----------------------------------------------------------------------------

struct part {
    struct subscriber subscriber;
    struct combination *combination;
    struct awaitable *member;
    int outcome;
    void *value;
};

struct combination {
    struct object object; // first
    struct os_lock lock;  // left, winner, outcomes and values of parts
    bool is_any;
    int winner;
    size_t left;
    size_t count;
    struct part parts[];
};

static void withdraw_parts(struct object *object);

const struct combination *combine_from_awaitable(const struct awaitable *awaitable) {
    const struct object *object = object_from_awaitable(awaitable);
    return object == NULL || object->withdraw != withdraw_parts
               ? NULL
               : container_of(object, struct combination, object);
}

bool combine_is_any(const struct combination *combination) {
    return combination->is_any;
}

size_t combine_count(const struct combination *combination) {
    return combination->count;
}

struct awaitable *combine_member(const struct combination *combination, size_t index) {
    return combination->parts[index].member;
}

static int first_bad_outcome(const struct combination *combination) {
    for (size_t i = 0; i < combination->count; i++) {
        if (combination->parts[i].outcome != TN_OK) {
            return combination->parts[i].outcome;
        }
    }
    return TN_OK;
}

static void fire_part(struct subscriber *subscriber, int outcome, void *value,
                      struct delivery *delivery) {
    struct part *part = container_of(subscriber, struct part, subscriber);
    struct combination *combination = part->combination;
    sanitizer_pass_on(part->member, &combination->object.awaitable);
    os_lock_acquire(&combination->lock);
    part->outcome = outcome;
    part->value = value;
    bool is_complete;
    if (combination->is_any) {
        is_complete = combination->winner < 0;
        if (is_complete) {
            combination->winner = (int)(part - combination->parts);
        }
    } else {
        is_complete = --combination->left == 0;
        outcome = first_bad_outcome(combination);
        value = NULL;
    }
    os_lock_release(&combination->lock);
    if (is_complete) {
        awaitable_complete(&combination->object.awaitable, outcome, value, true, delivery);
    }
}

static void withdraw_parts(struct object *object) {
    struct combination *combination = container_of(object, struct combination, object);
    for (size_t i = 0; i < combination->count; i++) {
        struct part *part = &combination->parts[i];
        (void)awaitable_unsubscribe(part->member, &part->subscriber);
    }
}

// Its members are kept as long as somebody may ask what the combination is made of.
static void destroy(struct object *object) {
    struct combination *combination = container_of(object, struct combination, object);
    for (size_t i = 0; i < combination->count; i++) {
        struct awaitable *member = combination->parts[i].member;
        member->kind->release(member);
    }
    os_free(combination);
}

static void hang_on(struct combination *combination, size_t index, struct awaitable *member) {
    struct part *part = &combination->parts[index];
    part->subscriber.fire = fire_part;
    list_node_init(&part->subscriber.link);
    part->combination = combination;
    part->member = member;
    member->kind->retain(member);
    if (!awaitable_subscribe(member, &part->subscriber)) {
        int outcome = TN_OK;
        (void)awaitable_is_done(member, &outcome);
        fire_part(&part->subscriber, outcome, member->value, NULL);
    }
}

static struct tn_awaitable *combine(struct tn_self *self, size_t count,
                                    struct tn_awaitable *const *parts, bool is_any) {
    for (size_t i = 0; i < count; i++) {
        if (parts[i] == NULL) {
            return NULL;
        }
    }
    struct combination *combination = object_create(
        self, sizeof *combination + count * sizeof combination->parts[0], withdraw_parts);
    if (combination == NULL) {
        return NULL;
    }
    combination->object.destroy = destroy;
    os_lock_init(&combination->lock);
    combination->is_any = is_any;
    combination->winner = -1;
    combination->left = count;
    combination->count = count;
    if (count == 0) {
        awaitable_complete(&combination->object.awaitable, is_any ? TN_EMPTY : TN_OK, NULL, true,
                           NULL);
    }
    for (size_t i = 0; i < count; i++) {
        hang_on(combination, i, (struct awaitable *)(void *)parts[i]);
    }
    return (struct tn_awaitable *)(void *)&combination->object.awaitable;
}

struct tn_awaitable *tn_all_of(struct tn_self *self, size_t count,
                               struct tn_awaitable *const *parts) {
    return combine(self, count, parts, false);
}

struct tn_awaitable *tn_any_of(struct tn_self *self, size_t count,
                               struct tn_awaitable *const *parts) {
    if (count == 0) {
        (void)misuse(TN_EMPTY, "any of nothing never completes: give tn_any at least one part");
    }
    return combine(self, count, parts, true);
}

// ---- what came out ---------------------------------------------------------------------------

// NULL when it is something else.
static struct combination *combination_of(const struct tn_awaitable *handle) {
    struct object *object =
        handle == NULL ? NULL : object_of((struct awaitable *)(uintptr_t)handle);
    const bool is_one = object != NULL && object->withdraw == withdraw_parts;
    return is_one ? container_of(object, struct combination, object) : NULL;
}

int tn_winner(const struct tn_awaitable *any) {
    struct combination *combination = combination_of(any);
    if (combination == NULL) {
        return -1;
    }
    os_lock_acquire(&combination->lock);
    const int winner = combination->winner;
    os_lock_release(&combination->lock);
    return winner;
}

void *tn_value(const struct tn_awaitable *handle) {
    struct awaitable *awaitable = (struct awaitable *)(uintptr_t)handle;
    int outcome;
    return awaitable != NULL && awaitable_is_done(awaitable, &outcome) ? awaitable->value : NULL;
}

void *tn_value_of_part(const struct tn_awaitable *handle, size_t index) {
    struct combination *combination = combination_of(handle);
    if (combination == NULL || index >= combination->count) {
        return NULL;
    }
    os_lock_acquire(&combination->lock);
    void *value = combination->parts[index].value;
    os_lock_release(&combination->lock);
    return value;
}

int tn_wait(struct tn_self *self, struct tn_awaitable *handle) {
    struct awaitable *awaitable = (struct awaitable *)(void *)handle;
    if (awaitable == NULL) {
        return TN_NO_MEMORY;
    }
    int outcome;
    if (awaitable_is_done(awaitable, &outcome)) {
        hard_await(task_stack_of(self));
        return outcome;
    }
    return awaitable_wait(self, awaitable, NULL, false);
}
