// suspend.h - leaving a stack, inline: for the loop of its worker, or for the next stack.
//
// What worker_suspend does (worker.h), for those waits that are made often: each function between
// the switch and who waits costs a return that the processor predicts wrongly, since its stack of
// return addresses belongs to another stack by then.
//
// In a run of one thread nobody can continue a stack before that thread does. So what else has to
// come after the switch, the commit, runs before it there, where the compiler knows what it is; and
// when the loop would do nothing but continue a certain stack, that one is switched to at once.
// Invariant: what runs next is what the loop would have chosen. Start reading at suspend_stack.
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

static inline void suspend_to_loop(struct task_stack *stack,
                                   void (*commit)(struct task_stack *stack, void *argument),
                                   void *argument) {
    struct worker *worker = stack->worker;
    ASSERT(worker == worker_current());
    worker->commit = commit;
    worker->commit_argument = argument;
    context_switch(&stack->context, &worker->context);
}

// Whether the loop has nothing to do with the stack but its commit.
static inline bool suspend_may_commit(struct task_stack *stack) {
    return !stack->scheduler->is_shared && stack->departure == NULL && stack->waits == NULL &&
           !tasks_has_unstolen(&stack->tasks);
}

// The stack that the loop would continue now, taken off its queue; NULL: the loop has to look.
static inline struct task_stack *suspend_take_next(struct worker *worker) {
    struct runnable *next = worker_peek_next(worker);
    if (next == NULL || next->run != worker_resume) {
        return NULL;
    }
    struct task_stack *stack = container_of(next, struct task_stack, resume);
    if (UNLIKELY(atomic_load_relaxed(&stack->loaded_on) != NULL)) {
        return NULL;
    }
    worker_take_next(worker);
    return stack;
}

// After the commit.
static inline void suspend_to_next(struct task_stack *stack) {
    AUDIT(tasks_check(&stack->tasks));
    struct worker *worker = stack->worker;
    struct context *to = &worker->context;
    struct task_stack *next = suspend_take_next(worker);
    if (UNLIKELY(next == stack)) {
        return;
    }
    if (LIKELY(next != NULL)) {
        next->worker = worker;
        next->tasks.self.thread = worker->thread_number;
        atomic_store_relaxed(&worker->running, next);
        to = &next->context;
    }
    context_switch(&stack->context, to);
}

__attribute__((always_inline)) static inline void
suspend_stack(struct task_stack *stack, void (*commit)(struct task_stack *stack, void *argument),
              void *argument) {
    suspend_hand_over(stack);
    if (LIKELY(suspend_may_commit(stack))) {
        commit(stack, argument);
        suspend_to_next(stack);
    } else {
        suspend_to_loop(stack, commit, argument);
    }
    suspend_take_over(stack);
}

#endif
