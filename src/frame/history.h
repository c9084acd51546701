// history.h - what a thread remembers of its last run: the failures that nobody absorbed.
//
// Invariant: it belongs to the thread that called tn_run, and is dropped by that thread's next run
// or with the thread. Start reading at history_set.
#ifndef TENON_FRAME_HISTORY_H
#define TENON_FRAME_HISTORY_H

struct failure;

// The list of a run that has ended (places FAILURE_OF_RUN) is the calling thread's from now on, in
// place of the former.
void history_set(struct failure *newest);

#endif
