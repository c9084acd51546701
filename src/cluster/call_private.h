// call_private.h - one DFrame that runs elsewhere, as call.c (its way there and back),
// call_depart.c (how it goes before its stack has run), call_pack.c (what it takes along) and
// call_outcome.c (what becomes of its result or failure) know it. Private to them.
//
// Start reading at struct call.
#ifndef TENON_CLUSTER_CALL_PRIVATE_H
#define TENON_CLUSTER_CALL_PRIVATE_H

#include "cluster/baggage.h"
#include "cluster/bridge.h"
#include "cluster/owner_lane.h"
#include "frame/note.h"

struct local_snapshot;

enum { CALL_SMALL_BYTES = 512 };

struct call {
    struct owner_task task;
    struct note note;
    struct bridge *bridge;
    struct frame *frame; // or memory that will be one, while it is_flying
    const struct tn_type *type;
    void *result; // where it goes
    struct task_stack *stack;
    uint32_t ticket; // 0: it does not wait
    bool is_flying;  // sent, and no frame yet: frame/flight.h
    bool has_lane;   // its first answer has opened one; set before it is_done
    bool is_unrun;   // the stack waits, and has never run
    bool has_place;  // or takes one as it is sent
    bool is_sent;
    bool is_ending;
    _Atomic bool is_done; // nobody else uses it any more; set under the turn
    struct asks asks;
    struct call *next_ended; // of those whose frame is to end without their stack
    // When it is done:
    enum owner_end end;
    int code;
    void *failure; // as it has come; NULL: there was none, or no memory
    uint32_t failure_bytes;
    char how_lost[BRIDGE_TEXT_BYTES];
};

// An answer has come: a result goes where the function would have put it; a failure is read when
// the stack goes on. With the turn.
void call_keep_outcome(struct call *call, const struct owner_outcome *outcome);

// The call is over, and its stack goes on: the frame ends as its function has ended elsewhere.
void call_finish(struct tn_self *self, struct call *call);

// Memory for what goes along: beside the stack; where the other process reads it; or else of the
// heap, to be copied once more by the link.
struct baggage {
    uint64_t small[CALL_SMALL_BYTES / sizeof(uint64_t)];
    void *at; // NULL: no memory
    struct link *lender;
};

// At the top of the stack of one that is sent before that has run.
struct light {
    struct call call;
    struct baggage baggage;
};

// The same of one that is no frame yet; and a result, as long as no frame has room for it.
struct flight {
    struct light light; // first
    uint64_t result[TN_PAYLOAD_BYTES / sizeof(uint64_t)];
    struct owner_lane lane;
    const struct tn_type *fits; // the type that was last found to, in its lane; NULL: it has none
    uint64_t function;          // its identity
    uint64_t task;              // the number of the last one that was called
    unsigned tasks_left;        // numbers that follow, and are its own
};

// Of a call while it is_flying.
static inline struct flight *flight_of(struct call *call) {
    return container_of(call, struct flight, light.call);
}

// ---- call.c ----------------------------------------------------------------------------------

// A call of the frame on its stack, which is to be packed. It has a place.
void call_init(struct call *call, struct frame *frame, struct task_stack *stack);

// Sends it, with the turn and a place. It may be over by that.
void call_send(struct call *call);

// The commit of a stack that waits for its call, which is sent now if it has not been.
void call_commit(struct task_stack *stack, void *argument);

// So many more, or fewer, are elsewhere. With the turn, so nobody else counts.
void call_count_away(struct bridge *bridge, int more);

// Whether nobody else uses the call any more: at a glance; or else it does not wait any longer.
bool call_is_done(const void *call);
bool call_is_over(struct call *call);

// On its stack: waits until it is over. And ends it, whatever it has come to.
void call_wait(struct tn_self *self, struct call *call);
void call_conclude(struct tn_self *self, struct frame *frame, struct call *call,
                   struct baggage *baggage);

// ---- call_pack.c -----------------------------------------------------------------------------

// What is asked for the frame there. `locals` are its ancestors' values; NULL: none.
struct baggage_wish call_wish(const struct frame *frame, const struct local_snapshot *locals);

// Memory for `bytes`: baggage->at. And gives it back.
void call_take_baggage(struct baggage *baggage, struct link *link, const struct frame *frame,
                       size_t bytes);
void call_drop_baggage(struct baggage *baggage);

// Writes all `bytes` of it, and makes the task of the call.
void call_pack(struct call *call, void *baggage, size_t bytes, const struct baggage_wish *wish,
               size_t wish_bytes, const struct local_snapshot *locals);

// Such a call, of a frame whose arguments are `copied` bytes.
void call_pack_light(struct light *light, const struct frame *frame, size_t copied,
                     const struct baggage_wish *wish);

// ---- call_depart.c ---------------------------------------------------------------------------

// The stack of a frame that has departed is to look at something, for the first time.
void call_go_on(struct tn_self *self, struct frame *frame);

// ---- call_lane.c -----------------------------------------------------------------------------

// Whether calls of this type may go through a lane.
bool call_lane_fits(const struct tn_type *type);

// Its first answer has come: may it stay, to be sent through the lane that it has asked for?
bool call_lane_stays(struct flight *flight);

// As in struct elsewhere_flights, of one that has a lane.
bool call_lane_again(struct frame *child, const struct tn_type *type, const void *arguments);
void call_lane_release(struct frame *child);

// Waits for the answer there: true, and it has come, or false. Then it may be that the lane is
// shut: true, and from then on it is in flight without one.
bool call_lane_await(struct frame *child, struct task_stack *stack, void *result);
bool call_lane_is_shut(struct frame *child);

// The call lands: what it has asked for, or called in a lane, is the session's. With the turn.
void call_lane_land(struct call *call);

#endif
