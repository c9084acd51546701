// words.h - the words of a task stack that its inline half reads and writes, made visible to the
// explorer. Every source of a model is compiled as if it began by including this.
//
// Invariant: they are atomics of that order, nothing more. Start reading at TN_LOAD_.
#ifndef MODEL_WORDS_H
#define MODEL_WORDS_H

#include "base/atomic.h"

// The orders of locks are no part of the protocols.
#undef TN_WATCH_LOCKS
#define TN_WATCH_LOCKS 0

#define TN_LOAD_(at) atomic_load_relaxed(&(at))
#define TN_STORE_(at, value) atomic_store_relaxed(&(at), (value))
// A word is read as it was written, so as a whole.
#define TN_MARK_IN_PLACE_(task) TN_STORE_((task)->info, TN_LOAD_((task)->info) | 1)
#define TN_LOAD_ACQUIRE_(at) atomic_load_acquire(&(at))
#define TN_STORE_RELEASE_(at, value) atomic_store_release(&(at), (value))
#define TN_CHANGE_ACQUIRE_(at, expected, value) atomic_cas_acquire(&(at), &(expected), (value))
#define TN_CHANGE_RELEASE_(at, expected, value) atomic_cas_release(&(at), &(expected), (value))

// A self of a model has no stack around it: it is a thread in no run.
#include "frame/current.h"
#define current_is_outside(self) ((void)(self), true)

// Who waits for a task leaves its stack by the model's worker_suspend, also where that is inline.
#ifdef MODEL_SUSPENDS
#include "scheduler/suspend.h"
#define suspend_stack worker_suspend
#endif

#endif
