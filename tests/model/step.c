// step.c - which steps of two threads may not be exchanged.
//
// Invariant: symmetric; and steps that do not depend on each other lead to the same state in either
// order, or whole executions would be left out. Start reading at step_depends.
#include <stddef.h>

#include "model/explore.h"

bool step_depends(const struct step *one, const struct step *other) {
    if (one->kind == STEP_LOCAL || other->kind == STEP_LOCAL) {
        return false;
    }
    if (one->kind == STEP_BARRIER || other->kind == STEP_BARRIER) {
        return one->kind != STEP_PAUSE && other->kind != STEP_PAUSE;
    }
    if (one->kind == STEP_PAUSE || other->kind == STEP_PAUSE) {
        // A pause ends when somebody stored something.
        return one->kind == STEP_STORE || other->kind == STEP_STORE;
    }
    if (one->kind == STEP_FENCE || other->kind == STEP_FENCE) {
        // A fence meets others in the one view that everything consistent shares, and only there.
        if (one->is_consistent && other->is_consistent) {
            return true;
        }
    }
    return one->location == other->location && one->location >= 0 &&
           (one->kind != STEP_LOAD || other->kind != STEP_LOAD);
}
