// A pool: pieces are handed to an executor, so many ahead, and put out in order as their futures
// come in.
//
// Invariant: ended <= begun <= ended + capacity; slot i % capacity belongs to the item of piece i
// from its submission until its future has been taken. Start reading at work.
#include "runner.h"
#include "window.h"

#include <errno.h>
#include <stdlib.h>

#include <tenon.h>

#define PIECES_PER_THREAD 8

struct pool {
    struct job *job;
    struct window ring;
    struct tn_future *futures;
    size_t begun; // pieces so far
    size_t ended; // pieces so far
};

TN_PFRAME(void, calculate_piece, (const struct job *, job), (struct slot *, slot)) {
    job_calculate(job, slot);
}

// Hands in as many as the ring has room for.
static void begin(struct tn_self *self, struct pool *pool, struct tn_executor *executor) {
    const size_t capacity = pool->ring.capacity;
    while (pool->begun < pool->ended + capacity && pool->job->error == 0) {
        struct slot *slot = &pool->ring.slots[pool->begun % capacity];
        if (!job_plan(pool->job, &slot->piece)) {
            return;
        }
        pool->futures[pool->begun % capacity] =
            tn_submit(executor, calculate_piece, pool->job, slot);
        pool->begun++;
    }
}

static int work(struct tn_self *self, struct pool *pool) {
    struct tn_executor *executor =
        tn_executor_create(self, TN_EXECUTOR(.name = "pool", .at_once = pool->job->threads));
    int code = TN_OK;
    for (begin(self, pool, executor); code == TN_OK && pool->ended < pool->begun;
         begin(self, pool, executor)) {
        const size_t at = pool->ended % pool->ring.capacity;
        const struct span span = profile_begin(pool->job->profile);
        code = tn_take(calculate_piece, pool->futures[at], NULL);
        profile_wait(pool->job->profile, &span, "wait for a piece");
        if (code == TN_OK) {
            job_put_out(pool->job, &pool->ring.slots[at]);
            pool->ended++;
        }
    }
    const int end = tn_executor_end(self, executor);
    return code != TN_OK ? code : end;
}

TN_PFRAME(int, root, (struct job *, job)) {
    job->threads = tn_thread_count();
    const size_t capacity = PIECES_PER_THREAD * (size_t)job->threads;
    struct pool pool = {.job = job};
    int code = TN_OK;
    pool.futures = calloc(capacity, sizeof *pool.futures);
    job->error = pool.futures != NULL ? window_init(&pool.ring, capacity) : -ENOMEM;
    if (job->error == 0) {
        code = work(self, &pool);
    }
    window_deinit(&pool.ring);
    free(pool.futures);
    return code;
}

static int run(struct job *job) {
    int answer = TN_OK;
    const int code = tn_run_with(TN_RUN(.num_threads = job->threads), root, &answer, job);
    return code != TN_OK ? code : answer;
}

const struct runner runner_pool = {
    .name = "pool",
    .summary = "an executor that pieces are handed to, put out in order",
    .is_parallel = true,
    .run = run,
};
