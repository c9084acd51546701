// Flags, latches, barriers, once: waiting for others to come so far; also for threads in no run.
// Invariant: nobody goes on before what it waits for has come to pass, and everybody does then.
#include <tenon.h>

#include <pthread.h>
#include <string.h>

#include "api/misused.h"
#include "api/simulated.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static _Atomic long count;

// ---- flags, latches, barriers, once ----------------------------------------------------------

static struct tn_flag flag;

TN_PFRAME(void, waits_for_the_flag) {
    EXPECT_EQ(tn_flag_wait(self, &flag), TN_OK);
    count++;
}

TN_PFRAME(void, sets_the_flag) {
    for (int i = 0; i < 5; i++) {
        tn_spawn(waits_for_the_flag);
    }
    tn_sleep(self, 0.001);
    EXPECT_EQ(count, 0);
    EXPECT(!tn_flag_is_set(&flag));
    tn_flag_set(&flag);
    tn_children_wait(self);
    EXPECT_EQ(count, 5);
    EXPECT_EQ(tn_flag_wait(self, &flag), TN_OK);
    tn_flag_clear(&flag);
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.001);
    EXPECT_EQ(tn_flag_wait(self, &flag), TN_TIMED_OUT);
    (void)tn_scope_end(self, &scope);
}

TEST(setting_a_flag_wakes_everybody) {
    for (int n = 1; n <= 4; n++) {
        count = 0;
        EXPECT_EQ(tn_run_with(WITH(n), sets_the_flag, NULL), TN_OK);
    }
}

TN_PFRAME(void, does_a_part, (struct tn_latch *, latch)) {
    tn_sleep(self, 1e-5);
    count++;
    EXPECT_EQ(tn_latch_done(latch), TN_OK);
}

TN_PFRAME(void, waits_for_parts) {
    for (int i = 0; i < 20; i++) {
        struct tn_latch latch = {.count = 2};
        count = 0;
        tn_latch_add(&latch, 1);
        for (int k = 0; k < 3; k++) {
            tn_spawn(does_a_part, &latch);
        }
        EXPECT_EQ(tn_latch_wait(self, &latch), TN_OK);
        EXPECT_EQ(count, 3);
        memset(&latch, 0xff, sizeof latch); // nobody uses it any more
    }
}

TEST(a_latch_opens_with_the_last_part) {
    for (int n = 1; n <= 4; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), waits_for_parts, NULL), TN_OK);
    }
}

TN_FRAME(void, is_done_too_often) {
    struct tn_latch latch = {.name = "parts"};
    EXPECT_EQ(tn_latch_done(&latch), TN_OUT_OF_RANGE);
}

static struct tn_barrier barrier;
static _Atomic int lasts;

TN_PFRAME(void, comes_again, (int, rounds)) {
    for (int i = 0; i < rounds; i++) {
        EXPECT(count / 4 >= i); // all have been through the round before
        count++;
        const int code = tn_barrier_wait(self, &barrier);
        EXPECT(code == TN_OK || code == 1);
        lasts += code;
        EXPECT(count >= 4 * (i + 1));
    }
}

TN_FRAME(void, comes_in_vain) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.001);
    EXPECT_EQ(tn_barrier_wait(self, &barrier), TN_TIMED_OUT);
    (void)tn_scope_end(self, &scope);
}

TN_PFRAME(void, four_come) {
    barrier = (struct tn_barrier){.count = 4};
    comes_in_vain(self);
    count = 0;
    lasts = 0;
    for (int i = 0; i < 4; i++) {
        tn_spawn(comes_again, 30);
    }
    tn_children_wait(self);
    EXPECT_EQ(lasts, 30);
}

TEST(a_barrier_lets_go_when_all_have_come) {
    for (int n = 1; n <= 4; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), four_come, NULL), TN_OK);
    }
}

static struct tn_once once;
static _Atomic int tried;

static int fails_twice(struct tn_self *self, void *data) {
    if (tn_thread_index() >= 0) {
        tn_yield(self);
    }
    return ++tried < 3 ? -7 : *(int *)data;
}

TN_PFRAME(int, does_once) {
    int nothing = TN_OK;
    int code;
    while ((code = tn_once_do(self, &once, fails_twice, &nothing)) == -7) {
        count++;
    }
    EXPECT_EQ(tried, 3);
    return code;
}

TN_PFRAME(void, all_do_it_once) {
    once = (struct tn_once){.name = "setup"};
    count = 0;
    tried = 0;
    tn_task(does_once) tasks[5];
    for (int i = 0; i < 5; i++) {
        tasks[i] = tn_spawn(does_once);
    }
    for (int i = 4; i >= 0; i--) {
        EXPECT_EQ(tn_await(does_once, tasks[i]), TN_OK);
    }
    EXPECT_EQ(tried, 3);
    EXPECT_EQ(count, 2);
}

TEST(once_is_done_by_one_and_tried_again_after_a_failure) {
    for (int n = 1; n <= 4; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), all_do_it_once, NULL), TN_OK);
    }
}

// ---- threads that are in no run ----------------------------------------------------------------

static struct tn_latch parts;

static void *takes_part(void *argument) {
    struct tn_self *self = tn_current();
    int nothing = TN_OK;
    EXPECT_EQ(tn_flag_wait(self, &flag), TN_OK);
    const int code = tn_barrier_wait(self, &barrier);
    EXPECT(code == TN_OK || code == 1);
    EXPECT_EQ(tn_once_do(self, &once, fails_twice, &nothing), TN_OK);
    EXPECT_EQ(tn_latch_wait(self, &parts), TN_OK);
    return argument;
}

TN_FRAME(void, goes_ahead) {
    tn_flag_set(&flag);
    const int code = tn_barrier_wait(self, &barrier);
    EXPECT(code == TN_OK || code == 1);
    EXPECT_EQ(tn_latch_done(&parts), TN_OK);
}

TEST(a_thread_in_no_run_takes_part_in_all_of_it) {
    if (is_simulated()) {
        TEST_SKIP("the simulated system has one real thread");
    }
    barrier = (struct tn_barrier){.count = 2};
    parts = (struct tn_latch){.count = 1};
    tried = 5;
    pthread_t thread;
    EXPECT_EQ(pthread_create(&thread, NULL, takes_part, NULL), 0);
    EXPECT_EQ(tn_run_with(WITH(1), goes_ahead, NULL), TN_OK);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
}

static void run_latch(void *argument) {
    (void)argument;
    EXPECT_EQ(tn_run_with(MISUSED_RUN, is_done_too_often, NULL), TN_OK);
    misused_end();
}

TEST(saying_too_often_that_a_part_is_done_is_told) {
    EXPECT_MISUSE(run_latch, "the latch parts was told too often that a part is done");
}
