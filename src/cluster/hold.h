// hold.h - where long payloads lie that were not written in lent memory (loan.h): those that would
// take up too much of a ring, or more than all of it.
//
// A hold is memory that both sides have mapped, beside the ring of one direction. Who sends finds
// room in it, writes, and pushes a message that says where. Which pieces are free again follows
// from how far the other side has come in the ring: nothing that it could write has a part in it.
// It becomes resident as it is touched, from its beginning, which is used again as soon as it can
// be.
//
//     pieces:    first <= next; the piece of message `number` is in use until the ring's tail is
//     greater than that; pieces in use do not overlap, and lie in the order of their numbers, but
//     for one step back to the beginning
//
// Start reading at hold_find.
#ifndef TENON_CLUSTER_HOLD_H
#define TENON_CLUSTER_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hold_piece {
    uint64_t number;
    size_t begin, end;
};

struct hold {
    unsigned char *memory;
    size_t bytes;
    struct hold_piece *pieces;
    uint32_t piece_count; // as many as the ring has slots: a power of two
    uint64_t first, next;
    size_t touched; // bytes from the beginning that may be resident
};

// `pieces` are the caller's, as many as the ring has slots.
void hold_init(struct hold *hold, void *memory, size_t bytes, struct hold_piece *pieces,
               uint32_t piece_count);

// Finds room for a payload; `tail` is how far the other side has come in the ring. False: none now
// (or ever, if it is longer than the hold).
bool hold_find(struct hold *hold, uint64_t tail, size_t bytes, size_t *begin);

// It has been written there, and message `number` says so.
void hold_keep(struct hold *hold, uint64_t number, size_t begin, size_t bytes);

// Where a payload that the other side has sent lies; NULL: not in its hold.
const void *hold_at(const void *memory, size_t hold_bytes, uint64_t begin, size_t bytes);

// True when nothing is in use, and some of it may be resident.
bool hold_is_idle(const struct hold *hold, uint64_t tail);

#endif
