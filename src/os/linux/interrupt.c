// interrupt.c - signals that get a thread out of a blocking system call: one POSIX timer each.
//
// The kernel keeps the time, so nobody needs to be awake to interrupt a thread: not even when it is
// the only one. The handler sets the timer again, for twice as long.
// Invariant: the handler touches a struct os_interrupt only between init and deinit: a signal that
// is pending when timer_delete is called is delivered before that returns.
// Start reading at os_interrupt_init.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "os/os.h"

// glibc 2.36 has no name for the field yet.
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { FIRST_NS = 1000000, LONGEST_NS = 100000000 };

static struct sigaction former;

static void set(timer_t timer, uint64_t ns, int flags) {
    const struct itimerspec spec = {
        .it_value = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)}};
    (void)timer_settime(timer, flags, &spec, NULL);
}

static void handle(int number, siginfo_t *info, void *context) {
    const int error = errno;
    if (info->si_code == SI_TIMER && info->si_value.sival_ptr != NULL) {
        struct os_interrupt *interrupt = info->si_value.sival_ptr;
        interrupt->interval_ns =
            interrupt->interval_ns < LONGEST_NS / 2 ? interrupt->interval_ns * 2 : LONGEST_NS;
        set((timer_t)interrupt->timer, interrupt->interval_ns, 0);
    } else if ((former.sa_flags & SA_SIGINFO) != 0) {
        former.sa_sigaction(number, info, context);
    } else if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) {
        former.sa_handler(number);
    }
    errno = error;
}

static void install(void) {
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGURG, NULL, &former);
    (void)sigaction(SIGURG, &action, NULL);
}

int os_interrupt_init(struct os_interrupt *interrupt, uint64_t start_ns) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, install);
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGURG, .sigev_value.sival_ptr = interrupt};
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) {
        return OS_AGAIN;
    }
    interrupt->timer = (uintptr_t)timer;
    interrupt->interval_ns = FIRST_NS / 2;
    sigset_t urgent, before;
    sigemptyset(&urgent);
    sigaddset(&urgent, SIGURG);
    (void)pthread_sigmask(SIG_UNBLOCK, &urgent, &before);
    interrupt->was_blocked = sigismember(&before, SIGURG) == 1;
    if (start_ns != OS_NEVER) {
        set(timer, start_ns, TIMER_ABSTIME);
    }
    return OS_OK;
}

void os_interrupt_raise(struct os_interrupt *interrupt) {
    set((timer_t)interrupt->timer, 1, 0);
}

void os_interrupt_deinit(struct os_interrupt *interrupt) {
    (void)timer_delete((timer_t)interrupt->timer);
    if (interrupt->was_blocked) {
        sigset_t urgent;
        sigemptyset(&urgent);
        sigaddset(&urgent, SIGURG);
        (void)pthread_sigmask(SIG_BLOCK, &urgent, NULL);
    }
}
