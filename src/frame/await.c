// await.c - the slow half of await: everything that is not a direct call.
//
// An await comes here when thieves are hungry or the task is not the newest private one, and when
// the task was called in place and has left something above itself.
// Invariant: a handle is used up by its await, whatever the outcome. Start reading at
// tn_await_slow.
#include "base/check.h"
#include "frame/awaitable_wait.h"
#include "frame/cancel.h"
#include "frame/elsewhere.h"
#include "frame/fail.h"
#include "frame/flight.h"
#include "frame/promote.h"
#include "frame/room.h"
#include "frame/scope.h"
#include "frame/wait.h"
#include "scheduler/bound.h"
#include "scheduler/hard.h"

static void no_result(const struct tn_type *type, void *result) {
    if (result != NULL) {
        __builtin_memset(result, 0, type->result_bytes);
    }
}

static void copy_result(const struct tn_type *type, const void *payload, int outcome,
                        void *result) {
    if (outcome != TN_OK) {
        no_result(type, result);
    } else if (result != NULL) {
        frame_copy(result, payload, type->result_bytes);
    }
}

// The handle of the child is used up. If it still runs, a deadline has cut the wait for it.
static void abandon_frame(struct tn_self *self, struct frame *child, int reason) {
    if (frame_state(child) != FRAME_ENDED) {
        frame_remove_child(self, child, reason);
    }
    frame_consume(child);
}

static bool is_own(struct tasks *tasks, const struct tn_task *task) {
    return task >= tasks->first && task < tasks->self.top && task_state(task) != TASK_MARK &&
           task_state(task) != TASK_GONE;
}

// The same for a task that may still lie on this stack: it does not when the frame has to end.
static void abandon_task(struct tn_self *self, struct tn_task *task, int reason) {
    if (is_own(&task_stack_of(self)->tasks, task)) {
        frame_remove_task(self, task, reason);
    }
}

// It has waited where it is, in vain, and does not leave its stack for all that: others have to
// know that it listens no more.
static inline void go_on(struct tn_self *self) {
    struct worker *worker = task_stack_of(self)->worker;
    if (UNLIKELY(worker->is_on_wire)) {
        wire_leave(worker);
    }
}

static int await_frame(struct tn_self *self, struct frame *child, void *result) {
    int outcome;
    if (!awaitable_is_done(&child->done, &outcome)) {
        elsewhere_wait_here(self, child);
        if (!awaitable_is_done(&child->done, &outcome)) {
            outcome = awaitable_wait_inline(self, &child->done, NULL, false);
        }
        go_on(self);
    }
    copy_result(child->type, child->payload, outcome, result);
    struct room *rooms = outcome == TN_OK ? room_take(child) : NULL;
    abandon_frame(self, child, outcome);
    room_receive(self, rooms);
    scope_hear(self, outcome);
    return outcome;
}

// The task has ended, on a stack of its own or, for tn_children_wait, here.
static int take_result(struct tn_self *self, struct tn_task *task, void *result) {
    const int outcome = task_outcome(task);
    struct frame *thief = task_adopter(task);
    copy_result(task->type, thief == NULL ? task->payload : thief->payload, outcome, result);
    struct room *rooms = NULL;
    if (thief != NULL) {
        wait_follow(task);
        if (outcome != TN_OK) {
            fail_collect(self, thief);
        } else {
            rooms = room_take(thief);
        }
        frame_let_go(thief);
    }
    tasks_drop(&task_stack_of(self)->tasks, task);
    room_receive(self, rooms);
    scope_hear(self, outcome);
    return outcome;
}

static int await_stolen(struct tn_self *self, struct tn_task *task, void *result) {
    const int outcome = wait_for_stolen(self, task, false);
    if (outcome != TN_OK) {
        abandon_task(self, task, outcome);
        return outcome;
    }
    return take_result(self, task, result);
}

// A plain Frame expects a stack of its own, and gets at least half of one.
static bool has_room(const struct task_stack *stack) {
    const uintptr_t at = (uintptr_t)__builtin_frame_address(0);
    return at - (uintptr_t)stack->memory.low >= stack->memory.bytes / 2;
}

// May the task, which lies on this stack and has not started, be called here? If it is bound it has
// to be its turn, or it and those around it go their way as frames.
static bool may_call(struct task_stack *stack, struct tn_task *task) {
    struct tasks *tasks = &stack->tasks;
    if (!tasks->is_bound) {
        return tasks_reclaim(tasks, task);
    }
    if (tasks_is_stolen(tasks, task)) {
        return false;
    }
    if (stack->scopes == NULL && has_room(stack) && bound_call(stack, task)) {
        return true;
    }
    promote_bound(stack, NULL);
    return false;
}

int frame_end_called(struct tn_self *self, struct tn_task *task, const void *result,
                     struct room **rooms) {
    struct frame *frame = task_adopter(task);
    *rooms = frame == NULL ? NULL : room_take(frame);
    const int outcome = frame_end_in_place(self, task, result);
    if (outcome != TN_OK) {
        room_free_all(*rooms);
        *rooms = NULL;
    }
    return outcome;
}

// Calls the task, which lies on top and which nobody else can start.
static int call(struct tn_self *self, struct tn_task *task, void *result) {
    struct tasks *tasks = &task_stack_of(self)->tasks;
    const struct tn_type *type = task->type;
    // A frame may be written where the arguments are, so they and the result live here meanwhile.
    uint64_t payload[TN_PAYLOAD_BYTES / sizeof(uint64_t)] __attribute__((aligned(16)));
    frame_copy(payload, task->payload, type->argument_bytes);
    tasks_forget_current(tasks);
    task_set(task, TASK_IN_PLACE, 0);
    type->invoke(self, payload);
    const bool is_alone = self->top == task + 1;
    struct room *rooms = NULL;
    const int outcome = is_alone ? TN_OK : frame_end_called(self, task, payload, &rooms);
    if (is_alone && tasks->is_bound && tasks->holes == 0) {
        self->top = task; // as tn_task_leave: the range was not touched for its sake
    } else if (task_state(task) != TASK_MARK) {
        tasks_drop(tasks, task);
    }
    room_receive(self, rooms);
    copy_result(type, payload, outcome, result);
    return outcome;
}

// Nobody has the task: it runs here and now, on top of whoever waits for it.
static int run_in_place(struct tn_self *self, struct tn_task *task, void *result) {
    struct tasks *tasks = &task_stack_of(self)->tasks;
    if (task + 1 != self->top) {
        struct tn_task *moved = tasks_move_up(tasks, task);
        if (moved == NULL) {
            struct frame *child = frame_from_task(self, task);
            return child == NULL ? TN_NO_MEMORY : await_frame(self, child, result);
        }
        task = moved;
    }
    if (tasks->is_shared && !tasks_has_public(tasks)) {
        // Somebody is hungry, or this was the last public one: show what lies deeper, which this
        // one may keep waiting for long.
        if (tasks_publish(tasks, task, false)) {
            scheduler_tasks_published(task_stack_of(self));
        }
    }
    return call(self, task, result);
}

// What most plain Frames are: the only one that waits to start, awaited by one that has nothing to
// look at. True: it is to be called now.
static bool may_call_at_once(struct task_stack *stack, struct tn_task *task) {
    const struct tasks *tasks = &stack->tasks;
    return tasks->is_bound && task + 1 == tasks->self.top && task >= tasks->first &&
           task_state(task) == TASK_NEW && !hard_is(HARD_PARK) && stack->scopes == NULL &&
           has_room(stack) && cancel_is_none(stack) && bound_call(stack, task);
}

// The quick half has called the task, and found something above it afterwards.
static bool was_called(struct tasks *tasks, const struct tn_task *task) {
    return is_own(tasks, task) && task_state(task) == TASK_IN_PLACE &&
           tasks_in_place(tasks, tasks->self.top) == task;
}

// Something is in flight: `task` itself, or what lands for its sake.
__attribute__((noinline)) static int await_flight(struct tn_self *self, struct tn_task *task,
                                                  void *result) {
    if (flight_await(self, task, result)) {
        return TN_OK;
    }
    const int outcome = tn_await_slow(self, task, result);
    go_on(self);
    return outcome;
}

int tn_await_slow(struct tn_self *self, struct tn_task *task, void *result) {
    if (LIKELY(may_call_at_once(task_stack_of(self), task))) {
        sanitizer_hand_over(&task_stack_of(self)->tasks);
        return call(self, task, result);
    }
    if (UNLIKELY(task_stack_of(self)->flight != NULL)) {
        return await_flight(self, task, result);
    }
    if (UNLIKELY(task == frame_late())) { // the scope that was over hears of it
        return cancel_due(self) == TN_CANCELLED ? TN_CANCELLED : TN_TIMED_OUT;
    }
    if (was_called(&task_stack_of(self)->tasks, task)) {
        const struct tn_type *type = task->type;
        struct room *rooms;
        const int outcome = frame_end_called(self, task, result, &rooms);
        if (task_state(task) != TASK_MARK) {
            self->top = task;
        }
        room_receive(self, rooms);
        if (outcome != TN_OK) {
            no_result(type, result);
        }
        return outcome;
    }
    const int due = cancel_due(self);
    if (due != TN_OK) {
        if (task_state(task) == TASK_FRAME) {
            abandon_frame(self, container_of(task, struct frame, task), due);
        } else {
            abandon_task(self, task, due);
        }
        return due;
    }
    hard_await(task_stack_of(self));
    if (task_state(task) == TASK_FRAME) {
        return await_frame(self, container_of(task, struct frame, task), result);
    }
    struct task_stack *stack = task_stack_of(self);
    struct tasks *tasks = &stack->tasks;
    sanitizer_hand_over(tasks);
    if (!is_own(tasks, task)) {
        if (atomic_load_relaxed(&stack->cancels) != 0) { // this is a shield in a frame that ends
            return TN_REMOVED;
        }
        REQUIRE(!TENON_CHECKED, "a task is awaited by the frame that spawned it; others: tn_share");
        return TN_NOT_YOURS;
    }
    if (task_state(task) == TASK_DONE) {
        (void)task_has_ended(task);
        return take_result(self, task, result);
    }
    hard_offer(stack, task);
    if (!may_call(stack, task)) {
        return await_stolen(self, task, result);
    }
    if (stack->scopes != NULL) { // what the task spawns shall not need frames for their sake
        struct frame *child = frame_from_task(self, task);
        return child == NULL ? TN_NO_MEMORY : await_frame(self, child, result);
    }
    return run_in_place(self, task, result);
}

// ---- all children -----------------------------------------------------------------------------

// Runs or waits for a task whose handle is elsewhere: the result stays in its place.
static int end_task(struct tn_self *self, struct tn_task *task) {
    struct tasks *tasks = &task_stack_of(self)->tasks;
    if (!tasks_reclaim(tasks, task)) {
        return wait_for_stolen(self, task, false);
    }
    struct tn_task *moved = tasks_move_up(tasks, task);
    int outcome = TN_NO_MEMORY;
    if (moved != NULL) {
        tasks_keep_hole(tasks, task);
        outcome = run_in_place(self, moved, task->payload);
    }
    task_set(task, TASK_DONE, (uint32_t)outcome);
    return TN_OK;
}

int tn_children_wait(struct tn_self *self) {
    int due = cancel_due(self);
    if (due != TN_OK) {
        return due;
    }
    struct task_stack *stack = task_stack_of(self);
    if (stack->tasks.is_bound) {
        promote_bound(stack, NULL);
    }
    struct tn_task *slot = tasks_in_place(&stack->tasks, self->top);
    struct tn_task *const first = slot != NULL ? slot + 1 : stack->tasks.first;
    for (struct tn_task *task = self->top; task-- > first;) {
        const enum task_state state = task_state(task);
        if (state == TASK_DONE && task_has_ended(task)) { // what it did is visible from here on
            wait_follow(task);
        }
        if (state != TASK_NEW && state != TASK_AWAITED) {
            continue;
        }
        (void)end_task(self, task);
        due = cancel_due(self);
        if (due != TN_OK) {
            return due;
        }
    }
    if (self->top > first && task_state(self->top - 1) == TASK_DONE) {
        // The quick await would call it again: something above it leads to the slow one.
        (void)tasks_push_mark(&stack->tasks);
    }
    struct frame *frame = slot == NULL ? stack->frame : task_adopter(slot);
    return frame == NULL ? TN_OK : frame_wait_for_children(self, frame);
}
