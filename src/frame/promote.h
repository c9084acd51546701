// promote.h - tasks that become frames: stolen ones, and bound ones that others have to know.
//
// Invariant: a task is promoted once, by whoever has just taken it from its stack's range: a thief,
// or the thread it is bound to. Start reading at promote_stolen.
#ifndef TENON_FRAME_PROMOTE_H
#define TENON_FRAME_PROMOTE_H

struct task_stack;
struct tn_task;
struct worker;

// What the scheduler calls with a task that `worker` has taken from `from`: a stack on which its
// frame is about to begin; NULL: no memory, and it has failed; or it has been removed.
struct task_stack *promote_stolen(struct worker *worker, struct task_stack *from,
                                  struct tn_task *task);

// Makes frames of the bound tasks of the running stack that have not started, those below `end`
// (NULL: all), and queues them to start in their order.
void promote_bound(struct task_stack *stack, const struct tn_task *end);

#endif
