// reactor.h - watches the world for one run: tells descriptors what happened to them.
//
// The scheduler's upward call (scheduler/world.h) ends here. A run gets its reactor when it opens
// its first descriptor; ended runs leave theirs for later ones, because a thread outside of a run
// may ring its bell a moment too late, and the number of a closed bell could be another file's.
//
// Invariant: one thread at a time asks the system for events, the holder of `turn`; a worker that
// would sleep looks at its word under it, so that a bell rung for it cannot be heard by another.
//
//     idle_wake: the word, then the bell     |  either reactor_wait sees the word changed,
//     reactor_wait: turn, the word, events   |  or the bell ends its wait
//
// Model-checked in tests/model. Start reading at reactor_wait in reactor.c.
#ifndef TENON_IO_REACTOR_H
#define TENON_IO_REACTOR_H

#include "os/file.h"
#include "scheduler/worker.h"

// The tag of signals; descriptors have larger ones.
#define REACTOR_SIGNALS 1

struct reactor {
    struct world world; // first
    struct scheduler *scheduler;
    struct os_poll poll;
    struct os_lock turn;
    uint64_t looked_ns; // by the holder of turn
    struct os_lock signal_lock;
    struct list signals; // who waits for one: signal.c
    bool hears_signals;
    struct reactor *next; // while no run has it
};

// The reactor of a run, made when there is none yet. NULL: the system has no room for one.
struct reactor *reactor_of(struct scheduler *scheduler);

// What struct world has: see there.
void reactor_wait(struct world *world, _Atomic uint32_t *word, uint32_t expected,
                  uint64_t deadline_ns);
void reactor_wake(struct world *world);

#endif
