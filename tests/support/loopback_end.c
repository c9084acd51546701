// See loopback_end.h.
#include "support/loopback_end.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "os/file.h"

void end_ring_bell(int bell) {
    ptrdiff_t written = os_write(bell, "!", 1);
    ASSERT(written == 1 || written == OS_AGAIN);
}

void end_quieten(int bell) {
    char bytes[64];
    while (os_read(bell, bytes, sizeof bytes) == (ptrdiff_t)sizeof bytes) {
    }
}

// As side.c does.
static enum ring_code push(struct end *end, const struct message *message, const void *payload,
                           bool *wakes) {
    *wakes = false;
    return message_can_wait(message) ? ring_push_quietly(&end->out, message, payload)
                                     : ring_push(&end->out, message, payload, wakes);
}

bool end_send(struct end *end, const struct message *message, const void *payload) {
    bool wakes;
    uint64_t begin;
    struct message sent = *message;
    const bool is_lent =
        sent.bytes > END_SHORT_MAX && loans_find(end->loans, payload, sent.bytes, &begin);
    sent.payload = is_lent ? (uintptr_t)payload | RING_APART : 0;
    if (push(end, &sent, is_lent ? NULL : payload, &wakes) != RING_OK) {
        end->is_blocked = true;
        return false;
    }
    if (is_lent && !end->is_owners) {
        loans_send(end->loans, payload);
    }
    if (wakes) {
        end_ring_bell(end->other->bell[1]);
    }
    return true;
}

static void hear_lent(struct end *end, struct link *link, unsigned peer,
                      const struct message *message) {
    const void *payload = (const void *)(uintptr_t)(message->payload & ~RING_APART);
    end->lent = end->is_owners ? payload : NULL;
    link->events->hear(link->upper, peer, message, payload);
    if (end->lent != NULL) {
        end->lent = NULL;
        loan_give_back(payload);
    }
}

static void give_back(struct end *end, const struct message *message) {
    if (ring_release(&end->in, message)) {
        end_ring_bell(end->other->bell[1]);
    }
}

static void hear_copy(struct end *end, struct link *link, unsigned peer,
                      const struct message *message, const void *payload) {
    uint64_t small[64];
    void *copy = message->bytes <= sizeof small ? small : malloc(message->bytes);
    ASSERT(copy != NULL);
    memcpy(copy, payload, message->bytes);
    give_back(end, message);
    link->events->hear(link->upper, peer, message, copy);
    if (copy != small) {
        free(copy);
    }
}

static _Atomic int heard[MESSAGE_TOLD + 1];

int end_heard(enum message_kind kind) {
    return atomic_load_relaxed(&heard[kind]);
}

// Of messages that processes have said; a lie may be of no kind.
static void count(const struct end *end, const struct message *message) {
    if (end->is_owners && message->kind <= MESSAGE_TOLD) {
        (void)atomic_fetch_add_relaxed(&heard[message->kind], 1);
    }
}

unsigned end_drain(struct end *end, struct link *link, unsigned peer) {
    struct message message;
    const void *payload;
    unsigned drained = 0;
    if (end->is_blocked) {
        end->is_blocked = false;
        ring_awake_full(&end->out);
        link->events->writable(link->upper, peer);
    }
    for (; ring_take(&end->in, &message, &payload) == RING_OK; drained++) {
        count(end, &message);
        if (payload == NULL) {
            give_back(end, &message);
            hear_lent(end, link, peer, &message);
        } else {
            hear_copy(end, link, peer, &message, payload);
        }
    }
    return drained;
}

bool end_may_sleep(struct end *end) {
    return ring_sleep_empty(&end->in) && (!end->is_blocked || ring_sleep_full(&end->out));
}

void *end_lend(struct end *end, size_t bytes) {
    return bytes <= END_SHORT_MAX ? NULL : loans_take(end->loans, bytes);
}

static void let_go(void *memory, void *payload) {
    (void)memory;
    loan_give_back(payload);
}

bool end_keep(struct end *end, const void *payload, struct link_kept *kept) {
    if (payload == NULL || end->lent != payload) {
        return false;
    }
    end->lent = NULL;
    *kept = (struct link_kept){.let_go = let_go, .what = (void *)(uintptr_t)payload};
    return true;
}

void *end_make_ring(struct ring *one, struct ring *other) {
    const size_t bytes = ring_bytes(END_SLOTS, END_PAYLOADS);
    void *memory = os_allocate_aligned(bytes, CACHE_LINE);
    if (memory != NULL) {
        memset(memory, 0, bytes);
        ring_attach(one, memory, END_SLOTS, END_PAYLOADS);
        ring_attach(other, memory, END_SLOTS, END_PAYLOADS);
        one->has_apart = other->has_apart = true;
    }
    return memory;
}

void end_make_lent(struct loans *loans) {
    void *memory = os_allocate_aligned(END_LENT_BYTES, os_page_bytes());
    if (memory != NULL) {
        memset(memory, 0, END_LENT_BYTES);
    }
    loans_init(loans, memory, END_LENT_BYTES);
}

void end_drop_lent(struct loans *loans) {
    if (loans->memory != NULL) {
        loans_check(loans);
        os_free(loans->memory);
    }
}
