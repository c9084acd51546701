// crew.h - frames that run one call after the other: what executors and maps are made of.
//
//     owner                    the frame that made the executor or the map
//       `-- head               a child of it, which only waits: what runs below ends with it
//             |-- lane         runs a call in place, then the next one; rests when there is none
//             |     `-- call   the function that was asked for: a task in place, which becomes a
//             `-- lane ...     frame when it needs to be one
//
// So a call costs no frame and no stack of its own, and yet is one: it has its place in the tree,
// children, cleanup handlers, an outcome. What fails in it goes up as far as its lane. A lane whose
// call is removed, or in which something fails, is cancelled and ends with the call; another one
// takes its place.
//
// Lanes come when they are needed: whoever brings work calls one, a lane that comes and finds more
// work than its own calls the next. So there is never more than one on its way, and with as many
// calls as there are none of which waits there are about as many lanes as threads.
//
//            lane_start           crew_call: none is on its way
//     (none) ----------> CALLED <------------------------------- RESTING
//                          | run_lane, rest: it has come            ^
//                          v                                        | rest: no work
//                       WORKING --------------------------------------
//                          `-- is_doomed, is_over, cancelled --> (none)
//
// Invariant (under the gate): is_coming exactly while one of the lanes is CALLED; work waits only
// while a lane is coming, or count == count_max, or none rests and none could be started.
// Start reading at run_lane in crew.c.
#ifndef TENON_EXECUTOR_CREW_H
#define TENON_EXECUTOR_CREW_H

#include <tenon/failure.h>
#include <tenon/status.h>

#include "executor/gate.h"

struct crew;
struct failure;
struct frame;
struct lane;
struct lanes;
struct run;
struct worker;

enum crew_level { CREW_FRAMES, CREW_PFRAMES, CREW_LEVELS };

// What the lanes of an executor or a map do. All but `work` are called under the gate.
struct crew_kind {
    bool (*has_work)(struct lanes *lanes);
    // Takes work for the lane: there is some.
    void (*take)(struct lane *lane);
    // Does it, without the lock, on the lane's stack.
    void (*work)(struct tn_self *self, struct lane *lane);
    // It is done, or the lane is doomed.
    void (*done)(struct lane *lane);
    // No lane will ever take what waits: it ends with `code`.
    void (*give_up)(struct lanes *lanes, int code);
    // When the crew is over and before its lanes are gone, without the lock, by the head: waits for
    // what is no frame. NULL: nothing is.
    void (*close)(struct tn_self *self, struct crew *crew);
};

struct lanes {
    struct crew *crew;
    enum crew_level level;
    size_t count;
    size_t count_max;
    bool is_coming;
    size_t resting_count;
    struct list resting;
};

// On the stack of its frame.
struct lane {
    struct lanes *lanes;
    struct frame *frame;
    void *work;     // what `take` has taken
    bool is_doomed; // takes nothing any more
    // The first failure that came up to here since `work` began.
    int failure_code;
    struct failure *failure; // NULL: no memory for it
};

struct crew {
    struct gate gate;
    const struct crew_kind *kind;
    const char *name;
    struct run *run;
    struct frame *head;
    struct worker *home;  // of lanes of plain Frames
    bool is_dismissed;    // the head may end
    bool is_over;         // nothing is taken any more, and
    int reason;           // this is what became of what waited
    struct list watching;   // who waits for a change
    struct list dismissing; // the head, until it may end
    struct lanes lanes[CREW_LEVELS];
};

// Makes the head a child of the current frame. `count_max` of the lanes of each level, 0: no bound.
// `is_outside`: threads that are none of the run come to the gate too. TN_OK, or TN_NO_MEMORY,
// TN_CANCELLED or TN_TIMED_OUT, and nothing is left.
int crew_begin(struct tn_self *self, struct crew *crew, const struct crew_kind *kind,
               const char *name, size_t count_max, bool is_outside);

// Calls a lane if there is work and none is coming. Under the gate.
void crew_call(struct lanes *lanes);

// Tells everybody who waits for a change. Under the gate.
static inline void crew_changed(struct crew *crew) {
    if (UNLIKELY(!list_is_empty(&crew->watching))) {
        gate_wake_all(&crew->gate, &crew->watching);
    }
}

// Dismisses the head and waits until it and its lanes are gone. TN_OK, or what cancel_due says.
int crew_end(struct tn_self *self, struct crew *crew);

// Removes the head with all that runs below it, and waits until it is gone, unless the current
// frame is below it itself. TN_OK, or what cancel_due says.
int crew_cancel(struct tn_self *self, struct crew *crew);

// After the head has gone, by the frame that made it: lets go of it.
void crew_forget(struct crew *crew);

// True when the current frame is one that the crew runs.
bool crew_runs(const struct crew *crew, struct tn_self *self);

// Ends what a lane is at: its call is removed, and the lane with it. Under the gate.
void crew_doom(struct lane *lane);

// The first outcome that is not TN_OK of: what failed below the lane, its being doomed, and
// `outcome`, which is that of the call itself. A lane that a failure came up to is of no more use.
int crew_outcome_slow(const struct lane *lane, int outcome);
static inline int crew_outcome(const struct lane *lane, int outcome) {
    const bool is_good = outcome == TN_OK && lane->failure_code == 0 && !lane->is_doomed;
    return LIKELY(is_good) ? TN_OK : crew_outcome_slow(lane, outcome);
}

#endif
