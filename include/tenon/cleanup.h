// tenon/cleanup.h - what is to be done when a frame ends, however it ends.
//
//     static void unlock_door(struct tn_self *self, void *door)
//     {
//         tn_sleep(self, 0.01);                       // may wait, for a bounded time
//         door_unlock(door);
//     }
//     ...
//     tn_cleanup_push(self, unlock_door, door);
//
// Handlers run on the frame's own stack after its function has returned and its children are gone,
// the last registered first: at a normal end, after a failure, after a removal, after a deadline.
//
// They may wait: inside of them the removal of the frame is not seen, until the grace of the run is
// over (tenon/run.h). From then on their waits return TN_CANCELLED and the frame is reported.
#ifndef TENON_CLEANUP_H
#define TENON_CLEANUP_H

#include <stdbool.h>

#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void tn_cleanup_handler(struct tn_self *self, void *data);

// Registers a handler for the end of the current frame. `data` must live until then: not on the
// frame's stack, which is gone by then. Returns TN_OK or TN_NO_MEMORY: then the handler will not
// run.
TN_MUST_USE TN_PUBLIC int tn_cleanup_push(struct tn_self *self, tn_cleanup_handler *handler,
                                          void *data);

// Takes back the handler registered last, and calls it now if `is_called`. Nothing happens when
// there is none.
TN_PUBLIC void tn_cleanup_pop(struct tn_self *self, bool is_called);

#ifdef __cplusplus
}
#endif

#endif
