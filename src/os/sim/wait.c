// wait.c - waiting on a word in the simulation.
//
// Invariant: between looking at the word and waiting nobody else runs: that is the whole promise
// of a futex. Start reading at os_wait_word.
#include "base/check.h"
#include "os/os.h"
#include "os/sim/turn.h"

// One wait in so many returns for no reason, which the contract allows: callers must look again.
enum { SPURIOUS_ONE_IN = 32 };

int os_wait_word(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns) {
    turn_advance(200);
    turn_pass();
    if (*word != expected || turn_random(SPURIOUS_ONE_IN) == 0) {
        return OS_OK;
    }
    return turn_wait(SIM_FOR_WORD, (const void *)word, deadline_ns) ? OS_TIMED_OUT : OS_OK;
}

void os_wake_word(_Atomic uint32_t *word, int count) {
    ASSERT(count > 0);
    turn_advance(200);
    turn_pass();
    turn_wake(SIM_FOR_WORD, (const void *)word, count);
    turn_pass();
}
