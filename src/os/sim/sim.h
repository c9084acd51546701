// sim.h - what a test may ask of the simulated os. Private to tests and to src/os/sim.
//
// The simulated os runs every thread of the program as a context on one real thread. Which of them
// runs is drawn from TENON_SEED (1 unless set) at every os call and every atomic operation, time is
// virtual and jumps when everybody waits, and the n-th call fails when asked to. One seed, one run.
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

// Lets the n-th allocation from now (1: the next) return NULL: os_allocate, os_allocate_aligned and
// os_map count. 0: none. Environment: TENON_FAIL_ALLOCATION, counted from the start.
void sim_fail_allocation(uint64_t n);

// The same for every call that may fail, allocations included (os_guard and os_thread_start too).
// Environment: TENON_FAIL_CALL.
void sim_fail_call(uint64_t n);

// Calls counted so far, so that a test can fail each in turn.
uint64_t sim_allocations(void);
uint64_t sim_calls(void);

#endif
