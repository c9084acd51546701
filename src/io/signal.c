// signal.c - see tenon/signal.h.
//
// Each awaitable remembers how often its signal had come when it was made. Invariant: it is in the
// reactor's list, under the lock of that, exactly until it has completed or was withdrawn, and only
// then the signal is watched for it. Start reading at tn_signal.
#include "io/signal.h"

#include <signal.h>

#include <tenon/signal.h>

#include "frame/current.h"
#include "frame/misuse.h"
#include "frame/object.h"
#include "io/reactor.h"

struct signal_wait {
    struct object object; // first
    struct reactor *reactor;
    struct list_node link;
    int number;
    uint64_t seen;
};

// Under the lock: the signal is nothing to it any more.
static void leave(struct signal_wait *wait) {
    list_remove(&wait->link);
    os_signal_unwatch(wait->number);
    atomic_fetch_sub_relaxed(&wait->reactor->world.awaited, 1);
}

void signal_tell(struct reactor *reactor) {
    os_lock_acquire(&reactor->signal_lock);
    struct list_node *node = list_first(&reactor->signals);
    while (node != NULL) {
        struct signal_wait *wait = container_of(node, struct signal_wait, link);
        node = list_next(&reactor->signals, node);
        if (os_signal_count(wait->number) != wait->seen) {
            leave(wait);
            awaitable_complete(&wait->object.awaitable, TN_OK, NULL, true, NULL);
        }
    }
    os_lock_release(&reactor->signal_lock);
}

static void withdraw(struct object *object) {
    struct signal_wait *wait = container_of(object, struct signal_wait, object);
    os_lock_acquire(&wait->reactor->signal_lock);
    if (list_is_linked(&wait->link)) {
        leave(wait);
    }
    os_lock_release(&wait->reactor->signal_lock);
}

// Whether a program may wait for it at all.
static bool may_be_awaited(int number) {
    switch (number) {
    case SIGKILL:
    case SIGSTOP:
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
        return false;
    default:
        return number >= 1 && number <= SIGRTMAX;
    }
}

// Before the object is made: its withdrawal finds everything in place.
static int prepare(struct reactor *reactor, int number) {
    int code = OS_OK;
    os_lock_acquire(&reactor->signal_lock);
    if (!reactor->hears_signals) {
        code = os_poll_add_signals(&reactor->poll, REACTOR_SIGNALS);
        reactor->hears_signals = code == OS_OK;
    }
    os_lock_release(&reactor->signal_lock);
    return code != OS_OK ? code : os_signal_watch(number);
}

struct tn_awaitable *tn_signal(struct tn_self *self, int number) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return NULL;
    }
    if (!may_be_awaited(number)) {
        (void)misuse(TN_OUT_OF_RANGE, "nobody can wait for the signal %d", number);
        return NULL;
    }
    struct reactor *reactor = reactor_of(task_stack_of(self)->scheduler);
    if (reactor == NULL || prepare(reactor, number) != OS_OK) {
        return NULL;
    }
    struct signal_wait *wait = object_create(self, sizeof *wait, withdraw);
    if (wait == NULL) {
        os_signal_unwatch(number);
        return NULL;
    }
    wait->reactor = reactor;
    wait->number = number;
    os_lock_acquire(&reactor->signal_lock);
    wait->seen = os_signal_count(number);
    list_push_back(&reactor->signals, &wait->link);
    atomic_fetch_add_relaxed(&reactor->world.awaited, 1);
    os_lock_release(&reactor->signal_lock);
    scheduler_awaits_world(reactor->scheduler);
    return (struct tn_awaitable *)(void *)&wait->object.awaitable;
}

int tn_signal_wait(struct tn_self *self, int number) {
    struct tn_awaitable *awaitable = tn_signal(self, number);
    if (awaitable == NULL) {
        return may_be_awaited(number) ? TN_NO_MEMORY : TN_OUT_OF_RANGE;
    }
    const int code = tn_wait(self, awaitable);
    tn_drop(self, awaitable);
    return code;
}
