// barrier.c - the barrier of all threads in the simulation: they take turns on one real thread.
//
// Invariant: whoever runs sees all that was stored before. Start reading at os_barrier_all.
#include "os/os.h"
#include "os/sim/turn.h"

void os_barrier_all(void) {
    turn_advance(5000);
    turn_pass();
}
