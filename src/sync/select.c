// select.c - waiting for the first of several sends and receives.
//
// The waiter hangs in the lists of all its channels. Who can serve one of them chooses it for the
// whole select by one compare and swap (wait_take), transfers the item, and fires the waiter; the
// others find that the choice is made and let the wait lie. The select takes all that is still
// linked off, and so passes the lock of each of its channels before it returns: only then the
// memory of its waits goes.
//
// Lock order: a channel's before the waiter's. Start reading at wait_for_choice.
#include <stdio.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/check.h"
#include "context/sanitizer.h"
#include "frame/cancel.h"
#include "frame/ready.h"
#include "frame/time.h"
#include "sync/channel.h"

_Static_assert(sizeof(struct wait) <= sizeof(((struct tn_choice *)0)->tn_private),
               "a wait fits its public room");

// Chosen instead of a place: the time is over.
#define CHOSEN_TIME UINT32_MAX

struct selection {
    struct waiter waiter;
    struct tn_choice *choices;
    size_t count;
    struct timer timer;
    uint64_t deadline_ns;
};

static void tell(const struct waiter *waiter, char *text, size_t bytes) {
    const struct selection *selection = container_of(waiter, struct selection, waiter);
    (void)snprintf(text, bytes, "waits for one of %zu channels", selection->count);
}

static struct wait *wait_of(struct tn_choice *choice) {
    return (struct wait *)(void *)choice->tn_private;
}

// Under the lock of its channel.
static int try_choice(struct tn_choice *choice) {
    struct channel *channel = channel_of(choice->channel);
    return choice->is_send ? channel_try_send(channel, choice->item, choice->item_bytes)
                           : channel_try_receive(channel, choice->item, choice->item_bytes);
}

// The first choice that is possible now, made; -1: there is none.
static int make_first(struct tn_self *self, struct tn_choice *choices, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct tn_choice *choice = &choices[i];
        if (choice->channel == NULL) {
            continue;
        }
        struct channel *channel = channel_of(choice->channel);
        channel_acquire(channel, self->thread);
        choice->outcome = try_choice(choice);
        channel_release(channel);
        if (choice->outcome != TN_WOULD_WAIT) {
            return (int)i;
        }
    }
    return -1;
}

// Whether try_choice would have to wait. A select is not its own partner.
static bool has_to_wait(const struct tn_choice *choice, const struct waiter *waiter) {
    struct channel *channel = channel_of(choice->channel);
    if (choice->is_send) {
        return !channel->is_closed && channel_count(channel) >= channel_limit(channel) &&
               !wait_list_has_other(&channel->receivers, waiter) &&
               !spot_wants(&channel->spot);
    }
    return !channel->is_closed && channel_count(channel) == 0 &&
           !wait_list_has_other(&channel->senders, waiter) &&
           !spot_has(&channel->spot);
}

// Hangs the waiter into the list of each channel. False: one of them is possible now, or was chosen
// meanwhile.
static bool link_all(struct selection *selection) {
    bool is_waiting = true;
    for (size_t i = 0; i < selection->count; i++) {
        struct tn_choice *choice = &selection->choices[i];
        struct wait *wait = wait_of(choice);
        *wait = (struct wait){.place = (uint32_t)i + 1};
        channel_bring(wait, choice->item, choice->item_bytes, choice->is_send);
        if (choice->channel == NULL || !is_waiting) {
            continue;
        }
        struct channel *channel = channel_of(choice->channel);
        channel_acquire(channel, selection->waiter.self->thread);
        is_waiting = has_to_wait(choice, &selection->waiter) &&
                     atomic_load_relaxed(&selection->waiter.chosen) == 0;
        if (is_waiting) {
            wait_push(choice->is_send ? &channel->senders : &channel->receivers, wait,
                      &selection->waiter);
        }
        channel_release(channel);
    }
    return is_waiting;
}

// Whoever was about to fire one of the waits is done when this returns.
static void unlink_all(struct selection *selection) {
    for (size_t i = 0; i < selection->count; i++) {
        struct tn_choice *choice = &selection->choices[i];
        if (choice->channel == NULL) {
            continue;
        }
        struct channel *channel = channel_of(choice->channel);
        channel_acquire(channel, selection->waiter.self->thread);
        if (wait_of(choice)->list != NULL) {
            wait_unlink(wait_of(choice));
        }
        channel_release(channel);
    }
}

static void time_is_over(struct timer *timer) {
    struct selection *selection = container_of(timer, struct selection, timer);
    uint32_t none = 0;
    if (atomic_cas_relaxed(&selection->waiter.chosen, &none, CHOSEN_TIME)) {
        waiter_fire(&selection->waiter);
    }
}

// Suspends once, if nothing has been chosen yet.
static void suspend(struct selection *selection) {
    struct waiter *waiter = &selection->waiter;
    struct task_stack *stack = waiter->stack;
    struct timers *timers = NULL;
    if (stack != NULL && selection->deadline_ns != OS_NEVER) {
        timers = scheduler_timers(stack->scheduler);
        scheduler_timer_add(timers, &selection->timer, selection->deadline_ns);
    }
    turn_acquire(&waiter->lock, selection->waiter.self->thread);
    if (atomic_load_relaxed(&waiter->has_fired) == WAIT_NOT_FIRED) {
        (void)waiter_suspend(waiter, GUARD(&waiter->lock), selection->deadline_ns);
    } else {
        turn_release(&waiter->lock);
    }
    if (timers != NULL) {
        (void)timers_cancel(timers, &selection->timer);
    }
}

// One wait in all lists: the index of what was chosen, or -1: look again.
static int wait_for_choice(struct selection *selection) {
    struct waiter *waiter = &selection->waiter;
    atomic_store_relaxed(&waiter->chosen, 0);
    atomic_store_relaxed(&waiter->has_fired, WAIT_NOT_FIRED);
    if (link_all(selection)) {
        suspend(selection);
    }
    unlink_all(selection);
    const uint32_t chosen = atomic_load_relaxed(&waiter->chosen);
    if (chosen == 0 || chosen == CHOSEN_TIME) {
        return -1;
    }
    struct tn_choice *choice = &selection->choices[chosen - 1];
    choice->outcome = wait_of(choice)->outcome;
    if (!choice->is_send && choice->outcome == TN_OK) {
        channel_fetch(wait_of(choice), choice->item, choice->item_bytes);
    }
    return (int)chosen - 1;
}

static int select_slow(struct tn_self *self, struct tn_choice *choices, size_t count,
                       uint64_t deadline_ns) {
    struct selection selection = {
        .choices = choices, .count = count, .timer.fire = time_is_over, .deadline_ns = deadline_ns};
    waiter_init(&selection.waiter, self, tell, NULL);
    selection.waiter.lock = (struct turn)TURN_SHARED_INIT;
    const bool is_frame = selection.waiter.stack != NULL;
    if (is_frame) {
        ready_begin(self, NULL);
    }
    int index = -1;
    int code = TN_OK;
    while (index < 0 && code == TN_OK) {
        code = waiter_due(&selection.waiter);
        index = code != TN_OK ? -1 : wait_for_choice(&selection);
        index = code != TN_OK || index >= 0 ? index : make_first(self, choices, count);
        if (index < 0 && code == TN_OK && deadline_ns != OS_NEVER && os_now_ns() >= deadline_ns) {
            code = TN_WOULD_WAIT;
        }
    }
    if (is_frame) {
        ready_over(self);
    }
    return index >= 0 ? index : code;
}

static bool has_any(const struct tn_choice *choices, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (choices[i].channel != NULL) {
            return true;
        }
    }
    return false;
}

int tn_select(struct tn_self *self, struct tn_choice *choices, size_t count, double seconds) {
    for (size_t i = 0; i < count; i++) {
        sanitizer_hand_over(choices[i].channel);
    }
    int made = make_first(self, choices, count);
    if (made < 0 && seconds < 0 && !has_any(choices, count)) {
        return TN_EMPTY;
    }
    if (made < 0) {
        made = seconds == 0 ? TN_WOULD_WAIT
                            : select_slow(self, choices, count,
                                          seconds < 0 ? OS_NEVER : time_after_ns(seconds));
    }
    if (made >= 0) {
        sanitizer_take_over(choices[made].channel);
    }
    return made;
}
