// loopback_end.h - one end of what an owner and a process of loopback.h share: two rings in memory,
// and memory that either lends to the other, as real ones do (src/cluster/side.h).
//
// Invariant: a message that was lent is handed on where it lies, any other in a copy. Start reading
// at end_send.
#ifndef SUPPORT_LOOPBACK_END_H
#define SUPPORT_LOOPBACK_END_H

#include "cluster/link.h"
#include "cluster/loan.h"
#include "cluster/ring.h"

enum {
    END_SLOTS = 256,
    END_PAYLOADS = 1 << 17,
    END_LENT_BYTES = 1 << 18,
    END_SHORT_MAX = 4096, // what is longer is lent
};

struct end {
    struct link link; // of the process's end; the owner's ends share one
    struct ring in, out;
    int bell[2]; // rings for this end: read from 0, written to 1
    struct end *other;
    bool is_owners;
    struct loans *loans; // what it lends
    const void *lent;    // what is being handed on to it, until it is kept
    bool is_blocked;     // a message found no room
};

// A pipe as a bell; to quieten it before one sleeps, for a full one would ring for nobody.
void end_ring_bell(int bell);
void end_quieten(int bell);

// As link_calls of those names.
bool end_send(struct end *end, const struct message *message, const void *payload);
void *end_lend(struct end *end, size_t bytes);
bool end_keep(struct end *end, const void *payload, struct link_kept *kept);

// How many messages of a kind owners' ends have taken so far, in all.
int end_heard(enum message_kind kind);

// Hands on all that has come. Returns how many messages.
unsigned end_drain(struct end *end, struct link *link, unsigned peer);

bool end_may_sleep(struct end *end);

// Memory for a ring between two ends; NULL: none. os_free takes it.
void *end_make_ring(struct ring *one, struct ring *other);

// Memory to lend. Without any nothing is lent.
void end_make_lent(struct loans *loans);
void end_drop_lent(struct loans *loans);

#endif
