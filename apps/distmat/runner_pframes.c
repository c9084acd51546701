// Divide and conquer: a window of pieces is halved, one half is a PFrame that any thread may take,
// until one piece is left. While one window is put out, the next one can already be stolen.
//
// Invariant: a window is put out only after the PFrame over it has been awaited.
// Start reading at root.
#include "runner.h"
#include "window.h"

#include <tenon.h>

#define PIECES_PER_THREAD 8

TN_PFRAME(void, halves, (const struct job *, job), (struct slot *, slots), (size_t, count)) {
    if (count == 1) {
        job_calculate(job, slots);
        return;
    }
    size_t half = count / 2;
    tn_task(halves) left = tn_spawn(halves, job, slots, half);
    halves(self, job, slots + half, count - half);
    tn_await(halves, left);
}

static void work(struct tn_self *self, struct job *job, struct window *now, struct window *next) {
    window_plan(now, job);
    if (now->count > 0) {
        halves(self, job, now->slots, now->count);
    }
    while (now->count > 0) {
        if (window_plan(next, job) == 0) {
            window_put_out(now, job);
            return;
        }
        tn_task(halves) task = tn_spawn(halves, job, next->slots, next->count);
        window_put_out(now, job);
        tn_await(halves, task);
        struct window *done = now;
        now = next;
        next = done;
    }
}

TN_PFRAME(void, root, (struct job *, job)) {
    struct window windows[2] = {{0}, {0}};
    size_t capacity = PIECES_PER_THREAD * (size_t)runner_threads_of(job);
    job->error = window_init(&windows[0], capacity);
    if (job->error == 0) {
        job->error = window_init(&windows[1], capacity);
    }
    if (job->error == 0) {
        work(self, job, &windows[0], &windows[1]);
    }
    window_deinit(&windows[1]);
    window_deinit(&windows[0]);
}

static int run(struct job *job) {
    return tn_run_with(TN_RUN(.num_threads = runner_threads_of(job)), root, NULL, job);
}

const struct runner runner_pframes = {
    .name = "pframes",
    .summary = "PFrames, divide and conquer over all threads (default)",
    .is_parallel = true,
    .run = run,
};
