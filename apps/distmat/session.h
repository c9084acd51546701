// One run of distmat: read, calculate, write, tell the times.
// Invariant: an output file is touched only by a run that succeeds. Start reading at session.
#ifndef DISTMAT_SESSION_H
#define DISTMAT_SESSION_H

#include "options.h"

// Returns the exit code; what went wrong has been said on standard error.
int session(const struct options *options);

#endif
