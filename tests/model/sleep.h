// sleep.h - which threads' next steps were explored already, from here or from earlier.
//
// A thread sleeps once its next step was explored, until another thread makes a step that depends
// on that one: going on with it before would only repeat executions. After: P. Godefroid,
// Partial-order methods for the verification of concurrent systems (1996).
//
// Loads are told apart further. One that does not see a store may be made before or after it; so a
// store wakes a load only for what the load may now read anew, and a load does not wake a store.
//
// Invariant: a sleeping thread has not made the step with which it was put to sleep.
// Start reading at sleep_wake.
#ifndef MODEL_SLEEP_H
#define MODEL_SLEEP_H

#include <stdbool.h>

#include "model/explore.h"

// Wakes all: an execution begins.
void sleep_reset(void);

// The thread has announced another step.
void sleep_begin(int thread);

// From here on the thread's next step was explored.
void sleep_put(int thread, const struct step *step);

// `chosen` is made next: wakes the thread if its own step depends on that.
void sleep_wake(int thread, const struct step *step, const struct step *chosen);

// Another thread wakes it in the model, too.
void sleep_end(int thread);

bool sleep_has(int thread);

// A load by the thread that read one of the first so many messages would repeat an execution.
int sleep_fresh_from(int thread);

#endif
