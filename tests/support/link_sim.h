// link_sim.h - a link in one process, in virtual time, that does to messages what it is told.
//
// End 0 is the owner, end i its peer number i. What is sent lies in the link until its time; then
// link_sim_take gives it to whoever drives both sides. How each message fares is asked of `fate`.
//
// Invariant: on a reliable link the messages from one end to another are taken once each, in the
// order in which they were sent. Start reading at link_sim_send in link_sim.c.
#ifndef SUPPORT_LINK_SIM_H
#define SUPPORT_LINK_SIM_H

#include "cluster/link.h"

enum {
    LINK_SIM_ENDS = 4,
    LINK_SIM_PACKETS = 256,
    LINK_SIM_PAYLOAD_MAX = 16,
    LINK_SIM_NOTES = 8,
    LINK_SIM_SHARES = 3
};

struct link_sim_packet {
    struct message message;
    unsigned char payload[LINK_SIM_PAYLOAD_MAX];
    int from;
    int to;
    uint64_t at_ns;    // when it arrives
    uint64_t sequence; // equal times keep the order of sending
};

// What becomes of a message: delay_ns[i] for each of its `copies` (0: it is lost).
struct link_sim_fate {
    int copies;
    uint64_t delay_ns[2];
};

// What an end shares with the owner; it outlives the process there while somebody has a lane of it.
struct link_sim_share {
    _Atomic uint64_t notes[LINK_SIM_NOTES];
    struct lane lane;
    int users; // lanes that were taken, and not let go
};

struct link_sim;
struct link_sim_end {
    struct link link;
    struct link_sim *sim;
    int number;
    struct link_sim_share *share; // of the process that is there now
};

struct link_sim {
    struct link_sim_end ends[LINK_SIM_ENDS];
    struct link_sim_packet packets[LINK_SIM_PACKETS];
    int count;
    uint64_t now_ns; // set by the driver
    uint64_t sequence;
    struct link_sim_fate (*fate)(void *upper, int from, int to, const struct message *message);
    void (*cut)(void *upper, int from, int to, enum session_why why);
    void *upper;
    struct link_sim_share shares[LINK_SIM_ENDS][LINK_SIM_SHARES];
    bool has_lanes;
    bool is_full; // more was on its way than two halves that keep the rules ever send
    uint64_t lost, doubled, sent;
};

void link_sim_init(struct link_sim *sim, bool is_reliable);

// From now on it keeps what its ends note, until one begins a new session.
void link_sim_keep_notes(struct link_sim *sim);

// There is a lane from each end to the owner. After link_sim_keep_notes.
void link_sim_keep_lanes(struct link_sim *sim);

// Another process is at that end: with lanes it gets memory of its own.
void link_sim_renew(struct link_sim *sim, int end);

// How many lanes the owner has taken, and not let go; and it is gone, with all of them.
int link_sim_lanes(const struct link_sim *sim);
void link_sim_forget_lanes(struct link_sim *sim);

// When the next message arrives at an end whose bit is not in `frozen`; SESSION_NEVER: none.
uint64_t link_sim_next(const struct link_sim *sim, unsigned frozen);

// Takes it out.
struct link_sim_packet link_sim_take(struct link_sim *sim, unsigned frozen);

// Forgets what is on its way to `end` (it has died), and, unless `keep_sent`, from there too.
void link_sim_clear(struct link_sim *sim, int end, bool keep_sent);

// True when something from `from` is still on its way to `to`.
bool link_sim_has(const struct link_sim *sim, int from, int to);

#endif
