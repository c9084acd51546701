// latch.h - tn_latch for waiters that are not suspended (waiter_init_told).
//
// Invariant: as in gather.c. Start reading at latch_join.
#ifndef TENON_SYNC_LATCH_H
#define TENON_SYNC_LATCH_H

#include <tenon/gather.h>

#include "sync/wait_list.h"

// True when all parts are done; else it waits from now on, and is told when they are.
bool latch_join(struct tn_latch *latch, struct wait *wait, struct waiter *waiter);

// Takes such a wait off. False: it has been told, by one who is done with it.
bool latch_leave(struct tn_latch *latch, struct wait *wait);

// A part is done. False: all were.
bool latch_finish(struct tn_latch *latch);

#endif
