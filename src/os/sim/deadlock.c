// deadlock.c - every thread waits and no deadline will come: say so, and how to see it again.
//
// Invariant: the report names every thread once. Start reading at deadlock_report.
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "os/os.h"
#include "os/sim/sim.h"
#include "os/sim/turn.h"

static void describe_thread(const struct sim_thread *thread) {
    char line[256];
    const char *name = thread->name;
    if (thread->reason == SIM_FOR_END) {
        const struct sim_thread *joined = thread->object;
        snprintf(line, sizeof line,
                 "  thread %" PRIu64 " (%s) waits for the end of thread %" PRIu64 " (%s)\n",
                 thread->id, name, joined->id, joined->name);
    } else if (thread->reason == SIM_FOR_WORD) {
        const _Atomic uint32_t *word = (const _Atomic uint32_t *)thread->object;
        snprintf(line, sizeof line,
                 "  thread %" PRIu64 " (%s) waits on the word at %p, now %" PRIu32 "\n", thread->id,
                 name, thread->object, *word);
    } else if (thread->reason == SIM_FOR_POLL) {
        snprintf(line, sizeof line, "  thread %" PRIu64 " (%s) waits for descriptors\n", thread->id,
                 name);
    } else {
        snprintf(line, sizeof line, "  thread %" PRIu64 " (%s) sleeps for ever\n", thread->id,
                 name);
    }
    os_write_error(line);
}

// The command line of this process, as it was given.
static void describe_command(uint64_t seed) {
    char line[4096];
    int used = snprintf(line, sizeof line, "replay with: TENON_SEED=%" PRIu64 " ", seed);
    FILE *file = fopen("/proc/self/cmdline", "re");
    size_t room = sizeof line - (size_t)used - 2;
    size_t got = file == NULL ? 0 : fread(line + used, 1, room, file);
    if (file != NULL) {
        fclose(file);
    }
    for (size_t i = 0; i + 1 < got; i++) {
        char *at = &line[(size_t)used + i];
        *at = *at == '\0' ? ' ' : *at;
    }
    size_t end = (size_t)used + (got == 0 ? 0 : got - 1);
    line[end] = '\n';
    line[end + 1] = '\0';
    os_write_error(line);
}

void deadlock_report(struct list *threads, uint64_t seed, uint64_t now_ns) {
    char line[128];
    snprintf(line, sizeof line, "tenon: deadlock after %" PRIu64 " turns, at %" PRIu64 " ns:\n",
             sim_turns(), now_ns);
    os_write_error(line);
    LIST_EACH(threads, node) {
        describe_thread(container_of(node, struct sim_thread, node));
    }
    describe_command(seed);
    _exit(SIM_EXIT_DEADLOCK);
}
