// outside.h - threads of an executor's own, for calls that block and cannot be interrupted.
//
// As many threads as there are calls waiting, up to a bound; one that has had nothing to do for a
// second ends. Such a thread is none of the run's: what it has called goes back by a token on the
// queues of the run, which finishes the items there.
//
//     submit --outside_call--> queue --thread: take--> call --give_back--> returned --token--> DONE
//
// Invariants (under the executor's gate, which is a real lock here): resting <= started threads
// that have not ended <= count_max; the token is queued exactly while `returned` is not empty or it
// is running. Start reading at run_thread in outside.c.
#ifndef TENON_EXECUTOR_OUTSIDE_H
#define TENON_EXECUTOR_OUTSIDE_H

#include <stddef.h>

struct outside;
struct tn_executor;
struct tn_self;

// NULL: no memory. Starts no thread yet.
struct outside *outside_create(struct tn_executor *executor, size_t count_max);

// Something was queued: wakes or starts a thread for it, if there may be another. Under the gate.
// Without any thread, and none to be had, what is queued ends with TN_NO_THREAD.
void outside_call(struct outside *outside);

// The crew is over: waits for the calls that are running, and for the threads. By the head.
void outside_close(struct tn_self *self, struct outside *outside);

// After that.
void outside_destroy(struct outside *outside);

#endif
