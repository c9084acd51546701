// channel.c - see channel.h.
#include "sync/channel.h"

#include "base/bits.h"
#include "base/check.h"
#include "context/sanitizer.h"
#include "frame/misuse.h"

_Static_assert(sizeof(struct channel) == sizeof(struct tn_channel) &&
                   offsetof(struct channel, is_before) == offsetof(struct tn_channel, is_before) &&
                   offsetof(struct channel, senders) == offsetof(struct tn_channel, tn_words),
               "it is the same structure");

void channel_settle(struct channel *channel) {
    struct channel_side *sending = &channel->sending;
    struct channel_side *receiving = &channel->receiving;
    const bool is_ring = channel->order == TN_OLDEST_FIRST;
    sending->is_quick =
        is_ring && !channel->is_closed &&
        (wait_list_is_empty(&channel->receivers) || MUTATED(channel_quick_too_early));
    receiving->is_quick = is_ring && wait_list_is_empty(&channel->senders);
    sending->other = atomic_load_relaxed(&receiving->count);
    receiving->other = atomic_load_relaxed(&sending->count);
}

// ---- with one turn ---------------------------------------------------------------------------

enum { KEPT_AFTER = 4096 }; // items

// Each so many items, the so many that lie that far ahead are fetched: to take a line from another
// thread at the moment when it is needed takes a time in which some lines come.
enum { FETCH_ITEMS = 8, FETCH_AHEAD = 4 * FETCH_ITEMS, FETCH_BYTES_MAX = 512 };

static inline void note_user(struct channel_side *side, uint32_t thread, size_t count) {
    if (UNLIKELY(atomic_load_relaxed(&side->user) != thread)) {
        atomic_store_relaxed(&side->user, thread);
        side->since = count;
    }
}

// With the turn of a side that the caller has just used alone. One that only one thread has used
// for so long is its own again: what it costs when the next one waits is little beside that.
static void release_side(struct channel_side *side, uint32_t thread) {
    const size_t count = atomic_load_relaxed(&side->count);
    if (turn_is_shared(&side->turn) && count - side->since >= KEPT_AFTER &&
        thread != TN_NO_THREAD_) {
        side->since = count;
        turn_keep(&side->turn, thread);
    } else {
        turn_release(&side->turn);
    }
}

// Of the next `more` items, which this side may use. Beyond the end of the ring it is in vain.
static inline void fetch_ahead(const struct channel_side *side, size_t bytes, size_t more,
                               bool writes) {
    if (UNLIKELY(side->at % FETCH_ITEMS == 0) && more >= FETCH_AHEAD + FETCH_ITEMS) {
        const unsigned char *const first = side->ring + (side->at + FETCH_AHEAD) * bytes;
        for (size_t at = 0; at < FETCH_ITEMS * bytes && at < FETCH_BYTES_MAX; at += CACHE_LINE) {
            if (writes) {
                cache_fetch_to_write(first + at);
            } else {
                cache_fetch(first + at);
            }
        }
    }
}

// `looks`: at the other side's count when what was seen of it is used up. False: it needs both, or
// such a look.
static inline bool send_quick(struct channel *channel, const void *item, size_t bytes,
                              uint32_t thread, bool looks) {
    struct channel_side *side = &channel->sending;
    const size_t count = atomic_load_relaxed(&side->count);
    if (UNLIKELY(!side->is_quick)) {
        return false;
    }
    if (UNLIKELY(count - side->other >= side->room)) {
        if (!looks) {
            return false;
        }
        // acquire: pairs with receive_quick: the item that lay there has been copied.
        side->other = atomic_load_acquire(&channel->receiving.count);
        if (count - side->other >= side->room) {
            return false;
        }
    }
    fetch_ahead(side, bytes, side->room - (count - side->other), true);
    channel_copy(side->ring + side->at * bytes, item, bytes);
    side->at = channel_after(side);
    note_user(side, thread, count);
    // release: pairs with receive_quick.
    atomic_store_release(&side->count, count + 1);
    return true;
}

static inline bool receive_quick(struct channel *channel, void *item, size_t bytes,
                                 uint32_t thread, bool looks) {
    struct channel_side *side = &channel->receiving;
    const size_t count = atomic_load_relaxed(&side->count);
    if (UNLIKELY(!side->is_quick)) {
        return false;
    }
    if (UNLIKELY(count == side->other)) {
        if (!looks) {
            return false;
        }
        // acquire: pairs with send_quick.
        side->other = atomic_load_acquire(&channel->sending.count);
        if (count == side->other) {
            return false;
        }
    }
    fetch_ahead(side, bytes, side->other - count, false);
    channel_copy(item, side->ring + side->at * bytes, bytes);
    side->at = channel_after(side);
    note_user(side, thread, count);
    // release: pairs with send_quick.
    atomic_store_release(&side->count, count + 1);
    return true;
}

// ---- without waiting -------------------------------------------------------------------------

int channel_try_send(struct channel *channel, const void *item, size_t bytes) {
    if (channel->is_closed) {
        return TN_CLOSED;
    }
    if (spot_takes(&channel->spot, item)) {
        return TN_OK;
    }
    struct wait *receiver = wait_take(&channel->receivers);
    if (receiver != NULL) {
        channel_copy(channel_item_of(receiver, bytes), item, bytes);
        wait_fire(receiver, TN_OK);
        return TN_OK;
    }
    if (!channel_has_ring(channel)) {
        return TN_WOULD_WAIT;
    }
    if (channel_count(channel) == channel->sending.room) {
        const int code = channel_grow(channel, bytes);
        if (code != TN_OK) {
            return code;
        }
    }
    channel_put(channel, item, bytes);
    return TN_OK;
}

int channel_try_receive(struct channel *channel, void *item, size_t bytes) {
    if (channel_count(channel) > 0) {
        channel_get(channel, item, bytes);
        struct wait *sender = wait_take(&channel->senders);
        if (sender != NULL) {
            channel_put(channel, channel_item_of(sender, bytes), bytes);
            wait_fire(sender, TN_OK);
        }
        return TN_OK;
    }
    if (spot_gives(&channel->spot, item)) {
        return TN_OK;
    }
    struct wait *sender = wait_take(&channel->senders);
    if (sender != NULL) {
        channel_copy(item, channel_item_of(sender, bytes), bytes);
        wait_fire(sender, TN_OK);
        return TN_OK;
    }
    return channel->is_closed ? TN_CLOSED : TN_WOULD_WAIT;
}

// ---- waiting ---------------------------------------------------------------------------------

// Of the looks at the other side of a ring that is full or empty.
enum { PAUSES_MIN = 16, PAUSES_MAX = 64 };

// With the turn of the full or empty side, also when it returns: looks for a moment whether the
// other side moves on. Seldom, so that it has moved by many items when it is seen: each look, and
// each item that is seen alone, takes the words of one thread to the other. And with no turn.
static void look_at_other(struct tn_self *self, struct channel_side *side,
                          const struct channel_side *other) {
    const size_t seen = side->other;
    if (!side->is_quick || side->room == 0 || atomic_load_relaxed(&other->user) == self->thread ||
        !wait_may_spin(self)) {
        return;
    }
    turn_release(&side->turn);
    for (int pauses = PAUSES_MIN; pauses <= PAUSES_MAX; pauses *= 2) {
        cpu_pauses(pauses);
        if (atomic_load_relaxed(&other->count) != seen) {
            break;
        }
    }
    turn_acquire(&side->turn, self->thread);
}

// With the sending turn, which alone was not enough.
__attribute__((noinline)) static int send_slow(struct tn_self *self, struct channel *channel,
                                               const void *item, size_t bytes, bool waits) {
    if (waits) {
        look_at_other(self, &channel->sending, &channel->receiving);
    }
    if (send_quick(channel, item, bytes, self->thread, true)) {
        release_side(&channel->sending, self->thread);
        return TN_OK;
    }
    turn_acquire(&channel->receiving.turn, self->thread);
    const int code = channel_try_send(channel, item, bytes);
    if (code == TN_WOULD_WAIT && waits) {
        return channel_wait_to_send(self, channel, item, bytes);
    }
    channel_release(channel);
    return code;
}

// Out of line, as send_slow: what has no ring shall not pay for the registers of what has one.
__attribute__((noinline)) static int put(struct tn_self *self, struct channel *channel,
                                         const void *item, size_t bytes, bool waits) {
    turn_acquire(&channel->sending.turn, self->thread);
    if (UNLIKELY(!send_quick(channel, item, bytes, self->thread, false))) {
        return send_slow(self, channel, item, bytes, waits);
    }
    turn_release(&channel->sending.turn);
    return TN_OK;
}

int tn_channel_send(struct tn_self *self, struct tn_channel *room, const void *item,
                    size_t item_bytes, bool waits) {
    struct channel *channel = channel_of(room);
    sanitizer_hand_over(channel);
    return channel_has_ring(channel) ? put(self, channel, item, item_bytes, waits)
                                     : channel_pass(self, channel, item, item_bytes, waits);
}

// With the receiving turn, which alone was not enough.
__attribute__((noinline)) static int receive_slow(struct tn_self *self, struct channel *channel,
                                                  void *item, size_t bytes, bool waits) {
    if (waits) {
        look_at_other(self, &channel->receiving, &channel->sending);
    }
    if (receive_quick(channel, item, bytes, self->thread, true)) {
        release_side(&channel->receiving, self->thread);
        sanitizer_take_over(channel);
        return TN_OK;
    }
    turn_release(&channel->receiving.turn);
    channel_acquire(channel, self->thread);
    const int code = channel_try_receive(channel, item, bytes);
    if (code == TN_WOULD_WAIT && waits) {
        return channel_wait_to_receive(self, channel, item, bytes);
    }
    channel_release(channel);
    sanitizer_take_over(channel);
    return code;
}

__attribute__((noinline)) static int get(struct tn_self *self, struct channel *channel, void *item,
                                         size_t bytes, bool waits) {
    turn_acquire(&channel->receiving.turn, self->thread);
    if (UNLIKELY(!receive_quick(channel, item, bytes, self->thread, false))) {
        return receive_slow(self, channel, item, bytes, waits);
    }
    turn_release(&channel->receiving.turn);
    sanitizer_take_over(channel);
    return TN_OK;
}

int tn_channel_receive(struct tn_self *self, struct tn_channel *room, void *item, size_t item_bytes,
                       bool waits) {
    struct channel *channel = channel_of(room);
    return channel_has_ring(channel) ? get(self, channel, item, item_bytes, waits)
                                     : channel_accept(self, channel, item, item_bytes, waits);
}

// ---- the end ---------------------------------------------------------------------------------

int tn_channel_close(struct tn_channel *room) {
    struct channel *channel = channel_of(room);
    sanitizer_hand_over(channel);
    channel_acquire(channel, turn_thread());
    const bool was_closed = channel->is_closed;
    channel->is_closed = true;
    spot_close(&channel->spot);
    wait_fire_all(&channel->senders, TN_CLOSED);
    wait_fire_all(&channel->receivers, TN_CLOSED);
    channel_release(channel);
    return !was_closed ? TN_OK
                       : misuse(TN_CLOSED, "the channel %s was closed twice: let one frame close "
                                           "it, the one that sends last", channel_name(channel));
}

int channel_reset(struct tn_channel *room, size_t bytes, void (*drop)(void *item)) {
    struct channel *channel = channel_of(room);
    spot_settle(&channel->spot);
    channel_acquire(channel, turn_thread());
    const bool is_used = !wait_list_is_empty(&channel->senders) ||
                         !wait_list_is_empty(&channel->receivers) ||
                         !spot_is_free(&channel->spot);
    if (!is_used) {
        if (drop != NULL) {
            channel_each(channel, bytes, drop);
        }
        channel_empty(channel);
        channel->is_closed = false;
    }
    channel_release(channel);
    if (!is_used) {
        turn_forget(&channel->sending.turn);
        turn_forget(&channel->receiving.turn);
    }
    return !is_used ? TN_OK
                    : misuse(TN_NOT_YOURS, "the channel %s was freed while a frame waits for it: "
                                           "close it, and let those who use it end first",
                             channel_name(channel));
}

int tn_channel_reset(struct tn_channel *room) {
    return channel_reset(room, 0, NULL);
}

size_t tn_channel_items(struct tn_channel *room) {
    struct channel *channel = channel_of(room);
    channel_acquire(channel, turn_thread());
    const size_t count = channel_count(channel);
    channel_release(channel);
    return count;
}
