// class.h - the classes that a frame is of, and when their destructors run.
//
// The destructors run after the frame has left the tree and those who wait for it were woken; who
// goes on then may be the parent, on another thread, and may end. So that a destructor still finds
// what is around its frame, the end of the nearest frame outwards waits for it (class_wait).
//
//            class_leave        class_end                     class_wait
//     frame ------------> (around) ------> destructors run ~~~~~~~~~~> around goes on with its end
//
// Invariant: `destructing` of a frame counts the ended ones below it whose destructors have not run
// yet. Start reading at class_end.
#ifndef TENON_FRAME_CLASS_H
#define TENON_FRAME_CLASS_H

#include "frame/frame.h"

static inline bool class_has_any(struct frame *frame) {
    return UNLIKELY(atomic_load_relaxed(&frame->classes) != NULL);
}

// Before a frame that is of a class leaves the tree. Returns the frame whose end has to wait; NULL:
// it is root.
struct frame *class_leave(struct frame *frame);

// After it has left the tree: runs its destructors, newest first. `around` is what class_leave
// gave; or NULL where what is around it can't go on meanwhile.
void class_end(struct frame *frame, struct frame *around);

// By a frame whose children have ended: returns when their destructors have run. They do not wait,
// so this takes moments.
static inline void class_wait(struct frame *frame) {
    while (UNLIKELY(atomic_load_acquire(&frame->destructing) != 0)) { // pairs with class_end
        os_thread_yield();
    }
}

#endif
