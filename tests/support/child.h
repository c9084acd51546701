// One child process with a time limit and its output kept: what each test runs in. The invariant is
// that nothing the body started outlives child_run: its whole process group is killed at the end.
#ifndef SUPPORT_CHILD_H
#define SUPPORT_CHILD_H

#include <stdbool.h>
#include <stddef.h>

// How a child ended. `output` holds both of its streams, allocated; free it.
struct child_end {
    int status; // as waitpid gives it
    bool timed_out;
    double seconds; // how long it ran, or its limit when it timed out
    char *output;
};

// Forks, runs body(argument), and has the child exit with the value that body returned. When the
// limit passes, the child is sent SIGQUIT (so that a runtime can print what hangs) and two seconds
// later SIGKILL.
struct child_end child_run(int (*body)(void *), void *argument, double limit_seconds);

// True when the child ended as `how` says: 0 is "exit code 0", otherwise a signal number or
// TEST_EXIT(code).
bool child_ended_by(const struct child_end *end, int how);

// The end of the child in words, written to `text`.
void child_describe(const struct child_end *end, char *text, size_t bytes);

#endif
