// local.h - the link to processes of this program on this machine.
//
//     struct link *link;
//     code = local_open(&link, &options);          // nothing is started yet
//     link->events = &events, link->upper = mine;
//     peer = local_add(link);                      // `up` follows, or `down`
//     link->calls->turn(link); ...
//     local_retire(link, peer);                    // it finishes, and `down` follows
//     link->calls->close(link);                    // all leave, half a second later they are
//     killed:
//                                                  // nothing is left, no process, no descriptor
//
// Memory that is lent (loan.h): the owner lends arguments to all processes in one arena, which they
// can only read; each process lends results to its owner, in a part of what these two share. That
// stays mapped as long as somebody reads a result there, if need be beyond the link's end.
//
// Processes are copies of a zygote (os/zygote.h, zygote.h), which is started with the first of
// them. Each shares memory with its owner (side.h) and nothing else. The zygote reaps them and
// tells how they ended; should it die itself, they die with it, and another one is started.
//
//             local_add         hear_made           look_at_head             hear_ended, see_orphan
//   (none) -----------> ASKED -----------> MADE ------------------> UP ----------------------+
//                          \---------------- hear_failed, hear_ended ------------------------+->
//                          GONE
//                                                                                            |
//   (none) <--------------------------------- tell_end: all it said is heard, then `down` ---+
//
// Invariant, local_check: a peer that is not (none) has memory and a bell, and has a handle from
// MADE on; `living` is the number of those that are not (none).
// Start reading at local_turn in local.c.
#ifndef TENON_CLUSTER_LOCAL_H
#define TENON_CLUSTER_LOCAL_H

#include "cluster/link.h"

enum { LOCAL_PEERS_MAX = 256 };

struct local_options {
    unsigned peers_max;    // processes at the same time, at most LOCAL_PEERS_MAX
    uint32_t slot_count;   // messages on their way in each direction, a power of two; 0: 256
    size_t payload_bytes;  // room for payloads in each direction, a power of two; 0: 256 KiB. What
                           // is longer than an eighth of it takes up memory of its own
    size_t hold_bytes;     // that memory's limit; 0: 1 GiB, or less where that is not to be had:
                           // payload_max says how much, from the first local_add on. As much
                           // again for what each process lends, and for what is lent to all; none
                           // of that where there is less to be had
    const void *greeting;  // what each process is given at its start
    size_t greeting_bytes; // at most SIDE_GREETING_MAX
};

// Opens a link without any peers. Fails with OS_NO_MEMORY, OS_TOO_MANY_FILES, OS_UNSUPPORTED where
// the system has no processes, or the program itself has no DFrames (zygote.h).
int local_open(struct link **link, const struct local_options *options);

// Starts one more process, which takes a tenth of a millisecond, and the first time a millisecond
// more; this function does not wait for it. Returns the number of its peer, or a negative code:
// OS_AGAIN when there are peers_max already, or the zygote has just died; OS_NOT_FOUND when the
// program's file is gone; and as local_open. When the process is there and is of the same build,
// `up` follows; otherwise `down`.
int local_add(struct link *link);

// Asks the process to leave: it hears `leave`. `down` follows when it has ended.
void local_retire(struct link *link, unsigned peer);

// How many processes there are, or will be soon.
unsigned local_living(const struct link *link);

// The system's number of a peer's process; 0: it has none yet.
int local_number(const struct link *link, unsigned peer);

void local_check(const struct link *link);

// ---- in a process ----------------------------------------------------------------------------

struct side_head;

// What a process was given by its zygote.
struct local_start {
    int memory;     // handle
    uint64_t bytes; // of it
    int bell;       // its own
    int owner_bell; // its owner's
    int arena;      // handle of what the owner lends to all; -1: nothing
    uint64_t arena_bytes;
    int owner;         // ready to read when the owner has ended
    uint64_t identity; // of this build
};

// The link with one peer, number 0: the owner. It is `up` with the first turn, and `down` when it
// has ended. *head has the greeting. Fails with OS_NO_MEMORY, OS_INVALID.
int local_attach(struct link **link, const struct local_start *start,
                 const struct side_head **head);

#endif
