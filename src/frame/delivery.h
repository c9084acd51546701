// delivery.h - knowing when everybody who was woken has had their turn.
//
// Whoever completes an awaitable may pass a delivery along. Each waiter that is woken by it, also
// through all and any, is counted; a waiter's stack uncounts itself when it is left the next time,
// which is when its frame has run to its next wait or its end.
//
//   awaited = 1 while awaitables are being completed + waiters woken and not yet left
//
// Invariant: `done` is called once, by whoever brings `awaited` to 0, after everything that the
// woken frames did until then. Until that call the delivery's memory is its maker's to keep; the
// call is the last that is made of it. Start reading at delivery_init.
#ifndef TENON_FRAME_DELIVERY_H
#define TENON_FRAME_DELIVERY_H

#include "base/atomic.h"
#include "scheduler/task_stack.h"

struct delivery {
    struct departure departure; // the same for all stacks that it has woken
    _Atomic uint32_t awaited;
    // Called on the loop of a worker, or by delivery_close; may complete awaitables, must not
    // wait.
    void (*done)(struct delivery *delivery);
};

// Begins a delivery: from here to delivery_close awaitables may be completed with it.
void delivery_init(struct delivery *delivery, void (*done)(struct delivery *delivery));

// All awaitables have been completed. With nobody woken, or all gone on already, calls `done`.
void delivery_close(struct delivery *delivery);

// A waiter is being woken (under its awaitable's lock) ...
void delivery_add(struct delivery *delivery);
// ... and runs: it is counted until its stack is left.
void delivery_arrive(struct delivery *delivery, struct task_stack *stack);
// The frame that runs in place at `task` of the running stack has ended: if it was the one that was
// woken, its turn is over, though the stack goes on with its parent.
void delivery_end_in_place(struct task_stack *stack, const struct tn_task *task);

#endif
