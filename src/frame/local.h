// local.h - the values that a frame has set for itself and those below it: their end, and their way
// to another process.
//
// A snapshot has, of each key that travels, the nearest value outside of a frame. In the frame that
// stands for it in the other process they are nodes without a key, which are found by its identity.
// Invariant: the list of a frame only grows, by the frame itself, and is read and written under its
// lock. Start reading at tn_local_read in local.c.
#ifndef TENON_FRAME_LOCAL_H
#define TENON_FRAME_LOCAL_H

#include <stdbool.h>
#include <stddef.h>

struct frame;

struct local_snapshot {
    size_t room;
    size_t bytes; // a multiple of 8
    unsigned char values[];
};

// Gives the memory of the frame's values back. Nothing below it is left.
void local_end(struct frame *frame);

// What is seen outside of a frame that has not begun and travels: *snapshot is the caller's, to be
// freed; NULL: nothing. False: no memory.
bool local_take_snapshot(struct frame *frame, struct local_snapshot **snapshot);

// Sets the values of a snapshot for a frame that has not begun. TN_OK, TN_NO_MEMORY, or
// TN_MALFORMED; then some may be set.
int local_restore(struct frame *frame, const void *values, size_t bytes);

#endif
