// wire.c - see wire.h.
#include "scheduler/wire.h"

#include "base/atomic.h"
#include "scheduler/worker.h"

bool wire_hear(struct worker *worker, struct runnable **found) {
    struct wire *wire = worker->scheduler->wire;
    return wire->hear(wire, worker, !worker->listens, found);
}

bool wire_next(struct worker *worker, struct runnable **found) {
    struct wire *wire = worker->scheduler->wire;
    *found = NULL;
    return atomic_load_relaxed(&wire->has_next) && wire->next(wire, worker, found);
}

bool wire_sleep(struct worker *worker) {
    struct wire *wire = worker->scheduler->wire;
    const bool has_listened = worker->listens;
    worker->listens = false;
    return wire->leave(wire, worker, has_listened);
}

void wire_leave(struct worker *worker) {
    struct wire *wire = worker->scheduler->wire;
    worker->listens = false;
    if (!wire->leave(wire, worker, true) && !MUTATED(wire_leaves_without_waking)) {
        wire_wake_agent(worker->scheduler);
    }
}

void wire_sleep_as_agent(struct worker *worker) {
    struct wire *wire = worker->scheduler->wire;
    if (wire_sleep(worker)) {
        const uint64_t until_ns = wire->until_ns; // nobody else writes it
        if (until_ns == OS_NEVER || until_ns > os_now_ns()) {
            idle_sleep_in_world(&worker->idle, wire->world, until_ns);
        }
    }
}

void wire_published(struct scheduler *scheduler) {
    if (atomic_load_relaxed(&scheduler->wire->open) > 0) {
        wire_wake_agent(scheduler);
    }
}

void wire_wake_agent(struct scheduler *scheduler) {
    idle_published();
    idle_wake(&scheduler->workers[scheduler->executors].idle);
}
