// tenon/blocking.h - system calls that block, and how a cancellation gets through to them.
//
//     struct tn_blocking blocking;
//     ssize_t count = -1;
//     if (tn_blocking_begin(self, &blocking) == TN_OK) {
//         count = read(fd, buffer, sizeof buffer);    // -1 with EINTR when the frame is cancelled
//     }
//     if (tn_blocking_end(self, &blocking) < 0) return;
//
// A deadline interrupts also where no other thread is free, or there is none; a removal needs a
// thread to make it. Inside a shield (tenon/scope.h) nothing interrupts.
//
// A frame that calls something that blocks holds its thread: that belongs into a PFrame. Nobody can
// end such a call from outside unless the frame has asked for it: between begin and end, a removal
// of the frame, or the passing of a deadline that it is in, sends its thread a signal, again and
// again at growing intervals, until tn_blocking_end acknowledges it. So it does not matter whether
// the signal comes before, in or after the call.
//
// The signal is SIGURG, with a handler that does nothing and without SA_RESTART, installed by the
// first begin of the process; a handler that the program has for SIGURG is called by it.
// Interrupted calls return EINTR, or, if data had been moved already, what had been done. Calls
// that the kernel restarts or does not let interrupt (a read from a disk) go on to their end.
#ifndef TENON_BLOCKING_H
#define TENON_BLOCKING_H

#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

// A local variable of the frame; nothing in it is for the program.
struct tn_blocking {
    uint64_t tn_private[16];
};

// From here on a cancellation interrupts the thread. Returns TN_OK, or at once TN_CANCELLED or
// TN_TIMED_OUT: then the call should not be made; tn_blocking_end is still to be called. No
// function of Tenon that waits may be called before the end. They do not nest (a programmer's
// error: TN_NOT_YOURS).
TN_PUBLIC int tn_blocking_begin(struct tn_self *self, struct tn_blocking *blocking);

// Ends it: no signal comes any more when this returns. Returns TN_OK, or TN_CANCELLED or
// TN_TIMED_OUT when the frame has to end; what the call did until then is done.
TN_PUBLIC int tn_blocking_end(struct tn_self *self, struct tn_blocking *blocking);

#ifdef __cplusplus
}
#endif

#endif
