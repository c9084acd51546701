// call_private.h - one DFrame that runs elsewhere, as call.c (its way there and back) and
// call_outcome.c (what becomes of its result or failure) know it. Private to them.
//
// Start reading at struct call.
#ifndef TENON_CLUSTER_CALL_PRIVATE_H
#define TENON_CLUSTER_CALL_PRIVATE_H

#include "cluster/bridge.h"
#include "frame/note.h"

struct call {
    struct owner_task task;
    struct note note;
    struct bridge *bridge;
    struct frame *frame;
    struct task_stack *stack;
    uint32_t ticket; // 0: it does not wait
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

#endif
