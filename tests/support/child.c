// Fork, limit, capture: see child.h. Output goes to an anonymous file, not to a pipe, so a child
// that prints without end cannot block on its parent. Start reading at child_run.
#define _GNU_SOURCE
#include "support/child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/test.h"

#define GRACE_SECONDS 2.0
#define OUTPUT_BYTES_MAX (1 << 20)

static double now_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void die(const char *call) {
    perror(call);
    exit(3);
}

static _Noreturn void be_the_child(int (*body)(void *), void *argument, int output) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        _exit(3);
    close(output);
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    sigprocmask(SIG_UNBLOCK, &child_signal, NULL);
    // exit, not _exit: the leak checkers report at exit.
    exit(body(argument));
}

// Waits until the child ended (true) or the moment passed (false). SIGCHLD shortens the wait; the
// slice of 20 ms covers a SIGCHLD that another thread of a test took.
static bool wait_until(pid_t pid, int *status, double moment) {
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    const struct timespec slice = {0, 20 * 1000 * 1000};
    for (;;) {
        if (waitpid(pid, status, WNOHANG) == pid)
            return true;
        if (now_seconds() >= moment)
            return false;
        sigtimedwait(&child_signal, NULL, &slice);
    }
}

static char *read_output(int file) {
    off_t end = lseek(file, 0, SEEK_END);
    size_t bytes = end < 0 ? 0 : (size_t)end;
    off_t start = 0;
    if (bytes > OUTPUT_BYTES_MAX) {
        start = (off_t)(bytes - OUTPUT_BYTES_MAX);
        bytes = OUTPUT_BYTES_MAX;
    }
    char *text = malloc(bytes + 1);
    if (text == NULL)
        die("malloc");
    ssize_t got = pread(file, text, bytes, start);
    text[got < 0 ? 0 : got] = '\0';
    close(file);
    return text;
}

struct child_end child_run(int (*body)(void *), void *argument, double limit_seconds) {
    int output = memfd_create("test output", MFD_CLOEXEC);
    if (output < 0)
        die("memfd_create");
    sigset_t child_signal;
    sigset_t before;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_signal, &before);
    fflush(NULL);

    double start = now_seconds();
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0)
        be_the_child(body, argument, output);

    struct child_end end = {0};
    if (!wait_until(pid, &end.status, start + limit_seconds)) {
        end.timed_out = true;
        end.seconds = now_seconds() - start;
        kill(pid, SIGQUIT);
        if (!wait_until(pid, &end.status, now_seconds() + GRACE_SECONDS)) {
            kill(pid, SIGKILL);
            waitpid(pid, &end.status, 0);
        }
    }
    kill(-pid, SIGKILL);
    if (!end.timed_out)
        end.seconds = now_seconds() - start;
    sigprocmask(SIG_SETMASK, &before, NULL);
    end.output = read_output(output);
    return end;
}

bool child_ended_by(const struct child_end *end, int how) {
    if (end->timed_out)
        return false;
    if (how == 0 || how >= TEST_EXIT(0)) {
        int code = how == 0 ? 0 : how - TEST_EXIT(0);
        return WIFEXITED(end->status) && WEXITSTATUS(end->status) == code;
    }
    return WIFSIGNALED(end->status) && WTERMSIG(end->status) == how;
}

void child_describe(const struct child_end *end, char *text, size_t bytes) {
    if (end->timed_out)
        snprintf(text, bytes, "did not end within its %.0f s", end->seconds);
    else if (WIFSIGNALED(end->status))
        snprintf(text, bytes, "died of signal %d (%s)", WTERMSIG(end->status),
                 strsignal(WTERMSIG(end->status)));
    else
        snprintf(text, bytes, "exited with code %d", WEXITSTATUS(end->status));
}
