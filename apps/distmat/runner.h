// Runners: ways to get a job done. All of them put out the same bytes.
//
// Invariant: when run returns TN_OK and job->error is 0, every pair was put out exactly once, in
// order. Start reading at struct runner.
#ifndef DISTMAT_RUNNER_H
#define DISTMAT_RUNNER_H

#include <stdbool.h>
#include <stddef.h>

#include "job.h"

struct runner {
    const char *name;
    const char *summary; // one line for --help
    // True for one that reads the input itself, while it calculates.
    bool reads;
    // False for one that uses a single thread, whatever was asked for. Others leave in job->threads
    // how many they had.
    bool is_parallel;
    // True for one whose other processes fill the matrix: best one that they can map.
    bool is_elsewhere;
    // Does the job. Returns TN_OK, also when the output failed (see job->error), or the code of the
    // run that failed.
    int (*run)(struct job *job);
};

extern const struct runner runner_serial;
extern const struct runner runner_threads;
extern const struct runner runner_pool;
extern const struct runner runner_frames;
extern const struct runner runner_pframes;
extern const struct runner runner_pipeline;
extern const struct runner runner_dframes;
extern const struct runner runner_processes;

// The i-th runner, or NULL past the last one.
const struct runner *runner_at(size_t i);

// The runner of that name, or NULL.
const struct runner *runner_find(const char *name);

#endif
