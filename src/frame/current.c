// current.c - see current.h.
#include "frame/current.h"

#include <tenon/frame.h>

#include "scheduler/worker.h"

static struct task_stack outside = {.cancels = 1, .tasks.is_closed = true};

bool current_is_outside(const struct tn_self *self) {
    return self == &outside.tasks.self;
}

struct tn_self *tn_current(void) {
    struct worker *worker = worker_current();
    struct task_stack *stack = worker == NULL ? NULL : atomic_load_relaxed(&worker->running);
    return stack == NULL ? &outside.tasks.self : &stack->tasks.self;
}
