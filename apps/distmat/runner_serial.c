// The plain loop: the original's standard runner, and what the others are compared with.
// Invariant: one slot, one thread, no frames. Start reading at run.
#include "runner.h"

static int run(struct job *job) {
    struct slot slot = {0};
    while (job->error == 0 && job_plan(job, &slot.piece)) {
        job_calculate(job, &slot);
        job_put_out(job, &slot);
    }
    job_free_slots(&slot, 1);
    return 0;
}

const struct runner runner_serial = {
    .name = "serial",
    .summary = "one thread, one loop, no frames",
    .run = run,
};
