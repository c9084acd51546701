// cleanup.h - what a frame does at its end: a stack of handlers, run on the frame's own stack.
#ifndef TENON_FRAME_CLEANUP_H
#define TENON_FRAME_CLEANUP_H

struct frame;
struct tn_self;
struct tn_task;

// Calls the handlers of the frame that is current on `self`, whose function has returned, the last
// registered first. What each of them created is removed before the next is called. Their waits do
// not see that the frame has to end until its grace is over (cancel.h).
void cleanup_run(struct tn_self *self, struct frame *frame, struct tn_task *slot);

#endif
