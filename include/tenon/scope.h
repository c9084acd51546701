// tenon/scope.h - time limits and shields for a part of a frame.
//
//     struct tn_scope scope;
//     tn_deadline_begin(self, &scope, 0.2);           // at most 0.2 s from here
//     int code = tn_try_await(fetch, task, &page);    // TN_TIMED_OUT when it takes longer
//     if (tn_scope_end(self, &scope) == TN_TIMED_OUT) return from_cache(name);
//
// A deadline belongs to a scope: a part of one frame, from begin to end. It is inherited downwards:
// every frame that is created inside has it too, and so on down the tree. The nearest in time wins:
// a scope can shorten the time that is left, never prolong it.
//
// When a deadline passes, every wait inside the scope returns TN_TIMED_OUT, the one that is going
// on and all that follow, until the scope ends; children created inside are removed, and their own
// waits return TN_TIMED_OUT until they end; so is a child whose await was cut, wherever it was
// created. The outcome of a frame whose waits ended so is TN_TIMED_OUT; one that returned without
// waiting again has its result. Running out of time is not a failure: handlers are not asked. What
// is spawned after the deadline does not come to be: awaiting it says TN_TIMED_OUT.
//
// A child keeps its deadline when the scope ends before it. Each frame hears of the time by itself:
// a parent that computes does not delay its children. What computes is not stopped, it hears of it
// at its next wait; and where every thread computes, nobody looks at the clock until one waits.
//
// While a scope is open on a stack, children that are spawned there get stacks of their own at
// once, as if they were shared: cheap for a few, dear for a recursion of many. Start such work as
// one child; what that spawns is as cheap as ever, deadline or not (and so is all below a frame or
// run whose options give it a deadline).
//
// Inside a shield nothing that comes from outside is seen: neither the removal of the frame nor
// deadlines of scopes around the shield. A shield is for the few waits that must be finished, such
// as giving back what was borrowed; a frame that takes longer than the run's grace is reported
// (tenon/run.h).
//
// Scopes nest and end in reverse order. A `struct tn_scope` is a local variable of the frame; it
// must not be left without its end, except that a frame's own end ends all of its scopes.
#ifndef TENON_SCOPE_H
#define TENON_SCOPE_H

#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

// To be filled in by the functions below; nothing in it is for the program.
struct tn_scope {
    uint64_t tn_private[16];
};

// Begins a scope with a deadline `seconds` from now (not above 0: it has passed already). Allocates
// nothing and cannot fail. Only inside a frame.
TN_PUBLIC void tn_deadline_begin(struct tn_self *self, struct tn_scope *scope, double seconds);

// Begins a shield: `scope` hides from here to its end what comes from outside. Allocates nothing
// and cannot fail.
TN_PUBLIC void tn_shield_begin(struct tn_self *self, struct tn_scope *scope);

// Ends the innermost scope, which must be `scope` (else a programmer's error: TN_NOT_YOURS, and it
// stays open). Returns TN_TIMED_OUT when its own deadline has
// passed and a wait inside said so; else what the next wait outside of it would see: TN_CANCELLED,
// TN_TIMED_OUT of a scope around it, or TN_OK.
TN_PUBLIC int tn_scope_end(struct tn_self *self, struct tn_scope *scope);

// Seconds until the nearest deadline that holds here, own or inherited; 0 when it has passed,
// infinity when there is none. Deadlines outside of a shield do not count inside.
TN_PUBLIC double tn_time_left(struct tn_self *self);

#ifdef __cplusplus
}
#endif

#endif
