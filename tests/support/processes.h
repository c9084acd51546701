// Whether there can be other processes of this program, and how many there are of a kind, so that a
// test can say that it has left none.
// Invariant: counting takes pgrep; where that is missing the expectation fails.
#ifndef SUPPORT_PROCESSES_H
#define SUPPORT_PROCESSES_H

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test.h"

// An emulator that runs this program may not be what the system would run it by.
static inline bool starts_itself(void) {
    char *const arguments[] = {"test", "--list", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child;
    int status = -1;
    const int code = posix_spawn(&child, "/proc/self/exe", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code == 0 && waitpid(child, &status, 0) == child && status == 0;
}

// How many processes have a command line that begins with the text, a regular expression.
static inline int count_processes(const char *text) {
    char command[200];
    (void)snprintf(command, sizeof command, "pgrep -c -f '^%s'", text);
    FILE *file = popen(command, "r");
    int count = -1;
    EXPECT(file != NULL && fscanf(file, "%d", &count) == 1);
    (void)pclose(file);
    return count;
}

#endif
