// tenon/time.h - waiting for time to pass.
//
//     tn_sleep(self, 0.5);                         // this frame waits, its thread does not
//
// Times are seconds as double; inside they are nanoseconds of a clock that never goes back.
#ifndef TENON_TIME_H
#define TENON_TIME_H

#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

// Suspends the frame for `seconds` (negative: 0). 0 lets other ready work of this thread run once.
// Timers with equal deadlines fire in order of creation on one thread, and never behind a busy
// thread while another one is free. Nor does who has slept wait behind all that its own thread has
// queued: of that one goes on after every few who have slept. Returns TN_OK; TN_CANCELLED or
// TN_TIMED_OUT when the frame has to end (the rest of the time is not waited).
TN_PUBLIC int tn_sleep(struct tn_self *self, double seconds);

// Waits for ever: a frame that ends in tn_hold lives until it is removed. Returns
// TN_CANCELLED or TN_TIMED_OUT.
TN_PUBLIC int tn_hold(struct tn_self *self);

// Calls callback(self, progress, data) at `interval`, 2 x `interval`, ... with progress from 0 to
// 1, and last, at `seconds`, with exactly 1.0; when `seconds` <= `interval`, or `interval` is not
// above 0, only the last time. The callback runs as part of this frame: it may wait and create;
// calls whose time has passed meanwhile are left out, never the last. Returns TN_OK; TN_CANCELLED
// or TN_TIMED_OUT when the frame has to end: then no further call is made.
typedef void tn_animation(struct tn_self *self, double progress, void *data);
TN_PUBLIC int tn_animate(struct tn_self *self, double seconds, tn_animation *callback, void *data,
                         double interval);

// Seconds since some fixed moment, on the clock that tn_sleep uses. From any thread.
TN_PUBLIC double tn_now(void);

// Blocks the calling thread for `seconds` (negative: 0), not only the frame, as a call into a
// foreign library would: belongs into a PFrame. Not interrupted by a cancellation. From any thread.
TN_PUBLIC void tn_block(double seconds);

#ifdef __cplusplus
}
#endif

#endif
