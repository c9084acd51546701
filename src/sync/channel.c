// channel.c - see channel.h.
#include "sync/channel.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "context/sanitizer.h"
#include "frame/misuse.h"

_Static_assert(sizeof(struct channel) == sizeof(struct tn_channel) &&
                   offsetof(struct channel, lock) == offsetof(struct tn_channel, tn_turn) &&
                   offsetof(struct channel, count) == offsetof(struct tn_channel, tn_count),
               "it is the same structure");

// The room of a channel that has none yet and may have any.
enum { ROOM_FIRST = 16 };

static const char *name_of(const struct channel *channel) {
    return channel->name == NULL ? "(without a name)" : channel->name;
}

// ---- the ring --------------------------------------------------------------------------------

static void copy(void *to, const void *from, size_t bytes) {
    if (bytes == sizeof(uint64_t)) { // most items: without a call
        __builtin_memcpy(to, from, sizeof(uint64_t));
    } else {
        memcpy(to, from, bytes);
    }
}

static unsigned char *place(const struct channel *channel, size_t index, size_t bytes) {
    const size_t at = channel->head + index;
    return channel->ring + (at < channel->room ? at : at - channel->room) * bytes;
}

// Makes room for more than there is; TN_WOULD_WAIT: it has all that it may have.
__attribute__((noinline)) static int grow(struct channel *channel, size_t bytes) {
    const size_t limit = channel_limit(channel);
    if (channel->count >= limit) {
        return TN_WOULD_WAIT;
    }
    size_t room = channel->room == 0 ? channel->capacity : channel->room * 2;
    room = room == 0 ? ROOM_FIRST : room;
    room = room < limit ? room : limit;
    const size_t spare = channel->order == TN_LEAST_FIRST ? 1 : 0;
    const bool fits = room < SIZE_MAX / bytes - spare;
    unsigned char *ring = fits ? os_allocate((room + spare) * bytes) : NULL;
    if (ring == NULL) {
        return TN_NO_MEMORY;
    }
    for (size_t i = 0; i < channel->count; i++) {
        memcpy(ring + i * bytes, place(channel, i, bytes), bytes);
    }
    os_free(channel->ring);
    channel->ring = ring;
    channel->room = room;
    channel->head = 0;
    return TN_OK;
}

static unsigned char *heap_at(const struct channel *channel, size_t index, size_t bytes) {
    return channel->ring + index * bytes;
}

static bool is_before(const struct channel *channel, size_t one, size_t other, size_t bytes) {
    return channel->is_before != NULL &&
           channel->is_before(heap_at(channel, one, bytes), heap_at(channel, other, bytes));
}

static void swap(const struct channel *channel, size_t one, size_t other, size_t bytes) {
    unsigned char *spare = heap_at(channel, channel->room, bytes);
    memcpy(spare, heap_at(channel, one, bytes), bytes);
    memcpy(heap_at(channel, one, bytes), heap_at(channel, other, bytes), bytes);
    memcpy(heap_at(channel, other, bytes), spare, bytes);
}

__attribute__((noinline)) static void heap_put(struct channel *channel, const void *item,
                                               size_t bytes) {
    size_t at = channel->count++;
    memcpy(heap_at(channel, at, bytes), item, bytes);
    while (at > 0 && is_before(channel, at, (at - 1) / 2, bytes)) {
        swap(channel, at, (at - 1) / 2, bytes);
        at = (at - 1) / 2;
    }
}

__attribute__((noinline)) static void heap_get(struct channel *channel, void *item, size_t bytes) {
    memcpy(item, channel->ring, bytes);
    const size_t count = --channel->count;
    memmove(channel->ring, heap_at(channel, count, bytes), bytes);
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
    if (UNLIKELY(channel->order == TN_LEAST_FIRST)) {
        heap_put(channel, item, bytes);
        return;
    }
    copy(place(channel, channel->count, bytes), item, bytes);
    channel->count++;
}

static void get(struct channel *channel, void *item, size_t bytes) {
    if (UNLIKELY(channel->order == TN_LEAST_FIRST)) {
        heap_get(channel, item, bytes);
        return;
    }
    channel->count--;
    if (UNLIKELY(channel->order == TN_NEWEST_FIRST)) {
        copy(item, place(channel, channel->count, bytes), bytes);
        return;
    }
    copy(item, channel->ring + channel->head * bytes, bytes);
    channel->head = channel->head + 1 == channel->room ? 0 : channel->head + 1;
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
    if (channel->count == channel->room) {
        const int code = grow(channel, bytes);
        if (code != TN_OK) {
            return code;
        }
    }
    put(channel, item, bytes);
    return TN_OK;
}

int channel_try_receive(struct channel *channel, void *item, size_t bytes) {
    if (channel->count > 0) {
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

// Out of line: room for a wait is needed by those only who wait. Releases the lock.
__attribute__((noinline)) static int send_slow(struct tn_self *self, struct channel *channel,
                                               const void *item, size_t bytes) {
    struct channel_wait wait = {.wait.item = (void *)(uintptr_t)item};
    waiter_init(&wait.waiter, self, tell_send, channel);
    int code = waiter_due(&wait.waiter);
    if (code != TN_OK) {
        return code;
    }
    turn_acquire(&channel->lock, self->thread);
    code = channel_try_send(channel, item, bytes);
    if (code != TN_WOULD_WAIT) {
        turn_release(&channel->lock);
        return code;
    }
    wait_push(&channel->senders, &wait.wait, &wait.waiter);
    code = wait_suspend(&wait.wait, &channel->lock);
    return code == TN_OK ? wait.wait.outcome : code;
}

__attribute__((noinline)) static int receive_slow(struct tn_self *self, struct channel *channel,
                                                  void *item, size_t bytes) {
    struct channel_wait wait = {.wait.item = item};
    waiter_init(&wait.waiter, self, tell_receive, channel);
    int code = waiter_due(&wait.waiter);
    if (code != TN_OK) {
        return code;
    }
    turn_acquire(&channel->lock, self->thread);
    code = channel_try_receive(channel, item, bytes);
    if (code != TN_WOULD_WAIT) {
        turn_release(&channel->lock);
        return code;
    }
    wait_push(&channel->receivers, &wait.wait, &wait.waiter);
    code = wait_suspend(&wait.wait, &channel->lock);
    return code == TN_OK ? wait.wait.outcome : code;
}

int tn_channel_send(struct tn_self *self, struct tn_channel *room, const void *item,
                    size_t item_bytes, bool waits) {
    struct channel *channel = channel_of(room);
    sanitizer_hand_over(channel);
    turn_acquire(&channel->lock, self->thread);
    int code = channel_try_send(channel, item, item_bytes);
    turn_release(&channel->lock);
    if (code == TN_WOULD_WAIT && waits) {
        code = send_slow(self, channel, item, item_bytes);
    }
    return code;
}

int tn_channel_receive(struct tn_self *self, struct tn_channel *room, void *item, size_t item_bytes,
                       bool waits) {
    struct channel *channel = channel_of(room);
    turn_acquire(&channel->lock, self->thread);
    int code = channel_try_receive(channel, item, item_bytes);
    turn_release(&channel->lock);
    if (code == TN_WOULD_WAIT && waits) {
        code = receive_slow(self, channel, item, item_bytes);
    }
    sanitizer_take_over(channel);
    return code;
}

// ---- the end ---------------------------------------------------------------------------------

int tn_channel_close(struct tn_channel *room) {
    struct channel *channel = channel_of(room);
    sanitizer_hand_over(channel);
    turn_acquire(&channel->lock, turn_thread());
    const bool was_closed = channel->is_closed;
    channel->is_closed = true;
    wait_fire_all(&channel->senders, TN_CLOSED);
    wait_fire_all(&channel->receivers, TN_CLOSED);
    turn_release(&channel->lock);
    return !was_closed ? TN_OK
                       : misuse(TN_CLOSED, "the channel %s was closed twice: let one frame close "
                                           "it, the one that sends last", name_of(channel));
}

int tn_channel_reset(struct tn_channel *room) {
    struct channel *channel = channel_of(room);
    turn_acquire(&channel->lock, turn_thread());
    const bool is_used =
        !wait_list_is_empty(&channel->senders) || !wait_list_is_empty(&channel->receivers);
    if (!is_used) {
        os_free(channel->ring);
        channel->ring = NULL;
        channel->room = 0;
        channel->head = 0;
        channel->count = 0;
        channel->is_closed = false;
    }
    turn_release(&channel->lock);
    return !is_used ? TN_OK
                    : misuse(TN_NOT_YOURS, "the channel %s was freed while a frame waits for it: "
                                           "close it, and let those who use it end first",
                             name_of(channel));
}

size_t tn_channel_items(struct tn_channel *room) {
    struct channel *channel = channel_of(room);
    turn_acquire(&channel->lock, turn_thread());
    const size_t count = channel->count;
    turn_release(&channel->lock);
    return count;
}
