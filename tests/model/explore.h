// explore.h - what the operations ask of the explorer. Private to tests/model.
//
// Invariant: every operation announces itself with explore_arrive before it takes effect, so that
// the explorer knows each thread's next step when it chooses who makes one.
// Start reading in operations.c.
#ifndef MODEL_EXPLORE_H
#define MODEL_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

enum step_kind {
    STEP_LOCAL, // Touches nothing shared: starting, or continuing after a wait.
    STEP_LOAD,
    STEP_STORE, // And every read-modify-write.
    STEP_FENCE, // A sequentially consistent one; others touch only their own thread.
    STEP_PAUSE,
    STEP_BARRIER, // Of all threads at once: os_barrier_all.
};

struct step {
    enum step_kind kind;
    int location;       // -1: none.
    bool is_consistent; // Sequentially consistent: depends on fences too.
    bool is_private;    // No other thread can tell when it is made (sharing.h).
    bool may_be_stale;  // A load that could as well be made after a store that it does not see.
    const char *site;
};

// Whether it matters in which order two threads make these steps.
bool step_depends(const struct step *one, const struct step *other);

// Waits for its turn to make this step, unless it is private.
void explore_arrive(struct step step);

// One of `options` ways in which to go on, each of which will be explored.
int explore_choose(int options);

// The running thread waits for explore_wake on this location; with a deadline it may also go on by
// itself. Returns true when it was woken, false when its deadline passed.
bool explore_wait(int location, bool has_deadline, const char *site);
void explore_wake(int location, int count);

// Adds what the step did to the trace of this execution.
__attribute__((format(printf, 1, 2))) void explore_note(const char *format, ...);

// Leaves this execution because it would repeat another one.
__attribute__((noreturn)) void explore_prune(void);

// Whether a load now reads the newest message, because the thread has just paused: waiting ends.
bool explore_reads_newest(void);

// Announces a site that has an order; returns true when this exploration weakens it.
bool explore_is_weakened(const char *site);

#endif
