// process.c - the process and the machine as the simulation shows them.
//
// Invariant: what a program could decide by is the same in every run of a seed: random bytes come
// from it, and the number of CPUs from TENON_SIM_CPUS (4 unless set). Start reading anywhere.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/os.h"
#include "os/sim/turn.h"

enum { CPUS_DEFAULT = 4, CPUS_MAX = 1024 };

void os_random(void *memory, size_t bytes) {
    unsigned char *at = memory;
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (unsigned char)turn_random(256);
    }
}

int os_usable_cpus(void) {
    const char *text = os_environment("TENON_SIM_CPUS");
    int cpus = text == NULL ? 0 : atoi(text);
    return cpus >= 1 && cpus <= CPUS_MAX ? cpus : CPUS_DEFAULT;
}

const char *os_environment(const char *name) {
    return getenv(name);
}

void os_write_error(const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t written = write(STDERR_FILENO, text, left);
        if (written < 0 && errno != EINTR) {
            return;
        }
        if (written > 0) {
            text += written;
            left -= (size_t)written;
        }
    }
}
