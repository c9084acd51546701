// Cooperative Frames on one thread: one for each piece of a window, each giving way once before it
// begins, so that all of them are alive together. No second thread and no gain in speed: it shows
// what interleaving costs.
//
// Invariant: a window is put out only after each of its Frames has been awaited.
// Start reading at root.
#include "runner.h"
#include "window.h"

#include <tenon.h>

#define FRAMES_AT_ONCE 16

TN_FRAME(void, one_piece, (const struct job *, job), (struct slot *, slot)) {
    if (tn_yield(self) == TN_OK) {
        job_calculate(job, slot);
    }
}

TN_FRAME(void, root, (struct job *, job)) {
    tn_task(one_piece) tasks[FRAMES_AT_ONCE];
    struct window window;
    job->error = window_init(&window, FRAMES_AT_ONCE);
    while (job->error == 0 && window_plan(&window, job) > 0) {
        for (size_t i = 0; i < window.count; i++) {
            tasks[i] = tn_spawn(one_piece, job, &window.slots[i]);
        }
        for (size_t i = 0; i < window.count; i++) {
            tn_await(one_piece, tasks[i]);
        }
        window_put_out(&window, job);
    }
    window_deinit(&window);
}

static int run(struct job *job) {
    return tn_run_with(TN_RUN(.num_threads = 1), root, NULL, job);
}

const struct runner runner_frames = {
    .name = "frames",
    .summary = "cooperative Frames, interleaved on one thread",
    .run = run,
};
