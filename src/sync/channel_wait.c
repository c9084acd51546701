// channel_wait.c - who waits for a channel; and channels that hold no items, where one of two
// always does: the item goes from the stack of who sends to the stack of who receives.
//
// Invariant: channel.h. Start reading at channel_pass.
#include <stdio.h>

#include "context/sanitizer.h"
#include "sync/channel.h"
#include "sync/wait_inline.h"

// What who fires it reads and writes is one line.
struct channel_wait {
    CACHE_ALIGNED unsigned char apart[2 * CACHE_LINE - offsetof(struct waiter, stack)];
    struct waiter waiter;
    struct wait wait;
};

_Static_assert(offsetof(struct channel_wait, waiter.stack) % CACHE_LINE == 0 &&
                   sizeof(struct channel_wait) == 3 * CACHE_LINE,
               "the end of the waiter and the wait fill a line");

static void tell_send(const struct waiter *waiter, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "waits to send to the channel %s", channel_name(waiter->object));
}

static void tell_receive(const struct waiter *waiter, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "waits to receive from the channel %s",
                   channel_name(waiter->object));
}

// The look whether the frame has to end needs more than a load: with no turn, that is. True, and
// there are both turns again: it waits.
__attribute__((noinline)) static bool has_to_wait_still(struct channel *channel,
                                                        struct channel_wait *wait, void *item,
                                                        size_t bytes, bool sends, int *code) {
    channel_release(channel);
    *code = waiter_due(&wait->waiter);
    if (*code != TN_OK) {
        return false;
    }
    channel_acquire(channel, wait->waiter.self->thread);
    *code =
        sends ? channel_try_send(channel, item, bytes) : channel_try_receive(channel, item, bytes);
    if (*code != TN_WOULD_WAIT) {
        channel_release(channel);
    }
    return *code == TN_WOULD_WAIT;
}

// Whether who is about to wait does so in the spot first. With the turn.
static inline bool may_use_spot(struct tn_self *self, struct channel *channel, size_t bytes) {
    return UNLIKELY(turn_is_shared(&channel->sending.turn)) && bytes == sizeof channel->spot.item &&
           !current_is_outside(self) && spot_is_free(&channel->spot) &&
           wait_list_is_empty(&channel->receivers) && wait_list_is_empty(&channel->senders) &&
           wait_may_spin(self);
}

__attribute__((noinline)) static int wait_in_spot(struct tn_self *self, struct channel *channel,
                                                  void *item, bool sends) {
    ready_begin(self, NULL);
    const int code = spot_wait(&channel->spot, &channel->sending.turn, self->thread, item, sends);
    ready_over(self);
    return code;
}

// Waits in the list of one side, with both turns, which it releases.
__attribute__((always_inline)) static inline int wait_in(struct tn_self *self,
                                                         struct channel *channel, void *item,
                                                         size_t bytes, bool sends, bool has_ring) {
    struct channel_wait wait;
    wait.wait.place = 0;
    channel_bring(&wait.wait, item, bytes, sends);
    waiter_init_inline(&wait.waiter, self, sends ? tell_send : tell_receive, channel);
    int code;
    if (UNLIKELY(!waiter_is_undisturbed(&wait.waiter)) &&
        !has_to_wait_still(channel, &wait, item, bytes, sends, &code)) {
        return code;
    }
    bool was_first = false;
    if (!has_ring && may_use_spot(self, channel, bytes)) {
        code = wait_in_spot(self, channel, item, sends);
        if (code != TN_WOULD_WAIT) {
            sanitizer_take_over(channel);
            return code;
        }
        was_first = true; // others may have come to the list since
    }
    struct wait_list *const list = sends ? &channel->senders : &channel->receivers;
    if (UNLIKELY(was_first)) {
        wait_push_front(list, &wait.wait, &wait.waiter);
    } else {
        wait_push(list, &wait.wait, &wait.waiter);
    }
    if (has_ring) {
        channel_settle(channel);
    }
    const struct guard guard = {&channel->sending.turn, has_ring ? &channel->receiving.turn : NULL};
    code = UNLIKELY(current_is_outside(self))
               ? wait_suspend_thread(&wait.wait, guard)
               : wait_suspend_frame(self, &wait.wait, &wait.waiter, guard, !was_first);
    sanitizer_take_over(channel);
    code = code == TN_OK ? wait.wait.outcome : code;
    if (!sends && code == TN_OK) {
        channel_fetch(&wait.wait, item, bytes);
    }
    return code;
}

// Out of line, all four: room for a wait is needed by those only who wait.
__attribute__((noinline)) int channel_wait_to_send(struct tn_self *self, struct channel *channel,
                                                   const void *item, size_t bytes) {
    return wait_in(self, channel, (void *)(uintptr_t)item, bytes, true, true);
}

__attribute__((noinline)) int channel_wait_to_receive(struct tn_self *self, struct channel *channel,
                                                      void *item, size_t bytes) {
    return wait_in(self, channel, item, bytes, false, true);
}

__attribute__((noinline)) static int wait_to_pass(struct tn_self *self, struct channel *channel,
                                                  const void *item, size_t bytes) {
    return wait_in(self, channel, (void *)(uintptr_t)item, bytes, true, false);
}

__attribute__((noinline)) static int wait_to_accept(struct tn_self *self, struct channel *channel,
                                                    void *item, size_t bytes) {
    return wait_in(self, channel, item, bytes, false, false);
}

// ---- from hand to hand -----------------------------------------------------------------------

// One turn stands for both.
int channel_pass(struct tn_self *self, struct channel *channel, const void *item, size_t bytes,
                 bool waits) {
    turn_acquire(&channel->sending.turn, self->thread);
    if (UNLIKELY(spot_takes(&channel->spot, item))) {
        turn_release(&channel->sending.turn);
        return TN_OK;
    }
    struct wait *receiver = wait_take(&channel->receivers);
    if (receiver != NULL) {
        channel_copy(channel_item_of(receiver, bytes), item, bytes);
        wait_fire_inline(receiver, TN_OK, task_stack_of(self)->worker);
    } else if (LIKELY(!channel->is_closed && waits)) {
        return wait_to_pass(self, channel, item, bytes);
    }
    const int code = receiver != NULL ? TN_OK : channel->is_closed ? TN_CLOSED : TN_WOULD_WAIT;
    turn_release(&channel->sending.turn);
    return code;
}

int channel_accept(struct tn_self *self, struct channel *channel, void *item, size_t bytes,
                   bool waits) {
    turn_acquire(&channel->sending.turn, self->thread);
    if (UNLIKELY(spot_gives(&channel->spot, item))) {
        turn_release(&channel->sending.turn);
        sanitizer_take_over(channel);
        return TN_OK;
    }
    struct wait *sender = wait_take(&channel->senders);
    if (sender != NULL) {
        channel_copy(item, channel_item_of(sender, bytes), bytes);
        wait_fire_inline(sender, TN_OK, task_stack_of(self)->worker);
    } else if (LIKELY(!channel->is_closed && waits)) {
        return wait_to_accept(self, channel, item, bytes);
    }
    const int code = sender != NULL ? TN_OK : channel->is_closed ? TN_CLOSED : TN_WOULD_WAIT;
    turn_release(&channel->sending.turn);
    sanitizer_take_over(channel);
    return code;
}
