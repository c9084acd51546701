// tenon/channel.h - channels: typed items that go from frame to frame.
//
//     TN_CHANNEL(long, longs);                     // a type of channels, of items of type long
//
//     TN_PFRAME(void, count, (tn_channel(longs) *, numbers)) {
//         for (long i = 0; i < 3 && tn_send(longs, numbers, i) == TN_OK; i++) {
//         }
//         tn_close(numbers);
//     }
//
//     tn_channel(longs) numbers = TN_CHANNEL_OF(.capacity = 16);
//     tn_spawn(count, &numbers);
//     for (long i; tn_receive(longs, &numbers, &i) == TN_OK;) {
//         printf("%ld\n", i);                      // 0 1 2, then the channel is closed
//     }
//     tn_channel_free(&numbers);
//
// A channel needs no call to begin: zeros are an unbuffered one. It lies in the program's memory
// and must stay there while anybody uses it: who has received an item knows that it was sent, not
// that the call that sent it has returned, nor does who has sent one of the call that received it.
// Items are copied, and arrive in the order in which they were sent, unless another was asked for;
// each is received by one. Of several that wait the first to come is first served. Who waits
// suspends its frame, never the thread.
//
// Frames of one run, of several runs, and threads that are in no run may share one. The calls take
// the `self` that is in scope; such a thread defines one, `struct tn_self *self = tn_current();`,
// and blocks where a frame would wait.
#ifndef TENON_CHANNEL_H
#define TENON_CHANNEL_H

#include <stddef.h>

#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

// In which order items are received: as they were sent; the newest first; the least first, and of
// equal ones any.
enum tn_queue_order { TN_OLDEST_FIRST, TN_NEWEST_FIRST, TN_LEAST_FIRST };

// What every channel is, whatever its items. The first fields may be given, by
// TN_CHANNEL_OF(.capacity = 16).
struct tn_channel {
    const char *name; // in reports; NULL: none. Must live as long
    // How many items it holds that nobody has received yet; 0: none, it is unbuffered, and a send
    // waits until somebody receives. The memory is allocated by the first send that needs it.
    size_t capacity;
    // Above `capacity`: the memory grows up to that many items, and only then a send waits.
    size_t limit;
    enum tn_queue_order order; // of the items that it holds
    // For TN_LEAST_FIRST: whether the item at `one` comes before the one at `other`. Must not wait.
    bool (*is_before)(const void *one, const void *other);
    // What follows is not for the program.
    bool tn_is_closed;
    void *tn_words[34];
};

// TN_CHANNEL(type, name); declares, at file scope, a type of channels for items of any copyable
// type.
#define TN_CHANNEL(type, name)                                                                     \
    struct name##_tn_channel {                                                                     \
        struct tn_channel channel;                                                                 \
    };                                                                                             \
    typedef type name##_tn_item;                                                                   \
    TN_INLINE_ int name##_tn_send(struct tn_self *self, struct name##_tn_channel *tn_at,           \
                                  name##_tn_item tn_value, bool tn_waits) {                        \
        return tn_channel_send(self, &tn_at->channel, &tn_value, sizeof tn_value, tn_waits);       \
    }                                                                                              \
    TN_INLINE_ int name##_tn_receive(struct tn_self *self, struct name##_tn_channel *tn_at,        \
                                     name##_tn_item *tn_value, bool tn_waits) {                    \
        return tn_channel_receive(self, &tn_at->channel, tn_value, sizeof *tn_value, tn_waits);    \
    }                                                                                              \
    TN_INLINE_ struct tn_choice name##_tn_choice(struct name##_tn_channel *tn_at,                  \
                                                 name##_tn_item *tn_value, bool tn_sends) {        \
        struct tn_choice tn_made;                                                                  \
        __builtin_memset(&tn_made, 0, sizeof tn_made);                                             \
        tn_made.channel = &tn_at->channel;                                                         \
        tn_made.item = tn_value;                                                                   \
        tn_made.item_bytes = sizeof *tn_value;                                                     \
        tn_made.is_send = tn_sends;                                                                \
        return tn_made;                                                                            \
    }                                                                                              \
    struct name##_tn_channel /* swallows the semicolon */

// The type of such a channel, and what a variable of it may be initialised with: fields of struct
// tn_channel by name.
#define tn_channel(name) struct name##_tn_channel
#define TN_CHANNEL_OF(...)                                                                         \
    {                                                                                              \
        { __VA_ARGS__ }                                                                            \
    }

// tn_send(name, channel, item): sends a copy of `item`, and waits while the channel is full, or, if
// it is unbuffered, until somebody receives. Returns TN_OK when it was sent. TN_CLOSED when the
// channel is closed, or is closed while this waits; TN_CANCELLED or TN_TIMED_OUT when this frame
// has to end; TN_NO_MEMORY: then it was not sent. A cancellation loses nothing: what has been
// taken when it comes was sent, TN_OK. A send that need not wait does not look whether the frame
// has to end. Uses `self`.
#define tn_send(name, channel, item) name##_tn_send(self, channel, item, true)

// The same without waiting. Returns TN_OK, TN_WOULD_WAIT, TN_CLOSED or TN_NO_MEMORY. Uses `self`.
#define tn_try_send(name, channel, item) name##_tn_send(self, channel, item, false)

// tn_receive(name, channel, &item): receives the oldest item, and waits for one. Returns TN_OK and
// the item. TN_CLOSED when the channel is closed and all that was sent has been received, so that a
// loop while it is TN_OK sees every item. TN_CANCELLED or TN_TIMED_OUT when this frame has to end:
// then it has received nothing, and no item is lost: who has been given one when the cancellation
// comes returns it, with TN_OK. Uses `self`.
#define tn_receive(name, channel, item) name##_tn_receive(self, channel, item, true)

// The same without waiting. Returns TN_OK, TN_WOULD_WAIT or TN_CLOSED. Uses `self`.
#define tn_try_receive(name, channel, item) name##_tn_receive(self, channel, item, false)

// Nothing is sent any more: who waits to send receives TN_CLOSED; who receives gets what was sent
// before, then TN_CLOSED. From any frame or thread; never waits. Returns TN_OK, or TN_CLOSED when
// it was closed already (a programmer's error).
#define tn_close(of) tn_channel_close(&(of)->channel)
TN_PUBLIC int tn_channel_close(struct tn_channel *channel);

// Gives the memory of a channel back that nobody uses any more, with the items in it; after that it
// is a new one. Returns TN_OK; TN_NOT_YOURS, and nothing happens, while somebody waits (a
// programmer's error).
#define tn_channel_free(of) tn_channel_reset(&(of)->channel)
TN_PUBLIC int tn_channel_reset(struct tn_channel *channel);

// How many items wait in it to be received, at this moment. Returns the number.
#define tn_channel_count(of) tn_channel_items(&(of)->channel)
TN_PUBLIC size_t tn_channel_items(struct tn_channel *channel);

// ---- several at once -------------------------------------------------------------------------

// One thing that tn_select may do: made by tn_can_receive and tn_can_send.
struct tn_choice {
    struct tn_channel *channel; // NULL: none, never chosen
    void *item;
    size_t item_bytes;
    bool is_send;
    int outcome; // of the chosen one: TN_OK, TN_CLOSED or, of a send, TN_NO_MEMORY
    void *tn_private[8];
};

// tn_can_receive(name, channel, &item) and tn_can_send(name, channel, &item): return a choice for
// tn_select. The variable `item` must live until that returns.
#define tn_can_receive(name, channel, item) name##_tn_choice(channel, item, false)
#define tn_can_send(name, channel, item) name##_tn_choice(channel, item, true)

// Waits until one of `count` choices is possible, and makes exactly that one:
//
//     struct tn_choice choices[] = {tn_can_receive(longs, in, &number),
//                                   tn_can_send(texts, out, &text)};
//     switch (tn_select(self, choices, 2, 0.5)) { case 0: ... case 1: ... default: ... }
//
// For at most `seconds`: 0 does not wait, TN_NO_LIMIT waits as long as it takes. Of several that
// are possible at once the first in the array is made; one whose channel is closed is possible, and
// its outcome is TN_CLOSED: set its channel to NULL to leave it out. Returns the index of the one
// that was made, with its `outcome`; TN_WOULD_WAIT when none was possible in that time; TN_EMPTY
// when there is none and no limit; TN_CANCELLED or TN_TIMED_OUT when this frame has to end. In all
// of these nothing was sent or received, and nothing is lost.
#define TN_NO_LIMIT (-1.0)
TN_PUBLIC TN_MUST_USE int tn_select(struct tn_self *self, struct tn_choice *choices, size_t count,
                                    double seconds);

// ---- what the macros become ------------------------------------------------------------------

// tn_send and tn_receive of items of `item_bytes` bytes, which every call for one channel gives the
// same; `waits` false: their try forms. They return what those do.
TN_PUBLIC int tn_channel_send(struct tn_self *self, struct tn_channel *channel, const void *item,
                              size_t item_bytes, bool waits);
TN_PUBLIC int tn_channel_receive(struct tn_self *self, struct tn_channel *channel, void *item,
                                 size_t item_bytes, bool waits);

#ifdef __cplusplus
}
#endif

#endif
