// hog.h - what is said of a frame that keeps its thread for itself: scheduler/watchdog.h.
//
// Told at once on standard error, from the signal handler, because the frame may never come back.
// A run with a report of its own gets the sentence when the frame has left its thread, since other
// code may run there only then; standard error hears only of those that go on for ten times as
// long.
// Invariant: a record is written by the handler while it is not owed, and read by the loop of the
// same worker after that. Start reading at hog_tell.
#ifndef TENON_FRAME_HOG_H
#define TENON_FRAME_HOG_H

#include <stdint.h>

#include "scheduler/worker.h"

#define HOG_TEXT_BYTES 1600

// Of one worker.
struct hog_record {
    char text[HOG_TEXT_BYTES];
};

// Nanoseconds after which a frame is a hog, for an option in seconds: above 0, that; below 0, never
// (0); 0: 20 ms in checking builds and never in others.
uint64_t hog_limit_ns(double seconds);

// struct scheduler_calls.
enum hog_telling hog_tell(struct worker *worker, struct task_stack *stack, const struct hog *hog);
void hog_left(struct worker *worker, uint64_t cpu_ns);

#endif
