// link.c - see link.h.
#include "cluster/link.h"

#include <signal.h>
#include <stdio.h>

struct name {
    int number;
    const char *text;
};

// The signals that end processes, by the words of what they mean here.
static const char *signal_text(int number) {
    static const struct name names[] = {
        {SIGABRT, "SIGABRT: it stopped itself"},
        {SIGBUS, "SIGBUS: it touched memory that cannot be there"},
        {SIGFPE, "SIGFPE: a wrong calculation"},
        {SIGILL, "SIGILL: a wrong instruction"},
        {SIGKILL, "SIGKILL: somebody killed it"},
        {SIGSEGV, "SIGSEGV: it touched memory that is not there"},
        {SIGSYS, "SIGSYS: a system call that is not allowed"},
        {SIGTERM, "SIGTERM: somebody ended it"},
        {SIGXCPU, "SIGXCPU: its limit of CPU time"},
        {SIGXFSZ, "SIGXFSZ: its limit of file sizes"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].number == number) {
            return names[i].text;
        }
    }
    return NULL;
}

void link_describe_end(int detail, char *text, size_t bytes) {
    const char *known = signal_text(detail);
    if (detail == LINK_OUT_OF_MEMORY) {
        (void)snprintf(text, bytes, "was killed because there was no memory left");
    } else if (detail == LINK_REFUSED) {
        (void)snprintf(text, bytes, "was another build of this program");
    } else if (detail == LINK_NOT_STARTED) {
        (void)snprintf(text, bytes, "could not be started");
    } else if (detail == LINK_UNKNOWN) {
        (void)snprintf(text, bytes, "ended, and the system does not tell how");
    } else if (detail <= 0) {
        (void)snprintf(text, bytes, "ended with exit code %d", -detail);
    } else if (known != NULL) {
        (void)snprintf(text, bytes, "was ended by %s", known);
    } else {
        (void)snprintf(text, bytes, "was ended by signal %d", detail);
    }
}
