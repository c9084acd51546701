// Read, calculate, write: three Frames joined by channels, as the original's asyncio runner. Rows
// are calculated as soon as their places are known, while later ones are still to be read.
//
// Invariant: one slot is in exactly one of: the channel `idle`, a stage's hands, the channel
// `done`. Start reading at root.
#include "runner.h"

#include <errno.h>
#include <stdlib.h>

#include <tenon.h>

#define SLOTS 8

TN_CHANNEL(size_t, counts);
TN_CHANNEL(struct slot *, slots);

struct pipeline {
    struct job *job;
    tn_channel(counts) known; // how many places are, by now
    tn_channel(slots) idle;   // slots to be filled
    tn_channel(slots) done;   // slots to be put out
    struct slot slots[SLOTS];
};

// Receives a slot, and tells the profile how long that took. NULL: there is none any more.
static struct slot *receive(struct tn_self *self, struct pipeline *pipeline,
                            tn_channel(slots) * channel, const char *what) {
    struct slot *slot = NULL;
    const struct span span = profile_begin(pipeline->job->profile);
    const int code = tn_receive(slots, channel, &slot);
    profile_wait(pipeline->job->profile, &span, what);
    return code == TN_OK ? slot : NULL;
}

static bool read_some(struct job *job) {
    const struct span span = profile_begin(job->profile);
    const bool more =
        reader_next(job->reader, job->places, job->fake_io_seconds > 0 ? 1 : JOB_ROWS_AT_ONCE);
    profile_work(job->profile, &span, "read");
    return more;
}

TN_FRAME(void, read_places, (struct pipeline *, pipeline)) {
    struct job *job = pipeline->job;
    bool more = job->reader != NULL;
    int code = tn_send(counts, &pipeline->known, job->places->count);
    while (more && code == TN_OK && job->error == 0) {
        const size_t before = job->places->count;
        more = read_some(job);
        // After a fault only further faults are of interest.
        if (job->reader->faults == 0 && job->reader->error == 0) {
            code = tn_send(counts, &pipeline->known, job->places->count);
        }
        job_pause(job, job->places->count - before);
    }
    (void)tn_close(&pipeline->known);
}

TN_FRAME(void, calculate_pieces, (struct pipeline *, pipeline)) {
    struct job *job = pipeline->job;
    int code = TN_OK;
    for (size_t count; code == TN_OK && tn_receive(counts, &pipeline->known, &count) == TN_OK;) {
        struct piece piece;
        while (code == TN_OK && job->error == 0 && job_plan(job, &piece)) {
            struct slot *slot = receive(self, pipeline, &pipeline->idle, "wait for a free slot");
            if (slot == NULL) {
                break;
            }
            slot->piece = piece;
            job_calculate(job, slot);
            code = tn_send(slots, &pipeline->done, slot);
        }
    }
    (void)tn_close(&pipeline->done);
}

TN_FRAME(void, write_rows, (struct pipeline *, pipeline)) {
    struct slot *slot;
    while ((slot = receive(self, pipeline, &pipeline->done, "wait for rows")) != NULL) {
        job_put_out(pipeline->job, slot);
        if (tn_send(slots, &pipeline->idle, slot) != TN_OK) {
            return;
        }
    }
}

TN_FRAME(int, root, (struct pipeline *, pipeline)) {
    for (size_t i = 0; i < SLOTS; i++) {
        const int code = tn_send(slots, &pipeline->idle, &pipeline->slots[i]);
        if (code != TN_OK) {
            return code;
        }
    }
    struct tn_executor *stages = tn_executor_create(self, TN_EXECUTOR(.name = "pipeline"));
    (void)tn_submit(stages, read_places, pipeline);
    (void)tn_submit(stages, calculate_pieces, pipeline);
    (void)tn_submit(stages, write_rows, pipeline);
    return tn_executor_end(self, stages);
}

static int run(struct job *job) {
    struct pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (pipeline == NULL) {
        job->error = -ENOMEM;
        return 0;
    }
    pipeline->job = job;
    pipeline->known.channel.capacity = SLOTS;
    pipeline->idle.channel.capacity = SLOTS;
    pipeline->done.channel.capacity = SLOTS;
    int answer = TN_OK;
    const int code = tn_run_with(TN_RUN(.num_threads = 1), root, &answer, pipeline);
    (void)tn_channel_free(&pipeline->known);
    (void)tn_channel_free(&pipeline->idle);
    (void)tn_channel_free(&pipeline->done);
    job_free_slots(pipeline->slots, SLOTS);
    free(pipeline);
    return code != TN_OK ? code : answer;
}

const struct runner runner_pipeline = {
    .name = "pipeline",
    .summary = "read, calculate and write as Frames joined by channels",
    .reads = true,
    .run = run,
};
