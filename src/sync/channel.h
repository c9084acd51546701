// channel.h - the inside of tn_channel, for sends, receives and selects.
//
// A channel has two sides, each with a turn of its own (turn.h). Who sends into a ring with room
// needs the turn of the sending side only, who receives from a ring with items that of the
// receiving side: so they meet in the two counts and nowhere else, and there only when what a side
// remembers of the other's is used up. All else needs both turns, the sending one first
// (channel_acquire): who waits or wakes somebody, who closes, makes room, or keeps another order.
//
// Items lie in a ring of `room` places, which are allocated when first needed and doubled up to the
// limit. When the least is to come first they are a heap instead, from place 0, and one more place
// is for moving them: heap[i] is not before heap[(i - 1) / 2].
//
// Invariants, with both turns; count = sending.count - receiving.count:
//     receivers wait      =>  count == 0, it is not closed, and no sender waits
//     senders wait        =>  count == the limit (0: unbuffered), and it is not closed
//     somebody waits in the spot  =>  as in the list, where nobody has come before
//     sending.is_quick    =>  oldest first, it is not closed, nobody waits to receive
//     receiving.is_quick  =>  oldest first, nobody waits to send
// Model-checked in tests/model. Start reading at tn_channel_send.
#ifndef TENON_SYNC_CHANNEL_H
#define TENON_SYNC_CHANNEL_H

#include <tenon/channel.h>

#include <string.h>

#include "base/bits.h"
#include "base/cache.h"
#include "sync/spot.h"
#include "sync/wait_list.h"

// Written with the side's turn; is_quick, ring and room with both.
struct channel_side {
    struct turn turn;
    bool is_quick;       // its turn alone is enough, where the ring allows
    unsigned char *ring; // the same on both sides, as `room`
    size_t room;
    size_t at;            // the place of the next item
    _Atomic size_t count; // how many items have passed here so far
    size_t other;         // what it has seen of the other side's count
    size_t since;         // what the count was when another thread than `user` used its turn alone
    _Atomic uint32_t user;
};

// What most items are, at any address.
typedef uint64_t channel_word __attribute__((may_alias, aligned(1)));

// struct tn_channel as seen from here.
struct channel {
    const char *name;
    size_t capacity;
    size_t limit;
    enum tn_queue_order order;
    bool (*is_before)(const void *one, const void *other);
    bool is_closed;
    struct wait_list senders; // their items are read, or written, by who fires them
    struct spot spot; // unbuffered: where two meet that are awake
    struct channel_side sending;
    unsigned char apart[CACHE_LINE];
    struct channel_side receiving;
    struct wait_list receivers;
    unsigned char end[16]; // up to a whole line
};

// A structure of this size that is no part of another one begins half a line, at least.
_Static_assert(offsetof(struct channel, spot) % (CACHE_LINE / 2) == 0 &&
                   offsetof(struct channel, sending.turn.lock) <
                       offsetof(struct channel, spot) + CACHE_LINE / 2 &&
                   sizeof(struct channel) % CACHE_LINE == 0,
               "an item from hand to hand takes one line to the other thread");

static inline struct channel *channel_of(struct tn_channel *channel) {
    return (struct channel *)(void *)channel;
}

static inline const char *channel_name(const struct channel *channel) {
    return channel->name == NULL ? "(without a name)" : channel->name;
}

// How many items it may hold.
static inline size_t channel_limit(const struct channel *channel) {
    return channel->limit > channel->capacity ? channel->limit : channel->capacity;
}

// Whether it may hold any: else nothing can be done with one turn, and the sending one stands for
// both.
static inline bool channel_has_ring(const struct channel *channel) {
    return (channel->limit | channel->capacity) != 0;
}

// How many it holds. With both turns.
static inline size_t channel_count(struct channel *channel) {
    return atomic_load_relaxed(&channel->sending.count) -
           atomic_load_relaxed(&channel->receiving.count);
}

// ---- items: channel_items.c ---------------------------------------------------------------------

static inline void channel_copy(void *to, const void *from, size_t bytes) {
    if (LIKELY(bytes == sizeof(channel_word))) { // without a call
        plain_write((channel_word *)to, plain_read((const channel_word *)from));
    } else {
        memcpy(to, from, bytes);
    }
}

// Where the item of somebody who waits lies: of one word in the wait itself, so that two threads
// that pass it on meet in few lines of memory.
static inline void *channel_item_of(struct wait *wait, size_t bytes) {
    return LIKELY(bytes == sizeof wait->word) ? &wait->word : wait->item;
}

// Before the wait, and after one to receive that has ended with TN_OK.
static inline void channel_bring(struct wait *wait, const void *item, size_t bytes, bool sends) {
    wait->item = (void *)(uintptr_t)item;
    if (sends && bytes == sizeof wait->word) {
        channel_copy(&wait->word, item, bytes);
    }
}

static inline void channel_fetch(struct wait *wait, void *item, size_t bytes) {
    if (LIKELY(bytes == sizeof wait->word)) {
        channel_copy(item, &wait->word, bytes);
    }
}

// The place that follows.
static inline size_t channel_after(const struct channel_side *side) {
    return side->at + 1 == side->room ? 0 : side->at + 1;
}

// With both turns, all of these. Makes room for more than there is: TN_OK, TN_NO_MEMORY, or
// TN_WOULD_WAIT: it has all that it may have.
int channel_grow(struct channel *channel, size_t bytes);

// Where there is room, or an item.
void channel_put(struct channel *channel, const void *item, size_t bytes);
void channel_get(struct channel *channel, void *item, size_t bytes);

// Shows each item that it holds to `see`.
void channel_each(struct channel *channel, size_t bytes, void (*see)(void *item));

// Gives the memory of the ring back, and the items in it.
void channel_empty(struct channel *channel);

// ---- the whole -------------------------------------------------------------------------------

// Both turns, by the thread of that number (self->thread).
static inline void channel_acquire(struct channel *channel, uint32_t thread) {
    turn_acquire(&channel->sending.turn, thread);
    if (channel_has_ring(channel)) {
        turn_acquire(&channel->receiving.turn, thread);
    }
}

// Before they are released: says what each side may do alone from now on.
void channel_settle(struct channel *channel);

static inline void channel_release(struct channel *channel) {
    if (channel_has_ring(channel)) {
        channel_settle(channel);
        turn_release(&channel->receiving.turn);
    }
    turn_release(&channel->sending.turn);
}

// With both turns: sends or receives if that needs no waiting. TN_OK, TN_CLOSED, TN_WOULD_WAIT, or
// TN_NO_MEMORY.
int channel_try_send(struct channel *channel, const void *item, size_t bytes);
int channel_try_receive(struct channel *channel, void *item, size_t bytes);

// With no turn: tn_channel_reset, and `drop` (NULL: nothing) is called for each item that goes.
int channel_reset(struct tn_channel *channel, size_t bytes, void (*drop)(void *item));

// ---- who waits: channel_wait.c ---------------------------------------------------------------

// With both turns, which they release: what the call that has to wait returns in the end.
int channel_wait_to_send(struct tn_self *self, struct channel *channel, const void *item,
                         size_t bytes);
int channel_wait_to_receive(struct tn_self *self, struct channel *channel, void *item,
                            size_t bytes);

// With no turn: all of a send, and all of a receive, through a channel that holds no items.
int channel_pass(struct tn_self *self, struct channel *channel, const void *item, size_t bytes,
                 bool waits);
int channel_accept(struct tn_self *self, struct channel *channel, void *item, size_t bytes,
                   bool waits);

#endif
