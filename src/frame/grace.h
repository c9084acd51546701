// grace.h - frames that were told to end and have not: who takes longer than the run's grace is
// reported, with its path, where it stands and since when.
//
//             grace_begin              look, grace over            look, ten times that
//     (none) ------------> IN TIME ----------------> REPORTED ----------------------> SILENT
//     and from each of them: grace_end
//
// A frame's time begins when it is told to end, or when its deadline passes. What it takes to
// remove its children is not counted: they have a time of their own. Invariant: `look` is queued or
// running, or the timer waits, exactly while `is_armed`; then the list may hold frames. Runs in
// which nothing is cancelled pay nothing. Start reading at look.
#ifndef TENON_FRAME_GRACE_H
#define TENON_FRAME_GRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "os/os.h"
#include "scheduler/runnable.h"
#include "scheduler/timers.h"

struct frame;
struct scheduler;

// Of a run.
struct grace {
    struct scheduler *scheduler;
    uint64_t length_ns;
    struct os_lock lock; // the list, the lateness of the frames in it, is_armed
    struct list frames;
    bool is_armed;
    struct timer timer;
    struct runnable look;
};

// Of a frame.
struct lateness {
    struct list_node link;
    uint64_t told_ns; // when it was told to end; 0: it was not
    uint64_t due_ns;  // when it is reported next; OS_NEVER: not any more
    int reports;
    bool is_over; // it has ended
};

void grace_init(struct grace *grace, struct scheduler *scheduler, double seconds);

// The frame was told to end. From any thread that keeps the frame alive.
void grace_begin(struct frame *frame);

// It has been removing its children since start_ns: that was not its own time. By the frame.
void grace_excuse(struct frame *frame, uint64_t start_ns);

// It has ended. While its ancestors live, because it may have to be reported yet.
void grace_end(struct frame *frame);

// The same of one that nobody told, but that had a deadline: no thread was free to look at it.
void grace_end_untold(struct frame *frame, uint64_t deadline_ns);

#endif
