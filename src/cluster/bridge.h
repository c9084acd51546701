// bridge.h - the DFrames of a run that run in other processes: the owner's side.
//
// A run that is to have other processes gets a bridge when it begins; the processes start with its
// first DFrame. A DFrame that is about to start as a frame claims a place; with one, its stack runs
// call.c in place of its function, which sends it away and waits for its result.
//
//           claim, the first one                  close
//   IDLE ---------------------> OPEN ----------------------------> (none)
//     \--- no link ---> SHUT <---/ give_up: no process is left
//
// All of it is under the turn of its ear. Invariant: `claimed` places belong to frames that have
// begun and have not sent yet. Start reading at claim in bridge.c.
#ifndef TENON_CLUSTER_BRIDGE_H
#define TENON_CLUSTER_BRIDGE_H

#include "cluster/answer.h"
#include "cluster/ear.h"
#include "cluster/habits.h"
#include "cluster/owner.h"
#include "cluster/relief.h"
#include "frame/elsewhere.h"

// How processes are come by.
struct bridge_way {
    // Opens a link to `processes` new processes of `threads` threads each, whose peers have numbers
    // below that. A code of the system when it can't.
    int (*open)(int processes, int threads, struct link **link);
    // One more, in place of one that has ended: 0 or above, or a code of the system. NULL: it
    // can't.
    int (*add)(struct link *link);
};

enum bridge_state { BRIDGE_IDLE, BRIDGE_OPEN, BRIDGE_SHUT };

enum {
    BRIDGE_PLACES = 64,
    BRIDGE_PROCESSES_MAX = 256,
    USELESS_MAX = 1000,
    BRIDGE_TEXT_BYTES = 160,
    BRIDGE_LONG_NS = 100000,
    BRIDGE_FILL_NS = 50000, // what waits behind others for less needs no further process
    BRIDGE_CALL_NS = 1000   // that an empty DFrame costs its process
};

struct call;

struct bridge_peer {
    struct owner_peer peer;
    struct owner_place places[BRIDGE_PLACES];
    bool is_known; // to the owner
};

struct bridge {
    struct elsewhere elsewhere; // first
    struct ear ear;
    enum bridge_state state;
    struct run *run;
    int processes;
    int threads; // of each
    int cpus;    // of all of them, and this one
    const struct bridge_way *way;
    struct owner owner;
    struct bridge_peer *peers; // one per process
    uint32_t claimed;
    // Whose frames are to end, without the turn, in this order: call_end_all. NULL: none.
    struct call *ended, *ended_last;
    struct answers answers;
    struct habits habits;
    uint64_t mean_ns; // that DFrames ran for elsewhere, followed by an eighth each time
    struct relief relief;
    uint64_t look_ns;   // when to look whether a process shall give tasks back; 0: at once
    int quiet_by;       // the worker that listened last, if it has heard nothing; else -1
    uint64_t spins_ns;  // in one look at the link: by the clock of who spins; 0: nobody does
    uint64_t heard_ns;  // in one look at the link: when it first heard something; 0: nothing yet
    bool stays;         // nothing is sent: TENON_PLACE=here
    int coming;         // processes that were asked for, and are neither up nor down yet
    uint64_t recent_ns; // when it has last looked at the clock, to send or to hear
    uint64_t ticked_ns; // when it has last looked at the time
    int useless;        // that were asked for since the last result
    bool is_lied_to;    // what was delivered or posted last is no result, post or ask
    char how_lost[BRIDGE_TEXT_BYTES]; // how the process ended that is being judged
};

// What a run with `processes` other processes of `threads` threads each needs; NULL: no memory.
struct elsewhere *bridge_make(int processes, int threads, const struct bridge_way *way);

static inline struct bridge *bridge_from(struct elsewhere *elsewhere) {
    return container_of(elsewhere, struct bridge, elsewhere);
}

// When a message is heard: all that one look finds is heard at once, by who spins when he looked at
// the clock for that, which spares another look; but a lease is counted from its own beat.
static inline uint64_t bridge_heard_ns(struct bridge *bridge, const struct message *message) {
    if (message->kind == MESSAGE_BEAT) {
        bridge->heard_ns = os_now_ns();
    } else if (bridge->heard_ns == 0) {
        bridge->heard_ns = bridge->spins_ns != 0 ? bridge->spins_ns : os_now_ns();
    }
    bridge->recent_ns = bridge->heard_ns;
    return bridge->heard_ns;
}

// Before something is sent: opens the link if this is the first, or looks whether what was sent is
// over, if another process would wake. False: all stays here. With the turn.
bool bridge_prepare(struct bridge *bridge);

// Gives the turn back, and ends the frames whose results have come.
void bridge_release(struct bridge *bridge);

// After something was submitted, delivered or heard: counts what is open. With the turn.
void bridge_update(struct bridge *bridge);

// After a DFrame has ended elsewhere: how many go to the process that is awake before another one
// wakes. As all of these, with the turn.
void bridge_fill(struct bridge *bridge);

// ---- bridge_time.c ---------------------------------------------------------------------------

// After a look at the link: something was heard, or by who has begun to listen (`is_news`); or not,
// and the one before was as quiet, by the same (`is_quiet`). As all of these, with the turn.
void bridge_look_at_time(struct bridge *bridge, bool is_news, bool is_quiet);

// Somebody has nothing to do: has others give back what would wait for long.
void bridge_relieve(struct bridge *bridge, uint64_t now_ns);

// A worker goes on with something else, which may be to send more: not at once, then.
void bridge_relieve_later(struct bridge *bridge, uint64_t now_ns);

// The owner's: a task that has come back stays here.
bool bridge_keeps(void *upper, struct owner_task *task);

// ---- call.c ----------------------------------------------------------------------------------

// The body of a frame that has a place.
extern const struct frame_body call_body;

// As in struct elsewhere: whether a frame can be sent before its stack has run; sends it.
bool call_is_light(const struct frame *frame);
void call_depart(struct frame *frame, struct worker *worker, bool has_place);

// The same for those that are no frames yet.
extern const struct elsewhere_flights call_flights;

// Ends the frames of those calls whose stacks need not run for that. Without the turn.
void call_end_all(struct call *ended);

// The owner's: a call is over; has posted something; has left its place.
void call_deliver(void *upper, struct owner_task *task, const struct owner_outcome *outcome);
void call_post(void *upper, struct owner_task *task, const void *payload, uint32_t bytes);
void call_parted(void *upper, struct owner_task *task);
void call_lane_lost(void *upper, struct owner_task *task);

#endif
