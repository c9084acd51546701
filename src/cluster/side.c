// side.c - see side.h.
#include "cluster/side.h"

#include <string.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/check.h"
#include "os/share.h"

enum { PAGE_BYTES_MAX = 65536 };

// ---- where everything lies -------------------------------------------------------------------

struct layout {
    size_t rings[2]; // to the process, to the owner
    size_t holds[2];
    size_t loans; // to the owner
    size_t bytes;
};

static struct layout lay_out(const struct side_head *head) {
    struct layout layout;
    const size_t ring =
        bits_round_up(ring_bytes(head->slot_count, head->payload_bytes), sizeof(struct ring_slot));
    layout.rings[0] = bits_round_up(sizeof *head, sizeof(struct ring_slot));
    layout.rings[1] = layout.rings[0] + ring;
    layout.holds[0] = bits_round_up(layout.rings[1] + ring, PAGE_BYTES_MAX);
    layout.holds[1] = layout.holds[0] + head->hold_bytes;
    layout.loans = layout.holds[1] + head->hold_bytes;
    layout.bytes = layout.loans + head->loan_bytes;
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

void side_lend(struct side *side, struct loans *loans, const void *in_loans,
               size_t in_loans_bytes) {
    side->loans = loans;
    side->in_loans = in_loans;
    side->in_loans_bytes = in_loans_bytes;
}

void *side_loan_memory(struct side_head *head) {
    return (unsigned char *)head + lay_out(head).loans;
}

// ---- sending ---------------------------------------------------------------------------------

static size_t ring_limit(const struct side *side) {
    return ring_payload_max(&side->out) / SIDE_SHORT;
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

// What a process has lent stays until its owner gives it back; what an owner has, until its owner,
// who knows when the task is over, lets go of it.
static enum ring_code push_lent(struct side *side, struct message *message, const void *payload,
                                uint64_t begin, bool *wakes) {
    message->payload = begin | RING_APART | SIDE_LENT;
    const enum ring_code code = ring_push(&side->out, message, NULL, wakes);
    if (code == RING_OK && side->buffer == NULL) {
        loans_send(side->loans, payload);
    }
    return code;
}

static enum ring_code push(struct side *side, const struct message *message, const void *payload,
                           bool *wakes) {
    uint64_t begin;
    if (message_can_wait(message)) {
        return ring_push_quietly(&side->out, message, payload);
    }
    if (message->bytes <= ring_limit(side)) {
        return ring_push(&side->out, message, payload, wakes);
    }
    struct message sent = *message;
    if (side->loans != NULL && loans_find(side->loans, payload, message->bytes, &begin)) {
        return push_lent(side, &sent, payload, begin, wakes);
    }
    return push_long(side, &sent, payload, wakes);
}

bool side_send(struct side *side, const struct message *message, const void *payload) {
    ASSERT(message->payload == 0);
    bool wakes = false;
    const enum ring_code code = push(side, message, payload, &wakes);
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

// Only tasks, and what comes of them, are lent: who reads these looks at the structure once.
static bool is_lent(const struct side *side, const struct message *message) {
    const uint8_t kind = side->buffer == NULL ? MESSAGE_RUN : MESSAGE_RESULT;
    return (message->payload & RING_APART) != 0 && (message->payload & SIDE_LENT) != 0 &&
           message->kind == kind && side->in_loans != NULL;
}

// The oldest message, its payload where it lies: true when there is one, and it can be right.
static bool take(struct side *side, struct message *message, const void **payload) {
    const enum ring_code code = ring_take(&side->in, message, payload);
    if (code == RING_OK && (message->payload & RING_APART) != 0) {
        const uint64_t begin = message->payload & ~RING_APART;
        *payload =
            is_lent(side, message)
                ? loan_at(side->in_loans, side->in_loans_bytes, begin & ~SIDE_LENT, message->bytes)
                : hold_at(side->in_hold, side->hold_bytes, begin, message->bytes);
    }
    side->is_bad |= code == RING_BAD || (code == RING_OK && *payload == NULL);
    return code == RING_OK && !side->is_bad;
}

// It stays where it is if somebody keeps it.
static void hand_on_lent(struct side *side, struct link *link, unsigned peer,
                         const struct message *message, const void *payload) {
    side->lent = payload;
    link->events->hear(link->upper, peer, message, payload);
    if (side->lent != NULL) {
        side->lent = NULL;
        loan_give_back(payload);
    }
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
        ring_give_back(&side->in, &message);
        return true;
    }
    if (is_lent(side, &message)) {
        ring_give_back(&side->in, &message);
        hand_on_lent(side, link, peer, &message, payload);
        return true;
    }
    if (message.bytes > 0) {
        if (!reserve(side->buffer, message.bytes)) {
            return false;
        }
        memcpy(side->buffer->memory, payload, message.bytes);
    }
    ring_give_back(&side->in, &message);
    link->events->hear(link->upper, peer, &message, side->buffer->memory);
    return true;
}

static void look_for_pusher(struct side *side) {
    if (side->owes_look && ring_wakes_pusher(&side->in)) {
        os_bell_ring(side->their_bell);
    }
    side->owes_look = false;
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
    side->owes_look |= count > 0;
    if (count == 0) { // what has come goes first
        look_for_pusher(side);
    }
    if (!side->is_bad) {
        look_for_room(side, link, peer);
    }
    return count;
}

// ---- sleeping --------------------------------------------------------------------------------

bool side_sleep(struct side *side) {
    look_for_pusher(side);
    return ring_sleep_empty(&side->in) && (!side->is_full || ring_sleep_full(&side->out));
}

void side_awake(struct side *side) {
    ring_awake_empty(&side->in);
}

void side_trim(struct side *side) {
    uint64_t tail;
    const bool is_used = side->hold.next != side->trimmed_next;
    side->trimmed_next = side->hold.next;
    if (!is_used && ring_see(&side->out, &tail) != RING_BAD && hold_is_idle(&side->hold, tail)) {
        os_share_discard(side->hold.memory, bits_round_up(side->hold.touched, os_page_bytes()));
        side->hold.touched = 0;
    }
}
