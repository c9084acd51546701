// answer.h - what DFrames elsewhere ask at ports of this run, and how they are answered.
//
// An ask is heard with the turn (ear.h), and done at the queue at once. If it can't be done yet, it
// hangs there as a record (sync/queue_port.h), until some frame or thread of this process answers
// it, which does not have the turn; so answers gather behind a lock of their own, and whoever
// listens next says them.
//
//          answer_hear                 answered                answers_say
//   (none) ------------> AT THE QUEUE ------------> TO BE SAID -------------> TOLD --> (none)
//              \            \--- take_back, true --------------------------^   answer_told
//               \--- done at once -----------------------------------------^
//
// A task that leaves its place takes its asks off the queue (answers_part); what has been answered
// by then, and not told, is nobody's, and its item is lost, as all is that the process had got.
//
// Invariant, with the turn: the asks of a task that are not TOLD are in its list. Lock order: the
// turn, the ports, a queue, the answers. Start reading at answer_hear.
#ifndef TENON_CLUSTER_ANSWER_H
#define TENON_CLUSTER_ANSWER_H

#include "cluster/owner.h"
#include "os/os.h"

struct run;
struct worker;

// Those of one task.
struct asks {
    struct list list;
    uint64_t asked; // in the place that it has
    uint32_t count; // that it is not known to have been told the answer of
};

struct answers {
    struct run *run;
    struct owner *owner;
    struct os_lock lock;
    struct list list;                      // to be said
    _Atomic size_t count;                  // how many those are: a glance
    _Atomic(const struct worker *) hearer; // who says them anyway, when it has heard; NULL: nobody
};

void answers_init(struct answers *answers, struct owner *owner);
void answers_deinit(struct answers *answers);
void asks_init(struct asks *asks);

// With the turn, all but the last: the task asks or posts something. False: that is no honest ask
// or post, or there is no memory for the answer.
bool answer_hear(struct answers *answers, struct asks *asks, struct owner_task *task,
                 const void *payload, uint32_t bytes);

// The owner's: it has been told.
void answer_told(void *upper, struct owner_tell *tell);

// The task has left its place.
void answers_part(struct answers *answers, struct asks *asks);

// A worker listens now; then it says what has been answered, and returns how many that were.
void answers_begin(struct answers *answers, const struct worker *worker);
unsigned answers_say(struct answers *answers);

// Whether there is something to be said. After the caller has said that it listens no more.
bool answers_wait(struct answers *answers);

#endif
