// side.h - one end of what two processes share: a ring in each direction, beside each a hold for
// long payloads, memory in which either lends to the other, and a bell at either end.
//
// The memory, made by the owner of the processes, zeroed at first (struct side_head):
//
//     | head | ring to the process | ring to the owner | hold to the process | hold to the owner |
//     | lent to the owner |
//
// What an owner lends lies in memory of its own, which all its processes read (local.h). A payload
// that was written in lent memory (loan.h) is not copied: the message says where it lies. Any other
// that is long is copied into a hold.
//
// Invariant: what the other side may have written is looked at once, in a copy, but for the
// elements of a result that it has lent, whose structure is looked at once. The payloads that an
// owner sends are handed on where they lie, because a process trusts who made it. Start reading at
// side_send.
#ifndef TENON_CLUSTER_SIDE_H
#define TENON_CLUSTER_SIDE_H

#include "cluster/hold.h"
#include "cluster/link.h"
#include "cluster/loan.h"
#include "cluster/ring.h"

enum {
    SIDE_GREETING_MAX = 256,
    SIDE_NOTES = 64,
    SIDE_SHORT = 8, // what is longer than 1/8 of the ring's room for payloads is lent, or held
};

enum side_state { SIDE_STARTING, SIDE_READY };
enum side_order { SIDE_STAY, SIDE_LEAVE, SIDE_CLOSED };

struct side_head {
    // Written by the owner before the process exists.
    uint32_t slot_count; // of each ring: a power of two
    uint32_t greeting_bytes;
    uint64_t payload_bytes; // a power of two
    uint64_t hold_bytes;    // whole pages
    uint64_t loan_bytes;    // whole pages; 0: the process lends nothing
    unsigned char greeting[SIDE_GREETING_MAX];
    // By the process: which build it is, then that it is there.
    _Alignas(CACHE_LINE) _Atomic uint64_t identity;
    _Atomic uint32_t state;
    // And of each place the generation in which a task has begun: struct link.
    _Alignas(CACHE_LINE) _Atomic uint64_t notes[SIDE_NOTES];
    struct lane lane;
    // By the owner: what the process is to do; CLOSED: nobody listens to it any more.
    _Alignas(CACHE_LINE) _Atomic uint32_t order;
};

// Memory that a payload is copied to before it is looked at; it grows, and is used again.
struct side_buffer {
    unsigned char *memory;
    size_t bytes;
};

// In message.payload, beside RING_APART: it lies in lent memory, not in the hold.
#define SIDE_LENT (UINT64_C(1) << 62)

struct side {
    struct side_head *head;
    struct ring in, out;
    struct hold hold; // for what this side sends
    const void *in_hold;
    size_t hold_bytes;
    struct loans *loans;  // what this side lends; NULL: nothing
    const void *in_loans; // what the other side does
    size_t in_loans_bytes;
    const void *lent;           // the payload that is being handed on, until somebody keeps it
    struct side_buffer *buffer; // NULL: payloads are handed on where they lie
    int their_bell;
    uint64_t trimmed_next; // hold.next at the last side_trim
    bool is_full;          // something was not sent, `writable` is owed
    bool owes_look;        // whether the other side waits for room has not been looked at
    bool is_bad;           // the other side broke the rules
};

// Bytes of memory for these sizes.
size_t side_bytes(const struct side_head *head);

// Attaches one end: the owner's (with a buffer) or the process's. `pieces` are head->slot_count.
void side_init(struct side *side, struct side_head *head, struct side_buffer *buffer,
               int their_bell, struct hold_piece *pieces);

// What this side lends, and what the other one does; NULL: nothing.
void side_lend(struct side *side, struct loans *loans, const void *in_loans, size_t in_loans_bytes);

// Where a process finds the memory in which it lends to its owner.
void *side_loan_memory(struct side_head *head);

// The longest payload that can be sent.
size_t side_payload_max(const struct side *side);

// As link_send.
bool side_send(struct side *side, const struct message *message, const void *payload);

// Hands on up to `count_max` messages, and `writable` when there is room again. Returns how many
// messages there were. Sets is_bad when one can't be right.
unsigned side_turn(struct side *side, struct link *link, unsigned peer, unsigned count_max);

// As link_calls.sleep and awake, for this side's bell.
bool side_sleep(struct side *side);
void side_awake(struct side *side);

// Gives back to the system what long payloads have taken, if none is on its way, nor was one since
// the last call.
void side_trim(struct side *side);

#endif
