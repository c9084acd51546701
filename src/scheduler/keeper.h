// keeper.h - the idle worker that watches for all others: their timers, and the world.
//
// A busy worker does not come to its timers, so an idle one sleeps until the earliest of all and
// fires it. There is one at a time: who falls asleep first becomes it.
//
//   (none) --keeper_begin--> kept --keeper_end--> (none) --> another sleeper is woken, and becomes
//                                                            it, if there is anything to watch
//
// Invariant: while a worker runs something and has a timer, and another worker is idle, there is a
// keeper, who sleeps no longer than until that timer; or somebody is about to become it. Timers are
// added first, then looked for a keeper (keeper_hear); a keeper is named first, and looks for
// timers then: one of them sees the other. Start reading at keeper_begin.
#ifndef TENON_SCHEDULER_KEEPER_H
#define TENON_SCHEDULER_KEEPER_H

#include "scheduler/worker.h"

// Fires what is due on any worker. True when anything was.
bool keeper_fire(struct scheduler *scheduler);

// The worker is about to sleep. Returns until when: its own timers, and, as the keeper, everyone's.
uint64_t keeper_begin(struct worker *worker);

// It is awake again, and goes on with something else.
void keeper_end(struct worker *worker);

// Makes one sleeping worker look round: it becomes the keeper.
void keeper_appoint(struct scheduler *scheduler);

// The worker goes on with other work although it has timers: whoever watches has to know of them.
void keeper_hear(struct worker *worker);

#endif
