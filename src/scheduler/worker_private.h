// worker_private.h - what the files of the worker loop share: worker.c, idling.c, find.c, wire.c,
// scheduler.c.
#ifndef TENON_SCHEDULER_WORKER_PRIVATE_H
#define TENON_SCHEDULER_WORKER_PRIVATE_H

#include "scheduler/worker.h"

// Finds the next thing to do. True: *stack is to be continued, or the thing has been done already
// (NULL). False: there is nothing. `is_idle` says that the worker is announced: it retracts as soon
// as it has something.
bool worker_find(struct worker *worker, bool is_idle, struct task_stack **stack);

// Nothing was found: waits, announced, until there is something to do, and returns the stack to
// continue. NULL: that was done, or the worker has looked at everything since, and still stands
// announced.
struct task_stack *worker_idle(struct worker *worker);

// Takes back the worker's announcement, and runs what it was handed meanwhile, if anything. Returns
// the stack to continue, or NULL.
struct task_stack *worker_stop_idling(struct worker *worker);

// What the caller, to whom idle_choose has given a worker, has for it: free work, or NULL: it shall
// look for something itself. Wakes it. Once for each choice, or it waits for ever.
void scheduler_hand_over(struct worker *worker, struct runnable *runnable);

// In worker->handed: look for yourself. Everything above is the address of a runnable.
#define HANDED_NOTHING ((uintptr_t)1)

// Puts a stack that was just left on the worker's list of loaded stacks, if it has tasks.
void worker_load(struct worker *worker, struct task_stack *stack);

// Takes a stack that is about to continue off that list.
void worker_unload(struct task_stack *stack);

void worker_loop(struct worker *worker);

// The worker is about to sleep until until_ns. That, or, if it is for ever and nothing is left that
// could wake a worker but another thread, a moment a little later than now.
uint64_t still_begin(struct worker *worker, uint64_t until_ns);

// After that sleep: tells the layer above when that moment has come with nothing to do.
void still_look(struct worker *worker);

// Now and then, by a busy worker: calls->look, if its moment has come. True: it was called.
bool still_look_around(struct scheduler *scheduler);

// A busy worker looks whether anything has happened in the world, where no keeper does.
void scheduler_look_at_world(struct scheduler *scheduler);

// A glance at everything that a worker who takes free work could take.
bool scheduler_has_free_work(struct scheduler *scheduler);

// Wakes the spare worker, if there is one and worker 0 is idle.
void scheduler_wake_spare(struct scheduler *scheduler);

#endif
