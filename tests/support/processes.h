// How many processes there are of a kind, so that a test can say that it has left none.
// Invariant: it takes pgrep; where that is missing the expectation fails.
#ifndef SUPPORT_PROCESSES_H
#define SUPPORT_PROCESSES_H

#include <stdio.h>

#include "support/test.h"

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
