// A pool of processes: pieces are handed to an executor as calls of a DFrame, so many ahead, and
// put out in order as their futures come in. Start reading at root.
#include "elsewhere.h"
#include "runner.h"

static void begin(struct tn_self *self, void *executor, const struct board *board,
                  const struct piece *piece, uint32_t room, void *handle) {
    *(struct tn_future *)handle = tn_submit((struct tn_executor *)executor, calculate_elsewhere,
                                            ELSEWHERE_ARGUMENTS(board, piece, room));
}

static int take(struct tn_self *self, void *handle, int64_t *used) {
    return tn_take(calculate_elsewhere, *(struct tn_future *)handle, used);
}

static const struct elsewhere_way way = {sizeof(struct tn_future), begin, take};

TN_PFRAME(int, root, (struct job *, job)) {
    struct tn_executor *executor = tn_executor_create(self, TN_EXECUTOR(.name = "processes"));
    const int code = elsewhere_work(self, job, &way, executor);
    // What it says of pieces has been heard of each, and a lost one has been calculated again.
    (void)tn_executor_end(self, executor);
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
