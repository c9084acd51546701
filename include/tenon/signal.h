// tenon/signal.h - signals of the system as awaitables: Ctrl-C, requests to end or to reload.
//
//     struct tn_awaitable *interrupted = tn_signal(self, SIGINT);
//     tn_task(serve) server = tn_spawn(serve, port);
//     tn_wait(self, tn_any(self, interrupted, tn_of_frame(tn_share(server))));
//     if (tn_winner(...) == 0) puts("interrupted: closing");   // the server is removed at the end
//
// From the making of the awaitable until its end the signal does not do what it did before: it does
// not end the process, and a handler of the program is not called. When nobody waits for it any
// more it does again what it did. So a second Ctrl-C while the program closes down ends it, unless
// that waits for one more.
//
// A signal goes to the whole process: everybody who waits for it hears of it, in every run. Only
// signals that are sent to the process are meant; those that a fault raises (SIGSEGV, SIGFPE, ...)
// cannot be waited for.
#ifndef TENON_SIGNAL_H
#define TENON_SIGNAL_H

#include <tenon/event.h>

#ifdef __cplusplus
extern "C" {
#endif

// The next signal `number` that the process receives, counted from now: completes once, with TN_OK.
// To miss none of several, make the next one before dealing with the one that has come. It belongs
// to the current frame; tn_drop ends it earlier. NULL: no memory; or, a programmer's error, a
// number that stands for no signal or for one that nobody can catch.
TN_PUBLIC struct tn_awaitable *tn_signal(struct tn_self *self, int number);

// Waits for the next signal `number`. Returns TN_OK; TN_NO_MEMORY; TN_OUT_OF_RANGE as above;
// TN_CANCELLED or TN_TIMED_OUT when this frame has to end: a signal that comes after that does what
// it did before.
TN_PUBLIC int tn_signal_wait(struct tn_self *self, int number);

#ifdef __cplusplus
}
#endif

#endif
