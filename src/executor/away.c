// away.c - see away.h.
#include "executor/away.h"

int away_run(struct tn_self *self, const struct tn_type *type, unsigned line, void *payload) {
    struct tn_task *task = tn_spawn_type(self, type, line, payload);
    return task == NULL ? TN_NO_MEMORY : tn_await_slow(self, task, payload);
}
