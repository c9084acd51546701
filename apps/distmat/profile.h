// Where the frames of a run spend their time: calculating, or waiting. For --profile.
//
// A span is a stretch of work, or of waiting, of whoever runs: it is added to what is known of that
// place in the tree, "root;calculate;place of the span". The processor's time comes from the
// thread's clock, so what other programs take is not counted; a wait counts by the wall.
//
//     struct span span = profile_begin(job->profile);
//     ...                                             // work: nothing that waits
//     profile_work(job->profile, &span, "calculate");
//
// Invariant: without a profile (NULL) both calls do nothing. From any thread, inside and outside of
// a run; a span begins and ends on one thread unless it is a wait. Start reading at add.
#ifndef DISTMAT_PROFILE_H
#define DISTMAT_PROFILE_H

#include <stdio.h>

struct profile;

struct span {
    double cpu; // seconds
    double wall;
};

// NULL: no memory.
struct profile *profile_create(void);
void profile_destroy(struct profile *profile);

struct span profile_begin(const struct profile *profile);
void profile_work(struct profile *profile, const struct span *span, const char *place);
void profile_wait(struct profile *profile, const struct span *span, const char *place);

// A table of all places, those that took most processor time first.
void profile_print(struct profile *profile, FILE *file);

// Folded stacks, one place in a line with its microseconds, as flame graph programs read them;
// waits end in "[waits]". Returns 0 or a negative errno value.
int profile_write(struct profile *profile, const char *path);

#endif
