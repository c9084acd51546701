// serve.h - a process that runs DFrames for another one: the taker's side.
//
// It is a run of its own, whose root waits until the owner is gone. Each DFrame that comes is a
// child of that root, a guest, begun by the first worker that has nothing to do; what it spawns are
// frames of this run. A guest's failures end with it and travel back, with its result.
//
//            keep                start                     guest_settled
//   (none) -------> WAITING --------------> RUNNING ------------------------> (none)
//              the taker's record: WAITING, RUNNING (taker.h)
//
// Start reading at hear in serve.c.
#ifndef TENON_CLUSTER_SERVE_H
#define TENON_CLUSTER_SERVE_H

#include "cluster/link.h"

struct serve_options {
    int threads; // that run frames; one more listens
};

// Serves the owner at the other end of the link, its peer 0, until that is gone or wants no more;
// then closes the link. TN_OK, or what tn_run returns when the run could not begin.
int cluster_serve(struct link *link, const struct serve_options *options);

// The same with the options as a process is greeted with them; returns what it exits with.
int serve_greeted(struct link *link, const void *greeting, size_t bytes);

#endif
