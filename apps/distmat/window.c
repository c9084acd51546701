// Invariant: see window.h. Start reading at window_plan.
#include "window.h"

#include <errno.h>
#include <stdlib.h>

int window_init(struct window *window, size_t capacity) {
    *window = (struct window){.slots = calloc(capacity, sizeof *window->slots)};
    if (window->slots == NULL) {
        return -ENOMEM;
    }
    window->capacity = capacity;
    return 0;
}

void window_deinit(struct window *window) {
    job_free_slots(window->slots, window->capacity);
    free(window->slots);
    *window = (struct window){0};
}

size_t window_plan(struct window *window, struct job *job) {
    window->count = 0;
    while (job->error == 0 && window->count < window->capacity &&
           job_plan(job, &window->slots[window->count].piece)) {
        window->count++;
    }
    return window->count;
}

void window_put_out(struct window *window, struct job *job) {
    for (size_t i = 0; i < window->count; i++) {
        job_put_out(job, &window->slots[i]);
    }
    window->count = 0;
}
