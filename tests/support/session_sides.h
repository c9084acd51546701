// session_sides.h - the processes of a session_world: their lives, deaths and work.
//
// Invariant: those of session_world.h that concern one task or one session are checked here, where
// it begins or is delivered. Start reading at world_work.
#ifndef SUPPORT_SESSION_SIDES_H
#define SUPPORT_SESSION_SIDES_H

#include "support/session_world.h"

enum { WORLD_LATENCY_NS = 10, WORLD_TASK_NS = 50, WORLD_LEASE_NS = 1000, WORLD_CANCEL_CODE = -78 };

void world_violate(struct world *world, const char *what);

// In session_world.c: whether this kind of fault happens here and now; one of `options` ways to go
// on with a lane, where 0 is the usual one; whether a task is cancelled soon.
bool world_fails(struct world *world, enum world_fault fault);
unsigned world_turn(struct world *world, unsigned options);
bool world_is_cancelled(const struct world *world, int index);

// Submits the task if it is time. In session_world.c too.
void world_submit(struct world *world, struct world_task *task);

// What a task is told or says: its result; and a post or a tell, whose third part is its number
// among those of its task.
struct world_words {
    uint64_t number;
    uint32_t attempt;
    uint32_t index;
};

// How many posts a task makes.
int world_posts_of(const struct world *world, uint64_t number);

// The task has ended, in its attempt of that number.
void world_deliver(struct world *world, struct world_task *made, uint32_t attempt,
                   const struct owner_outcome *outcome);

void world_start_owner(struct world *world);
void world_kill_owner(struct world *world);

// A taker by its number, from 1.
void world_start_taker(struct world *world, int number);
void world_kill_taker(struct world *world, int number);

// A task begins there: what the owner believes of it must allow that.
void world_begin(struct world *world, const struct world_taker *taker, uint64_t number);

// And goes on in a frame of its own, from now on for so long; it posts what it does.
void world_go_on(struct world *world, struct world_taker *taker, struct taker_slot *slot,
                 uint64_t lasts_ns);

// A task has ended, with a result if there is no code.
void world_end(struct world *world, struct world_taker *taker, struct taker_slot *slot,
               const struct world_words *result, int code, bool takes_next);

// Lets a taker do what is due: end what has run, begin what waits.
void world_work(struct world *world, struct world_taker *taker);

#endif
