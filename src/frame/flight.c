// flight.c - see flight.h.
#include "frame/flight.h"

#include "base/check.h"
#include "frame/elsewhere.h"
#include "frame/run.h"
#include "frame/scope.h"
#include "scheduler/hard.h"

// Does nothing stand between the parent and its child that a child would have to know of?
static bool is_plain(const struct task_stack *stack) {
    const struct tasks *tasks = &stack->tasks;
    return tasks->self.top == tasks->first && !tasks->is_bound && stack->scopes == NULL &&
           stack->frame->deadline_ns == OS_NEVER;
}

static bool may_fly(const struct elsewhere *elsewhere, const struct tn_type *type) {
    return elsewhere != NULL && elsewhere->flights != NULL && elsewhere->is_forced &&
           type->travel != NULL && type->argument_bytes <= TN_PAYLOAD_BYTES &&
           type->result_bytes <= TN_PAYLOAD_BYTES &&
           !atomic_load_relaxed(&((struct elsewhere *)(uintptr_t)elsewhere)->is_shut) &&
           !hard_is(HARD_PARK) && !CONTEXT_TSAN_OUTSIDE;
}

// Every spawn and await of its parent is slow meanwhile.
static void close_tasks(struct tasks *tasks) {
    if (!tasks->is_closed) {
        tasks->is_closed = true;
        tasks_arm(tasks);
    }
}

// A reason to look, which its parent has seen: whoever looks for cancellations finds it.
static void set_flight(struct task_stack *stack, struct frame *child) {
    const uint32_t more = child != NULL ? 1 : UINT32_MAX; // or one less
    stack->flight = child;
    atomic_fetch_add_relaxed(&stack->cancels, more);
    atomic_store_relaxed(&stack->cancels_seen, atomic_load_relaxed(&stack->cancels_seen) + more);
}

// After so many that have ended so the next one may stay; after twice as many for each one before
// it that did and was not worth the trouble, for which it takes so many more. One that lands counts
// against some others: now and then one has to.
enum { FLIGHTS_TO_STAY = 4, FLIGHTS_TRIALS_MAX = 4, FLIGHTS_WORTH = 32, FLIGHTS_LANDING = 4 };

static bool may_stay(struct flown *flown) {
    if (flown->count < (unsigned)FLIGHTS_TO_STAY << flown->trials) {
        return false;
    }
    flown->count = 0;
    flown->may_stay = true;
    return true;
}

// It has landed, or stays no more.
static void count_landing(struct flown *flown) {
    if (!flown->may_stay) {
        flown->count -= flown->count < FLIGHTS_LANDING ? flown->count : FLIGHTS_LANDING;
        return;
    }
    if (flown->count >= FLIGHTS_WORTH) {
        flown->trials = 0;
    } else if (flown->trials < FLIGHTS_TRIALS_MAX) {
        flown->trials++;
    }
    flown->may_stay = false;
    flown->count = 0;
}

static void describe(struct frame *child, const struct tn_type *type, unsigned line,
                     const void *arguments) {
    child->type = child->task.type = type;
    TN_STORE_(child->task.info, (uint64_t)line << 8 | TASK_FRAME);
    frame_copy(child->task.payload, arguments, type->argument_bytes);
}

// The one that has stayed goes again, as the next child.
static struct tn_task *begin_again(struct task_stack *stack, const struct tn_type *type,
                                   unsigned line, const void *arguments) {
    struct frame *child = stack->flight;
    if (!is_plain(stack) || !child->run->elsewhere->flights->again(child, type, arguments)) {
        flight_land_slow(stack);
        return NULL;
    }
    describe(child, type, line, arguments);
    (void)child->run->elsewhere->flights->is_shut(child); // either way it is in flight
    stack->flown.stays = false;
    return &child->task;
}

struct tn_task *flight_begin(struct tn_self *self, const struct tn_type *type, unsigned line,
                             const void *arguments) {
    struct task_stack *stack = task_stack_of(self);
    struct run *run = stack->frame->run;
    struct elsewhere *elsewhere = run->elsewhere;
    if (stack->flight != NULL) {
        struct tn_task *task = begin_again(stack, type, line, arguments);
        if (task != NULL) {
            return task;
        }
    }
    if (stack->flown.is_grounded || !may_fly(elsewhere, type) || !is_plain(stack)) {
        return NULL;
    }
    struct task_stack *own = worker_stack_acquire(stack->worker, run->stack_bytes);
    if (own == NULL) {
        return NULL;
    }
    struct frame *child = task_stack_beside(own);
    child->run = run;
    child->lies_by = own;
    describe(child, type, line, arguments);
    if (!elsewhere->flights->send(child, may_stay(&stack->flown))) {
        worker_stack_release(&run->scheduler, own);
        return NULL;
    }
    close_tasks(&stack->tasks);
    set_flight(stack, child);
    return &child->task;
}

static void forget(struct task_stack *stack) {
    struct frame *child = stack->flight;
    set_flight(stack, NULL);
    worker_stack_release(stack->scheduler, child->lies_by);
}

bool flight_await(struct tn_self *self, const struct tn_task *task, void *result) {
    struct task_stack *stack = task_stack_of(self);
    struct frame *child = stack->flight;
    const bool is_only = atomic_load_relaxed(&stack->cancels) == 1 && !stack->flown.stays;
    if (task == &child->task && is_only) {
        const enum flight_end end = child->run->elsewhere->flights->await(child, stack, result);
        if (end != FLIGHT_LANDS) {
            stack->flown.count++;
            stack->flown.stays = end == FLIGHT_STAYS;
            if (end == FLIGHT_OVER) {
                forget(stack);
            }
            return true;
        }
    }
    flight_land_slow(stack);
    return false;
}

void flight_land_slow(struct task_stack *stack) {
    struct frame *child = stack->flight;
    struct worker *worker = stack->worker;
    const struct elsewhere *elsewhere = child->run->elsewhere;
    count_landing(&stack->flown);
    if (stack->flown.stays) {
        stack->flown.stays = false;
        elsewhere->flights->release(child);
        forget(stack);
        return;
    }
    uint64_t arguments[TN_PAYLOAD_BYTES / sizeof(uint64_t)]; // they lie in what is written anew
    ASSERT(scope_deadline_ns(stack) == OS_NEVER);
    frame_copy(arguments, child->task.payload, child->type->argument_bytes);
    set_flight(stack, NULL);
    stack->flown.is_grounded = true;
    child = frame_create_beside(child->lies_by, child->run, child->type, task_line(&child->task),
                                arguments);
    (void)frame_begin(child, worker, elsewhere->body); // nobody knows it yet
    frame_adopt_child(stack->frame, child, NULL);
    elsewhere->flights->land(child, worker);
}
