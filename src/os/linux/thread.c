// thread.c - threads on Linux: pthreads.
//
// Invariant: a started thread reads its struct os_thread only before entry returns, and its
// starter keeps that in place until os_thread_join. Start reading at os_thread_start.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"
#include "os/fault.h"
#include "os/os.h"

// glibc refuses names longer than this instead of cutting them.
enum { NAME_BYTES_MAX = 15 };

static void set_name(const char *name) {
    char cut[NAME_BYTES_MAX + 1];
    size_t length = strnlen(name, NAME_BYTES_MAX);
    memcpy(cut, name, length);
    cut[length] = '\0';
    (void)pthread_setname_np(pthread_self(), cut);
}

static void *run_thread(void *argument) {
    struct os_thread *thread = argument;
    if (thread->name != NULL) {
        set_name(thread->name);
    }
    thread->entry(thread->argument);
    return NULL;
}

// Everything but what faults raise in the thread itself, and the profiling timer, which must reach
// the thread that burns the time.
static void fill_process_signals(sigset_t *set) {
    static const int thread_signals[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                         SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
    sigfillset(set);
    for (size_t i = 0; i < sizeof thread_signals / sizeof thread_signals[0]; i++) {
        sigdelset(set, thread_signals[i]);
    }
}

int os_thread_start(struct os_thread *thread, void (*entry)(void *argument), void *argument,
                    const char *name) {
    if (fault_call()) {
        return OS_AGAIN;
    }
    thread->entry = entry;
    thread->argument = argument;
    thread->name = name;
    sigset_t blocked;
    sigset_t before;
    fill_process_signals(&blocked);
    // A thread inherits the mask of its starter: set it around the start, so that no signal can
    // reach the thread before it has set its own.
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    pthread_t handle;
    int failed = pthread_create(&handle, NULL, run_thread, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        return -failed;
    }
    thread->handle = (uintptr_t)handle;
    return OS_OK;
}

void os_thread_join(struct os_thread *thread) {
    int failed = pthread_join((pthread_t)thread->handle, NULL);
    REQUIRE(failed == 0, "os_thread_join was given no running thread, or the calling one");
}

static _Thread_local struct os_keepsake *kept;
static pthread_once_t kept_once = PTHREAD_ONCE_INIT;
static pthread_key_t kept_key;
static bool has_kept_key; // else the process has used up its keys, and threads drop nothing

static void drop_kept(void *value) {
    struct os_keepsake *keepsake = value;
    keepsake->drop(keepsake);
}

static void make_kept_key(void) {
    has_kept_key = pthread_key_create(&kept_key, drop_kept) == 0;
}

struct os_keepsake *os_thread_kept(void) {
    return kept;
}

void os_thread_keep(struct os_keepsake *keepsake) {
    kept = keepsake;
    (void)pthread_once(&kept_once, make_kept_key);
    if (has_kept_key) {
        (void)pthread_setspecific(kept_key, keepsake);
    }
}

uint64_t os_thread_id(void) {
    return (uint64_t)syscall(SYS_gettid);
}

// Each thread is a folder in this one.
int os_thread_count(void) {
    struct stat folder;
    return stat("/proc/self/task", &folder) == 0 ? (int)folder.st_nlink - 2 : 0;
}

void os_thread_yield(void) {
    (void)sched_yield();
}
