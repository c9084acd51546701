// session_sides.h - the processes of a session_world: their lives, deaths and work.
//
// Invariant: those of session_world.h that concern one task or one session are checked here, where
// it begins or is delivered. Start reading at world_work.
#ifndef SUPPORT_SESSION_SIDES_H
#define SUPPORT_SESSION_SIDES_H

#include "support/session_world.h"

enum { WORLD_LATENCY_NS = 10, WORLD_TASK_NS = 50, WORLD_LEASE_NS = 1000, WORLD_CANCEL_CODE = -78 };

void world_violate(struct world *world, const char *what);

void world_start_owner(struct world *world);
void world_kill_owner(struct world *world);

// A taker by its number, from 1.
void world_start_taker(struct world *world, int number);
void world_kill_taker(struct world *world, int number);

// Lets a taker do what is due: end what has run, begin what waits.
void world_work(struct world *world, struct world_taker *taker);

#endif
