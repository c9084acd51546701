// current.h - the stack that stands for "outside of a run".
//
// tn_current gives it where no frame runs, so that a program that goes on with it hears what it did
// wrong instead of crashing. Every spawn on it takes the slow path (its limit is NULL) and every
// wait looks for cancellations (its count is never 0): there it is recognised, at no cost to the
// others.
#ifndef TENON_FRAME_CURRENT_H
#define TENON_FRAME_CURRENT_H

#include <stdbool.h>

#include "scheduler/task_stack.h"

// Whether it is the one that stands for outside.
static inline bool current_is_outside(const struct tn_self *self) {
    return task_stack_of((struct tn_self *)(uintptr_t)self)->frame == NULL;
}

#endif
