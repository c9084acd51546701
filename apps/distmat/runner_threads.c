// An item of an executor's map for every single pair, as the original had a thread for every pair.
// A distance costs about as much as what is spent on its item, which is what this runner is there
// to show.
//
// Invariant: a piece is written only after each of its pairs has been given.
// Start reading at root.
#include "runner.h"

#include <tenon.h>

#define PAIRS_AT_ONCE 4096

TN_PFRAME(double, pair, (const struct job *, job), (const struct piece *, piece), (size_t, i)) {
    return job_distance(job, piece, i);
}

static int run_pairs(struct tn_self *self, const struct job *job, const struct piece *piece,
                     double *distances) {
    const struct span span = profile_begin(job->profile);
    struct tn_map *map = tn_map(pair, piece->pairs, job, piece, 0);
    while (tn_map_next(pair, map, distances)) {
        distances++;
    }
    profile_wait(job->profile, &span, "wait for the pairs");
    return tn_map_finish(self, map);
}

TN_PFRAME(int, root, (struct job *, job)) {
    double distances[PAIRS_AT_ONCE];
    struct slot slot = {0};
    int code = TN_OK;
    job->threads = tn_thread_count();
    job->piece_pairs = PAIRS_AT_ONCE;
    while (code == TN_OK && job->error == 0 && job_plan(job, &slot.piece)) {
        code = run_pairs(self, job, &slot.piece, distances);
        if (code == TN_OK) {
            job_format(job, &slot, distances);
            job_put_out(job, &slot);
        }
    }
    job_free_slots(&slot, 1);
    return code;
}

static int run(struct job *job) {
    int answer = TN_OK;
    const int code = tn_run_with(TN_RUN(.num_threads = job->threads), root, &answer, job);
    return code != TN_OK ? code : answer;
}

const struct runner runner_threads = {
    .name = "threads",
    .summary = "an item for each pair: shows what an item costs",
    .is_parallel = true,
    .run = run,
};
