// Divide and conquer: a window of pieces is halved, one half is a PFrame that any thread may take,
// until one piece is left. Several windows are under way at once, so that a thread that finds the
// oldest one finished by others has the next one to take from.
//
// Invariant: windows are put out in the order in which they were planned, each only after the
// PFrame over it has been awaited. Start reading at root.
#include "runner.h"
#include "window.h"

#include <tenon.h>

#define PIECES_PER_THREAD 4
#define WINDOWS 3

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

static void work(struct tn_self *self, struct job *job, struct window *windows) {
    tn_task(halves) tasks[WINDOWS];
    size_t begun = 0;
    size_t ended = 0;
    bool is_planned = false;
    do {
        while (!is_planned && begun < ended + WINDOWS) {
            struct window *window = &windows[begun % WINDOWS];
            is_planned = window_plan(window, job) == 0;
            if (!is_planned) {
                tasks[begun % WINDOWS] = tn_spawn(halves, job, window->slots, window->count);
                begun++;
            }
        }
        if (ended < begun) {
            tn_await(halves, tasks[ended % WINDOWS]);
            window_put_out(&windows[ended % WINDOWS], job);
            ended++;
        }
    } while (ended < begun || !is_planned);
}

TN_PFRAME(void, root, (struct job *, job)) {
    struct window windows[WINDOWS] = {{0}};
    job->threads = tn_thread_count();
    size_t capacity = PIECES_PER_THREAD * (size_t)job->threads;
    for (int i = 0; i < WINDOWS && job->error == 0; i++) {
        job->error = window_init(&windows[i], capacity);
    }
    if (job->error == 0) {
        work(self, job, windows);
    }
    for (int i = 0; i < WINDOWS; i++) {
        window_deinit(&windows[i]);
    }
}

static int run(struct job *job) {
    return tn_run_with(TN_RUN(.num_threads = job->threads), root, NULL, job);
}

const struct runner runner_pframes = {
    .name = "pframes",
    .summary = "PFrames, divide and conquer over all threads (default)",
    .is_parallel = true,
    .run = run,
};
