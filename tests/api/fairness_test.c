// Fairness: a frame that never waits keeps nobody from running but those bound to its own thread.
//
// Each test has two threads. On one a frame computes and never waits; the other is kept busy by a
// frame that yields and yields, so that no thread is ever idle. What waits must come to run all the
// same.
// Invariant: the hog ends when what it would starve has run, or after LIMIT seconds: then the test
// fails. Start reading at run_beside_a_hog.
#include <tenon/event.h>
#include <tenon/frame.h>
#include <tenon/run.h>
#include <tenon/stream.h>
#include <tenon/time.h>

#include <stdatomic.h>

#include "api/simulated.h"
#include "support/test.h"

#define LIMIT 8.0

static _Atomic bool has_run;  // what the hog could starve
static _Atomic bool is_over;  // the hog has ended
static _Atomic bool is_ready; // what the hog could starve waits now

// On the simulated system, where a thread that computes is never interrupted, it blocks instead.
TN_PFRAME(void, computes) {
    const double end = tn_now() + LIMIT;
    while (!atomic_load(&has_run) && tn_now() < end) {
        tn_block(is_simulated() ? 1e-5 : 0);
    }
    atomic_store(&is_over, true);
}

TN_PFRAME(void, yields_all_the_time) {
    while (!atomic_load(&is_over)) {
        (void)tn_yield(self);
    }
}

static void begin(void) {
    atomic_store(&has_run, false);
    atomic_store(&is_over, false);
    atomic_store(&is_ready, false);
}

// Starts the busy one on the other thread than `index`, and the hog on that one.
static void spawn_hog(struct tn_self *self, int index) {
    tn_task(yields_all_the_time) busy =
        tn_spawn_with(TN_OPTIONS(.thread = 2 - index), yields_all_the_time);
    tn_forget(busy);
    tn_task(computes) hog = tn_spawn_with(TN_OPTIONS(.thread = index + 1), computes);
    tn_forget(hog);
}

// ---- timers ------------------------------------------------------------------------------------

// Its timer lies with the thread that the hog comes to.
TN_PFRAME(void, sleeps_where_the_hog_comes) {
    spawn_hog(self, tn_thread_index());
    (void)tn_sleep(self, 0.002);
    atomic_store(&has_run, true);
}

TN_PFRAME(int, root_of_timers) {
    tn_task(sleeps_where_the_hog_comes) sleeper = tn_spawn(sleeps_where_the_hog_comes);
    tn_await(sleeps_where_the_hog_comes, sleeper);
    return tn_children_wait(self);
}

TEST(a_timer_fires_while_its_thread_computes_and_no_thread_is_idle, .seconds = 30) {
    int code = -1;
    begin();
    const double start = tn_now();
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2, .hog_seconds = -1), root_of_timers, &code),
              TN_OK);
    EXPECT_EQ(code, TN_OK);
    EXPECT(atomic_load(&has_run));
    EXPECT(tn_now() - start < LIMIT);
}

// ---- frames that are ready ---------------------------------------------------------------------

TN_PFRAME(void, waits_for_a_post, (struct tn_event *, tick)) {
    atomic_store(&is_ready, true);
    if (tn_event_wait(self, tick, NULL) == TN_OK) {
        atomic_store(&has_run, true);
    }
}

// Posts, and computes on the thread that the post has been made on.
TN_PFRAME(void, posts_and_computes, (struct tn_event *, tick)) {
    while (!atomic_load(&is_ready)) {
        (void)tn_yield(self);
    }
    (void)tn_sleep(self, 0.001); // until it waits indeed
    tn_task(yields_all_the_time) busy =
        tn_spawn_with(TN_OPTIONS(.thread = 2 - tn_thread_index()), yields_all_the_time);
    tn_forget(busy);
    (void)tn_event_post(tick, NULL);
    (void)tn_yield(self);
    computes(self);
}

TN_PFRAME(int, root_of_ready_frames) {
    struct tn_event *tick = tn_event_create(self, "tick");
    tn_task(waits_for_a_post) waiter = tn_spawn(waits_for_a_post, tick);
    tn_task(posts_and_computes) hog = tn_spawn(posts_and_computes, tick);
    tn_forget(hog);
    tn_await(waits_for_a_post, waiter);
    return tn_children_wait(self);
}

TEST(a_frame_made_ready_beside_a_hog_runs_on_the_other_thread, .seconds = 30) {
    int code = -1;
    for (int i = 0; i < 5; i++) {
        begin();
        const double start = tn_now();
        EXPECT_EQ(
            tn_run_with(TN_RUN(.num_threads = 2, .hog_seconds = -1), root_of_ready_frames, &code),
            TN_OK);
        EXPECT_EQ(code, TN_OK);
        EXPECT(atomic_load(&has_run));
        EXPECT(tn_now() - start < LIMIT);
    }
}

// ---- frames that have not started --------------------------------------------------------------

TN_PFRAME(void, says_that_it_runs) {
    atomic_store(&has_run, true);
}

// Leaves a task on its stack, and waits.
TN_PFRAME(void, spawns_and_waits) {
    tn_task(says_that_it_runs) child = tn_spawn(says_that_it_runs);
    spawn_hog(self, tn_thread_index());
    (void)tn_sleep(self, LIMIT / 2);
    tn_await(says_that_it_runs, child);
}

TN_PFRAME(int, root_of_new_frames) {
    tn_task(spawns_and_waits) parent = tn_spawn(spawns_and_waits);
    tn_await(spawns_and_waits, parent);
    return tn_children_wait(self);
}

TEST(an_older_child_starts_although_every_thread_is_busy, .seconds = 30) {
    int code = -1;
    begin();
    tn_run_with(TN_RUN(.num_threads = 2, .hog_seconds = -1, .seconds = LIMIT / 4),
                root_of_new_frames, &code);
    EXPECT(atomic_load(&has_run));
}

// ---- what happens in the world -----------------------------------------------------------------

enum { ROUNDS = 20 };

TN_PFRAME(void, echoes, (struct tn_stream, from), (struct tn_stream, to)) {
    char byte;
    while (tn_read_exactly(self, from, &byte, 1) == TN_OK &&
           tn_write(self, to, &byte, 1) == TN_OK) {
    }
}

// Waits for each byte where the hog computes, or where the busy one is: nobody is ever idle.
TN_PFRAME(int, talks_beside_a_hog) {
    struct tn_stream here[2], there[2];
    if (tn_pipe(self, &here[0], &here[1]) != TN_OK ||
        tn_pipe(self, &there[0], &there[1]) != TN_OK) {
        return -1;
    }
    tn_task(echoes) other = tn_spawn(echoes, there[0], here[1]);
    tn_forget(other);
    spawn_hog(self, tn_thread_index());
    int rounds = 0;
    for (char sent = 'a', got = 0; rounds < ROUNDS; rounds++, sent++) {
        if (tn_write(self, there[1], &sent, 1) != TN_OK ||
            tn_read_exactly(self, here[0], &got, 1) != TN_OK || got != sent) {
            break;
        }
    }
    atomic_store(&has_run, rounds == ROUNDS);
    return rounds;
}

TN_PFRAME(int, root_of_streams) {
    tn_task(talks_beside_a_hog) talk = tn_spawn(talks_beside_a_hog);
    return tn_await(talks_beside_a_hog, talk);
}

TEST(who_waits_for_bytes_hears_of_them_while_every_thread_is_busy, .seconds = 30) {
    int rounds = 0;
    begin();
    const double start = tn_now();
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2, .hog_seconds = -1), root_of_streams, &rounds),
              TN_OK);
    EXPECT_EQ(rounds, ROUNDS);
    EXPECT(tn_now() - start < LIMIT / 2);
}
