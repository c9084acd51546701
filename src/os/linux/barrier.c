// barrier.c - a memory barrier for all threads of the process: the membarrier system call.
//
// Invariant: when os_barrier_all returns, each thread that ran has passed a barrier since it was
// called; one that did not run has passed one when it stopped. Start reading at os_barrier_all.
#include <linux/membarrier.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/atomic.h"
#include "os/fault.h"
#include "os/os.h"

#define STORES_DRAIN_NS 1000000

static bool command(int which) {
    return syscall(SYS_membarrier, which, 0, 0) == 0;
}

// Linux 4.14 has the quick one, which a process has to register for; 4.3 the slow one. A process
// that was forked, or is watched by a filter of system calls, may find it otherwise than before: so
// nothing is remembered.
void os_barrier_all(void) {
    atomic_fence_seq_cst(); // seq_cst: pairs with os_barrier_all, for the calling thread itself
    if (!fault_call() && (command(MEMBARRIER_CMD_PRIVATE_EXPEDITED) ||
                          (command(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) &&
                           command(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) ||
                          command(MEMBARRIER_CMD_GLOBAL))) {
        return;
    }
    os_thread_sleep(STORES_DRAIN_NS);
}
