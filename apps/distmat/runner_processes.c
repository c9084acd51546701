// A pool of processes: pieces are handed to an executor as calls of a DFrame, so many ahead, and
// put out in order as their futures come in.
//
// Invariant: future i % rooms is that of piece i from its submission until it has been taken.
// Start reading at work.
#include "elsewhere.h"
#include "runner.h"

#include <errno.h>
#include <stdlib.h>

static struct tn_future submit(struct tn_self *self, struct tn_executor *executor,
                               const struct elsewhere *elsewhere) {
    const size_t room = (elsewhere->begun - 1) % elsewhere->rooms;
    const struct piece *piece = &elsewhere->pieces[room];
    return tn_submit(executor, calculate_elsewhere, tn_text_of(elsewhere->board.path),
                     board_id(&elsewhere->board), piece->destination, piece->origin, piece->pairs,
                     (uint32_t)room);
}

static int work(struct tn_self *self, struct elsewhere *elsewhere, struct tn_future *futures) {
    const int at_once = (int)elsewhere->rooms;
    struct tn_executor *executor =
        tn_executor_create(self, TN_EXECUTOR(.name = "processes", .at_once = at_once));
    int code = TN_OK;
    do {
        while (elsewhere_plan(elsewhere)) {
            futures[(elsewhere->begun - 1) % elsewhere->rooms] =
                submit(self, executor, elsewhere);
        }
        if (elsewhere->ended < elsewhere->begun) {
            int64_t used = 0;
            code = tn_take(calculate_elsewhere, futures[elsewhere->ended % elsewhere->rooms],
                           &used);
            if (code == TN_LOST) {
                used = elsewhere_again(elsewhere);
                code = TN_OK;
            }
            if (code == TN_OK) {
                elsewhere_put_out(elsewhere, used);
            }
        }
    } while (code == TN_OK && elsewhere->ended < elsewhere->begun);
    const int end = tn_executor_end(self, executor);
    return code != TN_OK ? code : end;
}

TN_PFRAME(int, root, (struct job *, job)) {
    struct elsewhere elsewhere;
    int code = TN_OK;
    job->threads = tn_thread_count();
    job->error = elsewhere_init(&elsewhere, job);
    struct tn_future *futures = calloc(elsewhere.rooms, sizeof *futures);
    if (futures == NULL) {
        job->error = -ENOMEM;
    }
    if (job->error == 0) {
        code = work(self, &elsewhere, futures);
    }
    free(futures);
    elsewhere_deinit(&elsewhere);
    return code;
}

static int run(struct job *job) {
    int answer = TN_OK;
    const int code = tn_run_with(ELSEWHERE_RUN(job), root, &answer, job);
    return code != TN_OK ? code : answer;
}

const struct runner runner_processes = {
    .name = "processes",
    .summary = "a pool of processes: an executor of DFrames, put out in order",
    .is_parallel = true,
    .is_elsewhere = true,
    .run = run,
};
