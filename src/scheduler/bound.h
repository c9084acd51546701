// bound.h - tasks of plain Frames: bound to the thread of their stack, and waiting for their turn.
//
// A plain Frame that a plain Frame spawns begins as a task too (tasks.h), but no thief may have it,
// and it must not start before what the thread was to run already. So all such tasks of one stack
// have one entry in the queue of their worker, the turn, put there with the first of them:
//
//                  bound_push                   bound_call: it is awaited, and would be next
//     (free task) ------------> waits, queued ------------------------> called in place
//                                     |  the turn comes: run_turn        (the last takes the turn
//                                     |                                  off the queue)
//                                     '--------------------------> started on a stack of its own,
//                                                                  as if stolen by its own worker
//
// Invariants: while a task waits its stack's turn is queued, and the tasks of one stack start in
// the order in which they were spawned. A turn may be stale: its tasks have become frames in
// another way. A stack that ends with a turn in the middle of the queue is given back when that
// comes up. Start reading at bound_push.
#ifndef TENON_SCHEDULER_BOUND_H
#define TENON_SCHEDULER_BOUND_H

#include "scheduler/worker.h"

// Makes the tasks of a stack that has not run yet bound ones.
void bound_init(struct task_stack *stack);

// The running stack has pushed a task that waits to start.
void bound_push(struct task_stack *stack, struct tn_task *task);

// Would the running stack's task be the next thing that its thread runs, if that stack suspended
// now? Then it is to be called, and has used up its turn. Says no now and then, so that a program
// that never suspends comes to the loop, with its timers and posts.
bool bound_call(struct task_stack *stack, struct tn_task *task);

// The stack has ended. True: its turn is still queued somewhere, and gives its memory back later.
bool bound_outlives(struct worker *worker, struct task_stack *stack);

#endif
