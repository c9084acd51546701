// suspend.h - leaving a stack for the loop of its worker, inline.
//
// What worker_suspend does (worker.h), for those waits that are made often: each function between
// the switch and who waits costs a return that the processor predicts wrongly, since its stack of
// return addresses belongs to another stack by then. Start reading at suspend_stack.
#ifndef TENON_SCHEDULER_SUSPEND_H
#define TENON_SCHEDULER_SUSPEND_H

#include "scheduler/worker.h"

// What ThreadSanitizer is told where a stack is left and continued: frames of one thread follow one
// another there; and thieves may be shown the tasks of a stack while nobody runs on it.
static inline void suspend_hand_over(struct task_stack *stack) {
    sanitizer_hand_over(&stack->tasks);
    if (stack->home != NULL) {
        sanitizer_hand_over(stack->home);
    }
    if (stack->departure != NULL) {
        sanitizer_hand_over(stack->departure);
    }
}

static inline void suspend_take_over(struct task_stack *stack) {
    if (stack->home != NULL) {
        sanitizer_take_over(stack->home);
    }
}

static inline void suspend_stack(struct task_stack *stack,
                                 void (*commit)(struct task_stack *stack, void *argument),
                                 void *argument) {
    struct worker *worker = stack->worker;
    ASSERT(worker == worker_current());
    worker->commit = commit;
    worker->commit_argument = argument;
    suspend_hand_over(stack);
    context_switch(&stack->context, &worker->context);
    suspend_take_over(stack);
}

#endif
