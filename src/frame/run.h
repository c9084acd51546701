// run.h - one run: the scheduler, the tree, and how it ended.
//
// Invariant: root settles exactly once, last of all frames, and stops the scheduler.
#ifndef TENON_FRAME_RUN_H
#define TENON_FRAME_RUN_H

#include <tenon/run.h>

#include "frame/elsewhere.h"
#include "frame/frame.h"
#include "frame/hog.h"
#include "frame/knot.h"
#include "frame/port.h"
#include "frame/quarantine.h"

#define RUN_MESSAGE_BYTES 512

struct run {
    struct grace grace;
    struct os_lock watch_lock;
    struct list watches; // of frames that have not settled: free.h
    _Atomic size_t watch_count;
    struct scheduler scheduler;
    struct elsewhere *elsewhere; // its other processes; NULL: none
    struct frame *root;
    int threads;    // that the program may name; fewer are there if TENON_LEVEL takes some away
    bool is_serial; // PFrames and DFrames start as soon as they are spawned, on the only thread
    size_t stack_bytes;
    size_t root_stack_bytes;
    void *answer;
    uint64_t deadline_ns; // root's; OS_NEVER: none
    double grace_seconds;
    void (*report)(const char *sentence, void *data); // NULL: standard error
    void *report_data;
    struct hog_record *hogs; // one per worker, behind the pools
    struct knots knots;      // their lists lie behind these
    bool fails_on_knots;
    struct quarantine ended_events;
    struct ports ports;            // of events
    _Atomic uint64_t task_numbers; // given out
    _Atomic bool has_travelling_locals;
    struct os_lock report_lock;      // one report at a time
    struct os_lock ready_lock;       // who asks for readiness, one at a time: ready.h
    struct os_lock lock;             // the failures
    int failure_code;                // of the first that nobody absorbed; 0: none
    struct failure *failures;        // all that nobody absorbed, newest first
    _Atomic uint64_t failures_count; // all that happened
    struct frame_pool pools[];       // one per worker
};

// Tells whoever runs the program one sentence about it, as by printf: the run's report, or standard
// error. From any thread.
void run_report(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

// The same with the sentence as it is.
void run_tell(struct run *run, const char *sentence);

// A number for a DFrame, from 1 on, when it is sent to another process, or runs here and asks for
// one (attempt.c). From any thread.
uint64_t run_next_task(struct run *run);

// So many at once: the first of them.
uint64_t run_next_tasks(struct run *run, unsigned count);

// A failure was absorbed by nobody: keeps it (NULL: there was no memory for it) and removes the
// whole tree.
void run_fail(struct run *run, int code, struct failure *failure);

// Root has settled.
void run_end(struct run *run);

#endif
