// cancel.c - see cancel.h.
#include "frame/cancel.h"

#include "frame/blocking.h"
#include "frame/flight.h"
#include "frame/frame.h"
#include "frame/grace.h"
#include "frame/run.h"
#include "frame/misuse.h"
#include "frame/scope.h"
#include "scheduler/hard.h"

// What `cancelled` says when the function had returned before anybody asked for its end.
#define RETURNED 1

// The reason stands from the first request on; only a removal overrules a deadline.
static bool give_reason(struct frame *frame, int reason) {
    int former = atomic_load_relaxed(&frame->cancelled);
    do {
        if (former == TN_CANCELLED || former == reason || former == RETURNED) {
            return false;
        }
    } while (!atomic_cas_relaxed(&frame->cancelled, &former, reason));
    return true;
}

void cancel_close(struct frame *frame) {
    int former = atomic_load_relaxed(&frame->cancelled);
    if (!frame->run->scheduler.is_shared) { // nobody asks in between
        atomic_store_relaxed(&frame->cancelled, former == TN_OK ? RETURNED : former);
    } else if (former == TN_OK) {
        (void)atomic_cas_relaxed(&frame->cancelled, &former, RETURNED);
    }
}

void cancel_stack(struct task_stack *stack) {
    sanitizer_hand_over(&stack->cancels);
    // release: pairs with find_reach, which then sees the reason.
    atomic_fetch_add_release(&stack->cancels, 1);
    tasks_poke(&stack->tasks); // its next await shall look
    atomic_fence_seq_cst();    // seq_cst: pairs with cancel_check_waiting, tn_blocking_begin
    if (cancel_claim(stack, atomic_load_relaxed(&stack->cancellable))) {
        worker_ready(stack->scheduler, stack);
    }
    if (UNLIKELY(atomic_load_relaxed(&stack->is_blocking))) {
        blocking_interrupt(stack);
    }
}

// Makes the frame look whether it has to end: in the wait it is in, or at the next. Under its lock.
static void nudge(struct frame *frame) {
    if (frame->stack != NULL) {
        frame->cancels++;
        cancel_stack(frame->stack);
    }
}

void cancel_begin_grace(struct frame *frame) {
    frame_lock(frame);
    const bool is_news = !atomic_load_relaxed(&frame->is_told) && !frame->is_settled;
    if (is_news) {
        atomic_store_relaxed(&frame->is_told, true);
    }
    frame_unlock(frame);
    if (is_news) {
        grace_begin(frame);
    }
}

bool cancel_request(struct frame *frame, int reason) {
    const bool is_first = give_reason(frame, reason);
    if (is_first && frame_discard(frame, reason == TN_CANCELLED ? TN_REMOVED : reason)) {
        return true;
    }
    if (is_first) {
        frame_lock(frame);
        nudge(frame);
        frame_unlock(frame);
    }
    // Also of a frame that is ending by itself: somebody waits for that now.
    cancel_begin_grace(frame);
    return is_first;
}

void cancel_insist(struct frame *frame) {
    frame_lock(frame);
    if (!atomic_load_relaxed(&frame->is_overdue)) {
        atomic_store_relaxed(&frame->is_overdue, true);
        nudge(frame);
    }
    frame_unlock(frame);
}

void cancel_wake(struct task_stack *stack, uint32_t ticket) {
    if (task_stack_claim(stack, ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

// Whether anything has been counted since the waiter found no reason not to wait.
static bool has_news(struct task_stack *stack) {
    return atomic_load_relaxed(&stack->cancels) != atomic_load_relaxed(&stack->cancels_seen);
}

void cancel_check_waiting(struct task_stack *stack, uint32_t ticket) {
    // The stack may be in a later wait already, whose number must stand then.
    uint32_t former = atomic_load_relaxed(&stack->cancellable);
    while ((int32_t)(ticket - former) > 0 &&
           !atomic_cas_relaxed(&stack->cancellable, &former, ticket)) {
    }
    atomic_fence_seq_cst(); // seq_cst: pairs with cancel_request
    if (has_news(stack)) {
        cancel_wake(stack, ticket);
    }
}

// Why the waits of a frame that lives on the stack end; TN_OK: they do not.
static int reason_of(struct task_stack *stack, struct frame *frame, bool is_cleaning) {
    if (is_cleaning) {
        return atomic_load_relaxed(&frame->is_overdue) ? TN_CANCELLED : TN_OK;
    }
    if (frame->failure_code != 0) {
        return TN_CANCELLED;
    }
    const int reason = atomic_load_relaxed(&frame->cancelled);
    if (reason != TN_OK) {
        return reason == RETURNED ? TN_OK : reason;
    }
    const bool is_late = frame == stack->frame && scope_has_passed(stack, frame->deadline_ns);
    return is_late ? TN_TIMED_OUT : TN_OK;
}

// What ends the waits of whoever is current: the reason that lies furthest out, up to a shield, or
// a cleanup handler, which sees nothing from outside but that grace is over.
struct reach {
    int reason;
    const void *by;      // the scope or frame that it comes from
    struct scope *scope; // when that is a scope of the current frame
    struct frame *frame; // when it is a frame
};

// Where a walk outwards is.
struct walk {
    struct task_stack *stack;
    struct tn_task *current; // where whoever is current runs in place
    struct tn_task *slot;    // the same of whom the walk has come to
    struct scope *scope;     // the next one
    bool is_cleaning;        // a cleanup handler runs further in
    const struct reach *told;
};

// The scopes of one frame. False: a shield ends the walk, or who is told is.
static bool walk_scopes(struct walk *walk, struct reach *reach) {
    for (; walk->scope != NULL && walk->scope->place == walk->slot;
         walk->scope = walk->scope->outer) {
        struct scope *const scope = walk->scope;
        if (scope->is_shield) {
            return false;
        }
        if (scope_has_passed(walk->stack, scope->deadline_ns) && !walk->is_cleaning) {
            const bool is_own = walk->slot == walk->current;
            *reach =
                (struct reach){.reason = TN_TIMED_OUT, .by = scope, .scope = is_own ? scope : NULL};
            scope->is_told = scope->is_told || walk->told != NULL;
        }
        if (walk->told != NULL && scope == walk->told->by) {
            return false;
        }
    }
    return true;
}

static bool walk_frame(struct walk *walk, struct reach *reach) {
    struct frame *frame = walk->slot == NULL ? walk->stack->frame : task_adopter(walk->slot);
    if (frame == NULL) {
        return true;
    }
    walk->is_cleaning |= atomic_load_relaxed(&frame->phase) == FRAME_CLEANS;
    const int reason = reason_of(walk->stack, frame, walk->is_cleaning);
    if (reason != TN_OK) {
        *reach = (struct reach){.reason = reason, .by = frame, .frame = frame};
    }
    if (walk->told != NULL) {
        frame->has_timed_out = true;
    }
    return walk->told == NULL || frame != walk->told->by;
}

// With `told`: everybody inside of what ended it by TN_TIMED_OUT remembers it.
static struct reach look_outwards(struct task_stack *stack, const struct reach *told) {
    struct tn_task *const current = tasks_in_place(&stack->tasks, stack->tasks.self.top);
    struct walk walk = {stack, current, current, stack->scopes, false, told};
    struct reach reach = {.reason = TN_OK};
    while (walk_scopes(&walk, &reach) && walk_frame(&walk, &reach) && walk.slot != NULL) {
        walk.slot = tasks_in_place(&stack->tasks, walk.slot);
    }
    return reach;
}

static struct reach find_reach(struct task_stack *stack) {
    // acquire: pairs with cancel_stack.
    const uint32_t cancels = atomic_load_acquire(&stack->cancels);
    atomic_store_relaxed(&stack->cancels_seen, cancels);
    if (cancels == 0) {
        stack->tasks.is_watched = hard_is(HARD_PARK); // whoever was cancelled here has ended
        return (struct reach){.reason = TN_OK};
    }
    if (stack->frame == NULL) { // outside of a run: current.h
        return (struct reach){.reason = TN_NOT_RUNNING};
    }
    stack->tasks.is_watched = true;
    return look_outwards(stack, NULL);
}

int cancel_reaches(struct tn_self *self) {
    return find_reach(task_stack_of(self)).reason;
}

void cancel_remove_since(struct tn_self *self, uint64_t birth) {
    struct task_stack *stack = task_stack_of(self);
    struct tn_task *const slot = tasks_in_place(&stack->tasks, self->top);
    struct frame *current = slot == NULL ? stack->frame : task_adopter(slot);
    if (current != NULL) { // else it has no children with frames
        frame_remove_since(self, current, birth, TN_TIMED_OUT);
    }
}

// The current frame is to end, because of something outside of its own scopes.
static void strip_current(struct tn_self *self, int reason) {
    struct task_stack *stack = task_stack_of(self);
    struct tn_task *const slot = tasks_in_place(&stack->tasks, self->top);
    struct frame *current = slot == NULL ? stack->frame : task_adopter(slot);
    if (current == NULL || !current->has_removed_children) {
        if (current != NULL) {
            current->has_removed_children = true;
            cancel_begin_grace(current);
        }
        struct scope_memory memory;
        const bool has_scopes = scope_lift_mark(stack, slot, &memory);
        frame_strip(self, current, slot, reason);
        if (slot != NULL) {
            // So that its end takes the slow path, where it is seen that its result is none.
            (void)tasks_push_mark(&stack->tasks);
        }
        if (has_scopes) {
            scope_lay_mark(stack, &memory);
        }
    }
}

// Whoever cancels a frame gives the reason first and counts it after that. A wait that another
// count made look may see it in between: then it counts it itself, so that no later wait misses it.
static void count_seen(struct frame *frame) {
    if (!frame->has_seen_reason) {
        frame->has_seen_reason = true;
        frame_lock(frame);
        frame->cancels++;
        frame_unlock(frame);
        atomic_fetch_add_relaxed(&frame->stack->cancels, 1);
    }
}

int cancel_due_slow(struct tn_self *self) {
    struct task_stack *stack = task_stack_of(self);
    flight_land(stack);
    const struct reach reach = find_reach(stack);
    if (reach.reason == TN_OK) {
        return TN_OK;
    }
    if (reach.reason == TN_NOT_RUNNING) {
        return misuse_outside();
    }
    sanitizer_take_over(&stack->cancels);
    tasks_arm(&stack->tasks);
    if (reach.frame != NULL) {
        count_seen(reach.frame);
    }
    const bool is_first = reach.scope != NULL && !reach.scope->is_told;
    if (reach.reason == TN_TIMED_OUT) {
        (void)look_outwards(stack, &reach);
    }
    if (reach.scope == NULL) {
        strip_current(self, reach.reason);
    } else if (is_first) {
        cancel_remove_since(self, reach.scope->birth);
    }
    return reach.reason;
}
