// call_private.h - one DFrame that runs elsewhere, as call.c (its way there and back),
// call_depart.c (how it goes before its stack has run), call_pack.c (what it takes along) and
// call_outcome.c (what becomes of its result or failure) know it. Private to them.
//
// Start reading at struct call.
#ifndef TENON_CLUSTER_CALL_PRIVATE_H
#define TENON_CLUSTER_CALL_PRIVATE_H

#include "cluster/baggage.h"
#include "cluster/bridge.h"
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

// ---- call.c ----------------------------------------------------------------------------------

// A call of the frame on its stack, which is to be packed. It has a place.
void call_init(struct call *call, struct frame *frame, struct task_stack *stack);

// Sends it, with the turn and a place. It may be over by that.
void call_send(struct call *call);

// The commit of a stack that waits for its call, which is sent now if it has not been.
void call_commit(struct task_stack *stack, void *argument);

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

// ---- call_depart.c ---------------------------------------------------------------------------

// The stack of a frame that has departed is to look at something, for the first time.
void call_go_on(struct tn_self *self, struct frame *frame);

#endif
