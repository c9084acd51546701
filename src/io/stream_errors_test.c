// stream_errors_test.c - what streams say when something is wrong: misuse, and calls that fail.
//
// Invariant: whatever fails, nothing is left open. Start reading anywhere.
#include <tenon.h>

#include "os/fault.h"
#include "os/os.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

TN_FRAME(ptrdiff_t, reads_once, (struct tn_stream, from)) {
    char byte;
    return tn_read(self, from, &byte, 1);
}

TN_FRAME(void, reads_twice_at_once) {
    struct tn_stream reads, writes;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    tn_spawn(reads_once, reads);
    tn_sleep(self, 0.001);
    (void)reads_once(self, reads);
}

static void run_readers(void *argument) {
    (void)argument;
    (void)!tn_run_with(WITH(1), reads_twice_at_once, NULL);
}

TEST(two_readers_of_one_stream_are_told_what_to_do) {
    EXPECT_DIES(run_readers, NULL, SIGABRT,
                "two frames read from one stream at the same time: let one of them do it");
}

// Whatever fails, both ends are open or none, and what was opened is closed.
TN_FRAME(int, opens_with_the_nth_call_failing, (int, n)) {
    struct tn_stream reads, writes;
    fault_fail_call((uint64_t)n);
    const int code = tn_pipe(self, &reads, &writes);
    fault_fail_call(0);
    char byte = 'x';
    if (code == TN_OK) {
        EXPECT_EQ(tn_write(self, writes, &byte, 1), TN_OK);
        EXPECT_EQ(tn_read(self, reads, &byte, 1), 1);
    } else {
        EXPECT_EQ(tn_write(self, writes, &byte, 1), TN_CLOSED);
        EXPECT_EQ(tn_read(self, reads, &byte, 1), TN_CLOSED);
    }
    return code;
}

TEST(opening_a_pipe_bears_that_the_nth_call_fails) {
    int failures = 0;
    for (int n = 1; n <= 8; n++) {
        int code = 1;
        EXPECT_EQ(tn_run_with(WITH(1), opens_with_the_nth_call_failing, &code, n), TN_OK);
        EXPECT(code == TN_OK || code == TN_NO_MEMORY || code == TN_TOO_MANY);
        failures += code != TN_OK;
    }
    EXPECT(failures >= 2);
}

TN_FRAME(void, writes_or_is_removed, (struct tn_stream, to)) {
    tn_sleep(self, 0.002);
    (void)!tn_write(self, to, "x", 1);
}

TN_FRAME(int, waits_with_the_nth_call_failing, (int, n)) {
    struct tn_stream reads, writes;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    tn_spawn(writes_or_is_removed, writes);
    char line[4];
    tn_yield(self);
    fault_fail_call((uint64_t)n);
    const ptrdiff_t code = tn_read_line(self, reads, line, 1);
    fault_fail_call(0);
    return (int)code;
}

TEST(reading_bears_that_the_nth_call_fails) {
    int failures = 0;
    for (int n = 1; n <= 3; n++) {
        int code = 1;
        EXPECT_EQ(tn_run_with(WITH(1), waits_with_the_nth_call_failing, &code, n), TN_OK);
        EXPECT(code == -EIO || code == TN_NO_MEMORY || code == TN_TOO_LONG);
        failures += code != TN_TOO_LONG;
    }
    EXPECT(failures >= 2);
}

TEST_DIES(a_stream_outside_of_a_run_is_refused, SIGABRT, "only a frame may do this") {
    struct tn_stream reads, writes;
    (void)!tn_pipe(tn_current(), &reads, &writes);
}
