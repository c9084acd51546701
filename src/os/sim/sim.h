// sim.h - what a test may ask of the simulated os. Private to tests and to src/os/sim.
//
// The simulated os runs every thread of the program as a context on one real thread. Which of them
// runs is drawn from TENON_SEED (1 unless set) at every os call and every atomic operation, time is
// virtual and jumps when everybody waits. One seed, one run.
//
// Invariant: nothing that decides the order depends on addresses, real time or real randomness.
// Start reading in turn.h.
#ifndef TENON_OS_SIM_SIM_H
#define TENON_OS_SIM_SIM_H

#include <stdint.h>

// The exit code of a process in which every thread waits for ever.
enum { SIM_EXIT_DEADLOCK = 70 };

// The seed of this run.
uint64_t sim_seed(void);

// How many turns ended so far: a run of one seed always ends with the same number.
uint64_t sim_turns(void);

#endif
