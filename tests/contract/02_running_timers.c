// Section 2 of the contract, running: timers of threads that are busy.
#include "contract/contract.h"

TN_FRAME(void, keeps_its_thread, (double, seconds)) {
    tn_block(seconds);
}

// It sleeps on a thread that something else keeps meanwhile, and goes on elsewhere.
TN_PFRAME(void, sleeps_beside_one_who_blocks) {
    tn_task(keeps_its_thread) other = tn_spawn(keeps_its_thread, contract_seconds(1));
    const double start = tn_now();
    EXPECT_EQ(tn_sleep(self, contract_seconds(0.1)), TN_OK);
    EXPECT_PASSED(start, contract_seconds(0.1));
    tn_await(keeps_its_thread, other);
}

// A timer never waits behind a busy worker: also when all who are idle fell asleep before there was
// any timer.
CONTRACT(a_timer_does_not_wait_behind_its_own_worker, .threads = {3, 4}) {
    EXPECT_EQ(tn_sleep(self, contract_seconds(0.01)), TN_OK); // all of them fall asleep
    tn_task(sleeps_beside_one_who_blocks) child = tn_spawn(sleeps_beside_one_who_blocks);
    (void)tn_share(child);
    tn_block(contract_seconds(1));
    tn_await(sleeps_beside_one_who_blocks, child);
}
