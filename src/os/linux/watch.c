// watch.c - looking after a thread that computes: a POSIX timer on the thread's own CPU clock.
//
// No other thread is needed, so a run of one thread can be watched; and a thread that waits uses no
// CPU time, so that nobody has to stop the timer when it goes to sleep, or start it again.
// Invariant: the handler touches a struct os_watch only between init and deinit, on the thread that
// called them: a signal that comes later, as it may where a sanitizer delays it, finds that it is
// not the thread's own any more. Start reading at handle.
#include <execinfo.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "os/os.h"

// glibc 2.36 has no name for the field yet.
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define NS_PER_S UINT64_C(1000000000)

static struct sigaction former;

// Between init and deinit.
static __thread struct os_watch *watch_of_thread;

static void handle(int number, siginfo_t *info, void *context) {
    const int error = errno;
    if (info->si_code == SI_TIMER && info->si_value.sival_ptr != NULL) {
        struct os_watch *watch = info->si_value.sival_ptr;
        if (watch == watch_of_thread) {
            watch->look(watch, context);
        }
    } else if ((former.sa_flags & SA_SIGINFO) != 0) {
        former.sa_sigaction(number, info, context);
    } else if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) {
        former.sa_handler(number);
    }
    errno = error;
}

static void install(void) {
    const int flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGVTALRM, NULL, &former);
    (void)sigaction(SIGVTALRM, &action, NULL);
    void *first; // the first call loads the unwinder, which a signal handler may not
    (void)backtrace(&first, 1);
}

// True when SIGVTALRM was blocked before.
static bool change_mask(int how) {
    sigset_t ours, before;
    sigemptyset(&ours);
    sigaddset(&ours, SIGVTALRM);
    (void)pthread_sigmask(how, &ours, &before);
    return sigismember(&before, SIGVTALRM) == 1;
}

int os_watch_init(struct os_watch *watch, uint64_t interval_ns,
                  void (*look)(struct os_watch *watch, const void *registers)) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, install);
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGVTALRM, .sigev_value.sival_ptr = watch};
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    timer_t timer;
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) != 0) {
        return OS_AGAIN;
    }
    watch->timer = (uintptr_t)timer;
    watch->interval_ns = interval_ns;
    watch->look = look;
    watch_of_thread = watch;
    watch->was_blocked = change_mask(SIG_UNBLOCK);
    const struct timespec interval = {.tv_sec = (time_t)(interval_ns / NS_PER_S),
                                      .tv_nsec = (long)(interval_ns % NS_PER_S)};
    const struct itimerspec spec = {.it_interval = interval, .it_value = interval};
    (void)timer_settime(timer, 0, &spec, NULL);
    return OS_OK;
}

void os_watch_deinit(struct os_watch *watch) {
    watch_of_thread = NULL;
    (void)timer_delete((timer_t)watch->timer);
    if (watch->was_blocked) {
        (void)change_mask(SIG_BLOCK);
    }
}
