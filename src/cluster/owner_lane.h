// owner_lane.h - the lanes of an owner: which place each belongs to, and how its last task becomes
// that of the session again.
//
// Who calls through a lane has no lock, so the session knows no more of it than this: its place is
// in use, by no task. What else happens to it is heard, or done by its caller with the turn:
//
//           asked with a RUN         RESULT: OPENED         owner_lane_leave: nothing is called
//     NONE ------------------> ASKED ----------------> OPEN ------------------------------> NONE
//        ^     RESULT: DONE     |                       |
//        \----------------------/                       |--- the same, something is; or a RESULT
//                                                       |    or POST of that -----------> LANDED
//                                                       |--- RESULT: CLOSED; or its peer is lost
//                                                            -----------------------------> OVER
//
// LANDED: its task is in its place as any other. Its place is free when a RESULT has come, whatever
// has been answered in the lane before. Invariant: a peer has one lane, until its caller has left
// it. Under the turn but for `called` and what the lane itself is.
// Start reading at owner_lane_opens.
#ifndef TENON_CLUSTER_OWNER_LANE_H
#define TENON_CLUSTER_OWNER_LANE_H

#include "cluster/owner.h"

enum owner_lane_state {
    OWNER_LANE_NONE,
    OWNER_LANE_ASKED,
    OWNER_LANE_OPEN,
    OWNER_LANE_LANDED,
    OWNER_LANE_OVER
};

// Of who may get one: the caller's memory, as its task.
struct owner_lane {
    enum owner_lane_state state;
    struct lane *lane; // from when it is OPEN
    _Atomic uint64_t *notes;
    struct link_kept kept;
    uint64_t opened; // the place at which
    // The places of the last call, and of the last one whose answer was read there. By its caller,
    // without the turn.
    _Atomic uint64_t called, answered;
    struct owner_task *task;   // of which it is
    struct owner_peer *peer;   // NULL: it is lost
    struct owner_place *place; // while it is OPEN
    enum session_why why;      // if its peer was lost
};

// What became of the last call.
enum owner_lane_end {
    OWNER_LANE_ANSWERED, // in the lane; or nothing was called
    OWNER_LANE_PLACED,   // it is the session's, or has been delivered already
    OWNER_LANE_UNTAKEN,  // it has not begun, and does not: it is to be submitted
    OWNER_LANE_LOST,     // its peer was lost, and it may have begun
};

static inline void owner_lane_init(struct owner_lane *lane) {
    lane->state = OWNER_LANE_NONE;
}

// Its caller has read the answer to its last call.
static inline void owner_lane_is_answered(struct owner_lane *lane) {
    atomic_store_relaxed(&lane->answered, atomic_load_relaxed(&lane->called));
}

// Its task is about to be sent to the peer: does it ask for a lane? One that may begin again does
// not: what lands without its caller is known by its number only, and can't be sent anew.
bool owner_lane_asks(struct owner_peer *peer, struct owner_task *task);

// It is to have none, after all.
void owner_lane_ask_no_more(struct owner_lane *lane);

// The task was answered, and its place is free. It was `opened`; else it may have been asked for.
void owner_lane_opens(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                      struct owner_task *task, bool is_opened);

// A message about a place that a lane has had. True: the lane has heard it; false: its task is in
// that place now, and it is for that. It is not honest: *is_bad.
bool owner_lane_hears(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                      const struct message *message, uint64_t now_ns, bool *is_bad);

// The place is held, and its taker says beside a RESULT that its task begins: that is in it now, as
// above. False: it has none that could.
bool owner_lane_begins(struct owner *owner, struct owner_place *place, uint64_t now_ns);

// The session of the peer is over, with what its lane has.
void owner_lane_lose(struct owner *owner, struct owner_peer *peer, enum session_why why);

// Its caller uses it no more; a task `is_called`, and was not answered when it looked last: if the
// answer is there now, `result` gets the words of it. If it is PLACED from now on, its owner_task
// must say what is to run, as for owner_submit.
enum owner_lane_end owner_lane_leave(struct owner *owner, struct owner_lane *lane, bool is_called,
                                     uint64_t *result, uint64_t now_ns);

#endif
