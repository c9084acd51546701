// file.h - what the simulated pipes and polls share. Private to src/os/sim.
//
// Invariant: a descriptor is FIRST + its place in `ends`; both ends of a pipe are neighbours, the
// reading one first. Start reading in file.c.
#ifndef TENON_OS_SIM_FILE_H
#define TENON_OS_SIM_FILE_H

#include "os/file.h"

struct sim_pipe;

struct sim_end {
    struct sim_pipe *pipe; // NULL: closed
    bool is_writer;
    struct os_poll *poll; // who reports its changes; NULL: nobody
    uint64_t tag;
    unsigned pending; // changes not yet reported
};

enum { SIM_ENDS_MAX = 512, SIM_FIRST = 1000000 };

extern struct sim_end sim_ends[SIM_ENDS_MAX];

// The end that a descriptor stands for; NULL: none.
struct sim_end *sim_end_of(int fd);

// What it is ready for now, of enum os_poll_what.
unsigned sim_end_readiness(const struct sim_end *end);

// Something has changed at the end: whoever polls it hears of it.
void sim_poll_tell(struct sim_end *end, unsigned what);

#endif
