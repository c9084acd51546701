// world.h - what a run waits for beside its own frames: descriptors, signals, children.
//
// One of the two upward calls of a running program: the scheduler declares what it needs of whoever
// watches the world, src/io fills it in (reactor.c) when a frame first waits for something out
// there. The keeper, which is the idle worker that watches the timers (idling.c), then sleeps in
// `wait` instead of on its word; while no worker is idle, busy ones look now and then.
//
// Invariant: memory of a world is never given back to the system, because a thread outside of the
// run may wake it a moment after the run has ended: such a wake does nothing but end some wait
// early. Start reading at idle_sleep_in_world.
#ifndef TENON_SCHEDULER_WORLD_H
#define TENON_SCHEDULER_WORLD_H

#include <stdint.h>

struct world {
    // Sleeps while *word == expected, until something happens, `wake`, or the deadline (OS_NEVER:
    // none); makes ready what waited for it. May return for no reason. By one worker at a time.
    void (*wait)(struct world *world, _Atomic uint32_t *word, uint32_t expected,
                 uint64_t deadline_ns);
    // Ends a wait that saw the word before the caller changed it. From any thread.
    void (*wake)(struct world *world);
    // Makes ready what can be, without sleeping. From any worker; does nothing during a wait.
    void (*look)(struct world *world);
    // The run is over: nobody waits any more.
    void (*leave)(struct world *world);
    // How many frames wait for something out there. 0: nobody needs to look.
    _Atomic uint32_t awaited;
};

#endif
