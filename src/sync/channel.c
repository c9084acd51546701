// channel.c - see channel.h.
#include "sync/channel.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "context/sanitizer.h"
#include "frame/misuse.h"

_Static_assert(sizeof(struct channel) == sizeof(struct tn_channel) &&
                   offsetof(struct channel, is_before) == offsetof(struct tn_channel, is_before) &&
                   offsetof(struct channel, senders) == offsetof(struct tn_channel, tn_words),
               "it is the same structure");

// The room of a channel that has none yet and may have any.
enum { ROOM_FIRST = 16 };

static const char *name_of(const struct channel *channel) {
    return channel->name == NULL ? "(without a name)" : channel->name;
}

// ---- the ring --------------------------------------------------------------------------------

// What most items are, at any address.
typedef uint64_t word __attribute__((may_alias, aligned(1)));

static void copy(void *to, const void *from, size_t bytes) {
    if (LIKELY(bytes == sizeof(word))) { // without a call
        plain_write((word *)to, plain_read((const word *)from));
    } else {
        memcpy(to, from, bytes);
    }
}

static size_t after(const struct channel_side *side) {
    return side->at + 1 == side->room ? 0 : side->at + 1;
}

static void count_on(struct channel_side *side, size_t by) {
    atomic_store_relaxed(&side->count, atomic_load_relaxed(&side->count) + by);
}

static void use_ring(struct channel_side *side, unsigned char *ring, size_t room, size_t at) {
    side->ring = ring;
    side->room = room;
    side->at = at;
}

// Makes room for more than there is; TN_WOULD_WAIT: it has all that it may have.
__attribute__((noinline)) static int grow(struct channel *channel, size_t bytes) {
    const size_t limit = channel_limit(channel);
    const size_t count = channel_count(channel);
    const size_t former = channel->receiving.room;
    if (count >= limit) {
        return TN_WOULD_WAIT;
    }
    size_t room = former == 0 ? channel->capacity : former * 2;
    room = room == 0 ? ROOM_FIRST : room;
    room = room < limit ? room : limit;
    const size_t spare = channel->order == TN_LEAST_FIRST ? 1 : 0;
    const bool fits = room < SIZE_MAX / bytes - spare;
    unsigned char *ring = fits ? os_allocate((room + spare) * bytes) : NULL;
    if (ring == NULL) {
        return TN_NO_MEMORY;
    }
    const size_t head = channel->receiving.at;
    for (size_t i = 0; i < count; i++) {
        const size_t from = head + i < former ? head + i : head + i - former;
        memcpy(ring + i * bytes, channel->receiving.ring + from * bytes, bytes);
    }
    os_free(channel->receiving.ring);
    use_ring(&channel->sending, ring, room, channel->order == TN_LEAST_FIRST ? 0 : count);
    use_ring(&channel->receiving, ring, room, 0);
    return TN_OK;
}

static unsigned char *heap_at(const struct channel *channel, size_t index, size_t bytes) {
    return channel->sending.ring + index * bytes;
}

static bool is_before(const struct channel *channel, size_t one, size_t other, size_t bytes) {
    return channel->is_before != NULL &&
           channel->is_before(heap_at(channel, one, bytes), heap_at(channel, other, bytes));
}

static void swap(const struct channel *channel, size_t one, size_t other, size_t bytes) {
    unsigned char *spare = heap_at(channel, channel->sending.room, bytes);
    memcpy(spare, heap_at(channel, one, bytes), bytes);
    memcpy(heap_at(channel, one, bytes), heap_at(channel, other, bytes), bytes);
    memcpy(heap_at(channel, other, bytes), spare, bytes);
}

__attribute__((noinline)) static void heap_put(struct channel *channel, const void *item,
                                               size_t bytes) {
    size_t at = channel_count(channel);
    count_on(&channel->sending, 1);
    memcpy(heap_at(channel, at, bytes), item, bytes);
    while (at > 0 && is_before(channel, at, (at - 1) / 2, bytes)) {
        swap(channel, at, (at - 1) / 2, bytes);
        at = (at - 1) / 2;
    }
}

__attribute__((noinline)) static void heap_get(struct channel *channel, void *item, size_t bytes) {
    memcpy(item, heap_at(channel, 0, bytes), bytes);
    count_on(&channel->receiving, 1);
    const size_t count = channel_count(channel);
    memmove(heap_at(channel, 0, bytes), heap_at(channel, count, bytes), bytes);
    for (size_t at = 0, least = 1; least < count; at = least, least = 2 * at + 1) {
        if (least + 1 < count && is_before(channel, least + 1, least, bytes)) {
            least++;
        }
        if (!is_before(channel, least, at, bytes)) {
            break;
        }
        swap(channel, at, least, bytes);
    }
}

static void put(struct channel *channel, const void *item, size_t bytes) {
    struct channel_side *side = &channel->sending;
    if (UNLIKELY(channel->order == TN_LEAST_FIRST)) {
        heap_put(channel, item, bytes);
        return;
    }
    copy(side->ring + side->at * bytes, item, bytes);
    side->at = after(side);
    count_on(side, 1);
}

static void get(struct channel *channel, void *item, size_t bytes) {
    struct channel_side *side = &channel->receiving;
    if (UNLIKELY(channel->order == TN_LEAST_FIRST)) {
        heap_get(channel, item, bytes);
        return;
    }
    if (UNLIKELY(channel->order == TN_NEWEST_FIRST)) { // takes back what was sent last
        side = &channel->sending;
        side->at = side->at == 0 ? side->room - 1 : side->at - 1;
        copy(item, side->ring + side->at * bytes, bytes);
        count_on(side, (size_t)-1);
        return;
    }
    copy(item, side->ring + side->at * bytes, bytes);
    side->at = after(side);
    count_on(side, 1);
}

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

// False: it needs both.
static inline bool send_quick(struct channel *channel, const void *item, size_t bytes) {
    struct channel_side *side = &channel->sending;
    const size_t count = atomic_load_relaxed(&side->count);
    if (UNLIKELY(!side->is_quick)) {
        return false;
    }
    if (UNLIKELY(count - side->other >= side->room)) {
        // acquire: pairs with receive_quick: the item that lay there has been copied.
        side->other = atomic_load_acquire(&channel->receiving.count);
        if (count - side->other >= side->room) {
            return false;
        }
    }
    copy(side->ring + side->at * bytes, item, bytes);
    side->at = after(side);
    // release: pairs with receive_quick.
    atomic_store_release(&side->count, count + 1);
    return true;
}

static inline bool receive_quick(struct channel *channel, void *item, size_t bytes) {
    struct channel_side *side = &channel->receiving;
    const size_t count = atomic_load_relaxed(&side->count);
    if (UNLIKELY(!side->is_quick)) {
        return false;
    }
    if (UNLIKELY(count == side->other)) {
        // acquire: pairs with send_quick.
        side->other = atomic_load_acquire(&channel->sending.count);
        if (count == side->other) {
            return false;
        }
    }
    copy(item, side->ring + side->at * bytes, bytes);
    side->at = after(side);
    // release: pairs with send_quick.
    atomic_store_release(&side->count, count + 1);
    return true;
}

// ---- without waiting -------------------------------------------------------------------------

int channel_try_send(struct channel *channel, const void *item, size_t bytes) {
    if (channel->is_closed) {
        return TN_CLOSED;
    }
    struct wait *receiver = wait_take(&channel->receivers);
    if (receiver != NULL) {
        copy(receiver->item, item, bytes);
        wait_fire(receiver, TN_OK);
        return TN_OK;
    }
    if (channel_count(channel) == channel->sending.room) {
        const int code = grow(channel, bytes);
        if (code != TN_OK) {
            return code;
        }
    }
    put(channel, item, bytes);
    return TN_OK;
}

int channel_try_receive(struct channel *channel, void *item, size_t bytes) {
    if (channel_count(channel) > 0) {
        get(channel, item, bytes);
        struct wait *sender = wait_take(&channel->senders);
        if (sender != NULL) {
            put(channel, sender->item, bytes);
            wait_fire(sender, TN_OK);
        }
        return TN_OK;
    }
    struct wait *sender = wait_take(&channel->senders);
    if (sender != NULL) {
        copy(item, sender->item, bytes);
        wait_fire(sender, TN_OK);
        return TN_OK;
    }
    return channel->is_closed ? TN_CLOSED : TN_WOULD_WAIT;
}

// ---- waiting ---------------------------------------------------------------------------------

struct channel_wait {
    struct waiter waiter;
    struct wait wait;
};

static void tell_send(const struct waiter *waiter, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "waits to send to the channel %s", name_of(waiter->object));
}

static void tell_receive(const struct waiter *waiter, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "waits to receive from the channel %s", name_of(waiter->object));
}

static struct guard guard_of(struct channel *channel) {
    return (struct guard){&channel->sending.turn, &channel->receiving.turn};
}

// Waits in the list of one side, with both turns, which it releases. What it waits for is tried
// again when the look whether the frame has to end needs more than a load: with no turn, that is.
static int wait_in(struct channel *channel, struct channel_wait *wait, bool sends, size_t bytes) {
    if (!waiter_is_undisturbed(&wait->waiter)) {
        channel_release(channel);
        int code = waiter_due(&wait->waiter);
        if (code != TN_OK) {
            return code;
        }
        channel_acquire(channel, wait->waiter.self->thread);
        code = sends ? channel_try_send(channel, wait->wait.item, bytes)
                     : channel_try_receive(channel, wait->wait.item, bytes);
        if (code != TN_WOULD_WAIT) {
            channel_release(channel);
            return code;
        }
    }
    wait_push(sends ? &channel->senders : &channel->receivers, &wait->wait, &wait->waiter);
    channel_settle(channel);
    const int code = wait_suspend(&wait->wait, guard_of(channel));
    return code == TN_OK ? wait->wait.outcome : code;
}

// Out of line: room for a wait is needed by those only who wait. With both turns.
__attribute__((noinline)) static int wait_to_send(struct tn_self *self, struct channel *channel,
                                                  const void *item, size_t bytes) {
    struct channel_wait wait = {.wait.item = (void *)(uintptr_t)item};
    waiter_init(&wait.waiter, self, tell_send, channel);
    return wait_in(channel, &wait, true, bytes);
}

__attribute__((noinline)) static int wait_to_receive(struct tn_self *self, struct channel *channel,
                                                     void *item, size_t bytes) {
    struct channel_wait wait = {.wait.item = item};
    waiter_init(&wait.waiter, self, tell_receive, channel);
    return wait_in(channel, &wait, false, bytes);
}

int tn_channel_send(struct tn_self *self, struct tn_channel *room, const void *item,
                    size_t item_bytes, bool waits) {
    struct channel *channel = channel_of(room);
    sanitizer_hand_over(channel);
    turn_acquire(&channel->sending.turn, self->thread);
    if (LIKELY(send_quick(channel, item, item_bytes))) {
        turn_release(&channel->sending.turn);
        return TN_OK;
    }
    turn_acquire(&channel->receiving.turn, self->thread);
    const int code = channel_try_send(channel, item, item_bytes);
    if (code == TN_WOULD_WAIT && waits) {
        return wait_to_send(self, channel, item, item_bytes);
    }
    channel_release(channel);
    return code;
}

// With both turns, since the receiving one alone was not enough.
static int receive_slow(struct tn_self *self, struct channel *channel, void *item, size_t bytes,
                        bool waits) {
    channel_acquire(channel, self->thread);
    const int code = channel_try_receive(channel, item, bytes);
    if (code == TN_WOULD_WAIT && waits) {
        return wait_to_receive(self, channel, item, bytes);
    }
    channel_release(channel);
    return code;
}

int tn_channel_receive(struct tn_self *self, struct tn_channel *room, void *item, size_t item_bytes,
                       bool waits) {
    struct channel *channel = channel_of(room);
    turn_acquire(&channel->receiving.turn, self->thread);
    const bool is_received = receive_quick(channel, item, item_bytes);
    turn_release(&channel->receiving.turn);
    const int code =
        LIKELY(is_received) ? TN_OK : receive_slow(self, channel, item, item_bytes, waits);
    sanitizer_take_over(channel);
    return code;
}

// ---- the end ---------------------------------------------------------------------------------

int tn_channel_close(struct tn_channel *room) {
    struct channel *channel = channel_of(room);
    sanitizer_hand_over(channel);
    channel_acquire(channel, turn_thread());
    const bool was_closed = channel->is_closed;
    channel->is_closed = true;
    wait_fire_all(&channel->senders, TN_CLOSED);
    wait_fire_all(&channel->receivers, TN_CLOSED);
    channel_release(channel);
    return !was_closed ? TN_OK
                       : misuse(TN_CLOSED, "the channel %s was closed twice: let one frame close "
                                           "it, the one that sends last", name_of(channel));
}

static void forget_items(struct channel_side *side) {
    use_ring(side, NULL, 0, 0);
    atomic_store_relaxed(&side->count, 0);
}

int tn_channel_reset(struct tn_channel *room) {
    struct channel *channel = channel_of(room);
    channel_acquire(channel, turn_thread());
    const bool is_used =
        !wait_list_is_empty(&channel->senders) || !wait_list_is_empty(&channel->receivers);
    if (!is_used) {
        os_free(channel->sending.ring);
        forget_items(&channel->sending);
        forget_items(&channel->receiving);
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
                             name_of(channel));
}

size_t tn_channel_items(struct tn_channel *room) {
    struct channel *channel = channel_of(room);
    channel_acquire(channel, turn_thread());
    const size_t count = channel_count(channel);
    channel_release(channel);
    return count;
}
