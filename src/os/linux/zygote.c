// zygote.c - this program once more, and copies of it. See os/zygote.h.
//
// The zygote is a child as any other (child.c), only without a tree of its own. What makes it one
// is a word in its environment with the number of its owner, and a post as its input; a program
// that was given the word by accident has no such input. Invariant: nothing is caught twice: the
// word goes out of the environment. Start reading at os_zygote_start.
#include "os/zygote.h"

#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/linux/child.h"

#define WORD "TENON_ZYGOTE"

// ---- the file of this program ----------------------------------------------------------------

static bool has_bytes(int file, const void *expected, size_t bytes, off_t offset) {
    const unsigned char *at = expected;
    unsigned char buffer[512];
    while (bytes > 0) {
        const size_t some = bytes < sizeof buffer ? bytes : sizeof buffer;
        if (pread(file, buffer, some, offset) != (ssize_t)some || memcmp(buffer, at, some) != 0) {
            return false;
        }
        at += some;
        offset += (off_t)some;
        bytes -= some;
    }
    return true;
}

// Looks at the first image, which is the program: 1 when the file has the same segments and the
// same notes, the build-id among them; 2 when not.
static int compare(struct dl_phdr_info *info, size_t bytes, void *argument) {
    (void)bytes;
    const int file = *(const int *)argument;
    ElfW(Ehdr) header;
    if (pread(file, &header, sizeof header, 0) != sizeof header ||
        header.e_phnum != info->dlpi_phnum || header.e_phentsize != sizeof(ElfW(Phdr)) ||
        !has_bytes(file, info->dlpi_phdr, info->dlpi_phnum * sizeof(ElfW(Phdr)),
                   (off_t)header.e_phoff)) {
        return 2;
    }
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const uintptr_t address = (uintptr_t)info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_NOTE &&
            !has_bytes(file, (const void *)address, segment->p_filesz, (off_t)segment->p_offset)) {
            return 2;
        }
    }
    return 1;
}

// NULL: not to be found any more.
static const char *find_program(void) {
    if (access("/proc/self/exe", X_OK) == 0) {
        return "/proc/self/exe";
    }
    const char *name = (const char *)getauxval(AT_EXECFN);
    int file = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    const bool is_same = file >= 0 && dl_iterate_phdr(compare, &file) == 1;
    if (file >= 0) {
        (void)close(file);
    }
    return is_same ? name : NULL;
}

// ---- starting it -----------------------------------------------------------------------------

int os_zygote_start(struct os_child *zygote, int post) {
    const char *program = find_program();
    if (program == NULL) {
        return OS_NOT_FOUND;
    }
    char word[sizeof WORD + 16];
    (void)snprintf(word, sizeof word, WORD "=%d", (int)getpid());
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    const char **environment = os_allocate((count + 2) * sizeof *environment);
    if (environment == NULL) {
        return OS_NO_MEMORY;
    }
    memcpy(environment, environ, count * sizeof *environment);
    environment[count] = word;
    environment[count + 1] = NULL;
    const char *const arguments[] = {program_invocation_name, NULL};
    const struct os_child_plan plan = {.arguments = arguments,
                                       .program = program,
                                       .environment = environment,
                                       .standard = {post, OS_INHERIT, OS_INHERIT},
                                       .is_part = true};
    const int code = os_child_start(zygote, &plan);
    os_free(environment);
    return code;
}

// ---- in it -----------------------------------------------------------------------------------

// Takes the input over, and leaves an empty one.
static int take_input(void) {
    int type = 0;
    socklen_t bytes = sizeof type;
    if (getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &bytes) != 0 || type != SOCK_SEQPACKET) {
        return -1;
    }
    const int post = fcntl(0, F_DUPFD_CLOEXEC, 3);
    const int empty = open("/dev/null", O_RDONLY);
    if (empty > 0) {
        (void)dup2(empty, 0);
        (void)close(empty);
    }
    return post;
}

// Programs that it starts have the default again, which they would not of signals that are ignored.
static void leave_to_owner(int number) {
    (void)number;
}

static void set_group_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    child_add_group_signals(&set);
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigismember(&set, number) == 1 && sigaction(number, NULL, &action) == 0 &&
            action.sa_handler == SIG_DFL) {
            action = (struct sigaction){.sa_handler = leave_to_owner, .sa_flags = SA_RESTART};
            (void)sigaction(number, &action, NULL);
        }
    }
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

bool os_zygote_caught(struct os_zygote *zygote) {
    const char *word = getenv(WORD);
    const int owner = word == NULL ? 0 : atoi(word);
    if (word == NULL) {
        return false;
    }
    (void)unsetenv(WORD);
    const int post = take_input();
    if (post < 0) {
        return false;
    }
    zygote->post = post;
    zygote->owner = (int)syscall(SYS_pidfd_open, owner, 0);
    if (getppid() != owner || zygote->owner < 0 || os_process_has_ended(zygote->owner)) {
        _exit(0);
    }
    set_group_signals();
    return true;
}

static void become_process(int zygote) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != zygote) {
        _exit(0);
    }
}

int os_zygote_fork(struct os_child *process) {
    if (fault_call()) {
        return OS_AGAIN;
    }
    const int zygote = getpid();
    (void)fflush(NULL); // what constructors have printed shall not come out of each copy
    const int number = fork();
    if (number < 0) {
        return -errno;
    }
    if (number == 0) {
        become_process(zygote);
        return 1;
    }
    *process = (struct os_child){.number = number, .cgroup = -1};
    process->handle = (int)syscall(SYS_pidfd_open, number, 0);
    if (process->handle < 0) {
        const int code = -errno;
        (void)kill(number, SIGKILL);
        (void)waitpid(number, NULL, 0);
        return code;
    }
    return 0;
}

bool os_process_reap(struct os_child *process, struct os_child_end *end) {
    if (!os_child_has_ended(process, end)) {
        return false;
    }
    os_child_release(process);
    return true;
}

void os_process_kill(int handle) {
    (void)syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0);
}

bool os_process_has_ended(int handle) {
    struct pollfd state = {.fd = handle, .events = POLLIN};
    return poll(&state, 1, 0) > 0;
}

void os_process_exit(int code) {
    (void)fflush(NULL);
    _exit(code);
}

int os_process_number(void) {
    return (int)getpid();
}
