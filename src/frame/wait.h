// wait.h - waiting for a stolen task: what the slow half of await and the removal of children
// share. Invariant: when a wait ends, the task no longer carries a ticket.
#ifndef TENON_FRAME_WAIT_H
#define TENON_FRAME_WAIT_H

#include <stdbool.h>

struct frame;
struct tn_self;
struct tn_task;

// Suspends until the stolen task of this stack has ended: TN_OK. What cancel_due says when the
// current frame has to end first, unless the wait is shielded.
int wait_for_stolen(struct tn_self *self, struct tn_task *task, bool is_shielded);

// The frame that a thief made for the task, or NULL when it ended without one. A thief that has
// just claimed the task gives it a frame within moments: this spins for it.
struct frame *wait_for_adopter(struct tn_task *task);

// For ThreadSanitizer: what the thief of an ended task did comes before what follows. Nothing when
// there was none.
void wait_follow(struct tn_task *task);

#endif
