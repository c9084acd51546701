// sharing.h - which objects concern more than one thread, so that the order of steps matters there.
//
// A step on an object that only one thread uses, or that nobody writes while threads run, can be
// exchanged with every step of others: it need not be a point where another thread may run. Which
// objects those are is learned: an exploration that meets a surprise begins anew, knowing more.
// Invariant: what is known only grows, so exploring begins anew at most once for each object.
// Start reading at sharing_note.
#ifndef MODEL_SHARING_H
#define MODEL_SHARING_H

#include <stdbool.h>

// Thread `thread` (not 0: it runs alone) uses the object. True when the object is shared.
bool sharing_note(const volatile void *at, int thread, bool is_write);

// True once after an object has become shared that was not before.
bool sharing_take_surprise(void);

#endif
