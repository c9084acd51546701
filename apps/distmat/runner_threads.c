// A PFrame for every single pair, as the original had a thread for every pair. A distance costs
// about as much as what is spent on its frame, which is what this runner is there to show.
//
// Invariant: a piece is written only after each of its pairs has been awaited.
// Start reading at root.
#include "runner.h"

#include <tenon.h>

#define PAIRS_AT_ONCE 512

TN_PFRAME(double, pair, (const struct job *, job), (const struct piece *, piece), (size_t, i)) {
    return job_distance(job, piece, i);
}

static void run_pairs(struct tn_self *self, const struct job *job, const struct piece *piece,
                      double *distances) {
    tn_task(pair) tasks[PAIRS_AT_ONCE];
    for (size_t i = 0; i < piece->pairs; i++) {
        tasks[i] = tn_spawn(pair, job, piece, i);
    }
    // The newest first: what nobody has stolen is then a plain call.
    for (size_t i = piece->pairs; i-- > 0;) {
        distances[i] = tn_await(pair, tasks[i]);
    }
}

TN_PFRAME(void, root, (struct job *, job)) {
    double distances[PAIRS_AT_ONCE];
    struct slot slot = {0};
    job->threads = tn_thread_count();
    job->piece_pairs = PAIRS_AT_ONCE;
    while (job->error == 0 && job_plan(job, &slot.piece)) {
        run_pairs(self, job, &slot.piece, distances);
        job_format(job, &slot, distances);
        job_put_out(job, &slot);
    }
    job_free_slots(&slot, 1);
}

static int run(struct job *job) {
    return tn_run_with(TN_RUN(.num_threads = job->threads), root, NULL, job);
}

const struct runner runner_threads = {
    .name = "threads",
    .summary = "a PFrame per pair: shows what a frame costs",
    .is_parallel = true,
    .run = run,
};
