// tree.h - a place in the tree, for reports: a frame, or a task that runs in place without one.
//
// Invariant: nothing here locks or allocates, so that a signal handler on the thread that runs what
// the place names may ask. Start reading at tree_place_on.
#ifndef TENON_FRAME_TREE_H
#define TENON_FRAME_TREE_H

#include <stddef.h>

struct frame;
struct task_stack;
struct tn_task;
struct tn_type;

// One of `frame` and `slot`, a task of `stack`, is not NULL; above root both are.
struct tree_place {
    const struct frame *frame;
    struct task_stack *stack;
    struct tn_task *slot;
};

// What runs on a stack now, innermost. By whoever keeps it running or suspended.
struct tree_place tree_place_on(struct task_stack *stack);

// What was declared, and the line of its file where this one was spawned.
const struct tn_type *tree_type(const struct tree_place *place);
unsigned tree_line(const struct tree_place *place);

// The names from root down to the place, as tn_frame_path writes them. Returns the length.
size_t tree_path(struct tree_place place, char *buffer, size_t bytes);

#endif
