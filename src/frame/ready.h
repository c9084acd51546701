// ready.h - knowing that a frame has set itself up: it waits for something, or has ended.
//
// A frame is ready from its first wait on, unless that is for frames which are not ready themselves
// (directly, or through all and any): then it follows them. Mostly nobody asks: then a first wait
// costs one lock, and nothing is allocated.
//
//                          ready_begin: what it waits for is ready
//     (!has_waited) ---------------------------------------------------> is_ready, has_waited
//            |   ready_begin                                               ^
//            `------------> first_wait is set --- ready_over ---------------'
//                                             `-- what is followed completes: is_ready
//
// Invariants: a stack's `unready` counts the frames living on it that are not has_waited.
// first_wait is set, under the frame's lock, exactly during the first wait, if that is not ready at
// once. Start reading at ready_begin_slow in ready.c.
#ifndef TENON_FRAME_READY_H
#define TENON_FRAME_READY_H

#include "frame/frame.h"

// Around a wait of the running stack for `awaitable` (NULL: for something that is none, such as
// time), unless it is shielded.
void ready_begin_slow(struct tn_self *self, struct awaitable *awaitable);
void ready_over_slow(struct tn_self *self);

static inline void ready_begin(struct tn_self *self, struct awaitable *awaitable) {
    if (UNLIKELY(task_stack_of(self)->unready != 0)) {
        ready_begin_slow(self, awaitable);
    }
}

static inline void ready_over(struct tn_self *self) {
    if (UNLIKELY(task_stack_of(self)->unready != 0)) {
        ready_over_slow(self);
    }
}

// Frees what was made for who asked, with the frame's memory. NULL: nothing.
void ready_free(struct ready *ready);

#endif
