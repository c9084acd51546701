// processes.h - the processes of this program as places for the DFrames of a run: where the bridge
// (bridge.h) and the local link (local.h) meet.
//
// Invariant: runs know of processes from when the program's own DFrames have been announced, and
// not before (registry.c). Start reading at processes_provide.
#ifndef TENON_CLUSTER_PROCESSES_H
#define TENON_CLUSTER_PROCESSES_H

// From now on a run may have other processes: as many as its options say, or, if they do not, the
// environment (TENON_PROCESSES).
void processes_provide(void);

#endif
