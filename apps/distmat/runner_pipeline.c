// Read, calculate, write: three Frames joined by queues, as the original's asyncio runner. Rows are
// calculated as soon as their places are known, while later ones are still to be read.
//
// Invariant: one slot is in exactly one of: the idle queue, a stage's hands, the done queue.
// Start reading at root.
#include "queue.h"
#include "runner.h"

#include <errno.h>
#include <stdlib.h>

#include <tenon.h>

#define SLOTS 8

struct pipeline {
    struct job *job;
    struct queue known; // something was read; the item itself says nothing
    struct queue idle;  // slots to be filled
    struct queue done;  // slots to be put out
    struct slot slots[SLOTS];
};

TN_FRAME(void, read_places, (struct pipeline *, pipeline)) {
    struct job *job = pipeline->job;
    bool more = job->reader != NULL;
    int code = queue_put(&pipeline->known, self, job);
    while (more && code == TN_OK && job->error == 0) {
        more = reader_next(job->reader, job->places, JOB_ROWS_AT_ONCE);
        // After a fault only further faults are of interest.
        if (job->reader->faults == 0 && job->reader->error == 0) {
            code = queue_put(&pipeline->known, self, job);
        }
    }
    queue_close(&pipeline->known);
}

TN_FRAME(void, calculate_pieces, (struct pipeline *, pipeline)) {
    struct job *job = pipeline->job;
    int code = TN_OK;
    while (code == TN_OK && queue_take(&pipeline->known, self) != NULL) {
        struct piece piece;
        while (code == TN_OK && job->error == 0 && job_plan(job, &piece)) {
            struct slot *slot = queue_take(&pipeline->idle, self);
            if (slot == NULL) {
                break;
            }
            slot->piece = piece;
            job_calculate(job, slot);
            code = queue_put(&pipeline->done, self, slot);
        }
    }
    queue_close(&pipeline->done);
}

TN_FRAME(void, write_rows, (struct pipeline *, pipeline)) {
    struct slot *slot;
    while ((slot = queue_take(&pipeline->done, self)) != NULL) {
        job_put_out(pipeline->job, slot);
        if (queue_put(&pipeline->idle, self, slot) < 0) {
            return;
        }
    }
}

TN_FRAME(void, root, (struct pipeline *, pipeline)) {
    int code = queue_init(&pipeline->known, self, "known");
    if (code == TN_OK) {
        code = queue_init(&pipeline->idle, self, "idle");
    }
    if (code == TN_OK) {
        code = queue_init(&pipeline->done, self, "done");
    }
    for (size_t i = 0; code == TN_OK && i < SLOTS; i++) {
        code = queue_put(&pipeline->idle, self, &pipeline->slots[i]);
    }
    if (code < 0) {
        TN_FAIL(self, code, "making the queues");
        return;
    }
    tn_task(read_places) reading = tn_spawn(read_places, pipeline);
    tn_task(calculate_pieces) calculating = tn_spawn(calculate_pieces, pipeline);
    tn_task(write_rows) writing = tn_spawn(write_rows, pipeline);
    code = tn_await_all(self, &reading, &calculating, &writing);
    if (code < 0) {
        TN_FAIL(self, code, "a stage of the pipeline");
    }
}

static int run(struct job *job) {
    struct pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (pipeline == NULL) {
        job->error = -ENOMEM;
        return 0;
    }
    pipeline->job = job;
    int code = tn_run_with(TN_RUN(.num_threads = 1), root, NULL, pipeline);
    job_free_slots(pipeline->slots, SLOTS);
    free(pipeline);
    return code;
}

const struct runner runner_pipeline = {
    .name = "pipeline",
    .summary = "read, calculate and write as Frames joined by queues",
    .reads = true,
    .run = run,
};
