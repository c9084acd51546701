// scope.h - deadlines and shields: the open scopes of a stack, and one timer for all of them.
//
// A scope lies in the program's struct tn_scope. The open ones of a stack form a chain, innermost
// first, read by whoever runs on the stack and by nobody else. While the chain is not empty the
// stack's `cancels` counts it once, so that every wait looks at it, and every child gets a frame of
// its own at once: so a child's deadline is fixed when it is made (`deadline_ns` of struct frame),
// and a thief that takes an older task finds no scope around it.
//
// The stack has one timer, for the earliest deadline that is still ahead: of the frame that it was
// started for, and of its open scopes. It fires on any thread and only says up to when deadlines
// have passed; what that ends is seen at the next wait, or in the one that goes on (cancel.c).
//
//     a deadline has passed  <=>  deadline_ns <= stack->passed_ns
//
// The frame that runs in place and begins a scope pushes a mark, which says what the chain was
// before: its end takes the slow path then, and can drop the scopes that it left open without
// looking at them, for they lay on its C stack. Start reading at cancel_due, then tn_scope_end.
#ifndef TENON_FRAME_SCOPE_H
#define TENON_FRAME_SCOPE_H

#include <tenon/scope.h>

#include "scheduler/worker.h"

struct frame;

struct scope {
    struct scope *outer;
    struct tn_task *place; // where its frame runs in place; NULL: the frame of the stack
    uint64_t deadline_ns;  // of a shield: OS_NEVER
    uint64_t birth;        // the first that a child made inside can have
    bool is_shield;
    bool is_told; // a wait inside has returned TN_TIMED_OUT because of it
};

// What the mark of a frame in place remembers, in its payload: how things were before its scopes.
struct scope_memory {
    struct tn_task *outer_mark;
    struct scope *outer;
};

// Whether a deadline of what lives on the stack has passed. By the stack's owner.
static inline bool scope_has_passed(struct task_stack *stack, uint64_t deadline_ns) {
    return deadline_ns <= atomic_load_relaxed(&stack->passed_ns);
}

// True when nothing from outside can end a wait here: the innermost scope is a shield.
bool scope_hides(struct task_stack *stack);

// Around the freeing of everything above the current frame's place: true when there was a mark
// among it; and another one in its stead, on top.
bool scope_lift_mark(struct task_stack *stack, const struct tn_task *place,
                     struct scope_memory *memory);
void scope_lay_mark(struct task_stack *stack, const struct scope_memory *memory);

// The deadline of a child that is made now by whoever is current on the stack. OS_NEVER: none.
uint64_t scope_deadline_ns(const struct task_stack *stack);

// Looks at the clock for deadlines that have passed though no timer has fired yet.
void scope_look(struct task_stack *stack);

// A child's outcome has been received by whoever is current. Out of time: then so is a scope around
// it that has the same deadline, even if no timer has fired here yet.
void scope_hear(struct tn_self *self, int outcome);

// Gives a frame that has not begun a deadline, unless it has an earlier one.
void scope_limit_frame(struct frame *frame, uint64_t deadline_ns);

// The stack's frame begins: its deadline holds from here on.
void scope_start(struct task_stack *stack);

// What ran at `place` (NULL: the function of the stack's frame) has returned: its scopes end.
void scope_leave(struct task_stack *stack, struct tn_task *place);

// The stack is about to go: no timer of it fires from here on, and no interrupt.
void scope_stop(struct task_stack *stack);

#endif
