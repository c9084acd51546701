// local_sides.h - both sides of a local link, for tests: an owner that counts what it hears, and a
// process that does what it is told.
//
// A program that uses this is its own zygote: it has a DFrame, and before that announces itself,
// the function that processes run is put in place. Start reading at hear in local_sides.c.
#ifndef SUPPORT_LOCAL_SIDES_H
#define SUPPORT_LOCAL_SIDES_H

#include "cluster/local.h"

enum { LOCAL_SIDES_PEERS = 4, NOTED_SLOT = 5 };

// What a message asks of the process, in its `value`. It notes that before it does it.
enum wish {
    ECHO = 1,
    EXIT,
    KILL,
    FREEZE,
    LIMIT,
    BREAK_RING,
    BREAK_HOLD,
    PRINT,
    EAT,
    BREAK_LOAN,
    LEND_WRONG
};

struct local_owner {
    struct link *link;
    int ups, downs, heard, bad;
    bool is_up[LOCAL_SIDES_PEERS];
    int detail[LOCAL_SIDES_PEERS];
    uint64_t noted[LOCAL_SIDES_PEERS]; // of NOTED_SLOT, when it was down
    struct message last;
    unsigned char *payload; // of the last message, copied if it fits
    size_t payload_bytes;
};
extern struct local_owner owner;

// Opens owner.link, or skips the test where the system has no processes. Returns a code.
int open_link_or_fail(void);
void open_link(void);

// Adds a peer and waits until it is up, or skips the test where the program cannot be started.
unsigned add_up(void);

// Hears until `*count` is at least `wanted`.
void hear_until(const int *count, int wanted);

bool try_wish(unsigned peer, enum wish wish);
void wish(unsigned peer, enum wish wish);

// Closes it, and expects that nothing is left: no child, no descriptor, no shared memory.
void close_link(void);

#endif
