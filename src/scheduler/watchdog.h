// watchdog.h - notices a stack that keeps its worker from everybody else.
//
// Frames take turns, so one that never waits keeps its thread for itself. Each worker is looked at
// by a signal on its own thread whenever that has used some CPU time (os_watch). The worker counts
// what it runs anyway (`tick`): the same number, seen for longer than the limit, is a hog. So the
// switch path pays nothing, and a run without a limit has no timer and no signal.
//
//   UNSEEN --look: something runs--> SEEN --look, limit over--> TOLD --look, ten times that--> TOLD
//      ^-------------------- look: another tick, or nothing runs ------------------------'
//
// Invariant: everything here belongs to the worker's own thread, its signal handler included.
// Start reading at look in watchdog.c.
#ifndef TENON_SCHEDULER_WATCHDOG_H
#define TENON_SCHEDULER_WATCHDOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/os.h"

struct task_stack;
struct worker;

struct watchdog {
    struct os_watch watch;
    bool is_on;
    volatile bool is_owed; // tell_hog wants hog_left to be called
    const struct task_stack *stack;
    unsigned tick;
    uint64_t cpu_ns; // of the thread, when the two were seen first
    uint64_t clock_ns;
    uint64_t due_ns;  // told when the CPU time has come to this
    uint64_t owed_ns; // cpu_ns of the one whose story is owed
    int tellings;
};

// What the layer above is told of a hog.
struct hog {
    uint64_t cpu_ns;       // for how long it has computed, at least
    uint64_t clock_ns;     // and how long that took
    int tellings;          // of the same hog, before this one
    bool is_in_the_way;    // something waits that only this worker may run
    const void *registers; // where it is: os_backtrace
};

// What became of that: nothing, because it is none; said; or to be said when it has left.
enum hog_telling { HOG_PASSED, HOG_TOLD, HOG_OWED };

// By the worker's thread, around its loop. Without a timer of the system, nothing is watched.
void watchdog_start(struct worker *worker);
void watchdog_stop(struct worker *worker);

// The worker runs in its loop again: what was owed is paid. Cheap when it is nothing.
static inline bool watchdog_is_owed(const struct watchdog *watchdog) {
    return watchdog->is_owed;
}
void watchdog_pay(struct worker *worker);

#endif
