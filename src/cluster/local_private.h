// local_private.h - what the parts of the local link share: local.c has the turn, local_open.c how
// the link and its peers begin and end, local_zygote.c all that is said with the zygote. Private to
// them.
#ifndef TENON_CLUSTER_LOCAL_PRIVATE_H
#define TENON_CLUSTER_LOCAL_PRIVATE_H

#include "cluster/local.h"
#include "cluster/side.h"
#include "os/file.h"
#include "os/share.h"
#include "os/zygote.h"

enum local_state { LOCAL_NONE, LOCAL_ASKED, LOCAL_MADE, LOCAL_UP, LOCAL_GONE };

// What the owner shares with a process. It stays mapped until the peer is gone and nobody reads a
// result that lies there.
struct local_memory {
    struct os_share share;
    _Atomic uint32_t users;
};

struct local_peer {
    enum local_state state;
    bool is_cut;      // it is to be killed, or has been
    bool was_up;      // `up` has been told
    bool is_bad_told; // that it broke the rules
    bool is_silent;   // it was cut for that
    int number;       // of the process
    int handle;       // of the process; -1: none yet
    int bell;         // the process's
    int detail;       // of a peer that is GONE: how it ended
    unsigned zygote;  // which of them was asked for it
    struct local_memory *memory;
    struct side side;
    struct hold_piece *pieces;
};

struct local {
    struct link link;
    struct local_options options;
    unsigned char greeting[SIDE_GREETING_MAX];
    bool is_sized; // the size of holds, and so payload_max, is decided
    uint64_t identity;
    size_t loan_bytes;     // of a process's lent memory, and of the arena; 0: nothing is lent
    struct os_share arena; // where arguments are lent to all processes; .at is NULL: nowhere
    int arena_reader;      // its handle for those
    struct loans loans;    // the pieces of it
    struct local_peer *hearing;
    struct os_poll poll; // its descriptor is the doorbell
    int bell;            // the owner's, which each process rings
    int post;            // to the zygote; -1: there is none
    struct os_child zygote;
    unsigned zygotes; // so far; their processes end with them, but a moment later
    unsigned living;
    unsigned quiet;    // turns since the last look at `poll`
    bool is_expecting; // a process that was asked for, and is not up yet
    uint64_t trim_at_ns;
    uint64_t noted[SIDE_NOTES]; // by the peer whose end is being told
    struct side_buffer buffer;
    struct local_peer peers[];
};

static inline struct local *local_of(struct link *link) {
    return (struct local *)(void *)link; // it begins with the link
}

extern const struct link_calls local_calls;

// Kills the peer's process, at once or when it is there.
void local_cut_peer(struct local_peer *peer);

// Lets go of all that a peer has whose process has ended.
void local_drop_peer(struct local *local, struct local_peer *peer);

// Once more, or no more, in use.
void local_memory_drop(struct local_memory *memory);

// Ends every peer and frees the link.
void local_close(struct link *link);

// Starts a zygote if there is none.
int local_zygote_start(struct local *local);

// Asks it for a process with what the peer has.
int local_zygote_ask(struct local *local, unsigned peer);

// Hears what it has to say. False: it is gone, and with it every process of it.
bool local_zygote_hear(struct local *local);

// The processes of a zygote that is gone end too: tells if this peer's has.
void local_zygote_see_orphan(struct local *local, struct local_peer *peer);

// Ends it, when no process is left, and waits until it has ended.
void local_zygote_stop(struct local *local);

// Handles what `poll` reports until the deadline (0: only looks). True when something was reported.
bool local_look(struct local *local, uint64_t deadline_ns);

#endif
