// flight.h - a child that was sent to another process, and is no frame yet.
//
// Who sends one short DFrame after another, and awaits each, would make a frame for each of them,
// put it into the tree and take it out again, and nobody but the sender ever asks for it. So such a
// child is sent first. There is memory for what it will be, and its answer; but it is not set up,
// and nobody finds it. If its parent awaits it next, and a plain result comes while that spins, it
// is over. Whatever else the parent does first, be it to spawn another one, to wait, to give the
// handle away or to end, lands it: it becomes a frame, as any other that has departed. Those that
// the parent spawns after that are frames from the beginning, until it awaits the newest of them.
//
//            flight_begin               flight_await, a plain result comes soon
//    (none) -------------> IN FLIGHT ------------------------------------------> (none), or STAYS
//                             \--- flight_land ---> RUNNING elsewhere: elsewhere.h
//
//            flight_begin               flight_land, or a spawn that can't be sent so
//    IN FLIGHT <---------- STAYS ----------------------------------------------> (none)
//
// One that has ended may stay for the next one (lane.h of the cluster): then that is sent in its
// place, with what is there already, as long as its parent does nothing else in between.
//
// Invariants: a parent has one at a time, and runs on the stack that it was started for, without
// tasks, open scopes or a deadline. Only its own stack begins, awaits and lands it; whoever hears
// the answer only keeps that. It is counted in the stack's `cancels`, so that each wait looks at
// it. Start reading at flight_begin.
#ifndef TENON_FRAME_FLIGHT_H
#define TENON_FRAME_FLIGHT_H

#include "frame/frame.h"

// Sends a new child of whoever is current on `self`, if it may go like that. NULL: it may not, and
// has not been sent.
struct tn_task *flight_begin(struct tn_self *self, const struct tn_type *type, unsigned line,
                             const void *arguments);

// The parent awaits `task`. True: that was its child in flight, which is over, and *result (NULL:
// nobody wants it) is written. False: nothing is in flight any more.
bool flight_await(struct tn_self *self, const struct tn_task *task, void *result);

// Makes a frame of the child in flight, if there is one; one that stays is given up. By the running
// stack of its parent.
void flight_land_slow(struct task_stack *stack);
static inline void flight_land(struct task_stack *stack) {
    if (UNLIKELY(stack->flight != NULL)) {
        flight_land_slow(stack);
    }
}

// Before a spawn, to which one that stays may be of use.
static inline void flight_land_unless_it_stays(struct task_stack *stack) {
    if (!stack->flown.stays) {
        flight_land(stack);
    }
}

#endif
