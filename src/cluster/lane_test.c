// DFrames that go through a lane, one after another: lane.h.
//
// Invariant: each gives its own result, whatever else its process or its parent has to do. How many
// go through one depends on when their threads run. Start reading at go_through.
#include <tenon.h>
#include <tenon/attempt.h>
#include <tenon/event.h>
#include <tenon/run.h>

#include "cluster/guest.h"
#include "support/flights.h"

enum { MANY = 1000, SOME = 200, RUNS_MAX = 40 };

// Who is parked at each step, or waits for a thief, has no lane.
static bool has_lanes(void) {
    return !hard_is(HARD_PARK);
}

// ---- there and back --------------------------------------------------------------------------

TN_DATA(pair, (int64_t, one), (double, other));

TN_DFRAME(struct pair, turn, (struct pair, pair)) {
    return (struct pair){-pair.one, pair.other / 2};
}

TN_DFRAME(short, shorten, (char, a), (short, b)) {
    return (short)(a + b);
}

TN_DFRAME(void, counts) {
    begun++;
}

static void send_each(struct tn_self *self, int i) {
    tn_task(square) first = tn_spawn(square, i);
    EXPECT_EQ(tn_await(square, first), (long)i * i);
    const struct pair pair = {i, i};
    tn_task(turn) second = tn_spawn(turn, pair);
    const struct pair turned = tn_await(turn, second);
    EXPECT(turned.one == -i && turned.other == i / 2.0);
    tn_task(shorten) third = tn_spawn(shorten, 'a', (short)i);
    EXPECT_EQ(tn_await(shorten, third), (short)('a' + i));
    tn_task(counts) fourth = tn_spawn(counts);
    EXPECT_EQ(tn_try_await(counts, fourth, NULL), TN_OK);
}

static int went; // rounds of which the last one has gone through a lane

TN_PFRAME(void, go_through) {
    meet(self);
    for (int i = 0; i < MANY; i++) {
        send_each(self, i);
        went += task_stack_of(self)->flown.stays;
    }
    EXPECT_EQ(begun, MANY);
}

static void run_in_lanes(const struct tn_type *type, int processes) {
    for (int threads = 1; threads <= 2; threads++) {
        const struct tn_run_options options = {.num_threads = threads};
        has_lane = true;
        loopback_send_all(processes, threads);
        EXPECT_EQ(tn_run_type(type, &options, NULL, NULL), TN_OK);
    }
}

TEST(each_of_several_types_gives_its_own_result) {
    for (int processes = 1; processes <= 2; processes++) {
        int runs = 0;
        went = 0;
        do {
            run_in_lanes(&go_through_tn_type, processes);
            runs++;
        } while (has_lanes() && went == 0 && runs < RUNS_MAX);
        TEST_NOTE("to %d: %d of %d", processes, went, 2 * runs * MANY);
        EXPECT(!has_lanes() || went > 0);
    }
}

// ---- what ends it ----------------------------------------------------------------------------

TN_DFRAME(int, posts, (struct tn_port, port), (int, value)) {
    EXPECT_EQ(tn_port_post(self, port, value), TN_OK);
    return value;
}

TN_PFRAME(int, posts_from_below, (struct tn_port, port), (int, value)) {
    EXPECT_EQ(tn_port_post(self, port, value), TN_OK);
    return value;
}

TN_DFRAME(int, has_another_post, (struct tn_port, port), (int, value)) {
    tn_task(posts_from_below) task = tn_spawn(posts_from_below, port, value);
    return tn_await(posts_from_below, task);
}

TN_DFRAME(int, naps, (int, n)) {
    EXPECT_EQ(tn_sleep(self, 0.0001), TN_OK);
    return n;
}

TN_DFRAME(int, fails, (int, n)) {
    TN_FAIL(self, TN_DENIED, "%d is not allowed", n);
    return n;
}

// Every few of them one does something that a lane is not for.
static void do_something_else(struct tn_self *self, int i) {
    struct tn_event *event = tn_event_create_with(self, TN_EVENT("told", .is_singleshot = true));
    void *heard = NULL;
    int value = -1;
    if (i % 4 == 0) {
        tn_task(posts) task = tn_spawn(posts, tn_port_of(event), i);
        EXPECT_EQ(tn_await(posts, task), i);
    } else if (i % 4 == 1) {
        tn_task(has_another_post) task = tn_spawn(has_another_post, tn_port_of(event), i);
        EXPECT_EQ(tn_await(has_another_post, task), i);
    } else if (i % 4 == 2) {
        tn_task(naps) task = tn_spawn(naps, i);
        EXPECT_EQ(tn_await(naps, task), i);
        return;
    } else {
        tn_task(fails) task = tn_spawn(fails, i);
        EXPECT_EQ(tn_try_await(fails, task, &value), TN_DENIED);
        return;
    }
    EXPECT_EQ(tn_event_wait(self, event, &heard), TN_OK);
    EXPECT_EQ((intptr_t)heard, i);
}

TN_PFRAME(void, does_other_things) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    meet(self);
    for (int i = 0; i < SOME; i++) {
        for (int k = 0; k < 12; k++) {
            tn_task(square) task = tn_spawn(square, k);
            EXPECT_EQ(tn_await(square, task), (long)k * k);
        }
        do_something_else(self, i);
    }
}

TEST(one_that_posts_waits_or_fails_is_one_as_any_other) {
    run_in_lanes(&does_other_things_tn_type, 1);
}

// ---- who else has something to do ------------------------------------------------------------

static atomic_int others;

TN_PFRAME(void, sends_by_itself, (int, count)) {
    for (int i = 0; i < count; i++) {
        tn_task(square) task = tn_spawn(square, i);
        EXPECT_EQ(tn_await(square, task), (long)i * i);
        others++;
    }
}

// Neither has the one thread of the process for itself.
TN_PFRAME(void, send_beside_one_another) {
    meet(self);
    others = 0;
    tn_task(sends_by_itself) other = tn_spawn(sends_by_itself, SOME);
    (void)tn_share(other);
    for (int i = 0; others < SOME; i++) {
        tn_task(square) task = tn_spawn(square, i);
        EXPECT_EQ(tn_await(square, task), (long)i * i);
    }
}

TEST(two_that_send_to_one_process_both_go_on) {
    has_lane = true;
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, send_beside_one_another, NULL), TN_OK);
}

// ---- which task it is ------------------------------------------------------------------------

TN_DFRAME(uint64_t, tells_its_number) {
    const struct tn_attempt attempt = tn_attempt_of(self);
    EXPECT_EQ(attempt.attempt, 1);
    return attempt.task;
}

TN_PFRAME(void, has_numbers) {
    meet(self);
    uint64_t numbers[SOME];
    for (int i = 0; i < SOME; i++) {
        tn_task(tells_its_number) task = tn_spawn(tells_its_number);
        numbers[i] = tn_await(tells_its_number, task);
        for (int k = 0; k < i; k++) {
            EXPECT(numbers[k] != numbers[i]);
        }
    }
}

TEST(each_has_its_own_number) {
    run_in_lanes(&has_numbers_tn_type, 1);
}

// ---- what it may not do ----------------------------------------------------------------------

static struct lane *lane_of_process(struct tn_self *self) {
    struct elsewhere *elsewhere = frame_current(self)->run->elsewhere;
    return container_of(elsewhere, struct serve, elsewhere)->link->lane;
}

TN_DFRAME(int, spoils_its_lane, (int, n)) {
    if (loopback_here() >= 0) {
        atomic_store_relaxed(&lane_of_process(self)->gate, 12345);
    }
    return n;
}

TN_DFRAME(int, tells_where) {
    return loopback_here();
}

// Once that is seen all runs here, where no process is left.
TN_PFRAME(void, sends_to_one_that_spoils) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    meet(self);
    int here = has_lanes() ? 0 : -1;
    for (int i = 0; i < RUNS_MAX * MANY && here >= 0; i++) {
        if (task_stack_of(self)->flown.stays) {
            tn_task(spoils_its_lane) task = tn_spawn(spoils_its_lane, i);
            const int code = tn_try_await(spoils_its_lane, task, NULL);
            EXPECT(code == TN_OK || code == TN_LOST);
        }
        tn_task(tells_where) next = tn_spawn(tells_where);
        here = tn_await(tells_where, next);
    }
    EXPECT_EQ(here, -1);
}

TEST(a_process_that_spoils_its_lane_is_given_up) {
    run_in_lanes(&sends_to_one_that_spoils_tn_type, 1);
}
