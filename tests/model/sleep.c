// sleep.c - see sleep.h. A bit and a number for each thread.
//
// Invariant: fresh_from of a thread is 0 unless its next step is a load that may read stale values.
// Start reading at sleep_wake.
#include "model/sleep.h"

#include "model/memory.h"

static struct {
    bool is_asleep;
    int fresh_from;
} threads[MEMORY_THREADS_MAX];

void sleep_reset(void) {
    for (int i = 0; i < MEMORY_THREADS_MAX; i++) {
        threads[i].is_asleep = false;
        threads[i].fresh_from = 0;
    }
}

void sleep_begin(int thread) {
    threads[thread].fresh_from = 0;
}

void sleep_put(int thread, const struct step *step) {
    threads[thread].is_asleep = true;
    if (step->may_be_stale) {
        threads[thread].fresh_from = memory_messages(step->location);
    }
}

void sleep_wake(int thread, const struct step *step, const struct step *chosen) {
    // A store explored before this load: there the load came later and did not see it.
    bool was_explored = chosen->may_be_stale && step->kind == STEP_STORE;
    if (!threads[thread].is_asleep || was_explored || !step_depends(step, chosen)) {
        return;
    }
    threads[thread].is_asleep = false;
    if (chosen->kind != STEP_STORE) {
        threads[thread].fresh_from = 0;
    }
}

void sleep_end(int thread) {
    threads[thread].is_asleep = false;
}

bool sleep_has(int thread) {
    return threads[thread].is_asleep;
}

int sleep_fresh_from(int thread) {
    return threads[thread].fresh_from;
}
