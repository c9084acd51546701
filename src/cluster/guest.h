// guest.h - a DFrame of another process that runs here: between the taker's record and the frame.
//
// Ownership: made when its task comes (guest_keep), gone when the taker drops the record, which is
// when its result has been sent or nobody wants it any more. It keeps its frame until then.
// Invariant, under the turn: `frame` is set from when the frame has begun until the guest has been
// answered for; while it is still to become the guest's, the one before it has been.
// Private to serve.c, guest.c, guest_end.c, guest_lane.c and guest_ask.c. Start reading at
// guest_start.
#ifndef TENON_CLUSTER_GUEST_H
#define TENON_CLUSTER_GUEST_H

#include <tenon/dframe.h>
#include <tenon/run.h>

#include "cluster/ear.h"
#include "cluster/baggage.h"
#include "cluster/registry.h"
#include "cluster/taker.h"
#include "frame/elsewhere.h"
#include "frame/frame.h"
#include "sync/asking.h"

struct serve {
    struct elsewhere elsewhere; // first
    struct ear ear;
    struct run *run;
    struct link *link;
    struct taker taker;
    struct taker_slot *slots;
    struct frame *root;          // while it takes guests
    struct awaitable over;       // what root waits for
    bool is_down;                // the owner is gone
    uint64_t spins_ns;           // in one look at it: by the clock of who spins; 0: nobody does
    uint64_t heard_ns;           // in one look at it: when it heard something; 0: nothing yet
    struct guest *spare;         // memory of guests that are gone
    struct registry_found found; // the type of the guest that came last
    struct guest *lane;          // the one in whose place a lane is open; NULL: none is
    _Atomic bool is_leaving;     // no lane is to stay open
};

enum { GUEST_ROOM = 64 }; // of those whose memory is used again

struct guest {
    struct serve *serve;
    struct taker_slot *slot;
    const struct tn_type *type;
    struct frame *frame;
    int cancel_code;  // TN_OK: it was not cancelled
    int failure_code; // of the first failure that it ended with; 0: none
    unsigned failure_count;
    struct failure *failures[BAGGAGE_GROUPS_MAX]; // those that travel, in order
    void *answer;                                 // its result, or the failure as it travels
    bool is_lent;                                 // that is, by the link
    uint64_t begun;                               // os_ticks, by who takes it
    uint64_t task;                                // its number, and how often it may have begun
    uint32_t begins_before;                       // before
    // While it has a lane (guest_lane.c): the place where that was opened, and of the last task
    // that was taken there.
    uint64_t opened, last;
    struct registry_found found;
    struct guest *next_spare;
    size_t room_bytes;
    struct list asks; // struct asking, of frames that wait for an answer
    uint32_t ask_count;
    uint64_t asked;   // how many there have been
    uint32_t bytes;   // of the baggage that came
    const void *came; // that: in `room`, or where its owner has lent it
    uint64_t room[];  // for it; behind that for the result
};

// The taker's calls.
extern const struct taker_calls guest_calls;

// What its result needs, apart from elements; and room for that, and for few elements, which is
// its own.
static inline size_t guest_result_bytes(const struct tn_type *type) {
    const struct tn_data_type *result = type->travel->result;
    return result == NULL ? 0 : bits_round_up(result->bytes, 8);
}
static inline void *guest_own_room(struct guest *guest) {
    const bool lasts = guest->came != guest->room;
    return (unsigned char *)guest->room + (lasts ? 0 : bits_round_up(guest->bytes, 8));
}

// The link's, of what it has lent.
static inline void guest_unlend(void *link, void *payload) {
    struct link *lender = link;
    lender->calls->unlend(lender, payload);
}

// What the frame of a guest does.
extern const struct frame_body guest_body;

// Starts the task of a slot that the taker has given out, at begun_ns, without the turn. NULL: it
// has ended.
struct task_stack *guest_start(struct serve *serve, struct worker *worker, struct taker_slot *slot);

// Its function has returned, and left nothing, with a result of so many bytes. If its owner has
// asked for a lane and can have it, it is open: true.
bool guest_lane_open(struct guest *guest, struct frame *frame, uint32_t bytes);

// Then, on the stack of the frame, runs in it what comes by the lane. True: that is shut, and the
// frame has no guest any more; false: it has one that is to end as any other.
bool guest_lane_serve(struct tn_self *self, struct frame *frame);

// Something happens to the guest that nobody does in a lane: if it has one, that is shut, and it is
// the taker's. With the turn.
void guest_lane_leave(struct guest *guest);

// Gives back the memory that is kept for further guests. None is left.
void guest_trim(struct serve *serve);

// Posts for a guest or a frame below it: struct elsewhere.
int guest_post(struct frame *border, struct tn_port port, int64_t value);

// Which attempt a guest is: struct elsewhere.
struct tn_attempt guest_attempt_of(const struct frame *border);

// Asks for a guest or a frame below it, and takes that back: struct elsewhere.
int guest_ask(struct frame *border, struct asking *asking);
void guest_take_back(struct frame *border, struct asking *asking);

// The taker's calls: an answer has come; none will come any more.
void guest_tell(void *upper, struct taker_slot *slot, const void *payload, uint32_t bytes);
void guest_parted(void *upper, struct taker_slot *slot);

// Something has ended, or been heard: root goes when the owner is gone and nothing runs. With the
// turn.
void serve_update(struct serve *serve);

// Tasks have come, or were taken: whether one waits. With the turn.
void serve_show_next(struct serve *serve);

// The worker has taken the task of this slot, which begins now, by os_ticks, and runs it next; in
// the frame `host`, if that can be (NULL: it can't). With the turn.
void serve_take(struct serve *serve, struct worker *worker, struct taker_slot *slot,
                struct frame *host, uint64_t now);

#endif
