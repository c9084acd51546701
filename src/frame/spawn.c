// spawn.c - the slow half of spawn: everything that is not a push.
//
// A spawn comes here when thieves are hungry, when the task stack is full, or when the child must
// have a frame at once: a plain Frame, a child of a plain Frame, arguments that do not fit a task,
// a frame that has such children already (so that all of them stay in order of creation).
// Invariant: a child with a frame is younger than all its siblings that have none. Start reading at
// tn_spawn_slow; awaiting is in await.c.
#include "base/check.h"
#include "frame/cancel.h"
#include "frame/elsewhere.h"
#include "frame/fail.h"
#include "frame/flight.h"
#include "frame/frame.h"
#include "frame/misuse.h"
#include "frame/run.h"
#include "frame/scope.h"
#include "scheduler/bound.h"
#include "scheduler/hard.h"

// Some frame on the stack has children with frames: is it the one that is current?
__attribute__((noinline)) static bool has_children(struct task_stack *stack) {
    struct tn_task *slot = tasks_current(&stack->tasks);
    struct frame *current = slot == NULL ? stack->frame : task_adopter(slot);
    if (current == NULL) {
        return false;
    }
    frame_lock(current);
    const bool has = !list_is_empty(&current->children);
    frame_unlock(current);
    return has;
}

// May whoever is current on the stack have a child without a frame? A child that gets one has to be
// younger than all that have none.
static inline bool may_have_tasks(struct task_stack *stack) {
    return stack->scopes == NULL && stack->tasks.self.top <= stack->tasks.end &&
           (LIKELY(atomic_load_relaxed(&stack->embedded) == 0) || !has_children(stack));
}

// Is every frame of this type to begin at once: to be sent to another process, or because the run
// is serial?
static bool begins_at_once(const struct task_stack *stack, const struct tn_type *type) {
    return UNLIKELY(stack->tasks.is_sending) &&
           (type->travel != NULL ||
            (stack->frame->run->is_serial && type->level != TN_LEVEL_FRAME));
}

static bool may_stay_a_task(struct task_stack *stack, const struct tn_type *type) {
    if (stack->tasks.is_bound || !may_have_tasks(stack) || begins_at_once(stack, type)) {
        return false;
    }
    if (atomic_load_relaxed(&stack->embedded) == 0) {
        stack->tasks.is_closed = false;
    }
    return true;
}

static bool may_be_bound(struct task_stack *stack, const struct tn_type *type) {
    return stack->tasks.is_bound && type->level == TN_LEVEL_FRAME &&
           type->argument_bytes <= TN_PAYLOAD_BYTES && type->result_bytes <= TN_PAYLOAD_BYTES &&
           may_have_tasks(stack);
}

// Lets thieves see tasks, if there are any.
static void show_tasks(struct task_stack *stack) {
    struct tasks *tasks = &stack->tasks;
    if (!tasks->is_shared) {
        tasks_arm(tasks);
    } else if (tasks_publish(tasks, tasks->self.top, false)) {
        scheduler_tasks_published(stack);
    }
    hard_offer(stack, tasks->self.top - 1);
}

static void fail_for_memory(struct tn_self *self, const struct tn_type *type, unsigned line) {
    tn_fail_at(self, NULL, TN_NO_MEMORY, type->file, line, "no memory to spawn %s", type->name);
}

struct frame *frame_spawn(struct tn_self *self, const struct tn_type *type, unsigned line,
                          const void *arguments) {
    struct task_stack *stack = task_stack_of(self);
    struct frame *parent = frame_current(self);
    struct frame *child = NULL;
    if (parent != NULL && frame_is_to_move(stack, parent, type)) {
        child = frame_create_to_move(stack->worker, stack->frame->run, type, line, arguments);
    } else if (parent != NULL) {
        child = frame_create(stack->worker, stack->frame->run, type, line, arguments);
    }
    if (child == NULL) {
        fail_for_memory(self, type, line);
        return NULL;
    }
    child->home = frame_home_for(stack, type->level);
    frame_adopt_child(parent, child, NULL);
    stack->tasks.is_closed = true;
    tasks_arm(&stack->tasks);
    return child;
}

// What every spawn begins with: false when there is none, and then what the handle shall hold.
static bool may_spawn(struct tn_self *self, struct tn_task **instead) {
    struct task_stack *stack = task_stack_of(self);
    sanitizer_hand_over(&stack->tasks);
    *instead = NULL;
    int reason = TN_OK;
    if (atomic_load_relaxed(&stack->cancels) != 0 || stack->tasks.is_watched) {
        flight_land_unless_it_stays(stack);
        reason = cancel_reaches(self);
        if (reason == TN_NOT_RUNNING) {
            (void)misuse_outside();
        }
        *instead = reason == TN_TIMED_OUT ? frame_late() : NULL;
    }
    return reason == TN_OK; // who has to end has no more children
}

static struct tn_task *start_frame(struct tn_self *self, const struct tn_type *type, unsigned line,
                                   const void *arguments) {
    struct task_stack *stack = task_stack_of(self);
    struct frame *child = frame_spawn(self, type, line, arguments);
    if (child == NULL) {
        return NULL;
    }
    if (begins_at_once(stack, type) && child->home == NULL) {
        if (!elsewhere_depart(child, stack->worker)) {
            frame_start_now(stack, child);
        }
    } else {
        frame_submit(child);
    }
    return &child->task;
}

// In a run that sends what it spawns it may need no frame.
__attribute__((noinline)) static struct tn_task *start_sending(struct tn_self *self,
                                                               const struct tn_type *type,
                                                               unsigned line,
                                                               const void *arguments) {
    struct tn_task *flying = flight_begin(self, type, line, arguments);
    return flying != NULL ? flying : start_frame(self, type, line, arguments);
}

static struct tn_task *start(struct tn_self *self, const struct tn_type *type, unsigned line,
                             const void *arguments) {
    return UNLIKELY(task_stack_of(self)->tasks.is_sending)
               ? start_sending(self, type, line, arguments)
               : start_frame(self, type, line, arguments);
}

struct tn_task *tn_spawn_type(struct tn_self *self, const struct tn_type *type, unsigned line,
                              const void *arguments) {
    struct task_stack *stack = task_stack_of(self);
    struct tn_task *instead;
    if (!may_spawn(self, &instead)) {
        return instead;
    }
    if (!may_be_bound(stack, type)) {
        return start(self, type, line, arguments);
    }
    struct tn_task *task = tn_task_push(self, type, line, "", 0);
    frame_copy(task->payload, arguments, type->argument_bytes);
    bound_push(stack, task);
    return task;
}

struct tn_task *tn_spawn_slow(struct tn_self *self) {
    struct task_stack *stack = task_stack_of(self);
    struct tn_task *instead;
    if (!may_spawn(self, &instead)) {
        self->top--;
        return instead;
    }
    if (may_stay_a_task(stack, (self->top - 1)->type)) {
        show_tasks(stack);
        return self->top - 1;
    }
    const struct tn_task *task = --self->top;
    const struct tn_type *type = task->type;
    uint64_t payload[TN_PAYLOAD_BYTES / sizeof(uint64_t)]; // its place may be taken on the way
    frame_copy(payload, task->payload, type->argument_bytes);
    return start(self, type, task_line(task), payload);
}
