// Which DFrame this is, and which attempt of it: in this process, and in others of this program.
// Invariant: whoever runs it where, no two DFrames of a run are the same. Start reading at the
// first TEST.
#include <signal.h>
#include <stdlib.h>
#include <tenon.h>
#include <unistd.h>

#include "api/simulated.h"
#include "support/processes.h"
#include "support/test.h"

enum { MANY = 300 };

TN_DFRAME(struct tn_attempt, which) {
    return tn_attempt_of(self);
}

// ---- in this process -------------------------------------------------------------------------

static bool is_none(struct tn_attempt attempt) {
    return attempt.run == 0 && attempt.task == 0 && attempt.attempt == 0;
}

static bool is_same(struct tn_attempt one, struct tn_attempt other) {
    return one.run == other.run && one.task == other.task && one.attempt == other.attempt;
}

TN_FRAME(struct tn_attempt, which_frame) {
    return tn_attempt_of(self);
}

TN_PFRAME(struct tn_attempt, which_pframe) {
    return tn_attempt_of(self);
}

// What it calls and awaits changes nothing; what is below it is no DFrame, or another one.
TN_DFRAME(struct tn_attempt, asks_all_around, (bool, asks_first)) {
    struct tn_attempt first = {0, 0, 0};
    if (asks_first) {
        first = tn_attempt_of(self);
    }
    tn_task(which_frame) frame = tn_spawn(which_frame);
    tn_task(which_pframe) pframe = tn_spawn(which_pframe);
    tn_task(which) other = tn_spawn(which);
    const struct tn_attempt others = tn_await(which, other);
    EXPECT(is_none(tn_await(which_pframe, pframe)));
    EXPECT(is_none(tn_await(which_frame, frame)));
    EXPECT_EQ(tn_sleep(self, 0.001), TN_OK);
    const struct tn_attempt mine = tn_attempt_of(self);
    EXPECT(!asks_first || is_same(first, mine));
    EXPECT(is_same(which(self), mine)); // called, not spawned
    EXPECT(others.run == mine.run && others.task != mine.task);
    return mine;
}

TN_PFRAME(void, looks_around, (int, n)) {
    EXPECT(is_none(tn_attempt_of(self)));
    for (int i = 0; i < n; i++) {
        tn_task(asks_all_around) child = tn_spawn(asks_all_around, i % 2 == 0);
        if (i % 3 == 0) { // it gets a stack of its own, if another thread is free
            EXPECT_EQ(tn_sleep(self, 0.001), TN_OK);
        }
        const struct tn_attempt attempt = tn_await(asks_all_around, child);
        EXPECT(attempt.run != 0 && attempt.task != 0);
        EXPECT_EQ(attempt.attempt, 1);
    }
    EXPECT(is_none(tn_attempt_of(self)));
}

TEST(a_dframe_learns_the_same_of_itself_each_time_and_others_learn_nothing) {
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2), looks_around, NULL, 12), TN_OK);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), looks_around, NULL, 12), TN_OK);
}

TEST(a_dframe_that_is_root_is_one_too_and_each_run_is_another) {
    struct tn_attempt first, second;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), which, &first), TN_OK);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), which, &second), TN_OK);
    EXPECT(first.task != 0 && second.task != 0);
    EXPECT_EQ(first.attempt, 1);
    EXPECT(first.run != second.run);
}

static uint64_t number_of_port(struct tn_self *self) {
    return tn_port_of(tn_event_create(self, "any")).run;
}

TN_DFRAME(bool, has_the_number_of_ports) {
    const uint64_t run = tn_attempt_of(self).run;
    return run == number_of_port(self);
}

TEST(the_number_of_a_run_is_that_of_its_ports) {
    bool is_so = false;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), has_the_number_of_ports, &is_so), TN_OK);
    EXPECT(is_so);
}

static void expect_unique(const struct tn_attempt *attempts, int count) {
    for (int i = 0; i < count; i++) {
        EXPECT(attempts[i].run == attempts[0].run && attempts[i].task != 0);
        EXPECT_EQ(attempts[i].attempt, 1);
        for (int j = 0; j < i; j++) {
            EXPECT(attempts[j].task != attempts[i].task);
        }
    }
}

TN_PFRAME(uint64_t, spawns_many, (int, count)) {
    static struct tn_attempt attempts[MANY];
    tn_task(which) children[MANY];
    for (int i = 0; i < count; i++) {
        children[i] = tn_spawn(which);
    }
    EXPECT_EQ(tn_sleep(self, 0.002), TN_OK); // others begin some of them
    for (int i = 0; i < count; i++) {
        attempts[i] = tn_await(which, children[i]);
    }
    expect_unique(attempts, count);
    return attempts[0].run;
}

TEST(no_two_dframes_of_a_run_are_the_same) {
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 3), spawns_many, NULL, MANY), TN_OK);
}

// ---- in others -------------------------------------------------------------------------------

static const struct tn_run_options *options(const char *place) {
    static const struct tn_run_options two = {.num_threads = 2, .num_processes = 2};
    if (is_simulated()) {
        TEST_SKIP("the simulated system has no other processes");
    }
    if (!starts_itself()) {
        TEST_SKIP("this system does not start programs of its own machine");
    }
    setenv("TENON_PLACE", place, 1);
    return &two;
}

TEST(nor_are_those_that_run_in_several_processes) {
    EXPECT_EQ(tn_run_with(options("remote"), spawns_many, NULL, MANY), TN_OK);
    EXPECT_EQ(tn_run_with(options("here"), spawns_many, NULL, MANY), TN_OK);
    unsetenv("TENON_PLACE"); // some here, some there
    EXPECT_EQ(tn_run_with(options(""), spawns_many, NULL, MANY), TN_OK);
}

TN_PROCESS_QUEUE(struct tn_attempt, attempts);

// Tells which attempt it is, and is killed but for the last time.
TN_DFRAME(struct tn_attempt, dies_twice, (struct tn_port, told)) {
    const struct tn_attempt mine = tn_attempt_of(self);
    EXPECT_EQ(tn_port_put(attempts, told, mine), TN_OK);
    if (mine.attempt < 3) {
        kill(getpid(), SIGKILL);
    }
    return mine;
}

TN_PFRAME(void, hears_of_each, (int, count)) {
    tn_queue(attempts) queue = TN_QUEUE_OF(.name = "attempts");
    const struct tn_port port = tn_queue_port(attempts, &queue);
    uint64_t before = 0;
    for (int i = 0; i < count; i++) {
        tn_task(dies_twice) child = tn_spawn_with(TN_OPTIONS(.begins_max = 3), dies_twice, port);
        const struct tn_attempt last = tn_await(dies_twice, child);
        EXPECT_EQ(last.attempt, 3);
        EXPECT(last.task != before);
        before = last.task;
        for (uint32_t attempt = 1; attempt <= 3; attempt++) {
            struct tn_attempt told;
            EXPECT_EQ(tn_try_get(attempts, &queue, &told), TN_OK);
            EXPECT(told.run == last.run && told.task == last.task);
            EXPECT_EQ(told.attempt, attempt);
        }
    }
    EXPECT_EQ(tn_queue_count(&queue), 0);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
}

TEST(a_dframe_whose_process_is_killed_is_the_same_in_its_next_attempt) {
    EXPECT_EQ(tn_run_with(options("remote"), hears_of_each, NULL, 3), TN_OK);
}
