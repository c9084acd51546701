// A frame that holds until it is removed, for the files of section 5.
#ifndef CONTRACT_HOLDER_H
#define CONTRACT_HOLDER_H

#include "contract/contract.h"

static _Atomic int begun;

// Waits until `count` frames have begun, and have come to their wait.
static inline void wait_until_begun(struct tn_self *self, int count) {
    WAIT_UNTIL(begun >= count);
    tn_sleep(self, 0.001);
}

// Waits until the frame is in its first wait: then it hears what it listens to. (A frame is ready
// when it begins to wait; on another thread that takes a moment.)
static inline struct tn_frame *when_ready(struct tn_self *self, struct tn_frame *frame) {
    EXPECT_EQ(tn_wait(self, tn_of_ready(frame)), TN_OK);
    tn_sleep(self, 0.001);
    return frame;
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
