// current.c - see current.h.
#include "frame/current.h"

#include <tenon/frame.h>

#include "scheduler/worker.h"

struct task_stack current_outside = {.cancels = 1, .tasks.is_closed = true};

struct tn_self *tn_current(void) {
    struct worker *worker = worker_current();
    struct task_stack *stack = worker == NULL ? NULL : atomic_load_relaxed(&worker->running);
    return stack == NULL ? &current_outside.tasks.self : &stack->tasks.self;
}
