// wire.c - see wire.h.
#include "scheduler/wire.h"

#include "base/atomic.h"
#include "scheduler/worker.h"

bool wire_hear(struct worker *worker, struct runnable **found) {
    struct wire *wire = worker->scheduler->wire;
    const bool is_first = !worker->listens;
    worker->listens = true;
    worker->has_rung = false;
    return wire->hear(wire, worker, is_first, found);
}

bool wire_sleep(struct worker *worker) {
    struct wire *wire = worker->scheduler->wire;
    const bool has_listened = worker->listens;
    worker->listens = false;
    return wire->leave(wire, worker, has_listened);
}

void wire_leave(struct worker *worker) {
    struct wire *wire = worker->scheduler->wire;
    const bool has_listened = worker->listens;
    worker->listens = false;
    const bool has_rung = worker->has_rung;
    worker->has_rung = false;
    if ((has_listened && !wire->leave(wire, worker, true)) || has_rung) {
        wire_wake_agent(worker->scheduler);
    }
}

void wire_rang(bool is_idle) {
    struct worker *worker = worker_current();
    worker->has_rung = is_idle;
    if (!is_idle) {
        wire_wake_agent(worker->scheduler);
    }
}

uint64_t wire_until(const struct worker *worker, uint64_t until_ns) {
    struct scheduler *scheduler = worker->scheduler;
    if (atomic_load_relaxed(&scheduler->keeper) != worker->index) {
        return until_ns;
    }
    const uint64_t due_ns = atomic_load_relaxed(&scheduler->wire->due_ns);
    return due_ns < until_ns ? due_ns : until_ns;
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
