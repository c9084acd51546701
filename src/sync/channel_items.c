// channel_items.c - the items that a channel holds: a ring, or a heap when the least is to come
// first.
//
// Invariant: channel.h; all with both turns. Start reading at channel_put.
#include "base/check.h"
#include "sync/channel.h"

// The room of a channel that has none yet and may have any.
enum { ROOM_FIRST = 16 };

static void count_on(struct channel_side *side, size_t by) {
    atomic_store_relaxed(&side->count, atomic_load_relaxed(&side->count) + by);
}

static void use_ring(struct channel_side *side, unsigned char *ring, size_t room, size_t at) {
    side->ring = ring;
    side->room = room;
    side->at = at;
}

int channel_grow(struct channel *channel, size_t bytes) {
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

void channel_put(struct channel *channel, const void *item, size_t bytes) {
    struct channel_side *side = &channel->sending;
    if (UNLIKELY(channel->order == TN_LEAST_FIRST)) {
        heap_put(channel, item, bytes);
        return;
    }
    channel_copy(side->ring + side->at * bytes, item, bytes);
    side->at = channel_after(side);
    count_on(side, 1);
}

void channel_get(struct channel *channel, void *item, size_t bytes) {
    struct channel_side *side = &channel->receiving;
    if (UNLIKELY(channel->order == TN_LEAST_FIRST)) {
        heap_get(channel, item, bytes);
        return;
    }
    if (UNLIKELY(channel->order == TN_NEWEST_FIRST)) { // takes back what was sent last
        side = &channel->sending;
        side->at = side->at == 0 ? side->room - 1 : side->at - 1;
        channel_copy(item, side->ring + side->at * bytes, bytes);
        count_on(side, (size_t)-1);
        return;
    }
    channel_copy(item, side->ring + side->at * bytes, bytes);
    side->at = channel_after(side);
    count_on(side, 1);
}

void channel_each(struct channel *channel, size_t bytes, void (*see)(void *item)) {
    const struct channel_side *side = &channel->receiving; // of a heap, from place 0 on
    const size_t count = channel_count(channel);
    for (size_t i = 0; i < count; i++) {
        const size_t at = side->at + i < side->room ? side->at + i : side->at + i - side->room;
        see(side->ring + at * bytes);
    }
}

static void forget_items(struct channel_side *side) {
    use_ring(side, NULL, 0, 0);
    side->since = 0;
    atomic_store_relaxed(&side->count, 0);
}

void channel_empty(struct channel *channel) {
    os_free(channel->sending.ring);
    forget_items(&channel->sending);
    forget_items(&channel->receiving);
}
