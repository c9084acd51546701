// relief.h - who runs a long task gives back those that wait behind it.
//
// An owner gives each peer more tasks than that runs at once, so that the next one is there when
// one ends. A peer that runs a long one then holds others up, while somebody else has nothing to
// do. So while a thread is idle, of a peer or of this process, the fullest of those peers whose
// tasks would wait for long gives some of them back: as many for each idle thread as are left for
// each of its own, so that a peer of the same size gets half.
//
// How long the last of a peer's tasks would wait is not known. What runs there is taken to last as
// long as tasks did on average; and when it has lasted longer, as long again as it already has. A
// wait of less than `worth_ns` is not worth the way back and to another one. A peer that has been
// asked is not asked again until it has answered about each task, and nobody else is until then
// either, or PATIENCE times that has passed: it may be stopped.
//
// Invariant: a peer that lags (owner.h) counts as no help to others. The caller's memory; no clock:
// as the session. Start reading at relief_look.
#ifndef TENON_CLUSTER_RELIEF_H
#define TENON_CLUSTER_RELIEF_H

#include "cluster/owner.h"

struct relief {
    uint32_t threads;  // of each peer: how many tasks it runs at once
    uint64_t worth_ns; // above 0
    uint64_t mean_ns;  // that tasks run for; 0: not known
    uint64_t asked_ns; // when somebody was asked last
    uint64_t asked;    // for how many tasks in all
};

// Asks for tasks if that is due, and says when to look again (SESSION_NEVER: not before something
// has been heard or submitted, or a thread here has become idle). `idle_here` threads of this
// process would begin what is kept (owner_calls.keeps).
uint64_t relief_look(struct relief *relief, struct owner *owner, uint32_t idle_here,
                     uint64_t now_ns);

// The same without asking: when it would be due.
uint64_t relief_due(const struct relief *relief, const struct owner *owner, uint32_t idle_here,
                    uint64_t now_ns);

// Whether a peer has an idle thread for a task that has come back.
bool relief_has_peer(const struct relief *relief, const struct owner *owner);

#endif
