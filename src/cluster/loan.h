// loan.h - memory for long payloads that are read where they were written: pieces of one stretch of
// memory that both sides have mapped.
//
// Who lends takes a piece, writes, sends a message that says where, and lets go of it. Who reads
// takes as long as it likes, and gives it back by a word at the piece's beginning. Where the reader
// can't write, a message of its own says when it is done: then the piece was never `sent`, and is
// free as soon as it is let go of.
//
//            loans_take            loans_send         loans_let_go, and loans_give_back by the
//            reader
//     (none) ----------> is lent ------------> is sent ------------------------------------> (none)
//                            \---- loans_let_go --------------------------------------------/
//
// The lowest gap that is long enough is taken: so what is resident already is used again, and what
// was used most, most often. It becomes resident as it is taken (for a payload that is about to be
// written) and goes back to the system when all of it was unused for a while (loans_trim).
//
//     | head: a page that begins with that word; its end is the payload's | elements | ...
//
// Invariant, loans_check: pieces are whole pages, in the order of their addresses, and do not
// overlap; nothing that a reader can write has a part in where they are. Start reading at
// loans_take.
#ifndef TENON_CLUSTER_LOAN_H
#define TENON_CLUSTER_LOAN_H

#include "os/os.h"

enum {
    LOAN_PAGE = 4096,      // elements begin at a multiple of it
    LOAN_HEAD = 2048,      // bytes before the elements that may be the payload's too
    LOAN_AHEAD = 64 << 20, // of a piece, so much at most becomes resident when it is taken
    LOAN_PIECES = 256,     // at the same time
};

struct loan_piece {
    size_t begin, end;
    bool is_sent;
    bool is_let_go;
};

struct loans {
    struct os_lock lock;
    unsigned char *memory; // whole pages; NULL: there is none
    size_t bytes;
    size_t touched; // bytes from the beginning that may be resident
    bool is_used;   // since loans_trim has looked last
    unsigned count;
    struct loan_piece pieces[LOAN_PIECES];
};

// `memory` begins a page and is zeroed.
void loans_init(struct loans *loans, void *memory, size_t bytes);

// Room for `bytes` bytes of elements; NULL: none now (or ever). From any thread, as what follows.
void *loans_take(struct loans *loans, size_t bytes);

// Where a payload lies that is all in pieces, as the distance from the beginning; false: elsewhere.
bool loans_find(const struct loans *loans, const void *payload, size_t bytes, uint64_t *begin);

// The payload was sent to a reader who gives it back.
void loans_send(struct loans *loans, const void *payload);

// The piece in which the payload or the elements lie is not needed any more by who has taken it.
void loans_let_go(struct loans *loans, const void *payload);

// Gives the memory back to the system if no piece was lent since the last call.
void loans_trim(struct loans *loans);

void loans_check(struct loans *loans);

// ---- the reader ------------------------------------------------------------------------------

// A payload that the other side says it has lent, and what to give back; NULL: it can't be there.
const void *loan_at(const void *memory, size_t loans_bytes, uint64_t begin, size_t bytes);

// From any thread; `payload` as loan_at said.
void loan_give_back(const void *payload);

#endif
