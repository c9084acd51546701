// condition.c - conditions. Who waits is linked before its mutex is unlocked, so a notification
// that is made with the mutex held finds it. Start reading at tn_condition_wait.
#include <stdio.h>

#include <tenon/condition.h>
#include <tenon/scope.h>

#include "context/sanitizer.h"
#include "sync/mutex.h"

// struct tn_condition as seen from here.
struct condition {
    const char *name;
    struct turn lock;
    struct wait_list waits;
};

_Static_assert(sizeof(struct condition) == sizeof(struct tn_condition), "it is the same structure");

static struct condition *condition_of(struct tn_condition *condition) {
    return (struct condition *)(void *)condition;
}

static void tell(const struct waiter *waiter, char *text, size_t bytes) {
    const struct condition *condition = waiter->object;
    (void)snprintf(text, bytes, "waits for the condition %s",
                   condition->name == NULL ? "(without a name)" : condition->name);
}

// Whatever comes from outside meanwhile: who waits goes on with the mutex.
static void lock_again(const struct waiter *waiter, struct tn_mutex *mutex) {
    struct tn_self *self = waiter->self;
    if (waiter->stack == NULL) {
        (void)!tn_mutex_lock(self, mutex);
    } else if (tn_mutex_try(self, mutex) != TN_OK) {
        struct tn_scope shield;
        tn_shield_begin(self, &shield);
        (void)!tn_mutex_lock(self, mutex);
        (void)tn_scope_end(self, &shield);
    }
}

int tn_condition_wait(struct tn_self *self, struct tn_condition *room, struct tn_mutex *mutex) {
    struct condition *condition = condition_of(room);
    if (TN_LOAD_(mutex->tn_holder) != self) {
        return tn_mutex_unlock(self, mutex); // which says so
    }
    struct waiter waiter;
    struct wait wait = {.outcome = TN_OK};
    waiter_init(&waiter, self, tell, condition);
    int code = waiter_due(&waiter);
    if (code != TN_OK) {
        return code;
    }
    turn_acquire(&condition->lock, self->thread);
    wait_push(&condition->waits, &wait, &waiter);
    (void)tn_mutex_unlock(self, mutex);
    code = wait_suspend(&wait, GUARD(&condition->lock));
    lock_again(&waiter, mutex);
    sanitizer_take_over(condition);
    return code;
}

static size_t notify(struct condition *condition, size_t count_max) {
    size_t count = 0;
    sanitizer_hand_over(condition);
    turn_acquire(&condition->lock, turn_thread());
    struct wait *wait;
    while (count < count_max && (wait = wait_take(&condition->waits)) != NULL) {
        wait_fire(wait, TN_OK);
        count++;
    }
    turn_release(&condition->lock);
    return count;
}

size_t tn_condition_notify(struct tn_condition *room) {
    return notify(condition_of(room), 1);
}

size_t tn_condition_notify_all(struct tn_condition *room) {
    return notify(condition_of(room), SIZE_MAX);
}
