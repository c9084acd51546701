// A frame that holds until it is removed, for the files of section 5.
#ifndef CONTRACT_HOLDER_H
#define CONTRACT_HOLDER_H

#include "contract/contract.h"

static _Atomic int begun;

// Waits until `count` frames have begun, and have come to their wait.
static inline void wait_until_begun(struct tn_self *self, int count) {
    while (begun < count) {
        tn_sleep(self, 0.0001);
    }
    tn_sleep(self, 0.001);
}

// Marks its tag when its wait is cut.
LEVEL_FRAME(void, holds, (char, tag)) {
    begun++;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    mark(tag);
}

// A shared child starts by itself, also on one thread.
static inline struct tn_frame *spawn_holder(struct tn_self *self, char tag) {
    tn_task(holds) task = tn_spawn(holds, tag);
    return tn_share(task);
}

#endif
