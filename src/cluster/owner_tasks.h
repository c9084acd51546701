// owner_tasks.h - what becomes of tasks: they wait for a place, lose it, are delivered.
//
// The picture of their states is in owner.h. Private to the owner. Start reading at owner_judge.
#ifndef TENON_CLUSTER_OWNER_TASKS_H
#define TENON_CLUSTER_OWNER_TASKS_H

#include "cluster/owner.h"

// Tells how the task ended, which is in no list and no place.
void owner_deliver(struct owner *owner, struct owner_task *task,
                   const struct owner_outcome *outcome);

// The task has lost its place, in which it may have begun.
void owner_judge(struct owner *owner, struct owner_task *task, bool may_have_begun,
                 enum session_why why, int detail);

// A task that is not placed, and not queued. True: it is kept, and so delivered.
bool owner_keeps(struct owner *owner, struct owner_task *task);

// Judges all that had a place in the peer's session, which is over.
void owner_end_session(struct owner *owner, struct owner_peer *peer, enum session_why why,
                       int detail);

// This side gives the peer up: owner.c.
void owner_give_up(struct owner *owner, struct owner_peer *peer, enum session_why why);

#endif
