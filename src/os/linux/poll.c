// poll.c - waiting for many descriptors on Linux: epoll, edge-triggered, with an eventfd as bell.
//
// Edge-triggered costs one call for each descriptor's life, not one for each wait, and never
// reports the same bytes twice. The bell is an edge too: it is rung and never read.
// Invariant: the bell's tag is 0, which no other descriptor has. Start reading at os_poll_wait.
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "os/fault.h"
#include "os/file.h"
#include "os/signal.h"

enum { EVENTS_MAX = 64, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

static int add(struct os_poll *poll, int fd, uint64_t tag, uint32_t events) {
    struct epoll_event event = {.events = events | EPOLLET, .data.u64 = tag};
    return epoll_ctl(poll->handle, EPOLL_CTL_ADD, fd, &event) == 0 ? OS_OK : -errno;
}

int os_poll_init(struct os_poll *poll) {
    if (fault_call()) {
        return OS_TOO_MANY_FILES;
    }
    int code;
    poll->handle = epoll_create1(EPOLL_CLOEXEC);
    if (poll->handle < 0) {
        return -errno;
    }
    poll->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (poll->bell < 0) {
        code = -errno;
        goto no_bell;
    }
    code = add(poll, poll->bell, 0, EPOLLIN);
    if (code == OS_OK) {
        return OS_OK;
    }
    (void)close(poll->bell);
no_bell:
    (void)close(poll->handle);
    return code;
}

void os_poll_deinit(struct os_poll *poll) {
    (void)close(poll->bell);
    (void)close(poll->handle);
}

int os_poll_add(struct os_poll *poll, int fd, uint64_t tag) {
    ASSERT(tag != 0);
    if (fault_call()) {
        return OS_NO_MEMORY;
    }
    return add(poll, fd, tag, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
}

void os_poll_remove(struct os_poll *poll, int fd) {
    struct epoll_event unused = {.events = 0};
    (void)epoll_ctl(poll->handle, EPOLL_CTL_DEL, fd, &unused);
}

// How long until the deadline, in ns; -1: for ever.
static int64_t time_left(uint64_t deadline_ns) {
    if (deadline_ns == 0) {
        return 0;
    }
    if (deadline_ns > (uint64_t)INT64_MAX) {
        return -1;
    }
    const uint64_t now_ns = os_now_ns();
    return deadline_ns > now_ns ? (int64_t)(deadline_ns - now_ns) : 0;
}

static int wait(int handle, struct epoll_event *found, int found_max, int64_t left_ns) {
    static _Atomic bool is_old_kernel;
    if (left_ns > 0 && !atomic_load_explicit(&is_old_kernel, memory_order_relaxed)) {
        const struct timespec left = {left_ns / NS_PER_S, left_ns % NS_PER_S};
        const int count = epoll_pwait2(handle, found, found_max, &left, NULL);
        if (count >= 0 || errno != ENOSYS) {
            return count;
        }
        atomic_store_explicit(&is_old_kernel, true, memory_order_relaxed);
    }
    const int64_t ms = left_ns < 0 ? -1 : (left_ns + NS_PER_MS - 1) / NS_PER_MS;
    return epoll_wait(handle, found, found_max, ms < INT32_MAX ? (int)ms : INT32_MAX);
}

static unsigned what_of(uint32_t events) {
    unsigned what = 0;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        what |= OS_POLL_IN;
    }
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
        what |= OS_POLL_OUT;
    }
    return what;
}

int os_poll_wait(struct os_poll *poll, struct os_poll_event *events, int events_max,
                 uint64_t deadline_ns) {
    struct epoll_event found[EVENTS_MAX];
    const int found_max = events_max < EVENTS_MAX ? events_max : EVENTS_MAX;
    const int count = wait(poll->handle, found, found_max, time_left(deadline_ns));
    REQUIRE(count >= 0 || errno == EINTR, "os_poll_wait was given no poll");
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (found[i].data.u64 != 0) {
            events[kept++] = (struct os_poll_event){found[i].data.u64, what_of(found[i].events)};
        }
    }
    return kept;
}

int os_poll_descriptor(const struct os_poll *poll) {
    return poll->handle;
}

void os_poll_wake(struct os_poll *poll) {
    const int error = errno; // a signal handler may be the caller
    const uint64_t one = 1;
    (void)!write(poll->bell, &one, sizeof one);
    errno = error;
}

// ---- signals ---------------------------------------------------------------------------------

// One bell for all polls, rung by the handler; made once and never closed, because the handler may
// ring it at any time.
static _Atomic int signal_bell = -1;

static void make_signal_bell(void) {
    atomic_store_explicit(&signal_bell, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                          memory_order_relaxed);
}

void signal_arrived(void) {
    const int bell = atomic_load_explicit(&signal_bell, memory_order_relaxed);
    const uint64_t one = 1;
    if (bell >= 0) {
        (void)!write(bell, &one, sizeof one);
    }
}

int os_poll_add_signals(struct os_poll *poll, uint64_t tag) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, make_signal_bell);
    const int bell = atomic_load_explicit(&signal_bell, memory_order_relaxed);
    if (fault_call() || bell < 0) {
        return OS_TOO_MANY_FILES;
    }
    return add(poll, bell, tag, EPOLLIN);
}
