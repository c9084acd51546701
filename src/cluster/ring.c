// ring.c - see ring.h.
#include "cluster/ring.h"

#include <string.h>

#include "base/bits.h"
#include "base/check.h"

size_t ring_bytes(uint32_t slot_count, size_t payload_bytes) {
    return sizeof(struct ring_shared) + slot_count * sizeof(struct ring_slot) + payload_bytes;
}

void ring_attach(struct ring *ring, void *memory, uint32_t slot_count, size_t payload_bytes) {
    REQUIRE(bits_is_power(slot_count) && bits_is_power(payload_bytes) && payload_bytes >= 8,
            "the sizes of a ring are powers of two");
    *ring =
        (struct ring){.shared = memory, .slot_count = slot_count, .payload_bytes = payload_bytes};
    ring->payloads = (unsigned char *)&ring->shared->slots[slot_count];
}

static enum ring_code break_ring(struct ring *ring) {
    ring->is_bad = true;
    return RING_BAD;
}

// ---- pushing ---------------------------------------------------------------------------------

// How far the other side has come. It can't have gone back, nor ahead of us.
static bool see_tails(struct ring *ring) {
    // pairs with ring_give_back
    const uint64_t tail = atomic_load_acquire(&ring->shared->tail);
    const uint64_t payload_tail = atomic_load_relaxed(&ring->shared->payload_tail);
    if (tail - ring->tail > ring->head - ring->tail ||
        payload_tail - ring->payload_tail > ring->payload_head - ring->payload_tail) {
        ring->is_bad = true;
        return false;
    }
    ring->tail = tail;
    ring->payload_tail = payload_tail;
    return true;
}

// The bytes of its payload that lie among the payloads.
static bool is_apart(const struct ring *ring, const struct message *message) {
    return ring->has_apart && (message->payload & RING_APART) != 0;
}
static size_t bytes_outside(const struct ring *ring, const struct message *message) {
    return message->bytes <= RING_INSIDE_BYTES || is_apart(ring, message) ? 0 : message->bytes;
}

static struct ring_slot *slot_at(const struct ring *ring, uint64_t index) {
    return &ring->shared->slots[index & (ring->slot_count - 1)];
}

// Which message lies there, when it is whole.
static _Atomic uint64_t *number_of(struct ring_slot *slot) {
    return (_Atomic uint64_t *)(void *)&slot->message.payload;
}

// Where a payload of so many bytes would begin.
static uint64_t payload_place(const struct ring *ring, size_t bytes) {
    const size_t offset = ring->payload_head & (ring->payload_bytes - 1);
    return offset + bytes <= ring->payload_bytes
               ? ring->payload_head
               : ring->payload_head - offset + ring->payload_bytes;
}

static bool has_room(const struct ring *ring, size_t bytes) {
    const uint64_t end = payload_place(ring, bytes) + bits_round_up(bytes, 8);
    return ring->head - ring->tail < ring->slot_count &&
           (bytes == 0 || end - ring->payload_tail <= ring->payload_bytes);
}

// Writes the payload, or where it lies.
static void put_payload(struct ring *ring, struct ring_slot *slot, const struct message *message,
                        const void *payload) {
    if (is_apart(ring, message)) {
        slot->where = message->payload;
    } else if (message->bytes <= RING_INSIDE_BYTES) {
        slot->where = RING_INSIDE;
        memcpy(slot->inside, payload, message->bytes);
    } else {
        slot->where = payload_place(ring, message->bytes);
        memcpy(&ring->payloads[slot->where & (ring->payload_bytes - 1)], payload, message->bytes);
        ring->payload_head = slot->where + bits_round_up(message->bytes, 8);
    }
}

// ---- brief ones ------------------------------------------------------------------------------

static bool is_brief(const struct ring *ring, const struct message *message) {
    return message->bytes - 1u < RING_BRIEF_BYTES && message->owner == ring->sender.owner &&
           message->session == ring->sender.session && message->version == ring->sender.version;
}

static struct ring_sender sender_of(const struct message *message) {
    return (struct ring_sender){message->owner, message->session, message->version};
}

static void set_sender(struct message *message, const struct ring_sender *sender) {
    message->owner = sender->owner;
    message->session = sender->session;
    message->version = sender->version;
}

// Where its payload lies.
static void *brief_room(struct message *message) {
    _Static_assert(offsetof(struct message, session) == offsetof(struct message, owner) + 8,
                   "room for 16 bytes");
    return &message->owner;
}

// Writes all but the number.
static void put(struct ring *ring, struct ring_slot *slot, const struct message *message,
                const void *payload) {
    memcpy(&slot->message, message, offsetof(struct message, payload));
    plain_write(&slot->message.task, message->task); // all of it, for who looks for races
    if (is_brief(ring, message)) {
        slot->message.version = RING_BRIEF;
        memcpy(brief_room(&slot->message), payload, message->bytes);
        return;
    }
    ring->sender = sender_of(message);
    if (message->bytes > 0) {
        put_payload(ring, slot, message, payload);
    }
}

enum ring_code ring_push_quietly(struct ring *ring, const struct message *message,
                                 const void *payload) {
    const size_t bytes = bytes_outside(ring, message);
    REQUIRE(bytes <= ring_payload_max(ring), "a payload is longer than the ring has room for");
    if (ring->is_bad) {
        return RING_BAD;
    }
    if (!has_room(ring, bytes)) {
        if (!see_tails(ring)) {
            return RING_BAD;
        }
        if (!has_room(ring, bytes)) {
            return RING_NONE;
        }
    }
    struct ring_slot *slot = slot_at(ring, ring->head);
    put(ring, slot, message, payload);
    ring->head++;
    atomic_store_release(number_of(slot), ring->head); // pairs with see_message
    cache_fetch_to_write(slot_at(ring, ring->head + 1)); // nobody looks at that one yet
    return RING_OK;
}

enum ring_code ring_push(struct ring *ring, const struct message *message, const void *payload,
                         bool *wakes) {
    const enum ring_code code = ring_push_quietly(ring, message, payload);
    *wakes = false;
    if (code != RING_OK) {
        return code;
    }
    atomic_fence_seq_cst(); // pairs with ring_sleep_empty
    if (!MUTATED(ring_without_wake) && atomic_load_relaxed(&ring->shared->is_empty_asleep) != 0) {
        *wakes = true;
        atomic_store_relaxed(&ring->shared->is_empty_asleep, 0);
    }
    return RING_OK;
}

enum ring_code ring_see(struct ring *ring, uint64_t *tail) {
    if (ring->is_bad || !see_tails(ring)) {
        return RING_BAD;
    }
    *tail = ring->tail;
    return ring->head - ring->tail < ring->slot_count ? RING_OK : RING_NONE;
}

// ---- taking ----------------------------------------------------------------------------------

// The number in the slot of the next message while that is not there: of the one of the round
// before, or none.
static uint64_t former_number(const struct ring *ring) {
    return ring->tail >= ring->slot_count ? ring->tail + 1 - ring->slot_count : 0;
}

static enum ring_code see_message(struct ring *ring, struct ring_slot *slot) {
    const uint64_t number = atomic_load_acquire(number_of(slot)); // pairs with ring_push_quietly
    if (number == ring->tail + 1) {
        return RING_OK;
    }
    return number == former_number(ring) ? RING_NONE : break_ring(ring);
}

// Whether the payload lies where an honest side puts it: aligned, in one piece, inside.
static bool is_inside(const struct ring *ring, const struct message *message) {
    const uint64_t begin = message->payload;
    const uint64_t offset = begin & (ring->payload_bytes - 1);
    const uint64_t end = begin + bits_round_up(message->bytes, 8);
    return begin % 8 == 0 && offset + message->bytes <= ring->payload_bytes &&
           begin - ring->payload_tail <= ring->payload_bytes &&
           end - ring->payload_tail <= ring->payload_bytes;
}

// Copies out where it lies. False: it can't lie there.
static bool find_payload(struct ring *ring, struct ring_slot *slot, struct message *message,
                         const void **payload) {
    if (message->version == RING_BRIEF) {
        *payload = brief_room(&slot->message);
        message->payload = RING_INSIDE;
        set_sender(message, &ring->sender);
        return message->bytes - 1u < RING_BRIEF_BYTES;
    }
    ring->sender = sender_of(message);
    *payload = slot->inside;
    message->payload = RING_INSIDE;
    if (message->bytes == 0) {
        return true;
    }
    message->payload = slot->where;
    if (message->bytes <= RING_INSIDE_BYTES && message->payload == RING_INSIDE) {
        return true;
    }
    if (is_apart(ring, message)) {
        *payload = NULL;
        return true;
    }
    *payload = &ring->payloads[message->payload & (ring->payload_bytes - 1)];
    return message->bytes > RING_INSIDE_BYTES && is_inside(ring, message);
}

enum ring_code ring_take(struct ring *ring, struct message *message, const void **payload) {
    if (ring->is_bad) {
        return RING_BAD;
    }
    struct ring_slot *slot = slot_at(ring, ring->tail);
    const enum ring_code code = see_message(ring, slot);
    if (code != RING_OK) {
        return code;
    }
    memcpy(message, &slot->message, offsetof(struct message, payload));
    message->task = plain_read(&slot->message.task);
    return find_payload(ring, slot, message, payload) ? RING_OK : break_ring(ring);
}

void ring_give_back(struct ring *ring, const struct message *message) {
    if (bytes_outside(ring, message) > 0) {
        ring->payload_tail = message->payload + bits_round_up(message->bytes, 8);
        atomic_store_relaxed(&ring->shared->payload_tail, ring->payload_tail);
    }
    ring->tail++;
    atomic_store_release(&ring->shared->tail, ring->tail); // pairs with see_tails
}

bool ring_wakes_pusher(struct ring *ring) {
    atomic_fence_seq_cst(); // pairs with ring_sleep_full
    if (atomic_load_relaxed(&ring->shared->is_full_asleep) != 0) {
        atomic_store_relaxed(&ring->shared->is_full_asleep, 0);
        return true;
    }
    return false;
}

bool ring_release(struct ring *ring, const struct message *message) {
    ring_give_back(ring, message);
    return ring_wakes_pusher(ring);
}

// ---- sleeping --------------------------------------------------------------------------------

bool ring_sleep_empty(struct ring *ring) {
    atomic_store_relaxed(&ring->shared->is_empty_asleep, 1);
    atomic_fence_seq_cst(); // pairs with ring_push
    if (!MUTATED(ring_without_second_look) &&
        atomic_load_relaxed(number_of(slot_at(ring, ring->tail))) != former_number(ring)) {
        ring_awake_empty(ring);
        return false;
    }
    return true;
}

bool ring_sleep_full(struct ring *ring) {
    atomic_store_relaxed(&ring->shared->is_full_asleep, 1);
    atomic_fence_seq_cst(); // pairs with ring_wakes_pusher
    if (atomic_load_relaxed(&ring->shared->tail) != ring->tail) {
        ring_awake_full(ring);
        return false;
    }
    return true;
}

void ring_awake_empty(struct ring *ring) {
    atomic_store_relaxed(&ring->shared->is_empty_asleep, 0);
}

void ring_awake_full(struct ring *ring) {
    atomic_store_relaxed(&ring->shared->is_full_asleep, 0);
}
