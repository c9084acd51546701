// mutex.h - the inside of tn_mutex, for what is built on it.
//
//              tn_mutex_try, take                        link_or_take (somebody waits)
//     (free 0) -----------------> (held 1) --------------------------------------------> (waited 2)
//        ^  '---------- tn_mutex_unlock ------'                                              |
//        '------------------ tn_mutex_unlock_slow: wakes the first, who tries again ----------'
//                            or hands over: then it stays held, 1 or 2
//
// While the lock belongs to one thread (turn.h), each of these steps is made with it, by plain
// stores. When it is shared the steps above the line are one compare and swap, without it.
//
// Invariant, under the lock: if waits are linked then the state is WAITED, or one who was taken off
// the list and woken to try again is on its way here, and looks after those who are left.
// Start reading at tn_mutex_unlock_slow.
#ifndef TENON_SYNC_MUTEX_H
#define TENON_SYNC_MUTEX_H

#include <tenon/mutex.h>

#include "sync/wait_list.h"

enum { MUTEX_FREE = 0, MUTEX_HELD = 1, MUTEX_WAITED = 2 };

// struct tn_mutex as seen from here.
struct mutex {
    const char *name;
    bool is_strict;
    struct turn lock;
    _Atomic uint32_t state;
    uint32_t order;                 // its number: order.h; written by who holds it
    struct tn_self *_Atomic holder; // written by who holds it
    struct wait_list waits; // their outcome is MUTEX_HANDED or MUTEX_TRY
};

static inline struct mutex *mutex_of(struct tn_mutex *mutex) {
    return (struct mutex *)(void *)mutex;
}

#endif
