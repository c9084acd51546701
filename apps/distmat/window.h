// A window of consecutive pieces: planned together, calculated in any order, put out in order. It
// bounds what a runner holds in memory.
//
// Invariant: slots[0 .. count) are planned and not yet put out; the others only keep their room.
// Start reading at window_plan.
#ifndef DISTMAT_WINDOW_H
#define DISTMAT_WINDOW_H

#include <stddef.h>

#include "job.h"

struct window {
    struct slot *slots;
    size_t capacity;
    size_t count;
};

// Room for `capacity` pieces. Returns 0 or -ENOMEM.
int window_init(struct window *window, size_t capacity);
void window_deinit(struct window *window);

// Plans as many pieces as fit, none after an error; returns how many.
size_t window_plan(struct window *window, struct job *job);

// Puts all planned pieces out.
void window_put_out(struct window *window, struct job *job);

#endif
