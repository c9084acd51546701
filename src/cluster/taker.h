// taker.h - the half of a session that runs tasks: one taker for each owner it works for.
//
//     taker_init(&taker, &options);                   // says HELLO at the first tick
//     taker_hear(&taker, &message, payload, now_ns);
//     slot = taker_next(&taker, now_ns);              // a task that may start; NULL: none now
//     taker_end(&taker, slot, code, result, bytes, now_ns);
//     next_ns = taker_tick(&taker, now_ns);
//
//                 hear_welcome          fence: the lease is over, BYE, down
//    GREETING -------------------> SERVING --------------------------------> FENCED
//        ^                            |                                        | |
//        |                            | leave_if_empty, after taker_leave      | |
//        |                            v                                        | |
//        |                           LEFT <------ end_fence, after taker_leave-/ |
//        \-------------------- end_fence: no frame of it runs any more ---------/
//
// A slot holds the record of one place, which is what answers a message that comes twice:
//
//          hear_run             taker_next             taker_end           record_drop
//    EMPTY --------> WAITING --------------> RUNNING -------------> ENDED ----------> EMPTY
//       \                \--hear_end, taker_leave------------------> ^
//        \--hear_end, before the RUN it is about---------------------|
//
// From RUNNING it may also become that of a lane (LANE), in which further uses of its place come
// and are answered without the taker; and, when that is over, RUNNING, WAITING or ENDED with the
// last of them: taker_lane.h.
// It keeps its generation when it is EMPTY, so that an old RUN does not start again; ENDED lasts
// until the owner says ACK, or uses the place for another task.
//
// Invariants, taker_check: `running` and `held` count the slots that are RUNNING or LANE, and not
// EMPTY; exactly the WAITING slots are on `waiting`; outside of SERVING none is WAITING or ENDED,
// or has posts; only RUNNING and ENDED ones have posts.
// Single-threaded: one call at a time. Start reading at taker_hear.
#ifndef TENON_CLUSTER_TAKER_H
#define TENON_CLUSTER_TAKER_H

#include "base/list.h"
#include "cluster/link.h"

enum taker_phase { TAKER_EMPTY, TAKER_WAITING, TAKER_RUNNING, TAKER_LANE, TAKER_ENDED };

struct taker_slot {
    struct list_node node; // in `waiting`
    enum taker_phase phase;
    bool is_cancelled;
    bool is_kept; // `drop` is owed
    bool asks_lane;
    uint8_t how;  // of an ENDED one: enum message_how
    uint64_t generation;
    uint64_t task;
    uint32_t attempt;
    uint32_t begins_before; // of the task, in other places
    uint64_t function;
    int code;
    const void *result; // the caller's, until `drop`
    uint32_t bytes;
    uint64_t spent_ns;    // that its function took: the caller's, before taker_end
    struct list posts;    // said one after another, before the result
    uint32_t posts_ended; // of this place
    uint32_t tells;       // that have arrived
    uint32_t sends;       // of what is due: the first post, or the result
    uint64_t resend_at_ns;
    void *upper; // the caller's own
};

// What a running task posts: the caller's memory, until `posted`.
struct taker_post {
    struct list_node node; // in the slot's `posts`
    const void *payload;
    uint32_t bytes;
};

struct taker_calls {
    // A task has come: copies the arguments. Returns 0, or a negative code with which the task ends
    // without having run (no memory, no such function).
    int (*keep)(void *upper, struct taker_slot *slot, const void *arguments, uint32_t bytes);
    // A running task is to end; taker_end follows.
    void (*cancel)(void *upper, struct taker_slot *slot, int code);
    // The record goes: of what `keep` copied and taker_end left, nothing is needed any more.
    void (*drop)(void *upper, struct taker_slot *slot);
    // The post has arrived, or nobody wants it any more. May be NULL where nothing is posted.
    void (*posted)(void *upper, struct taker_post *post);
    // What a running task is told: each once, in order. May be NULL where owners tell nothing.
    void (*tell)(void *upper, struct taker_slot *slot, const void *payload, uint32_t bytes);
    // The owner of a running task is gone: what it posts is heard by nobody, and it is told
    // nothing. May be NULL.
    void (*parted)(void *upper, struct taker_slot *slot);
};

struct taker_options {
    struct link *link;
    unsigned peer; // the owner's number on the link
    struct session_timing timing;
    uint64_t seed;   // random: the numbers of its HELLOs follow from it
    int fenced_code; // with which tasks are cancelled whose owner is gone
    const struct taker_calls *calls;
    void *upper;
};

enum taker_state { TAKER_GREETING, TAKER_SERVING, TAKER_FENCED, TAKER_LEFT };

struct taker {
    struct taker_options options;
    enum taker_state state;
    bool is_leaving;
    uint64_t nonce;
    uint64_t owner;
    uint64_t session;
    uint64_t lease_until_ns;
    uint64_t beat_at_ns;
    uint64_t resend_at_ns; // not later than that of any slot
    uint32_t offered;
    uint32_t slot_count;
    struct taker_slot *slots;
    struct list waiting;
    uint32_t running;
    uint32_t held;
};

// `slots` are `count` slots: how many tasks it takes at most, running ones included.
void taker_init(struct taker *taker, const struct taker_options *options, struct taker_slot *slots,
                uint32_t count);

// What the link tells.
void taker_hear(struct taker *taker, const struct message *message, const void *payload,
                uint64_t now_ns);
void taker_writable(struct taker *taker, uint64_t now_ns);
// The owner's process is gone, or the way to it.
void taker_down(struct taker *taker, uint64_t now_ns);

// The longest waiting task, which starts now. NULL when none waits, or the lease is over.
struct taker_slot *taker_next(struct taker *taker, uint64_t now_ns);

// What a running task posts: it is told in this order, all of it before the result.
void taker_post(struct taker *taker, struct taker_slot *slot, struct taker_post *post,
                uint64_t now_ns);

// The task has ended with this code and result, which stays where it is until `drop`.
void taker_end(struct taker *taker, struct taker_slot *slot, int code, const void *result,
               uint32_t bytes, uint64_t now_ns);

// The same, and then as taker_next: where nothing is lost both are said in one message. NULL also
// if that can't be.
struct taker_slot *taker_end_and_next(struct taker *taker, struct taker_slot *slot, int code,
                                      const void *result, uint32_t bytes, uint64_t now_ns);

// Gives back what waits, takes nothing more, and says BYE when all else has ended: then the state
// is TAKER_LEFT and the taker may go.
void taker_leave(struct taker *taker, uint64_t now_ns);

// Does what is due. Call it at once, after whatever was heard, and when the time has come that it
// returned last.
uint64_t taker_tick(struct taker *taker, uint64_t now_ns);

void taker_check(const struct taker *taker);

#endif
