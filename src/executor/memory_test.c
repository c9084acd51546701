// memory_test.c - each call that may fail does, one after the other, in a program of executors and
// maps.
//
// Invariant: each item comes to what its manual says; no failing call ends the process or hangs it,
// and (under AddressSanitizer) none leaks. Start reading at uses_much.
#include <tenon/executor.h>
#include <tenon/map.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <sys/mman.h>

#include "os/fault.h"
#include "support/test.h"

struct large {
    long values[20];
};

TN_PFRAME(long, one, (long, x)) {
    return x + 1;
}

TN_FRAME(long, waits, (long, x)) {
    tn_sleep(self, 0.001);
    return x + 1;
}

TN_PFRAME(long, takes_much, (struct large, large)) {
    tn_yield(self);
    return large.values[19] + 1;
}

TN_PFRAME(struct large, gives_much, (long, x)) {
    return (struct large){{x}};
}

TN_PFRAME(long, fails, (long, x)) {
    if (x % 3 == 1) {
        TN_FAIL(self, -5, "as told");
    }
    return x;
}

static bool is_lack(int code) {
    return code == TN_NO_MEMORY || code == TN_NO_THREAD || code == TN_CANCELLED;
}

static void use_executor(struct tn_self *self) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct tn_future a = tn_submit(executor, one, 1),
                     b = tn_submit(executor, takes_much, (struct large){{0}}),
                     c = tn_submit(executor, one, 2);
    long value = 0;
    int code = tn_result(one, a, &value);
    EXPECT(code == TN_OK ? value == 2 : is_lack(code));
    code = tn_take(one, c, &value);
    EXPECT(code == TN_OK ? value == 3 : is_lack(code));
    code = tn_result(waits, tn_submit(executor, waits, 4), &value);
    EXPECT(code == TN_OK ? value == 5 : is_lack(code));
    code = tn_result(fails, tn_submit(executor, fails, 1), &value);
    EXPECT(code == -5 || is_lack(code));
    code = tn_result(takes_much, b, &value);
    EXPECT(code == TN_OK ? value == 1 : is_lack(code));
    code = tn_executor_end(self, executor);
    EXPECT(code == TN_OK || code == -5 || is_lack(code));
    tn_executor_drop(self, executor);
}

static void use_map(struct tn_self *self) {
    long value;
    struct large large;
    size_t given = 0;
    struct tn_map *map = tn_map(fails, 12, 0);
    while (tn_map_next(fails, map, &value)) {
        const int outcome = tn_map_outcome(map);
        EXPECT(outcome == (given % 3 == 1 ? -5 : TN_OK) || is_lack(outcome));
        given++;
    }
    int code = tn_map_finish(self, map);
    EXPECT(code == -5 ? given == 12 : is_lack(code));
    map = tn_map(gives_much, 5, 7);
    while (tn_map_next(gives_much, map, &large)) {
        EXPECT(tn_map_outcome(map) != TN_OK || large.values[0] == 7 + (long)tn_map_index(map));
    }
    code = tn_map_finish(self, map);
    EXPECT(code == TN_OK || is_lack(code));
}

TN_PFRAME(void, uses_much) {
    use_executor(self);
    use_map(self);
}

TN_PFRAME(long, blocks, (long, x)) {
    tn_block(0.0001);
    return x + 1;
}

TN_PFRAME(void, uses_threads) {
    struct tn_executor *executor = tn_executor_create(self, TN_EXECUTOR(.blocking_threads = 2));
    struct tn_future futures[4];
    for (long i = 0; i < 4; i++) {
        futures[i] = tn_submit(executor, blocks, i);
    }
    for (long i = 0; i < 4; i++) {
        long value = 0;
        const int code = tn_result(blocks, futures[i], &value);
        EXPECT(code == TN_OK ? value == i + 1 : is_lack(code));
    }
    const int code = tn_executor_end(self, executor);
    EXPECT(code == TN_OK || is_lack(code));
}

static void run_much(void *argument) {
    const uint64_t *fails_at = argument;
    fault_fail_call(*fails_at);
    for (int i = 0; i < 2; i++) { // and once more, when nothing fails
        int code = tn_run_with(TN_RUN(.num_threads = 2), uses_much, NULL);
        EXPECT(code == TN_OK || is_lack(code));
        code = tn_run_with(TN_RUN(.num_threads = 1), uses_threads, NULL);
        EXPECT(code == TN_OK || is_lack(code));
        EXPECT(code == TN_OK || (i == 0 && *fails_at != 0));
        fault_fail_call(0);
    }
}

static void count_calls(void *argument) {
    uint64_t *count = argument;
    uint64_t none = 0;
    const uint64_t before = fault_calls();
    run_much(&none);
    *count = (fault_calls() - before) / 2 + 3; // it depends on who runs what
}

TEST(each_call_that_may_fail_does_and_only_items_suffer, .seconds = 60) {
    uint64_t *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(shared != MAP_FAILED);
    EXPECT_DIES(count_calls, shared, 0, "");
    const uint64_t count = *shared;
    for (uint64_t n = 1; n <= count; n++) {
        EXPECT_DIES(run_much, &n, 0, "");
    }
    TEST_NOTE("%d calls failed, one at a time", (int)count);
    EXPECT(count >= 20);
}
