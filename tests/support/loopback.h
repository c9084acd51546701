// loopback.h - other processes for a run of a test, in the same process: each is a thread that
// serves over two rings in memory, real or simulated.
//
// It shares the address space, so what it runs can count in static variables, and all of it works
// under every sanitizer and in virtual time. A process that is killed here goes deaf and mute at
// once, and is gone when its frames have unwound.
//
// Invariant: what a process has sent before it was killed arrives before its end does.
// Start reading at loopback_use.
#ifndef SUPPORT_LOOPBACK_H
#define SUPPORT_LOOPBACK_H

#include <stdbool.h>

#include <tenon/failure.h>
#include <tenon/run.h>

#include "cluster/session.h"

// What most of its tests run with.
#define TWO_THREADS TN_RUN(.num_threads = 2)

// A handler of failures: they are no reason to end.
static inline enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure, (void)replace, (void)data;
    return TN_ABSORB;
}

// Runs from now on have so many other processes, of so many threads each.
void loopback_use(int processes, int threads);

// Every DFrame goes to another process from now on; false: those that find a place.
void loopback_force(bool is_forced);

// Both: every DFrame goes to one of so many processes.
static inline void loopback_send_all(int processes, int threads) {
    loopback_use(processes, threads);
    loopback_force(true);
}

// They have no memory in common with their owner from now on: what begins is said, not noted, and
// there are no lanes; true: they have, as at first.
void loopback_share(bool is_shared);

// Kills one, as `detail` says: a signal, or (0 or below) an exit code. From any thread.
void loopback_kill(int process, int detail);

// In which process the calling frame runs: from 0; -1: in the one that has the others.
int loopback_here(void);

// How many have been started so far.
int loopback_started(void);

// How many messages of a kind other processes have said so far, and were heard.
int loopback_heard(enum message_kind kind);

// One sends a message that no honest process sends. From any thread.
void loopback_lie(int process);

#endif
