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

static const char *other_text(int detail) {
    static const struct name others[] = {
        {LINK_OUT_OF_MEMORY, "was killed because there was no memory left"},
        {LINK_REFUSED, "was another build of this program"},
        {LINK_NOT_STARTED, "could not be started"},
        {LINK_SILENT, "did not answer any more, and was killed"},
        {LINK_BROKE_RULES, "has spoilt what it shares with its owner, and was killed"},
        {LINK_UNKNOWN, "ended, and the system does not tell how"},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i].number == detail) {
            return others[i].text;
        }
    }
    return NULL;
}

void link_describe_end(int detail, char *text, size_t bytes) {
    const char *signal = signal_text(detail);
    const char *other = other_text(detail);
    if (other != NULL) {
        (void)snprintf(text, bytes, "%s", other);
    } else if (signal != NULL) {
        (void)snprintf(text, bytes, "was ended by %s", signal);
    } else if (detail > 0) {
        (void)snprintf(text, bytes, "was ended by signal %d", detail);
    } else {
        (void)snprintf(text, bytes, "ended with exit code %d", -detail);
    }
}
