// child.c - starting programs on Linux: vfork by hand, because a thread's handlers, its signal mask
// and every descriptor have to be put right in between, and the child's descriptor comes with it.
//
// Everything is prepared before; between clone and execve there are system calls and nothing else.
// What fails there comes back through a pipe that the new program does not see.
// Invariant: all signals are blocked around the clone: no handler of this process runs in the
// child. Start reading at os_child_start.
#include "os/linux/child.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/fault.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

// Where the C library has a second name for clone, by that: ThreadSanitizer takes the first one for
// a fork and forgets the state of the parent, whose memory this is.
#ifdef __GLIBC__
int __clone(int (*entry)(void *), void *stack, int flags, void *argument, ...);
#define CLONE __clone
#else
#define CLONE clone
#endif

enum { STACK_BYTES = 65536, SIGNALS = 64, CLOSE_ON_EXEC = 4 };

#define MARK "TENON_TREE"

struct launch {
    const struct os_child_plan *plan;
    char program[PATH_MAX];
    char *const *environment;
    int cgroup_procs; // -1: none
    int parent;
    int report; // the writing end
    bool is_in_cgroup;
    _Alignas(16) unsigned char stack[STACK_BYTES]; // the child's, until it is the new program
};

// ---- in the child ----------------------------------------------------------------------------

// What the kernel takes, on all machines we know; the C library's function would also change what
// the library remembers, which is shared with the parent.
struct kernel_action {
    uintptr_t handler;
    unsigned long rest[3];
};

static void reset_signals(void) {
    for (int number = 1; number <= SIGNALS; number++) {
        struct kernel_action action = {.handler = 0};
        const long failed = syscall(SYS_rt_sigaction, number, NULL, &action, SIGNALS / 8);
        const bool is_handled = action.handler != (uintptr_t)SIG_DFL &&
                                (action.handler != (uintptr_t)SIG_IGN || number == SIGPIPE);
        if (failed == 0 && is_handled) {
            action = (struct kernel_action){.handler = (uintptr_t)SIG_DFL};
            (void)syscall(SYS_rt_sigaction, number, &action, NULL, SIGNALS / 8);
        }
    }
}

void child_add_group_signals(sigset_t *set) {
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGQUIT);
    (void)sigaddset(set, SIGHUP);
    (void)sigaddset(set, SIGTERM);
}

// Puts the standard descriptors in place. Sources that lie in the way go up first.
static int place_standard(const int wanted[3]) {
    int sources[3];
    for (int i = 0; i < 3; i++) {
        sources[i] = wanted[i];
        if (wanted[i] == OS_NOTHING) {
            sources[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
        }
        if (wanted[i] != OS_INHERIT && sources[i] >= 0 && sources[i] < 3) {
            sources[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, 3);
        }
        if (wanted[i] != OS_INHERIT && sources[i] < 0) {
            return errno;
        }
    }
    for (int i = 0; i < 3; i++) {
        if (wanted[i] != OS_INHERIT && dup2(sources[i], i) < 0) {
            return errno;
        }
    }
    return 0;
}

static int prepare_and_exec(struct launch *launch) {
    const struct os_child_plan *plan = launch->plan;
    if (!plan->is_part) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    if (getppid() != launch->parent) {
        return ESRCH;
    }
    if (!plan->is_part && setsid() < 0) {
        return errno;
    }
    launch->is_in_cgroup = launch->cgroup_procs >= 0 && write(launch->cgroup_procs, "0", 1) == 1;
    if (!plan->is_part && !launch->is_in_cgroup) { // the new program stays it: child_tree.c
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    }
    reset_signals();
    const int failed = place_standard(plan->standard);
    if (failed != 0) {
        return failed;
    }
    // Kernels before 5.11 do not know it: then what the program has opened so stays visible.
    (void)syscall(SYS_close_range, 3, ~0u, CLOSE_ON_EXEC);
    if (plan->folder != NULL && chdir(plan->folder) != 0) {
        return errno;
    }
    sigset_t blocked;
    sigemptyset(&blocked);
    if (plan->is_part) { // until it says what they are to do
        child_add_group_signals(&blocked);
    }
    (void)sigprocmask(SIG_SETMASK, &blocked, NULL);
    (void)execve(launch->program, (char *const *)(uintptr_t)plan->arguments, launch->environment);
    return errno;
}

static int enter(void *argument) {
    struct launch *launch = argument;
    const int failed = prepare_and_exec(launch);
    (void)!write(launch->report, &failed, sizeof failed);
    _exit(127);
}

// ---- before ----------------------------------------------------------------------------------

// The program as execve wants it: 0, or an error number. As the shell does, the first in PATH that
// may be executed; if there are only others, they are not permitted.
static int find_program(const char *name, char path[PATH_MAX]) {
    const char *folders = strchr(name, '/') != NULL ? NULL : os_environment("PATH");
    if (folders == NULL) {
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX ? 0 : ENAMETOOLONG;
    }
    int failed = ENOENT;
    while (*folders != '\0' && *name != '\0') {
        const size_t length = strcspn(folders, ":");
        const int written = snprintf(path, PATH_MAX, "%.*s/%s", (int)length, folders, name);
        if (length > 0 && written < PATH_MAX && access(path, F_OK) == 0) {
            if (access(path, X_OK) == 0) {
                return 0;
            }
            failed = EACCES;
        }
        folders += length + (folders[length] == ':' ? 1 : 0);
    }
    return failed;
}

// The environment with the mark of the tree behind those of the trees around it; one allocation.
static char **mark_environment(const char *const *from, const char *mark) {
    const size_t name_bytes = sizeof MARK; // with the '='
    const char *outer = NULL;
    size_t count = 0;
    for (; from[count] != NULL; count++) {
        if (strncmp(from[count], MARK "=", name_bytes) == 0) {
            outer = from[count] + name_bytes;
        }
    }
    const size_t text_bytes =
        name_bytes + strlen(mark) + 1 + (outer == NULL ? 0 : strlen(outer) + 1);
    char **environment = os_allocate((count + 2) * sizeof(char *) + text_bytes);
    if (environment == NULL) {
        return NULL;
    }
    char *text = (char *)(environment + count + 2);
    (void)snprintf(text, text_bytes, "%s=%s%s%s", MARK, outer == NULL ? "" : outer,
                   outer == NULL ? "" : ",", mark);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(from[i], MARK "=", name_bytes) != 0) {
            environment[kept++] = (char *)(uintptr_t)from[i];
        }
    }
    environment[kept++] = text;
    environment[kept] = NULL;
    return environment;
}

static void set_blocking(const int standard[3]) {
    for (int i = 0; i < 3; i++) {
        const int flags = standard[i] < 0 ? -1 : fcntl(standard[i], F_GETFL);
        if (flags >= 0) {
            (void)fcntl(standard[i], F_SETFL, flags & ~O_NONBLOCK);
        }
    }
}

// ---- the start -------------------------------------------------------------------------------

// clone, with the child's descriptor if the system gives it along (an emulated one may not).
static int clone_child(struct os_child *child, struct launch *launch) {
    void *top = launch->stack + STACK_BYTES;
    const int flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
    child->handle = -1;
    child->number = CLONE(enter, top, flags | CLONE_PIDFD, launch, &child->handle);
    if (child->number < 0 && errno == EINVAL) {
        child->number = CLONE(enter, top, flags, launch);
    }
    if (child->number < 0) {
        return errno;
    }
    if (child->handle < 0) {
        child->handle = (int)syscall(SYS_pidfd_open, child->number, 0);
    }
    return child->handle >= 0 ? 0 : errno;
}

static int launch_child(struct os_child *child, struct launch *launch) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        return errno;
    }
    launch->report = report[1];
    sigset_t all, before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = clone_child(child, launch);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)close(report[1]);
    int reported;
    if (child->number > 0 && read(report[0], &reported, sizeof reported) == sizeof reported) {
        failed = reported;
    }
    (void)close(report[0]);
    if (failed != 0 && child->number > 0) { // nobody else knows of it yet
        (void)kill(child->number, SIGKILL);
        (void)waitpid(child->number, NULL, 0);
        if (child->handle >= 0) {
            (void)close(child->handle);
        }
    }
    return failed;
}

static void draw_mark(char mark[20]) {
    uint64_t number;
    os_random(&number, sizeof number);
    (void)snprintf(mark, 20, "%016llx", (unsigned long long)number);
}

static int start_part(struct os_child *child, struct launch *launch) {
    child->cgroup = -1;
    child->mark[0] = '\0';
    launch->environment = (char *const *)(uintptr_t)launch->plan->environment;
    return launch_child(child, launch);
}

static int start(struct os_child *child, struct launch *launch) {
    const char *program = launch->plan->program;
    int failed =
        find_program(program != NULL ? program : launch->plan->arguments[0], launch->program);
    if (failed != 0) {
        return failed;
    }
    if (launch->plan->is_part) {
        return start_part(child, launch);
    }
    const char *const *environment = launch->plan->environment;
    draw_mark(child->mark);
    char **marked = mark_environment(
        environment != NULL ? environment : (const char *const *)environ, child->mark);
    if (marked == NULL) {
        return ENOMEM;
    }
    launch->environment = marked;
    child_cgroup_make(child);
    if (child->cgroup >= 0) {
        launch->cgroup_procs = openat(child->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    }
    set_blocking(launch->plan->standard);
    failed = launch_child(child, launch);
    if (launch->cgroup_procs >= 0) {
        (void)close(launch->cgroup_procs);
    }
    if (failed != 0 || !launch->is_in_cgroup) {
        child_cgroup_remove(child);
    }
    os_free(marked);
    return failed;
}

int os_child_start(struct os_child *child, const struct os_child_plan *plan) {
    if (fault_call()) {
        return OS_AGAIN;
    }
    struct launch *launch = os_allocate_aligned(sizeof *launch, _Alignof(struct launch));
    if (launch == NULL) {
        return OS_NO_MEMORY;
    }
    launch->plan = plan;
    launch->cgroup_procs = -1;
    launch->parent = getpid();
    launch->is_in_cgroup = false;
    const int failed = start(child, launch);
    os_free(launch);
    return -failed;
}

// ---- afterwards ------------------------------------------------------------------------------

int os_child_signal(const struct os_child *child, int number) {
    return syscall(SYS_pidfd_send_signal, child->handle, number, NULL, 0) == 0 ? OS_OK : -errno;
}

static void read_end(const siginfo_t *info, struct os_child_end *end) {
    const bool has_returned = info->si_code == CLD_EXITED;
    *end = (struct os_child_end){.code = has_returned ? info->si_status : -1,
                                 .signal = has_returned ? 0 : info->si_status};
}

bool os_child_has_ended(const struct os_child *child, struct os_child_end *end) {
    siginfo_t info = {.si_pid = 0};
    // It stays unreaped, so that nobody else gets its number.
    const int failed = waitid(P_PID, (id_t)child->number, &info, WEXITED | WNOHANG | WNOWAIT);
    if (failed != 0) { // the program ignores SIGCHLD, or waits for children of others
        *end = (struct os_child_end){.code = -1, .signal = 0};
        return true;
    }
    if (info.si_pid == 0) {
        return false;
    }
    read_end(&info, end);
    return true;
}

bool os_child_kill(const struct os_child *child) {
    const bool has_tree = child->mark[0] != '\0' && child->cgroup < 0;
    // The others are found by it, and it starts no more of them.
    (void)os_child_signal(child, has_tree ? SIGSTOP : SIGKILL);
    struct os_child_end end;
    const bool is_gone = child->cgroup >= 0 ? child_cgroup_kill(child)
                         : has_tree         ? child_tree_kill(child)
                                            : true;
    return is_gone && os_child_has_ended(child, &end);
}

void os_child_release(struct os_child *child) {
    siginfo_t info;
    (void)waitid(P_PID, (id_t)child->number, &info, WEXITED | WNOHANG);
    (void)close(child->handle);
    child_cgroup_remove(child);
}
