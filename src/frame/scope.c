// scope.c - see scope.h. Start reading at tn_deadline_begin.
#include "frame/scope.h"

#include "base/check.h"
#include "frame/blocking.h"
#include "frame/cancel.h"
#include "frame/current.h"
#include "frame/flight.h"
#include "frame/frame.h"
#include "frame/misuse.h"
#include "frame/time.h"

_Static_assert(sizeof(struct scope) <= sizeof(struct tn_scope), "a scope fits its public room");

// ---- the timer -------------------------------------------------------------------------------

static void pass(struct timer *timer) {
    struct task_stack *stack = container_of(timer, struct task_stack, limit);
    atomic_store_relaxed(&stack->passed_ns, timer->node.key);
    cancel_stack(stack);
    if (stack->frame->deadline_ns <= timer->node.key) { // even if it does not look: it computes
        cancel_begin_grace(stack->frame);
    }
}

// True when the timer had fired, which has counted one of the stack's cancels.
static bool stop_timer(struct task_stack *stack) {
    struct timers *const in = stack->limit_in;
    stack->limit_in = NULL;
    return in != NULL && !timers_cancel(in, &stack->limit);
}

// What the deadlines of a stack amount to at one moment.
struct outlook {
    uint64_t now_ns;
    uint64_t ahead_ns; // the earliest that has not passed
    bool has_passed;   // another one has
};

static void look_at(struct outlook *outlook, uint64_t deadline_ns) {
    if (deadline_ns <= outlook->now_ns) {
        outlook->has_passed = true;
    } else if (deadline_ns < outlook->ahead_ns) {
        outlook->ahead_ns = deadline_ns;
    }
}

// Puts everything right after the deadlines have changed: passed_ns, the count, the timer.
static void set_timer(struct task_stack *stack) {
    stack->overdue += stop_timer(stack) ? 1 : 0;
    struct outlook outlook = {os_now_ns(), OS_NEVER, false};
    look_at(&outlook, stack->frame->deadline_ns);
    for (struct scope *scope = stack->scopes; scope != NULL; scope = scope->outer) {
        look_at(&outlook, scope->deadline_ns);
    }
    atomic_store_relaxed(&stack->passed_ns, outlook.now_ns);
    if (outlook.has_passed && stack->overdue == 0) {
        stack->overdue = 1;
        atomic_fetch_add_relaxed(&stack->cancels, 1);
        tasks_poke(&stack->tasks);
    } else if (!outlook.has_passed && stack->overdue > 0) {
        atomic_fetch_sub_relaxed(&stack->cancels, stack->overdue);
        stack->overdue = 0;
    }
    if (outlook.ahead_ns != OS_NEVER) {
        stack->limit.fire = pass;
        stack->limit_in = scheduler_timers(stack->scheduler);
        scheduler_timer_add(stack->limit_in, &stack->limit, outlook.ahead_ns);
    }
}

uint64_t scope_deadline_ns(const struct task_stack *stack) {
    uint64_t deadline_ns = OS_NEVER;
    for (struct scope *scope = stack->scopes; scope != NULL; scope = scope->outer) {
        if (scope->is_shield) {
            return deadline_ns;
        }
        deadline_ns = scope->deadline_ns < deadline_ns ? scope->deadline_ns : deadline_ns;
    }
    const uint64_t inherited_ns = stack->frame->deadline_ns;
    return inherited_ns < deadline_ns ? inherited_ns : deadline_ns;
}

bool scope_hides(struct task_stack *stack) {
    const struct scope *scope = stack->scopes;
    return scope != NULL && scope->is_shield &&
           scope->place == tasks_in_place(&stack->tasks, stack->tasks.self.top);
}

void scope_look(struct task_stack *stack) {
    if (stack->scopes != NULL || stack->frame->deadline_ns != OS_NEVER) {
        set_timer(stack);
    }
}

void scope_hear(struct tn_self *self, int outcome) {
    struct task_stack *stack = task_stack_of(self);
    if (outcome == TN_TIMED_OUT && stack->scopes != NULL) {
        set_timer(stack);
        (void)cancel_due(self);
    }
}

// ---- frames ----------------------------------------------------------------------------------

void scope_limit_frame(struct frame *frame, uint64_t deadline_ns) {
    if (deadline_ns < frame->deadline_ns) {
        frame->deadline_ns = deadline_ns;
    }
}

void scope_start(struct task_stack *stack) {
    if (stack->frame->deadline_ns != OS_NEVER) {
        set_timer(stack);
    }
}

_Static_assert(sizeof(struct scope_memory) <= TN_PAYLOAD_BYTES, "a mark has room for it");

static struct scope_memory *memory_of(struct tn_task *mark) {
    return (struct scope_memory *)(void *)mark->payload;
}

static bool has_mark(const struct task_stack *stack, const struct tn_task *place) {
    return place != NULL && stack->scope_mark != NULL && stack->scope_mark > place;
}

bool scope_lift_mark(struct task_stack *stack, const struct tn_task *place,
                     struct scope_memory *memory) {
    const bool has = has_mark(stack, place);
    if (has) {
        *memory = *memory_of(stack->scope_mark);
    }
    return has;
}

void scope_lay_mark(struct task_stack *stack, const struct scope_memory *memory) {
    struct tn_task *mark = tasks_push_mark(&stack->tasks);
    REQUIRE(mark != NULL, "no room for a scope here: await or forget children before it begins");
    *memory_of(mark) = *memory;
    stack->scope_mark = mark;
}

// The chain has changed to `scopes`. It counts once while it is not empty.
static void set_chain(struct task_stack *stack, struct scope *scopes) {
    const bool was_empty = stack->scopes == NULL;
    stack->scopes = scopes;
    if (was_empty && scopes != NULL) {
        atomic_fetch_add_relaxed(&stack->cancels, 1);
    } else if (!was_empty && scopes == NULL) {
        atomic_fetch_sub_relaxed(&stack->cancels, 1);
    }
}

void scope_leave(struct task_stack *stack, struct tn_task *place) {
    if (place == NULL && stack->scopes != NULL) {
        stack->scope_mark = NULL;
        set_chain(stack, NULL);
        set_timer(stack);
    } else if (has_mark(stack, place)) {
        const struct scope_memory memory = *memory_of(stack->scope_mark);
        stack->scope_mark = memory.outer_mark;
        set_chain(stack, memory.outer);
        set_timer(stack);
    }
}

void scope_stop(struct task_stack *stack) {
    (void)stop_timer(stack);
    if (UNLIKELY(atomic_load_relaxed(&stack->is_blocking))) {
        blocking_abandon(stack);
    }
}

// ---- scopes ----------------------------------------------------------------------------------

static void begin(struct tn_self *self, struct tn_scope *room, uint64_t deadline_ns,
                  bool is_shield) {
    struct task_stack *stack = task_stack_of(self);
    struct tasks *tasks = &stack->tasks;
    struct tn_task *const place = tasks_in_place(tasks, self->top);
    struct frame *current = place == NULL ? stack->frame : task_adopter(place);
    if (place != NULL && !has_mark(stack, place)) {
        scope_lay_mark(stack, &(struct scope_memory){stack->scope_mark, stack->scopes});
    }
    struct scope *scope = (struct scope *)(void *)room;
    flight_land(stack);
    *scope = (struct scope){.outer = stack->scopes,
                            .place = place,
                            .deadline_ns = deadline_ns,
                            .birth = frame_next_birth(current),
                            .is_shield = is_shield};
    set_chain(stack, scope);
    tasks->is_closed = true; // children get frames: scope.h
    tasks->is_watched = true;
    tasks_arm(tasks);
    if (!is_shield) {
        set_timer(stack);
    }
}

void tn_deadline_begin(struct tn_self *self, struct tn_scope *scope, double seconds) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return;
    }
    begin(self, scope, time_after_ns(seconds), false);
}

void tn_shield_begin(struct tn_self *self, struct tn_scope *scope) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return;
    }
    begin(self, scope, OS_NEVER, true);
}

int tn_scope_end(struct tn_self *self, struct tn_scope *room) {
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    struct task_stack *stack = task_stack_of(self);
    struct scope *const scope = (struct scope *)(void *)room;
    struct tn_task *const place = tasks_in_place(&stack->tasks, self->top);
    if (scope != stack->scopes || scope->place != place) {
        return misuse(TN_NOT_YOURS, "a scope can't end here: scopes end in reverse order, by the "
                                    "frame that began them");
    }
    if (scope->is_told) { // those that were made since
        cancel_remove_since(self, scope->birth);
    }
    set_chain(stack, scope->outer);
    if (place != NULL && (scope->outer == NULL || scope->outer->place != place)) {
        struct tn_task *mark = stack->scope_mark;
        stack->scope_mark = memory_of(mark)->outer_mark;
        tasks_drop(&stack->tasks, mark);
    }
    if (!scope->is_shield) {
        set_timer(stack);
    }
    const int due = cancel_reaches(self);
    return scope->is_told ? TN_TIMED_OUT : due;
}

double tn_time_left(struct tn_self *self) {
    if (current_is_outside(self)) {
        (void)misuse_outside();
        return 0;
    }
    const uint64_t deadline_ns = scope_deadline_ns(task_stack_of(self));
    if (deadline_ns == OS_NEVER) {
        return __builtin_inf();
    }
    const uint64_t now_ns = os_now_ns();
    return deadline_ns <= now_ns ? 0 : (double)(deadline_ns - now_ns) * 1e-9;
}
