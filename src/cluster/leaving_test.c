// Who falls asleep keeps a task that waits for a place elsewhere, and then has something to run.
//
// The first DFrames of a run wait until their process is there. A thread that has nothing to do
// meanwhile keeps them, and finds that it shall as it leaves the link to sleep, if it has looked
// but once before. Invariant: it does not sleep then. Start reading at waits_for_those_that_queue.
#include <tenon.h>

#include "cluster/bridge.h"
#include "frame/run.h"
#include "scheduler/hard.h"
#include "support/loopback.h"
#include "support/test.h"

enum { TASKS = 8, RUNS = 20, LOOKS_MAX = 1000 };

TN_DFRAME(int, tells_where) {
    return loopback_here();
}

static bool is_any_queued(struct bridge *bridge) {
    os_lock_acquire(&bridge->ear.turn);
    const bool is_any = bridge->state == BRIDGE_OPEN && !list_is_empty(&bridge->owner.queue);
    os_lock_release(&bridge->ear.turn);
    return is_any;
}

// How many ran here; `*queued` is whether one had no place when the thread had nothing to do.
TN_PFRAME(int, waits_for_those_that_queue, (bool *, queued)) {
    struct bridge *bridge = bridge_from(frame_current(self)->run->elsewhere);
    tn_task(tells_where) tasks[TASKS];
    int here = 0, spawned = 0;
    for (int i = 0; i < LOOKS_MAX && !*queued; i++) {
        if (spawned < TASKS && i % 4 == 0) {
            tasks[spawned++] = tn_spawn(tells_where);
        }
        os_thread_yield();
        *queued = is_any_queued(bridge);
    }
    for (int i = 0; i < spawned; i++) {
        here += tn_await(tells_where, tasks[i]) < 0;
    }
    return here;
}

TEST(who_keeps_a_task_as_it_falls_asleep_runs_it) {
    int here = 0, queued = 0;
    hard_choose(HARD_PARK); // who has nothing to do looks once
    loopback_use(1, 1);
    for (int i = 0; i < RUNS; i++) {
        bool is_queued = false;
        int count = -1;
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), waits_for_those_that_queue, &count,
                              &is_queued),
                  TN_OK);
        EXPECT(count >= 0);
        here += count;
        queued += is_queued;
    }
    TEST_NOTE("%d of %d runs had a task without a place, %d ran here", queued, RUNS, here);
    EXPECT(queued > 0);
}
