// clock.c - virtual time.
//
// Invariant: time passes by a moment at every call, so that a loop that only looks at the clock
// ends; and it jumps when every thread waits. Start reading at os_now_ns.
#include "os/os.h"
#include "os/sim/turn.h"

uint64_t os_now_ns(void) {
    turn_advance(20);
    return turn_now_ns();
}

uint64_t os_ticks(void) {
    return os_now_ns();
}

uint64_t os_ticks_to_ns(uint64_t ticks) {
    return ticks;
}

void os_thread_sleep(uint64_t duration_ns) {
    uint64_t now = turn_now_ns();
    uint64_t until = duration_ns < OS_NEVER - now ? now + duration_ns : OS_NEVER;
    (void)turn_wait(SIM_FOR_TIME, NULL, until);
}

uint64_t os_thread_cpu_ns(void) {
    return turn_current()->ran_ns;
}

uint64_t os_process_cpu_ns(void) {
    return turn_process_ns();
}
