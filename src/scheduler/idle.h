// idle.h - how a worker goes to sleep and how others wake it.
//
// Invariant: if something is queued that an idle worker may take, some worker is awake or being
// woken. A worker announces itself, then looks once more, then sleeps; a producer queues, then
// looks for announced workers. Each side's store comes before its look, so one of them sees the
// other.
//
//   AWAKE --idle_announce--> IDLE --idle_sleep--> ASLEEP --idle_wake, or the deadline--> AWAKE
//                              |--idle_sleep_in_world--> IN_WORLD --the same, or news--> AWAKE
//                              \--idle_retract, idle_wake--> AWAKE --idle_remain--> IDLE
//
// The map has a bit for each announced worker that takes free work. Whoever clears the bit owns the
// right to hand that worker something: so two producers never choose the same one, and the lowest
// number comes first. Model-checked in tests/model. Start reading at idle_announce.
#ifndef TENON_SCHEDULER_IDLE_H
#define TENON_SCHEDULER_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/world.h"

#define IDLE_WORKERS_MAX 1024 // that have a bit in the map; only who takes free work uses it
#define IDLE_MAP_WORDS (IDLE_WORKERS_MAX / 64)

enum idle_state { IDLE_AWAKE = 0, IDLE_ANNOUNCED = 1, IDLE_ASLEEP = 2, IDLE_IN_WORLD = 3 };

struct idle_map {
    _Atomic uint64_t words[IDLE_MAP_WORDS];
};

// One worker's part: its index, its state, whether producers of free work may choose it.
struct idle {
    _Atomic uint32_t state;
    _Atomic uint64_t woken_ns; // when somebody last woke it from its sleep; a measurement only
    int index;
    bool takes_free;
    struct world *world; // where it sleeps when the state is IDLE_IN_WORLD
};

void idle_map_init(struct idle_map *map);
void idle_init(struct idle *idle, int index, bool takes_free);

// Announces the calling worker. It must look at every queue once more before it sleeps.
void idle_announce(struct idle *idle, struct idle_map *map);

// Takes the announcement back, because the worker found something itself. False when a producer had
// chosen it already: something is in its inbox or about to be.
bool idle_retract(struct idle *idle, struct idle_map *map);

// After idle_sleep, before anything else was run: announces the worker again if it still stands in
// the map, so that one who woke only to fire timers is not passed over. As after idle_announce it
// must look at every queue once more. False when somebody has chosen it, or may not: then retract.
bool idle_remain(struct idle *idle, struct idle_map *map);

// Sleeps until woken or until the deadline (OS_NEVER: none). The worker is AWAKE afterwards but may
// still stand in the map: retract.
void idle_sleep(struct idle *idle, uint64_t deadline_ns);

// The same in the world, where more than a wake or the deadline ends it.
void idle_sleep_in_world(struct idle *idle, struct world *world, uint64_t deadline_ns);

// True once a producer has woken the announced worker: it should stop spinning.
bool idle_is_woken(struct idle *idle);

// Orders what the caller has queued before its look at who is idle. Before idle_choose, or before
// idle_wake of a certain worker.
void idle_published(void);

// Chooses the announced worker with the lowest index and takes it off the map; -1: there is none.
int idle_choose(struct idle_map *map);

// How many workers are announced, and not chosen: a glance.
unsigned idle_count(struct idle_map *map);

// True when idle_choose might find somebody: a glance.
bool idle_map_is_empty(struct idle_map *map);

// Wakes a worker that is announced or asleep; does nothing to one that is awake.
void idle_wake(struct idle *idle);

#endif
