// side.c - see side.h.
#include "cluster/side.h"

#include <string.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "os/share.h"

// A payload of more than 1/LONG of the ring's room goes to the hold.
enum { LONG = 8, PAGE_BYTES_MAX = 65536 };

// ---- where everything lies -------------------------------------------------------------------

struct layout {
    size_t rings[2]; // to the process, to the owner
    size_t holds[2];
    size_t bytes;
};

static struct layout lay_out(const struct side_head *head) {
    struct layout layout;
    const size_t ring =
        bits_round_up(ring_bytes(head->slot_count, head->payload_bytes), CACHE_LINE);
    layout.rings[0] = bits_round_up(sizeof *head, CACHE_LINE);
    layout.rings[1] = layout.rings[0] + ring;
    layout.holds[0] = bits_round_up(layout.rings[1] + ring, PAGE_BYTES_MAX);
    layout.holds[1] = layout.holds[0] + head->hold_bytes;
    layout.bytes = layout.holds[1] + head->hold_bytes;
    return layout;
}

size_t side_bytes(const struct side_head *head) {
    return lay_out(head).bytes;
}

void side_init(struct side *side, struct side_head *head, struct side_buffer *buffer,
               int their_bell, struct hold_piece *pieces) {
    const struct layout layout = lay_out(head);
    const int out = buffer != NULL ? 0 : 1;
    unsigned char *memory = (unsigned char *)head;
    *side = (struct side){.head = head,
                          .in_hold = memory + layout.holds[!out],
                          .hold_bytes = head->hold_bytes,
                          .buffer = buffer,
                          .their_bell = their_bell};
    ring_attach(&side->out, memory + layout.rings[out], head->slot_count, head->payload_bytes);
    ring_attach(&side->in, memory + layout.rings[!out], head->slot_count, head->payload_bytes);
    side->out.has_apart = side->in.has_apart = true;
    hold_init(&side->hold, memory + layout.holds[out], head->hold_bytes, pieces, head->slot_count);
}

// ---- sending ---------------------------------------------------------------------------------

static size_t ring_limit(const struct side *side) {
    return ring_payload_max(&side->out) / LONG;
}

size_t side_payload_max(const struct side *side) {
    const size_t limit = ring_limit(side);
    return side->hold_bytes > limit ? side->hold_bytes : limit;
}

// Many pages at once, which is some times cheaper than one by one when they are written to.
static void make_resident(const struct hold *hold, size_t end) {
    const size_t page = os_page_bytes();
    const size_t first = bits_round_up(hold->touched, page);
    if (end > first) {
        const size_t bytes = bits_round_up(end - first, page);
        os_touch_each(hold->memory + first, bytes, bytes, 1);
    }
}

static enum ring_code push_long(struct side *side, struct message *message, const void *payload,
                                bool *wakes) {
    uint64_t tail;
    size_t begin;
    enum ring_code code = ring_see(&side->out, &tail);
    if (code == RING_OK && !hold_find(&side->hold, tail, message->bytes, &begin)) {
        code = RING_NONE;
    }
    if (code == RING_OK) {
        make_resident(&side->hold, begin + message->bytes);
        memcpy(side->hold.memory + begin, payload, message->bytes);
        hold_keep(&side->hold, side->out.head, begin, message->bytes);
        message->payload = begin | RING_APART;
        code = ring_push(&side->out, message, NULL, wakes);
    }
    return code;
}

bool side_send(struct side *side, const struct message *message, const void *payload) {
    struct message sent = *message;
    bool wakes = false;
    sent.payload = 0;
    const enum ring_code code = sent.bytes > ring_limit(side)
                                    ? push_long(side, &sent, payload, &wakes)
                                    : ring_push(&side->out, &sent, payload, &wakes);
    if (wakes) {
        os_bell_ring(side->their_bell);
    }
    side->is_bad |= code == RING_BAD;
    side->is_full |= code == RING_NONE;
    return code == RING_OK;
}

// ---- hearing ---------------------------------------------------------------------------------

// Room for a copy; false: no memory.
static bool reserve(struct side_buffer *buffer, size_t bytes) {
    if (bytes > buffer->bytes) {
        const size_t room = bits_power_above(bytes);
        unsigned char *memory = os_allocate(room);
        if (memory == NULL) {
            return false;
        }
        os_free(buffer->memory);
        *buffer = (struct side_buffer){memory, room};
    }
    return true;
}

static void give_back(struct side *side, const struct message *message) {
    if (ring_release(&side->in, message)) {
        os_bell_ring(side->their_bell);
    }
}

// The oldest message, its payload where it lies: true when there is one, and it can be right.
static bool take(struct side *side, struct message *message, const void **payload) {
    const enum ring_code code = ring_take(&side->in, message, payload);
    if (code == RING_OK && (message->payload & RING_APART) != 0) {
        *payload = hold_at(side->in_hold, side->hold_bytes, message->payload & ~RING_APART,
                           message->bytes);
    }
    side->is_bad |= code == RING_BAD || (code == RING_OK && *payload == NULL);
    return code == RING_OK && !side->is_bad;
}

// Hands on one message. False: there is none, or no memory for a copy now.
static bool hear(struct side *side, struct link *link, unsigned peer) {
    struct message message;
    const void *payload;
    if (!take(side, &message, &payload)) {
        return false;
    }
    if (side->buffer == NULL) {
        link->events->hear(link->upper, peer, &message, payload);
        give_back(side, &message);
        return true;
    }
    if (message.bytes > 0) {
        if (!reserve(side->buffer, message.bytes)) {
            return false;
        }
        memcpy(side->buffer->memory, payload, message.bytes);
    }
    give_back(side, &message);
    link->events->hear(link->upper, peer, &message, side->buffer->memory);
    return true;
}

// Says `writable` when something could not be sent, and there is room again.
static void look_for_room(struct side *side, struct link *link, unsigned peer) {
    if (side->is_full && !ring_sleep_full(&side->out)) {
        side->is_full = false;
        link->events->writable(link->upper, peer);
    }
}

unsigned side_turn(struct side *side, struct link *link, unsigned peer, unsigned count_max) {
    unsigned count = 0;
    while (count < count_max && hear(side, link, peer)) {
        count++;
    }
    if (!side->is_bad) {
        look_for_room(side, link, peer);
    }
    return count;
}

// ---- sleeping --------------------------------------------------------------------------------

bool side_sleep(struct side *side) {
    return ring_sleep_empty(&side->in) && (!side->is_full || ring_sleep_full(&side->out));
}

void side_awake(struct side *side) {
    ring_awake_empty(&side->in);
}

void side_trim(struct side *side) {
    uint64_t tail;
    if (ring_see(&side->out, &tail) != RING_BAD && hold_is_idle(&side->hold, tail)) {
        os_share_discard(side->hold.memory, bits_round_up(side->hold.touched, os_page_bytes()));
        side->hold.touched = 0;
    }
}
