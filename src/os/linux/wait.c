// wait.c - waiting on a word: the futex system call.
//
// Invariant: private futexes (one process), absolute deadlines of os_now_ns. Start reading at
// os_wait_word.
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "os/os.h"

#define NS_PER_S UINT64_C(1000000000)

int os_wait_word(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns) {
    struct timespec at;
    struct timespec *until = NULL;
    if (deadline_ns <= (uint64_t)INT64_MAX) {
        at.tv_sec = (time_t)(deadline_ns / NS_PER_S);
        at.tv_nsec = (long)(deadline_ns % NS_PER_S);
        until = &at;
    }
    // The BITSET form takes an absolute time; the plain one a relative time.
    long result = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, until,
                          NULL, FUTEX_BITSET_MATCH_ANY);
    if (result == 0 || errno == EAGAIN || errno == EINTR) {
        return OS_OK;
    }
    REQUIRE(errno == ETIMEDOUT, "os_wait_word was given a word it cannot wait on");
    return OS_TIMED_OUT;
}

void os_wake_word(_Atomic uint32_t *word, int count) {
    ASSERT(count > 0);
    // EFAULT means that the word is gone already, and its waiters with it: see os.h.
    (void)syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, NULL, NULL, 0);
}
