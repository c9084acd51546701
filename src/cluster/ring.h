// ring.h - one direction between two processes: messages of 64 bytes and their payloads, in memory
// that both have mapped, and that neither trusts.
//
// One side pushes, the other takes. Each keeps its own copy of every index and of every message
// that it looks at, and checks it there; what the other side may have written at the same time is
// read once. If that can't be right, the ring is bad from then on: RING_BAD.
//
//     slots:     tail <= head <= tail + slot_count
//     payloads:  payload_tail <= payload_head <= payload_tail + payload_bytes
//
// Message `i` lies in slot i % slot_count.
//
// A slot says itself whether its message is there (`number`, written last), so that the other side
// has to fetch one line for a message, and not first another one that says how many there are. A
// short payload lies in the slot, beside it, which is a second line; a brief one in the message
// itself, in place of its owner and session, when these are those of the last message that named
// them. Who pushes asks for the line of the slot after the next one ahead.
//
// A longer one lies in one piece at its place % payload_bytes; what is skipped at the end for that
// is given back with it. One that is marked RING_APART lies elsewhere (hold.h), if there is such a
// place: the ring then carries only the message.
//
// Sleeping: who finds nothing (ring_sleep_empty) or no room (ring_sleep_full) says so in the ring,
// looks once more, and may then sleep; the other side says after each push, or each release,
// whether somebody sleeps, who must be woken. How that is done is not the ring's business
// (eventfd). Start reading at ring_push.
#ifndef TENON_CLUSTER_RING_H
#define TENON_CLUSTER_RING_H

#include <stddef.h>

#include "base/atomic.h"
#include "base/cache.h"
#include "cluster/session.h"

enum {
    RING_INSIDE_BYTES = 56, // of the longest payload that lies in its slot
    RING_BRIEF_BYTES = 16,  // and in its message
    RING_BRIEF = 0xffff,    // the version of a message with such a payload, while it is in the ring
};

struct ring_slot {
    // By who pushes; its `payload` is the ring's number of the message, from 1, and written last.
    _Alignas(CACHE_LINE) struct message message;
    // Of a message with a payload: where that lies, RING_INSIDE or as message.payload says; and, if
    // so, the payload.
    uint64_t where;
    unsigned char inside[RING_INSIDE_BYTES];
};
_Static_assert(sizeof(struct ring_slot) == 2 * sizeof(struct message), "a pair of lines");

// What both sides see, at the beginning of the memory, all zeros at first; behind it the slots,
// then the payloads.
struct ring_shared {
    // Written by who takes.
    _Alignas(CACHE_LINE) _Atomic uint64_t tail;
    _Atomic uint64_t payload_tail;
    // By both, when somebody sleeps: who pushes and takes finds them where they were.
    _Alignas(CACHE_LINE) _Atomic uint32_t is_full_asleep;
    _Atomic uint32_t is_empty_asleep;
    struct ring_slot slots[];
};

// Who a message is from: what is left out of a brief one.
struct ring_sender {
    uint64_t owner, session;
    uint16_t version;
};

// One side's view of a ring.
struct ring {
    struct ring_shared *shared;
    unsigned char *payloads;
    uint32_t slot_count;  // a power of two
    size_t payload_bytes; // a power of two, at least 8
    uint64_t head;        // of who pushes
    uint64_t tail;        // of who takes, or as it was seen last
    uint64_t payload_head, payload_tail;
    struct ring_sender sender; // of the last message that named it
    bool has_apart; // whoever uses the ring knows of payloads that lie apart; false at first
    bool is_bad;
};

enum ring_code {
    RING_OK = 0,
    RING_NONE = -1, // nothing to take, or no room
    RING_BAD = -2,  // the other side broke the ring
};

// In message.payload: the rest of it says where the payload lies, in memory that is not the ring's.
#define RING_APART (UINT64_C(1) << 63)
// The same, of one that lies in its slot, or in its message.
#define RING_INSIDE (RING_APART - 1)

// Bytes of memory that a ring needs.
size_t ring_bytes(uint32_t slot_count, size_t payload_bytes);

// `memory` is zeroed, shared, and lies at a multiple of CACHE_LINE. Both sides say the same sizes.
void ring_attach(struct ring *ring, void *memory, uint32_t slot_count, size_t payload_bytes);

// The longest payload that can ever be pushed.
static inline size_t ring_payload_max(const struct ring *ring) {
    return ring->payload_bytes;
}

// Copies a message and its payload of message->bytes bytes into the ring (apart from the payload
// if that lies apart). *wakes is true when the other side has to be woken.
enum ring_code ring_push(struct ring *ring, const struct message *message, const void *payload,
                         bool *wakes);

// The same for a message that can wait until another one follows, or the other side looks: nobody
// is woken for it, and nothing is waited for until the other side could see it.
enum ring_code ring_push_quietly(struct ring *ring, const struct message *message,
                                 const void *payload);

// How far the other side has come: the messages before number *tail have been given back. The next
// one to be pushed is number ring->head. RING_NONE when there is no slot free for it.
enum ring_code ring_see(struct ring *ring, uint64_t *tail);

// Copies the oldest message out. Its payload is at *payload, in the ring, where the other side may
// still write: copy it before looking at it. It stays until ring_release. NULL: it lies apart.
enum ring_code ring_take(struct ring *ring, struct message *message, const void **payload);

// Gives back the message that was taken last. Returns true when the other side has to be woken.
bool ring_release(struct ring *ring, const struct message *message);

// The two halves of it, for who takes several in a row: gives one back; and, after the last of
// them, whether the other side has to be woken.
void ring_give_back(struct ring *ring, const struct message *message);
bool ring_wakes_pusher(struct ring *ring);

// Says that this side is about to sleep, and looks once more. Returns true when it may: the other
// side will then wake it. Otherwise there is something to take, or room. ring_awake when it wakes,
// for whatever reason.
bool ring_sleep_empty(struct ring *ring);
bool ring_sleep_full(struct ring *ring);
void ring_awake_empty(struct ring *ring);
void ring_awake_full(struct ring *ring);

#endif
