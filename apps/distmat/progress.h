// A bar on a terminal for whatever takes more than half a second.
//
// Invariant: nothing is printed before that, nor where standard error is no terminal, and
// progress_stop leaves the line empty. Called from one thread at a time. Start at progress_add.
#ifndef DISTMAT_PROGRESS_H
#define DISTMAT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what; // shown before the bar
    uint64_t done;
    uint64_t total; // 0: not known yet
    double began;   // seconds
    double printed;
    bool is_wanted;
    bool is_visible;
};

void progress_start(struct progress *progress, const char *what, uint64_t total, bool is_wanted);
void progress_add(struct progress *progress, uint64_t pairs);
void progress_stop(struct progress *progress);

// Seconds since some fixed moment.
double progress_clock(void);

#endif
