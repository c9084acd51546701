// failure.h - the record of one failure, kept wherever somebody may look back at it.
//
// A record is one allocation: what failed, why, and copies of its causes and of their texts. It is
// counted by reference; each of the places that keep it holds one:
//
//   the failed frame   until its memory goes             tn_failure_of
//   its parent         until that has ended              tn_children_failures
//   the run            if nobody absorbed it             tn_run_failures
//
// The public struct links a failure to the next one kept at the same place, so the record shows a
// face of its own at each.
// Invariant: a list goes from the newest to the oldest: in a frame by `serial`, in a run as they
// came. It is read and changed under the lock of who keeps it; `next` of a face is written by the
// one thread that may look at that place. Start reading at failure_create.
#ifndef TENON_FRAME_FAILURE_H
#define TENON_FRAME_FAILURE_H

#include <stdbool.h>

#include <tenon/failure.h>

#include "base/atomic.h"

enum failure_place { FAILURE_OF_FRAME, FAILURE_OF_CHILD, FAILURE_OF_RUN, FAILURE_PLACES };

struct failure {
    _Atomic int references;
    bool is_with_parent; // by the failed frame's thread, then by its parent's
    uint64_t serial;     // the order in which failures of a run happened
    struct failure *older[FAILURE_PLACES];
    struct tn_failure faces[FAILURE_PLACES];
    struct tn_failure causes[]; // then the texts
};

// A record of `told`, whose causes and texts are copied, but not the names of files. One reference.
// Without memory it comes from a small reserve and has no texts and no cause; NULL when that is
// used up too.
struct failure *failure_create(const struct tn_failure *told, uint64_t serial);
void failure_release(struct failure *failure);

// Puts a record into the list of a place, which holds a reference from then on.
void failure_keep(struct failure **newest, struct failure *failure, enum failure_place place);

// Empties such a list.
void failure_drop(struct failure **newest, enum failure_place place);

// Links the faces of a list from the oldest on, and returns that; NULL when the list is empty.
const struct tn_failure *failure_show(struct failure *newest, enum failure_place place);

#endif
