// current.c - see current.h.
#include "frame/current.h"

#include <tenon/frame.h>

#include "scheduler/worker.h"

// With room for the task that a spawn writes before it looks whether it may. Nobody's frame: that
// is how it is recognised, on every thread.
static _Thread_local struct task_stack outside = {
    .cancels = 1, .tasks.is_closed = true, .tasks.self.thread = TN_NO_THREAD_};
static _Thread_local struct tn_task place;

struct tn_self *tn_current(void) {
    struct worker *worker = worker_current();
    struct task_stack *stack = worker == NULL ? NULL : atomic_load_relaxed(&worker->running);
    if (stack != NULL) {
        return &stack->tasks.self;
    }
    outside.tasks.first = &place;
    outside.tasks.self.top = &place;
    return &outside.tasks.self;
}
