// settings.h - what a run's options leave open: what the environment says of it, and, in a program
// that lets its user decide, the command line (tn_run_arguments).
//
// Invariant: what cannot be understood is told on standard error, and no run is made of it.
// docs/environment.md is the table of all variables. Start reading at settings_complete.
#ifndef TENON_FRAME_SETTINGS_H
#define TENON_FRAME_SETTINGS_H

#include <stdbool.h>

#include <tenon/run.h>

#define SETTINGS_THREADS_MAX 1024
#define SETTINGS_PROCESSES_MAX 256

// What TENON_LEVEL allows.
enum settings_cap {
    SETTINGS_SERIAL, // one thread, on which PFrames and DFrames start as soon as they are spawned
    SETTINGS_FRAME,  // one thread
    SETTINGS_PFRAME, // one process
    SETTINGS_DFRAME, // everything
};

// Fills in what the options say nothing of, from TENON_THREADS, TENON_PROCESSES, TENON_HOG_SECONDS
// and TENON_SUSPECT_SECONDS; what these do not say either stays 0. False: one of them, or
// TENON_LEVEL, cannot be understood.
bool settings_complete(struct tn_run_options *options, enum settings_cap *cap);

#endif
