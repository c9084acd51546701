// What the tests of executors hand in. Invariant: each says what it does.
#ifndef API_ITEMS_H
#define API_ITEMS_H

#include <tenon.h>

#include <stdatomic.h>

#include "support/test.h"

// Runs a test's root with 1, 2 and 4 threads.
#define ON_ALL(root)                                                                               \
    for (int n = 1; n <= 4; n *= 2) {                                                              \
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = n), root, NULL), TN_OK);                       \
    }

TN_FRAME(int, twice, (int, x)) {
    return 2 * x;
}

TN_PFRAME(int, later, (double, seconds), (int, x)) {
    tn_sleep(self, seconds);
    return x;
}

TN_FRAME(int, later_here, (double, seconds), (int, x)) {
    tn_sleep(self, seconds);
    return x;
}

TN_PFRAME(int, fails, (int, code)) {
    tn_sleep(self, 0.001);
    TN_FAIL(self, code, "item %d", code);
    return 7;
}

TN_PFRAME(int, holds, (_Atomic int *, begun)) {
    atomic_fetch_add(begun, 1);
    return tn_hold(self);
}

#endif
