// local.h - the end of the values that a frame has set for itself and those below it.
//
// Invariant: the list of a frame only grows, by the frame itself, and is read and written under its
// lock. Start reading at tn_local_read in local.c.
#ifndef TENON_FRAME_LOCAL_H
#define TENON_FRAME_LOCAL_H

struct frame;

// Gives the memory of the frame's values back. Nothing below it is left.
void local_end(struct frame *frame);

#endif
