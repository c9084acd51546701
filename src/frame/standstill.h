// standstill.h - a run in which nothing can go on any more: deadlock, certain and reported.
//
// When every worker has slept for a while and no timer waits, the frames are looked at. If each of
// them waits for what only another frame of the run could bring about, and the process has no
// thread besides the workers, then nobody is left who could. The run's report is told which frame
// waits for what, and who holds it; and the run fails with TN_DEADLOCK, so that the tree is
// removed in good order instead of waiting for ever.
//
// Where an outside party could still help - another thread, or whatever ends a wait whose note does
// not say that it ends inside - nothing is certain. Then the report is told, if the run wants to
// hear of suspicions, what each frame waits for when nothing has moved for that long and one of
// them waits for something of src/sync; and nothing else happens.
//
// Invariant: nothing fails while an outside party could still help. Start reading at
// standstill_look.
#ifndef TENON_FRAME_STANDSTILL_H
#define TENON_FRAME_STANDSTILL_H

#include <stdbool.h>
#include <stdint.h>

struct scheduler;

// After how long a rest a run is suspect that was given so many seconds: run.h. OS_NEVER: never.
uint64_t standstill_suspect_ns(double seconds);

// What the scheduler calls, on a worker's loop, when all workers have been idle for a while, and
// again when that has lasted for long.
void standstill_look(struct scheduler *scheduler, bool is_long);

#endif
