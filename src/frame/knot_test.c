// knot_test.c - looking for knots again and again, while frames take locks, wait for each other,
// run out of time and are removed, on one thread and on several.
//
// Invariant: nobody is told of a knot, since everybody takes the locks in one order and nobody
// waits for a child with a lock that it needs; and nobody is suspect, at once, since who holds a
// lock waits for nothing but locks and children. No wait is lost, and none ends for no reason.
// Start reading at lives.
#include "frame/knot.h"

#include <tenon.h>

#include "base/random.h"
#include "scheduler/worker.h"
#include "support/test.h"

enum { LOCKS = 4, FRAMES = 12 };

static struct tn_mutex locks[LOCKS];
static struct tn_rwlock table;
static _Atomic int tellings;
static _Atomic int looks;

static void count_telling(const char *sentence, void *data) {
    (void)data;
    TEST_NOTE("%s", sentence);
    atomic_fetch_add_relaxed(&tellings, 1);
}

// ---- looking ---------------------------------------------------------------------------------

static struct task_stack *look(struct worker *worker, struct runnable *runnable) {
    (void)runnable;
    knots_look(worker->scheduler);
    atomic_fetch_add_relaxed(&looks, 1);
    return NULL;
}

TN_FRAME(void, looks_all_the_time) {
    struct runnable room = {.run = look};
    int asked = atomic_load_relaxed(&looks);
    bool is_over = false;
    while (!is_over) { // not before what was submitted has run
        scheduler_submit_anyone(worker_current()->scheduler, &room, false);
        asked++;
        while (atomic_load_relaxed(&looks) < asked) {
            is_over = tn_yield(self) != TN_OK || is_over;
            if (is_over) {
                os_thread_yield();
            }
        }
    }
}

// ---- what frames do --------------------------------------------------------------------------

TN_PFRAME(int, rests_a_little, (double, seconds)) {
    return tn_sleep(self, seconds);
}

// TN_OK, or why this frame has to end.
static int live_once(struct tn_self *self, struct random *random) {
    const int first = (int)(random_next(random) % LOCKS);
    const int second = first + 1 + (int)(random_next(random) % LOCKS);
    const bool reads = random_next(random) % 2 == 0;
    int code = tn_mutex_lock(self, &locks[first]);
    if (code != TN_OK) {
        return code;
    }
    if (second < LOCKS && (code = tn_mutex_lock(self, &locks[second])) == TN_OK) {
        tn_task(rests_a_little) child = tn_spawn(rests_a_little, 1e-5);
        if (random_next(random) % 2 == 0) {
            (void)tn_try_await(rests_a_little, child, NULL);
        } else {
            (void)tn_children_wait(self);
        }
        EXPECT_EQ(tn_mutex_unlock(self, &locks[second]), TN_OK);
    }
    if (code == TN_OK) {
        code = reads ? tn_rwlock_read(self, &table) : tn_rwlock_write(self, &table);
        if (code == TN_OK) {
            (void)tn_yield(self);
            EXPECT_EQ(reads ? tn_rwlock_read_end(self, &table) : tn_rwlock_write_end(self, &table),
                      TN_OK);
        }
    }
    EXPECT_EQ(tn_mutex_unlock(self, &locks[first]), TN_OK);
    return code;
}

// Ends well, or by its deadline, or by whoever removes it.
TN_PFRAME(void, lives, (uint64_t, seed), (int, rounds)) {
    struct random random;
    random_init(&random, seed);
    struct tn_scope scope;
    const bool has_deadline = seed % 3 == 0;
    if (has_deadline) {
        tn_deadline_begin(self, &scope, 0.004);
    }
    int code = TN_OK;
    for (int i = 0; i < rounds && code == TN_OK; i++) {
        code = live_once(self, &random);
    }
    EXPECT(code == TN_OK || code == TN_CANCELLED || (has_deadline && code == TN_TIMED_OUT));
    if (has_deadline) {
        (void)tn_scope_end(self, &scope);
    }
}

TN_FRAME(void, all_live, (uint64_t, seed), (int, rounds)) {
    tn_task(looks_all_the_time) looker = tn_spawn(looks_all_the_time);
    struct tn_frame *looks_on = tn_share(looker);
    struct tn_frame *frames[FRAMES];
    for (int i = 0; i < FRAMES; i++) {
        tn_task(lives) task = tn_spawn(lives, seed * FRAMES + (uint64_t)i, rounds);
        frames[i] = tn_share(task);
    }
    (void)tn_sleep(self, 0.002);
    EXPECT(tn_remove(self, frames[1]) || tn_join(lives, frames[1], NULL) == TN_OK);
    for (int i = 0; i < FRAMES; i++) {
        const int code = tn_wait(self, tn_of_frame(frames[i]));
        EXPECT(code == TN_OK || code == TN_REMOVED || code == TN_TIMED_OUT);
    }
    EXPECT(tn_remove(self, looks_on));
}

TEST(looks_at_any_moment_tell_nobody_and_lose_no_wait, .seconds = 60) {
    const int rounds = 40 / test_slowness();
    for (int n = 1; n <= 4; n++) {
        for (uint64_t i = 0; i < 3; i++) {
            const struct tn_run_options *options =
                TN_RUN(.num_threads = n, .suspect_seconds = 1e-9, .report = count_telling);
            EXPECT_EQ(tn_run_with(options, all_live, NULL, test_seed() * 1000 + i, rounds), TN_OK);
            for (int k = 0; k < LOCKS; k++) {
                EXPECT_EQ(tn_mutex_try(tn_current(), &locks[k]), TN_OK); // all were given back
                EXPECT_EQ(tn_mutex_unlock(tn_current(), &locks[k]), TN_OK);
            }
        }
    }
    EXPECT_EQ(tellings, 0);
    TEST_NOTE("%d looks", looks);
    EXPECT(looks > 50);
}
