// away.h - calling an item's function as a child of its lane, in a run that has other processes, so
// that it may run in one of them. A call in place would keep it here.
//
// Invariant: as with in_place.h, the lane's own frame has no tasks before and after.
#ifndef TENON_EXECUTOR_AWAY_H
#define TENON_EXECUTOR_AWAY_H

#include <stdbool.h>

#include "frame/run.h"

// Whether the function of that type might run in another process.
static inline bool away_is_possible(struct tn_self *self, const struct tn_type *type) {
    return type->travel != NULL && task_stack_of(self)->frame->run->elsewhere != NULL;
}

// Arguments and result are at `payload`. Returns the outcome.
int away_run(struct tn_self *self, const struct tn_type *type, unsigned line, void *payload);

#endif
