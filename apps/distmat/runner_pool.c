// A fixed number of PFrames that take one piece after the other from a ring. Whoever finishes the
// piece that is next in order puts it out, and those behind it that are ready.
//
// Invariant: put_out <= planned <= put_out + capacity; slot i % capacity belongs to whoever took
// piece i until is_ready, then to whoever puts it out. The lock guards the counters and flags only,
// never a calculation, and the frame that holds it does not wait.
// Start reading at work.
#include "runner.h"
#include "window.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <tenon.h>

#define PIECES_PER_THREAD 8
#define WORKERS_MAX 1024
// A full ring means that the oldest piece is still being calculated: about a piece's time.
#define FULL_PAUSE_SECONDS 50e-6

struct pool {
    struct job *job;
    pthread_mutex_t lock;
    struct window ring;
    bool *is_ready;
    size_t planned; // pieces so far
    size_t put_out; // pieces so far
    bool is_putting_out;
    bool is_over; // nothing is left to be taken
};

// Takes the next piece. False when there is none, or the ring is full (is_over tells which).
static bool take(struct pool *pool, size_t *number, bool *is_over) {
    bool is_taken = false;
    pthread_mutex_lock(&pool->lock);
    if (!pool->is_over && pool->planned < pool->put_out + pool->ring.capacity) {
        struct slot *slot = &pool->ring.slots[pool->planned % pool->ring.capacity];
        is_taken = job_plan(pool->job, &slot->piece);
        pool->is_over = !is_taken;
        if (is_taken) {
            *number = pool->planned++;
        }
    }
    *is_over = pool->is_over;
    pthread_mutex_unlock(&pool->lock);
    return is_taken;
}

static void hand_over(struct pool *pool, size_t number) {
    pthread_mutex_lock(&pool->lock);
    pool->is_ready[number % pool->ring.capacity] = true;
    if (!pool->is_putting_out) {
        pool->is_putting_out = true;
        for (;;) {
            size_t next = pool->put_out % pool->ring.capacity;
            if (!pool->is_ready[next]) {
                break;
            }
            pthread_mutex_unlock(&pool->lock);
            job_put_out(pool->job, &pool->ring.slots[next]);
            pthread_mutex_lock(&pool->lock);
            pool->is_ready[next] = false;
            pool->put_out++;
            pool->is_over |= pool->job->error < 0;
        }
        pool->is_putting_out = false;
    }
    pthread_mutex_unlock(&pool->lock);
}

TN_PFRAME(void, work, (struct pool *, pool)) {
    for (;;) {
        size_t number = 0;
        bool is_over;
        if (take(pool, &number, &is_over)) {
            job_calculate(pool->job, &pool->ring.slots[number % pool->ring.capacity]);
            hand_over(pool, number);
        } else if (is_over || tn_sleep(self, FULL_PAUSE_SECONDS) < 0) {
            return;
        }
    }
}

static void run_workers(struct tn_self *self, struct pool *pool) {
    tn_task(work) workers[WORKERS_MAX];
    int count = pool->job->threads;
    for (int i = 0; i < count; i++) {
        workers[i] = tn_spawn(work, pool);
    }
    while (count-- > 0) {
        tn_await(work, workers[count]);
    }
}

TN_PFRAME(void, root, (struct job *, job)) {
    job->threads = tn_thread_count();
    size_t capacity = PIECES_PER_THREAD * (size_t)job->threads;
    struct pool pool = {.job = job, .lock = PTHREAD_MUTEX_INITIALIZER};
    pool.is_ready = calloc(capacity, sizeof *pool.is_ready);
    job->error = pool.is_ready != NULL ? window_init(&pool.ring, capacity) : -ENOMEM;
    if (job->error == 0) {
        run_workers(self, &pool);
    }
    window_deinit(&pool.ring);
    free(pool.is_ready);
    pthread_mutex_destroy(&pool.lock);
}

static int run(struct job *job) {
    return tn_run_with(TN_RUN(.num_threads = job->threads), root, NULL, job);
}

const struct runner runner_pool = {
    .name = "pool",
    .summary = "a fixed number of PFrames that take pieces in turn",
    .is_parallel = true,
    .run = run,
};
