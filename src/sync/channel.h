// channel.h - the inside of tn_channel, for sends, receives and selects.
//
// One lock guards all of it. Items lie in a ring of `room` places, which are allocated when first
// needed and doubled up to the limit. When the least is to come first they are a heap instead, from
// place 0, and one more place is for moving them: heap[i] is not before heap[(i - 1) / 2].
//
// Invariants, under the lock:
//     receivers wait  =>  count == 0, it is not closed, and no sender waits
//     senders wait    =>  count == the limit (0: unbuffered), and it is not closed
// Start reading at channel_try_send.
#ifndef TENON_SYNC_CHANNEL_H
#define TENON_SYNC_CHANNEL_H

#include <tenon/channel.h>

#include "sync/wait_list.h"

// struct tn_channel as seen from here.
struct channel {
    const char *name;
    size_t capacity;
    size_t limit;
    enum tn_queue_order order;
    bool (*is_before)(const void *one, const void *other);
    struct turn lock;
    bool is_closed;
    unsigned char *ring;
    size_t room;
    size_t head; // where the oldest item lies
    size_t count;
    struct wait_list senders; // their items are read, or written, by who fires them
    struct wait_list receivers;
};

static inline struct channel *channel_of(struct tn_channel *channel) {
    return (struct channel *)(void *)channel;
}

// How many items it may hold.
static inline size_t channel_limit(const struct channel *channel) {
    return channel->limit > channel->capacity ? channel->limit : channel->capacity;
}

// Under the lock: sends or receives if that needs no waiting. TN_OK, TN_CLOSED, TN_WOULD_WAIT, or
// TN_NO_MEMORY.
int channel_try_send(struct channel *channel, const void *item, size_t bytes);
int channel_try_receive(struct channel *channel, void *item, size_t bytes);

#endif
