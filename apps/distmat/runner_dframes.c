// DFrames: pieces that any process may take, awaited and put out in order. Start reading at root.
#include "elsewhere.h"
#include "runner.h"

typedef tn_task(calculate_elsewhere) task;

static void begin(struct tn_self *self, void *upper, const struct board *board,
                  const struct piece *piece, uint32_t room, void *handle) {
    (void)upper;
    *(task *)handle = tn_spawn(calculate_elsewhere, ELSEWHERE_ARGUMENTS(board, piece, room));
}

static int take(struct tn_self *self, void *handle, int64_t *used) {
    return tn_try_await(calculate_elsewhere, *(task *)handle, used);
}

static const struct elsewhere_way way = {sizeof(task), begin, take};

// The piece of a process that has died is calculated again: no reason to end the run.
static enum tn_verdict absorb_loss(const struct tn_failure *failure, int *replace, void *data) {
    (void)replace, (void)data;
    return failure->code == TN_LOST ? TN_ABSORB : TN_PASS;
}

TN_PFRAME(int, root, (struct job *, job)) {
    const int code = tn_on_failure(self, absorb_loss, NULL);
    return code == TN_OK ? elsewhere_work(self, job, &way, NULL) : code;
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
