// session_lanes.h - the lanes of a session_world: who calls tasks there, and who serves them.
//
//     asks: its task is sent ---> rests: it is open ---> begins ---> calls ---> awaits ---> rests
//
// Of every `lanes`-th task the caller asks for a lane. When its answer has opened one, it calls
// further tasks there, as src/cluster/call_lane.c does, and leaves when it has called enough, when
// the lane is shut, or when it turns: then what it has called is a task of the session, and it ends
// as owner_lane_leave says. The server does as src/cluster/guest_lane.c: it takes what is called,
// answers it there, or makes it the taker's, or shuts the lane.
//
// Each step takes its own time, and in between all else may happen; a taker may be killed within a
// step too. Whether somebody turns from what is usual is decided by the world's `choose`, at most
// `turns_max` times. Start reading at world_call and world_serve.
#ifndef SUPPORT_SESSION_LANES_H
#define SUPPORT_SESSION_LANES_H

#include "support/session_world.h"

// ---- the owner's side ------------------------------------------------------------------------

// Which of the world's tasks an owner's task is now; and whose owner's task stands for one.
struct world_task *world_task_of(struct owner_task *task);
const struct world_task *world_sent_as(const struct world_task *task);

// It is about to be submitted, and asks for a lane if it is one of those.
void world_ask_lane(struct world *world, struct world_task *task);

// It has been delivered, and may have a lane from now on.
void world_meet_lane(struct world *world, struct world_task *task);

// For owner_calls.lost_lane.
void world_lose_lane(void *upper, struct owner_task *task);

// The caller of the task, if it is one, does what is due.
void world_call(struct world *world, struct world_task *task);

// The caller leaves, and what it has called becomes the session's, or ends.
void world_leave_lane(struct world *world, struct world_task *task);

// ---- the takers' side ------------------------------------------------------------------------

// The task of the slot has ended. False: its owner gets no lane.
bool world_open_lane(struct world *world, struct world_taker *taker, struct taker_slot *slot,
                     const void *result);

// The server of the taker does what is due. The taker may be dead afterwards.
void world_serve(struct world *world, struct world_taker *taker);

// The task that was called in the slot is to end.
void world_cancel_call(struct world *world, struct world_taker *taker,
                       const struct taker_slot *slot);

#endif
