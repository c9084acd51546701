// The list of runners. Invariant: every name is unique. Start reading at runner_at.
#include "runner.h"

#include <string.h>

static const struct runner *const runners[] = {
    &runner_serial, &runner_threads, &runner_pool,
    &runner_frames, &runner_pframes, &runner_pipeline,
    &runner_dframes, &runner_processes,
};

const struct runner *runner_at(size_t i) {
    return i < sizeof runners / sizeof runners[0] ? runners[i] : NULL;
}

const struct runner *runner_find(const char *name) {
    for (size_t i = 0; runner_at(i) != NULL; i++) {
        if (strcmp(runner_at(i)->name, name) == 0) {
            return runner_at(i);
        }
    }
    return NULL;
}
