// ring.c - see ring.h.
#include "cluster/ring.h"

#include <string.h>

#include "base/bits.h"
#include "base/check.h"

size_t ring_bytes(uint32_t slot_count, size_t payload_bytes) {
    return sizeof(struct ring_shared) + slot_count * sizeof(struct message) + payload_bytes;
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

// The bytes of its payload that lie in the ring.
static bool is_apart(const struct ring *ring, const struct message *message) {
    return ring->has_apart && (message->payload & RING_APART) != 0;
}
static size_t bytes_inside(const struct ring *ring, const struct message *message) {
    return is_apart(ring, message) ? 0 : message->bytes;
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

enum ring_code ring_push_quietly(struct ring *ring, const struct message *message,
                                 const void *payload) {
    const size_t bytes = bytes_inside(ring, message);
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
    struct message *slot = &ring->shared->slots[ring->head & (ring->slot_count - 1)];
    *slot = *message;
    plain_write(&slot->task, message->task); // the whole slot, for who looks for races
    if (bytes > 0) {
        slot->payload = payload_place(ring, bytes);
        memcpy(&ring->payloads[slot->payload & (ring->payload_bytes - 1)], payload, bytes);
        ring->payload_head = payload_place(ring, bytes) + bits_round_up(bytes, 8);
    }
    ring->head++;
    atomic_store_release(&ring->shared->head, ring->head); // pairs with see_head
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

static bool see_head(struct ring *ring) {
    const uint64_t head = atomic_load_acquire(&ring->shared->head); // pairs with ring_push_quietly
    if (head - ring->tail > ring->slot_count || head - ring->tail < ring->head - ring->tail) {
        ring->is_bad = true;
        return false;
    }
    ring->head = head;
    return true;
}

// Whether the payload lies where an honest side puts it: aligned, in one piece, inside.
static bool is_inside(const struct ring *ring, const struct message *message) {
    const uint64_t begin = message->payload;
    const uint64_t offset = begin & (ring->payload_bytes - 1);
    const uint64_t end = begin + bits_round_up(message->bytes, 8);
    return bytes_inside(ring, message) == 0 ||
           (begin % 8 == 0 && offset + message->bytes <= ring->payload_bytes &&
            begin - ring->payload_tail <= ring->payload_bytes &&
            end - ring->payload_tail <= ring->payload_bytes);
}

enum ring_code ring_take(struct ring *ring, struct message *message, const void **payload) {
    if (ring->is_bad || (ring->head == ring->tail && !see_head(ring))) {
        return RING_BAD;
    }
    if (ring->head == ring->tail) {
        return RING_NONE;
    }
    const struct message *slot = &ring->shared->slots[ring->tail & (ring->slot_count - 1)];
    // Its payload is most likely the next one: it comes from the other side's cache meanwhile.
    __builtin_prefetch(&ring->payloads[ring->payload_tail & (ring->payload_bytes - 1)]);
    memcpy(message, slot, sizeof *message);
    message->task = plain_read(&slot->task);
    if (!is_inside(ring, message)) {
        return break_ring(ring);
    }
    *payload = is_apart(ring, message)
                   ? NULL
                   : &ring->payloads[message->payload & (ring->payload_bytes - 1)];
    return RING_OK;
}

void ring_give_back(struct ring *ring, const struct message *message) {
    if (bytes_inside(ring, message) > 0) {
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
        atomic_load_relaxed(&ring->shared->head) != ring->tail) {
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
