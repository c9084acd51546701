// bound.c - see bound.h.
#include "scheduler/bound.h"

#include "base/check.h"

// After so many calls in place no more are made until a turn has come up: so the loop is visited.
#define IN_PLACE_MAX 256

static struct task_stack *run_turn(struct worker *worker, struct runnable *runnable) {
    struct task_stack *stack = container_of(runnable, struct task_stack, turn);
    stack->turn_is_queued = false;
    worker->in_place = 0;
    if (stack->has_ended) {
        worker_stack_release(worker->scheduler, stack);
        return NULL;
    }
    struct tn_task *task = tasks_oldest_bound(&stack->tasks);
    if (task == NULL) {
        return NULL;
    }
    tasks_take_bound(&stack->tasks, task);
    if (tasks_oldest_bound(&stack->tasks) != NULL) {
        runnable_queue_push_front(&worker->local, &stack->turn);
        stack->turn_is_queued = true;
    }
    return worker->scheduler->calls->start_stolen(worker, stack, task);
}

void bound_init(struct task_stack *stack) {
    tasks_bind(&stack->tasks);
    stack->turn.run = run_turn;
}

void bound_push(struct task_stack *stack, struct tn_task *task) {
    struct runnable_queue *queue = &stack->worker->local;
    tasks_add_bound(&stack->tasks, task);
    if (stack->turn_is_queued) {
        // A stale turn at the head moves behind what was queued since.
        if (queue->first != &stack->turn || stack->turn.next == NULL ||
            tasks_oldest_bound(&stack->tasks) != task) {
            return;
        }
        (void)runnable_queue_pop(queue);
    }
    runnable_queue_push(queue, &stack->turn);
    stack->turn_is_queued = true;
}

bool bound_call(struct task_stack *stack, struct tn_task *task) {
    struct worker *worker = stack->worker;
    if (worker->local.first != &stack->turn || worker->due.first != NULL ||
        !inbox_is_empty(&worker->inbox) || tasks_oldest_bound(&stack->tasks) != task ||
        worker->in_place >= IN_PLACE_MAX) {
        return false;
    }
    worker->in_place++;
    if (task + 1 == stack->tasks.self.top) {
        (void)runnable_queue_pop(&worker->local);
        stack->turn_is_queued = false;
    }
    return true;
}

bool bound_outlives(struct worker *worker, struct task_stack *stack) {
    if (worker->local.first != &stack->turn) {
        stack->has_ended = true;
        return true;
    }
    (void)runnable_queue_pop(&worker->local);
    return false;
}
