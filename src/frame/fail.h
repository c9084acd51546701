// fail.h - failures that the runtime itself raises, and what becomes of those of stolen children.
//
// Invariant: a failure is raised once, and its record reaches the parent of the failed frame: at
// once, or, when a thief ran it, when the parent next looks. Start reading at tn_fail_at in fail.c.
#ifndef TENON_FRAME_FAIL_H
#define TENON_FRAME_FAIL_H

struct frame;
struct task_stack;
struct tn_failure;
struct tn_self;
struct tn_task;

// The frame that is current on `self` fails, as another process has told: with that code, path,
// place and cause. The names of files stay where they are.
void fail_told(struct tn_self *self, const struct tn_failure *told);

// The same of a further failure that happened in what `frame` did, beside the one it failed with.
void fail_told_beside(struct frame *frame, const struct tn_failure *told);

// Fails a frame that could not begin: asks the handlers, from any thread that keeps it alive. Its
// outcome stands afterwards.
void fail_frame(struct frame *frame, int code, const char *message);

// The same for a task of `stack`, stolen from there, for which not even a frame could be made.
// Returns its outcome.
int fail_task(struct task_stack *stack, struct tn_task *task, int code, const char *message);

// The current frame takes the failure of its stolen child, if there is one, into its own keeping.
void fail_collect(struct tn_self *self, struct frame *stolen);

#endif
