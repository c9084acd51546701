// process.c - small services of the process: random bytes, environment, standard error.
//
// Invariant: none of these can fail towards its caller. Start reading anywhere.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/check.h"
#include "os/os.h"

void os_random(void *memory, size_t bytes) {
    unsigned char *at = memory;
    while (bytes > 0) {
        ssize_t got = getrandom(at, bytes, 0);
        if (got < 0) {
            REQUIRE(errno == EINTR, "the system gives no random bytes");
            continue;
        }
        at += got;
        bytes -= (size_t)got;
    }
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
