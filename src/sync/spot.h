// spot.h - where an item goes from hand to hand between two threads that are both awake.
//
// Who sends or receives through a channel without room, and finds nobody there, looks here for a
// moment before it leaves its stack: a partner on another thread that is awake comes sooner than a
// stack is left and continued. The item lies beside the turn of the channel, so all that the two
// write is one line of memory.
//
//                   spot_wait                                       spot_takes, spot_gives
//     FREE -----------------------------> WANTS (to receive), HAS (to send) ------> DONE
//      ^ ^ ^                                |  |                                     |
//      | | '- spot_wait: it was in vain ----'  '--- spot_close ---> CLOSED           |
//      | '------------ spot_wait: it returns -------------------------'              |
//      '-------------- spot_wait: it returns ----------------------------------------'
//
// Invariant: from DONE and CLOSED only who waits here leaves, without the turn; all else is done
// with it. Nobody waits in the channel's lists when a spot becomes WANTS or HAS, so nobody is
// overtaken. Model-checked in tests/model. Start reading at spot_wait.
#ifndef TENON_SYNC_SPOT_H
#define TENON_SYNC_SPOT_H

#include <string.h>

#include <tenon/status.h>

#include "sync/turn.h"

enum { SPOT_FREE, SPOT_WANTS, SPOT_HAS, SPOT_DONE, SPOT_CLOSED };

// Zeros are a new one.
struct spot {
    uint64_t item; // items of other sizes are not passed on here
    _Atomic uint32_t state;
};

// All but spot_wait: with the turn, which they keep.

// Whether somebody may wait here.
static inline bool spot_is_free(struct spot *spot) {
    // acquire: pairs with spot_wait: who waited here before has copied its item.
    return atomic_load_acquire(&spot->state) == SPOT_FREE;
}

static inline bool spot_wants(struct spot *spot) {
    return atomic_load_relaxed(&spot->state) == SPOT_WANTS;
}

static inline bool spot_has(struct spot *spot) {
    return atomic_load_relaxed(&spot->state) == SPOT_HAS;
}

// True: somebody who waits here has got the item; or the caller has got one.
static inline bool spot_takes(struct spot *spot, const void *item) {
    if (LIKELY(!spot_wants(spot))) {
        return false;
    }
    uint64_t word;
    memcpy(&word, item, sizeof word);
    plain_write(&spot->item, word);
    // release: pairs with spot_wait.
    atomic_store_release(&spot->state, SPOT_DONE);
    return true;
}

static inline bool spot_gives(struct spot *spot, void *item) {
    if (LIKELY(!spot_has(spot))) {
        return false;
    }
    const uint64_t word = plain_read(&spot->item); // written with the turn
    memcpy(item, &word, sizeof word);
    // release: pairs with spot_wait.
    atomic_store_release(&spot->state, SPOT_DONE);
    return true;
}

// Nobody comes any more.
static inline void spot_close(struct spot *spot) {
    if (spot_wants(spot) || spot_has(spot)) {
        atomic_store_relaxed(&spot->state, SPOT_CLOSED);
    }
}

// With no turn, where nobody else uses the channel: waits until who was served here has left.
void spot_settle(struct spot *spot);

// Where it is free: waits for a moment, to send the item or to receive one. With the turn, by
// `thread`, which it releases if somebody has come (TN_OK) or the channel was closed (TN_CLOSED);
// TN_WOULD_WAIT: nobody has, and the turn was given back meanwhile.
int spot_wait(struct spot *spot, struct turn *turn, uint32_t thread, void *item, bool sends);

#endif
