// DFrames: pieces that any process may take, awaited and put out in order.
//
// Invariant: task i % rooms is that of piece i from its spawn until its await. Start reading at
// root.
#include "elsewhere.h"
#include "runner.h"

#include <errno.h>
#include <stdlib.h>

typedef tn_task(calculate_elsewhere) task;

static task begin(struct tn_self *self, const struct elsewhere *elsewhere) {
    const size_t room = (elsewhere->begun - 1) % elsewhere->rooms;
    const struct piece *piece = &elsewhere->pieces[room];
    return tn_spawn(calculate_elsewhere, tn_text_of(elsewhere->board.path),
                    board_id(&elsewhere->board), piece->destination, piece->origin, piece->pairs,
                    (uint32_t)room);
}

static int work(struct tn_self *self, struct elsewhere *elsewhere, task *tasks) {
    int code = TN_OK;
    do {
        while (elsewhere_plan(elsewhere)) {
            tasks[(elsewhere->begun - 1) % elsewhere->rooms] = begin(self, elsewhere);
        }
        if (elsewhere->ended < elsewhere->begun) {
            int64_t used = 0;
            code = tn_try_await(calculate_elsewhere, tasks[elsewhere->ended % elsewhere->rooms],
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
    return code;
}

// The piece of a process that has died is calculated again: no reason to end the run.
static enum tn_verdict absorb_loss(const struct tn_failure *failure, int *replace, void *data) {
    (void)replace, (void)data;
    return failure->code == TN_LOST ? TN_ABSORB : TN_PASS;
}

TN_PFRAME(int, root, (struct job *, job)) {
    struct elsewhere elsewhere;
    int code = tn_on_failure(self, absorb_loss, NULL);
    job->threads = tn_thread_count();
    job->error = elsewhere_init(&elsewhere, job);
    task *tasks = calloc(elsewhere.rooms, sizeof *tasks);
    if (tasks == NULL) {
        job->error = -ENOMEM;
    }
    if (code == TN_OK && job->error == 0) {
        code = work(self, &elsewhere, tasks);
    }
    free(tasks);
    elsewhere_deinit(&elsewhere);
    return code;
}

static int run(struct job *job) {
    int answer = TN_OK;
    const int code = tn_run_with(ELSEWHERE_RUN(job), root, &answer, job);
    return code != TN_OK ? code : answer;
}

const struct runner runner_dframes = {
    .name = "dframes",
    .summary = "DFrames: pieces for any process, places and matrix shared",
    .is_parallel = true,
    .is_elsewhere = true,
    .run = run,
};
