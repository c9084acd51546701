// Processes that are asked to leave while DFrames go through their lanes, and others that come in
// their place: local_retire.
//
// Invariant: nothing is lost by that. Start reading at goes_on.
#include <stdatomic.h>
#include <stdlib.h>

#include <tenon.h>

#include "cluster/bridge.h"
#include "cluster/local.h"
#include "frame/run.h"
#include "support/left.h"
#include "support/processes.h"
#include "support/test.h"

enum { PROCESSES = 2, PAUSE_NS = 5000000, MANY = 1000000 };

#define GOES_ON_NS UINT64_C(400000000)

TN_DFRAME(long, square, (int, n)) {
    return (long)n * n;
}

static struct {
    struct os_thread thread;
    struct bridge *bridge;
    atomic_bool is_over;
    int asked;
} retirer;

static void ask_one(struct bridge *bridge, unsigned number) {
    os_lock_acquire(&bridge->ear.turn);
    if (bridge->state == BRIDGE_OPEN && bridge->peers[number].is_known) {
        local_retire(bridge->ear.link, number);
        retirer.asked++;
    }
    os_lock_release(&bridge->ear.turn);
}

static void ask_again_and_again(void *unused) {
    (void)unused;
    for (unsigned i = 0; !retirer.is_over; i++) {
        os_thread_sleep(PAUSE_NS);
        ask_one(retirer.bridge, i % PROCESSES);
    }
}

TN_PFRAME(long, goes_on) {
    long count = 0, stayed = 0;
    struct elsewhere *elsewhere = frame_current(self)->run->elsewhere;
    if (elsewhere == NULL) {
        return count; // the simulated system has no other processes
    }
    retirer.bridge = bridge_from(elsewhere);
    EXPECT_EQ(os_thread_start(&retirer.thread, ask_again_and_again, NULL, "retirer"), OS_OK);
    const uint64_t end_ns = os_now_ns() + GOES_ON_NS;
    while (count < MANY && os_now_ns() < end_ns) {
        const int n = (int)(count % 1000);
        tn_task(square) task = tn_spawn(square, n);
        EXPECT_EQ(tn_await(square, task), (long)n * n);
        stayed += task_stack_of(self)->flown.stays;
        count++;
    }
    retirer.is_over = true;
    os_thread_join(&retirer.thread);
    TEST_NOTE("%ld DFrames, %ld of them in lanes, processes asked %d times to leave", count, stayed,
              retirer.asked);
    return count;
}

TEST(nothing_is_lost_when_processes_leave_that_have_lanes) {
    long count = 0;
    if (!starts_itself()) {
        TEST_SKIP("this system does not start programs of its own machine");
    }
    EXPECT_EQ(setenv("TENON_PLACE", "remote", 1), 0);
    left_begin();
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1, .num_processes = PROCESSES), goes_on, &count),
              TN_OK);
    left_expect_nothing();
    if (count == 0) {
        TEST_SKIP("this system has one process only");
    }
}
