// run.h - one run: the scheduler, the tree, and how it ended.
//
// Invariant: root settles exactly once, last of all frames, and stops the scheduler.
#ifndef TENON_FRAME_RUN_H
#define TENON_FRAME_RUN_H

#include <tenon/run.h>

#include "frame/frame.h"

#define RUN_MESSAGE_BYTES 512

struct run {
    struct scheduler scheduler;
    struct frame *root;
    size_t stack_bytes;
    size_t root_stack_bytes;
    void *answer;
    struct os_lock lock; // the failure
    int failure_code;    // the first failure that nobody absorbed; 0: none
    char message[RUN_MESSAGE_BYTES];
    struct frame_pool pools[]; // one per worker
};

// The failure `code` of a frame was absorbed by nobody: keeps the text, removes the whole tree.
void run_fail(struct run *run, int code, const char *text);

// Root has settled.
void run_end(struct run *run);

#endif
