// options.c - tn_spawn_with: a child with a frame of its own from the start, and its wishes.
//
// Immediate: the creator is suspended while the child runs to its first wait. On the creator's own
// thread both go to the front of the queue, so that nothing else runs in between: first the child,
// then, when it has left its stack, the creator.
// Invariant: a creator waits under one ticket, claimed once, by whoever sees the child leave its
// stack for the first time, or finds that it will never run. Start reading at tn_spawn_options.
#include "base/check.h"
#include "frame/cancel.h"
#include "frame/current.h"
#include "frame/frame.h"
#include "frame/misuse.h"
#include "frame/run.h"
#include "frame/scope.h"
#include "frame/time.h"

// ---- immediate start -------------------------------------------------------------------------

struct beginning {
    struct departure departure;
    struct frame *child;
    struct task_stack *creator;
    struct worker *worker; // the creator's, which goes on with it; NULL: any
    uint32_t ticket;
};

static void child_left(struct departure *departure) {
    struct beginning *beginning = container_of(departure, struct beginning, departure);
    struct task_stack *creator = beginning->creator;
    struct worker *worker = beginning->worker;
    if (!task_stack_claim(creator, beginning->ticket)) {
        UNREACHABLE("nobody else claims the creator of an immediate frame");
    }
    if (worker != NULL && worker == worker_current()) {
        worker_run_next(worker, &creator->resume);
    } else {
        worker_ready(creator->scheduler, creator);
    }
}

static void begin_child(struct task_stack *creator, void *argument) {
    struct beginning *beginning = argument; // gone as soon as the child may run
    struct frame *child = beginning->child;
    beginning->ticket = task_stack_wait(creator);
    struct worker *worker = worker_current();
    if (child->home == NULL || child->home == worker) {
        beginning->worker = worker;
        creator->home = worker; // a creation is no wait: it does not move its frame
        atomic_fetch_add_relaxed(&child->references, 1); // the queue's
        worker_run_next(worker, &child->start);
    } else {
        frame_submit(child);
    }
}

void frame_start_now(struct task_stack *creator, struct frame *child) {
    struct beginning beginning = {
        .departure.left = child_left, .child = child, .creator = creator, .worker = NULL};
    struct worker *const home = creator->home;
    struct departure *const departure = creator->departure; // a creation is no wait
    creator->departure = NULL;
    child->starter = &beginning.departure;
    worker_suspend(creator, begin_child, &beginning);
    creator->home = home;
    creator->departure = departure;
}

// ---- options ---------------------------------------------------------------------------------

static const struct tn_options defaults = {.name = NULL};

static int check(struct task_stack *stack, const struct tn_type *type,
                 const struct tn_options *options) {
    const int count = stack->frame->run->threads;
    if (options->thread < 0 || options->thread > count) {
        return misuse(TN_OUT_OF_RANGE,
                      "%s can't run on thread %d: this run has the threads 0 to %d", type->name,
                      options->thread - 1, count - 1);
    }
    if (options->stack_bytes != 0 && stack_class_for(options->stack_bytes) == STACK_CLASSES) {
        return misuse(TN_OUT_OF_RANGE, "%s can't have a stack of %zu bytes: at most 8 MiB",
                      type->name, options->stack_bytes);
    }
    return TN_OK;
}

static void apply(struct frame *child, const struct tn_options *options, struct task_stack *stack) {
    child->name = options->name != NULL ? options->name : child->name;
    if (options->thread != 0) {
        const int thread = options->thread - 1;
        child->home = &stack->scheduler->workers[thread < stack->scheduler->executors ? thread : 0];
    }
    if (options->seconds > 0) {
        scope_limit_frame(child, time_after_ns(options->seconds));
    }
    child->waits_for_children = options->waits_for_children;
    child->stack_bytes = options->stack_bytes;
    child->begins_max = options->begins_max > 1 ? (uint32_t)options->begins_max : 1;
    child->handler = options->on_failure;
    child->handler_data = options->on_failure_data;
}

struct tn_handle tn_spawn_options(struct tn_self *self, const struct tn_type *type, unsigned line,
                                  const struct tn_options *options, const void *arguments) {
    if (current_is_outside(self)) {
        return (struct tn_handle){NULL, misuse_outside()};
    }
    struct task_stack *stack = task_stack_of(self);
    options = options != NULL ? options : &defaults;
    int code = cancel_due(self);
    if (code == TN_OK) {
        code = check(stack, type, options);
    }
    if (code != TN_OK) {
        return (struct tn_handle){NULL, code};
    }
    struct frame *child = frame_spawn(self, type, line, arguments);
    if (child == NULL) {
        return (struct tn_handle){NULL, TN_CANCELLED};
    }
    apply(child, options, stack);
    const bool is_serial = child->run->is_serial && type->level != TN_LEVEL_FRAME;
    if (options->is_immediate || is_serial) {
        frame_start_now(stack, child);
    } else {
        frame_submit(child);
    }
    return (struct tn_handle){&child->task, TN_CANCELLED};
}
