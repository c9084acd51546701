// elsewhere.h - frames whose function runs in another process, and frames that run for one.
//
// To the tree both are frames like any other. A DFrame that is sent away has a stack, on which it
// waits for the answer in place of its function; so removal, deadlines, handlers and the order of
// ends hold without a word about processes. That stack need not have run: one that needs little is
// sent before, and ends without it if a result is all that comes (depart). A frame that runs for
// another process is a child of that run's root. What differs is its struct frame_body.
//
// The layer that knows processes (src/cluster) lies above this one: it fills in struct elsewhere
// for a run that has some, and is known since a program's DFrames were announced
// (elsewhere_provide).
// Invariant: a frame's body is set before it begins, by who has begun it, and stays.
// Start reading at elsewhere_start.
#ifndef TENON_FRAME_ELSEWHERE_H
#define TENON_FRAME_ELSEWHERE_H

#include <tenon/attempt.h>
#include <tenon/port.h>
#include <tenon/run.h>

#include "scheduler/wire.h"

struct asking;
struct failure;
struct frame;
struct room_loan;
struct run;
struct task_stack;
struct tn_self;
struct tn_type;
struct worker;

struct frame_body {
    // In place of the function of the frame's type; NULL: that. The result goes to frame->payload.
    void (*run)(struct tn_self *self, struct frame *frame);
    // The frame has ended, and nothing below it is left; its memory goes when this returns. NULL:
    // nobody wants to know.
    void (*settled)(struct frame *frame, int outcome);
    // Nobody from `failed`, which is the frame or below it, up to this frame has absorbed the
    // failure `code`: it ends here. `failure` is NULL when there was no memory. NULL: it does not.
    void (*failed)(struct frame *frame, struct frame *failed, int code, struct failure *failure);
    // Room for elements of its result, where its reader will find them; false: there is none now.
    // NULL: there is no such place.
    bool (*lend)(struct frame *frame, size_t bytes, struct room_loan *loan);
};

// What has become of a child in flight that is awaited.
enum flight_end {
    FLIGHT_LANDS, // it is to become a frame
    FLIGHT_OVER,  // it has ended with a plain result
    FLIGHT_STAYS, // the same; and it may be sent again, as the next one
};

// How children are sent that are no frames yet: flight.h. `body_data` is theirs meanwhile.
struct elsewhere_flights {
    // Sends one. Of what it will be, its run, stack, type and arguments are set. It may stay, if
    // its parent allows that. False: not now.
    bool (*send)(struct frame *child, bool may_stay);
    // One that has stayed is sent as another child, of this type. False: not now. Then, when type
    // and arguments are set: true if it is not there but on its way as any other.
    bool (*again)(struct frame *child, const struct tn_type *type, const void *arguments);
    bool (*is_shut)(struct frame *child);
    // Waits for it on the stack of its parent. Its result is taken (NULL: nobody wants that) if it
    // has one and does not land.
    enum flight_end (*await)(struct frame *child, struct task_stack *stack, void *result);
    // One that has stayed is not sent again.
    void (*release)(struct frame *child);
    // It has become a frame, and has begun: as depart, but that it has been sent.
    void (*land)(struct frame *child, struct worker *worker);
};

// What a run has of the processes that belong to it.
struct elsewhere {
    struct wire wire; // first
    // Takes a place for the frame, which is about to begin: true, and it begins with `body`. One
    // that is away from all who may run it here waits for a place if it has to.
    bool (*claim)(struct elsewhere *elsewhere, const struct frame *frame, bool is_away);
    // Gives it back: the frame has ended before it began.
    void (*unclaim)(struct elsewhere *elsewhere);
    const struct frame_body *body;
    _Atomic int away; // frames that were sent and are not over: a glance
    // Whether a frame needs so little that it can be sent before its stack has run.
    bool (*is_light)(const struct frame *frame);
    // Sends such a frame, which has begun, and has a place or takes one. Its stack waits from then
    // on, and runs, with `body`, only if more becomes of it than a result; it may end at once.
    void (*depart)(struct frame *frame, struct worker *worker, bool has_place);
    const struct elsewhere_flights *flights; // NULL: there are none
    _Atomic bool is_shut;                    // nothing can be sent any more: a glance
    // Posts to a port of the run that has sent the frame `border` here (port.h): TN_OK,
    // TN_NO_MEMORY. NULL: no frame here has come from another process.
    int (*post)(struct frame *border, struct tn_port port, int64_t value);
    // Asks for something at a port of that run (sync/asking.h): a code, or ASKING_WAITS, and then
    // the answer comes. And takes that back: then it comes all the same, and soon. NULL: as above.
    int (*ask)(struct frame *border, struct asking *asking);
    void (*take_back)(struct frame *border, struct asking *asking);
    // Which attempt of which task of that run the frame is. NULL: as above.
    struct tn_attempt (*attempt_of)(const struct frame *border);
    // Every DFrame is to go elsewhere at once, for tests: it waits for a place if there is none.
    bool is_forced;
    // The scheduler is there, and the run is about to begin. Then, when all its threads have ended,
    // or if it could not begin: gives the memory back.
    void (*begin)(struct elsewhere *elsewhere, struct run *run);
    void (*close)(struct elsewhere *elsewhere);
};

// From now on runs can have other processes, and have so many if they do not say. `make` makes what
// a run with that many needs; NULL: no memory.
void elsewhere_provide(struct elsewhere *(*make)(int processes,
                                                 const struct tn_run_options *options),
                       int processes);

// What a new run is to have; NULL: nothing, or (*code is not TN_OK) there is no memory for it.
struct elsewhere *elsewhere_make(const struct tn_run_options *options, int *code);

// Starts a frame whose type may run elsewhere, if it may: as frame_begin. A worker that takes no
// free work starts it only to send it away, and otherwise leaves it to others: NULL.
struct task_stack *elsewhere_start(struct frame *frame, struct worker *worker);

// The same for a new child of whoever runs on the worker, which is to go at once. False: it was not
// sent, and has not begun.
bool elsewhere_depart(struct frame *child, struct worker *worker);

// Queues such a frame to be started.
void elsewhere_submit(struct frame *frame);

// Waits for a child, which may run elsewhere, where its parent is: until it has ended, or until it
// is time to leave the stack for that.
void elsewhere_wait_here(struct tn_self *self, struct frame *child);

// The frame at or above `failed` where failures that nobody has absorbed end; NULL: root's run.
struct frame *elsewhere_border(struct frame *failed);

// A root of a run that works for another process, with what that run is to have: as tn_run_type.
int elsewhere_run(const struct tn_type *root, const struct tn_run_options *options,
                  const void *arguments, struct elsewhere *elsewhere);

#endif
