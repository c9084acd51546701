// session.h - what the two halves of a session say to each other, and when.
//
// A session is between an owner, the process whose frames wait for results (owner.h), and a taker,
// the process that runs them (taker.h), over a link that may lose, double, delay and reorder
// (link.h). docs/internals/session.md specifies it: states, who resends what, and why each result
// is delivered once and no task is lost.
//
// Neither half has a clock, memory or a descriptor of its own: each function is told the time, all
// structures are the caller's, and messages leave through the link.
// Invariant: a place (slot, generation) of a session stands for one task for ever.
// Start reading at struct message.
#ifndef TENON_CLUSTER_SESSION_H
#define TENON_CLUSTER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#define SESSION_VERSION 6
#define SESSION_NEVER UINT64_MAX
// The most places that a session may have.
#define SESSION_SLOTS_MAX 65536u

enum message_kind {
    // From the taker.
    MESSAGE_HELLO = 1, // value: a number of this attempt to meet; stamp
    MESSAGE_TAKEN,     // place, task: it waits here
    MESSAGE_STARTED,   // place, task: it begins now; value: 1 if it has, and that was asked
    MESSAGE_RESULT,    // place, task, how, code; value: how long it ran, in nanoseconds; attempt: 1
                       // more than the slot of a place whose task begins now, or 0; payload: the
                       // result
    // From both.
    MESSAGE_BEAT, // stamp: the taker's clock, sent back unchanged; value: how many places it
                  // offers;
                  // from the owner, attempt: how many of them are in use
    MESSAGE_BYE,  // nothing of this session runs any more, or shall
    // From the owner.
    MESSAGE_WELCOME, // value and stamp of the HELLO; session: the number it has from now on
    MESSAGE_RUN,     // place, task, attempt; how: MESSAGE_OPENED if its owner asks for a lane;
                     // code: how often it may have begun before; value: the function; payload: the
                     // arguments
    MESSAGE_CANCEL,  // place, task, code: it shall end
    MESSAGE_RETURN,  // place, task: give it back unless it has started
    MESSAGE_ACK,     // place: the result has arrived, forget it
    // From the taker.
    MESSAGE_POST, // place, task; attempt: its number among the posts of this place, from 1;
                  // payload: what the task posts
    // From the owner.
    MESSAGE_POSTED, // place, attempt: that post has arrived
    MESSAGE_TELL,   // place, task; attempt: its number among the tells of this place, from 1;
                    // payload: what the task is told
    // From the taker.
    MESSAGE_TOLD, // place, task, attempt: that tell has arrived
};

// How a task ended at the taker.
enum message_how {
    MESSAGE_DONE = 1,  // it ran; code and payload are its outcome
    MESSAGE_CANCELLED, // it never started, and never will in this place
    MESSAGE_RETURNED,  // the same, and the owner may place it anew
    MESSAGE_OPENED,    // as DONE, and what else is to run in this place may come by a lane (lane.h)
    MESSAGE_CLOSED,    // its result was told in the lane, which is closed
};

// One message: 64 bytes, the same on every machine but for the order of bytes, which a link between
// machines sees to.
struct message {
    uint8_t kind;
    uint8_t how;
    uint16_t version;
    uint32_t bytes;   // of the payload
    uint64_t owner;   // the owner's incarnation: a random number of its process; 0 in HELLO
    uint64_t session; // the number that the owner gave the session; 0 in HELLO
    uint64_t place;   // slot and generation: place_of
    union {
        uint64_t task;
        uint64_t stamp_ns;
    };
    uint32_t attempt; // mostly: how many places the task has had, this one included
    int32_t code;
    uint64_t value;
    uint64_t payload; // the link's, and 0 above it: where the payload lies
};
_Static_assert(sizeof(struct message) == 64, "a message is one slot of a ring");

// Whether nobody waits for it: what a task that begins comes to is told later, and the result of
// one in a lane has been told. Its receiver need not be woken, but hears it when it looks next, and
// before all that is sent later.
static inline bool message_can_wait(const struct message *message) {
    return (message->kind == MESSAGE_STARTED && message->value == 0) ||
           (message->kind == MESSAGE_RESULT && message->how == MESSAGE_CLOSED);
}

// Whether it says that a task begins, or how it has ended: on a reliable link nothing becomes due
// thereby, neither here nor there.
static inline bool message_begins_or_ends(const struct message *message) {
    return message->kind == MESSAGE_STARTED || message->kind == MESSAGE_RESULT;
}

// A place: the slot in the lower 16 bits, above them how often the slot has been used.
static inline uint64_t place_of(uint32_t slot, uint64_t generation) {
    return generation << 16 | slot;
}
static inline uint32_t place_slot(uint64_t place) {
    return (uint32_t)(place & 0xffff);
}
static inline uint64_t place_generation(uint64_t place) {
    return place >> 16;
}

// Both halves of a session must have the same. The taker starts nothing when `lease_ns` have passed
// since it sent the last beat that the owner has answered; the owner gives it up `margin_ns` later,
// which is what the two clocks may drift apart in the time of a lease.
struct session_timing {
    uint64_t lease_ns;
    uint64_t margin_ns;
    uint64_t beat_ns;   // between two beats
    uint64_t resend_ns; // from a message to its first repetition; each further one after twice the
                        // time, at most 32 times this
};

// For links between machines: a process that is gone is given up after 2.2 s.
static inline struct session_timing session_timing_default(void) {
    return (struct session_timing){.lease_ns = 2000000000,
                                   .margin_ns = 200000000,
                                   .beat_ns = 500000000,
                                   .resend_ns = 100000000};
}

// What a taker uses of that. On a reliable link `down` is certain, and the owner ends whom it gives
// up: who works there needs no lease, and goes on when the owner was stopped for a while (by a
// debugger, or from a terminal).
static inline struct session_timing session_timing_of_taker(bool is_reliable) {
    struct session_timing timing = session_timing_default();
    timing.lease_ns = is_reliable ? SESSION_NEVER / 4 : timing.lease_ns;
    return timing;
}

// When to send again what has been sent `sends` times, at least once.
static inline uint64_t session_resend_at(const struct session_timing *timing, uint32_t sends,
                                         uint64_t now_ns) {
    return now_ns + (timing->resend_ns << (sends < 6 ? sends - 1 : 5));
}

// Why a session has ended.
enum session_why {
    SESSION_LEASE = 1, // nothing was heard for the time of a lease and its margin
    SESSION_DOWN,      // the link says that the process is gone
    SESSION_LEFT,      // the other side has said BYE
    SESSION_RENEWED,   // the process has begun a new session
    SESSION_BAD,       // the other side broke the rules
    SESSION_CLOSED,    // this side has ended it
};

#endif
