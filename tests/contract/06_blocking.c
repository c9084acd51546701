// Section 6 of the contract: a PFrame in a blocking system call can ask to be interruptible.
#include "contract/contract.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

// The simulated system has one real thread, which must not block.
#define SKIP_IF_SIMULATED()                                                                        \
    do {                                                                                           \
        if (is_simulated()) {                                                                      \
            TEST_SKIP("calls that block are for the real system");                                 \
        }                                                                                          \
    } while (0)

static _Atomic bool is_inside;
static int ends[2];

struct seen {
    int begin, end, error;
    ssize_t count;
};

LEVEL_FRAME(struct seen, reads_from_an_empty_pipe) {
    struct seen seen = {.count = -2};
    struct tn_blocking blocking;
    char byte;
    seen.begin = tn_blocking_begin(self, &blocking);
    if (seen.begin == TN_OK) {
        is_inside = true;
        seen.count = read(ends[0], &byte, 1);
        seen.error = errno;
    }
    seen.end = tn_blocking_end(self, &blocking);
    EXPECT_EQ(seen.error, EINTR);
    EXPECT_EQ(seen.count, -1);
    mark('x');
    return seen;
}

// Two openings of one file: their locks exclude each other.
static void open_twice(int *fds) {
    char path[64];
    fds[0] = memfd_create("lock", 0);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fds[0]);
    fds[1] = open(path, O_RDWR);
    EXPECT(fds[0] >= 0 && fds[1] >= 0);
}

LEVEL_FRAME(void, waits_for_a_lock, (int, fd)) {
    struct tn_blocking blocking;
    EXPECT_EQ(tn_blocking_begin(self, &blocking), TN_OK);
    is_inside = true;
    EXPECT_EQ(flock(fd, LOCK_EX), -1);
    EXPECT_EQ(errno, EINTR);
    EXPECT_EQ(tn_blocking_end(self, &blocking), TN_CANCELLED);
    mark('x');
}

static void wait_until_inside(struct tn_self *self) {
    WAIT_UNTIL(is_inside);
    EXPECT_EQ(tn_sleep(self, 0.005), TN_OK);
}

// ---- removals --------------------------------------------------------------------------------

// A PFrame in a blocking system call can ask to be interruptible by cancellation.
CONTRACT(a_removal_interrupts_a_read, .only = TN_LEVEL_PFRAME, .threads = {2, 4}) {
    SKIP_IF_SIMULATED();
    EXPECT_EQ(pipe(ends), 0);
    tn_task(reads_from_an_empty_pipe) child = tn_spawn(reads_from_an_empty_pipe);
    struct tn_frame *frame = tn_share(child);
    wait_until_inside(self);
    EXPECT(tn_remove(self, frame));
    EXPECT_MARKS("x");
}

// A PFrame in a blocking system call can ask to be interruptible by cancellation.
CONTRACT(a_removal_interrupts_a_wait_for_a_file_lock, .only = TN_LEVEL_PFRAME, .threads = {2, 4}) {
    SKIP_IF_SIMULATED();
    int fds[2];
    open_twice(fds);
    EXPECT_EQ(flock(fds[0], LOCK_EX), 0);
    tn_task(waits_for_a_lock) child = tn_spawn(waits_for_a_lock, fds[1]);
    struct tn_frame *frame = tn_share(child);
    wait_until_inside(self);
    EXPECT(tn_remove(self, frame));
    EXPECT_MARKS("x");
}

// The signal comes again until the end of the call: one that came before it is not lost.
LEVEL_FRAME(void, dawdles_before_it_reads) {
    struct tn_blocking blocking;
    char byte;
    EXPECT_EQ(tn_blocking_begin(self, &blocking), TN_OK);
    is_inside = true;
    tn_block(0.05);
    EXPECT_EQ(read(ends[0], &byte, 1), -1);
    EXPECT_EQ(errno, EINTR);
    EXPECT_EQ(read(ends[0], &byte, 1), -1);
    EXPECT_EQ(errno, EINTR);
    EXPECT_EQ(tn_blocking_end(self, &blocking), TN_CANCELLED);
    mark('x');
}

CONTRACT(a_signal_before_the_call_is_not_lost, .only = TN_LEVEL_PFRAME, .threads = {2, 4}) {
    SKIP_IF_SIMULATED();
    EXPECT_EQ(pipe(ends), 0);
    tn_task(dawdles_before_it_reads) child = tn_spawn(dawdles_before_it_reads);
    struct tn_frame *frame = tn_share(child);
    wait_until_inside(self);
    EXPECT(tn_remove(self, frame));
    EXPECT_MARKS("x");
}

// ---- deadlines -------------------------------------------------------------------------------

// A PFrame in a blocking system call can ask to be interruptible by cancellation. Also in the only
// thread: the system keeps the time.
CONTRACT(a_deadline_interrupts_a_read) {
    SKIP_IF_SIMULATED();
    EXPECT_EQ(pipe(ends), 0);
    const double start = tn_now();
    tn_task(reads_from_an_empty_pipe) child =
        tn_spawn_with(TN_OPTIONS(.seconds = contract_seconds(0.2)), reads_from_an_empty_pipe);
    struct seen seen = {.count = 7};
    EXPECT_EQ(tn_try_await(reads_from_an_empty_pipe, child, &seen), TN_TIMED_OUT);
    EXPECT_PASSED(start, contract_seconds(0.2));
    EXPECT_MARKS("x");
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, contract_seconds(0.1));
    seen = reads_from_an_empty_pipe(self);
    EXPECT_EQ(seen.begin, TN_OK);
    EXPECT_EQ(seen.end, TN_TIMED_OUT);
    struct tn_blocking blocking;
    EXPECT_EQ(tn_blocking_begin(self, &blocking), TN_TIMED_OUT);
    EXPECT_EQ(tn_blocking_end(self, &blocking), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT_EQ(tn_yield(self), TN_OK);
}

CONTRACT(no_signal_comes_after_the_end) {
    SKIP_IF_SIMULATED();
    EXPECT_EQ(pipe(ends), 0);
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, contract_seconds(0.05));
    (void)reads_from_an_empty_pipe(self);
    for (int i = 0; i < 20; i++) {
        EXPECT_EQ(usleep(2000), 0); // EINTR if one came
    }
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
}

CONTRACT(a_call_that_is_not_interrupted_is_as_without) {
    SKIP_IF_SIMULATED();
    EXPECT_EQ(pipe(ends), 0);
    struct tn_blocking blocking;
    char byte = 'a';
    for (int i = 0; i < 10; i++) {
        EXPECT_EQ(tn_blocking_begin(self, &blocking), TN_OK);
        EXPECT_EQ(write(ends[1], &byte, 1), 1);
        EXPECT_EQ(read(ends[0], &byte, 1), 1);
        EXPECT_EQ(tn_blocking_end(self, &blocking), TN_OK);
    }
}

LEVEL_FRAME(void, reads_under_a_deadline) {
    EXPECT_EQ(pipe(ends), 0);
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, contract_seconds(0.05));
    (void)reads_from_an_empty_pipe(self);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
}

static _Atomic int own_signals;

static void count_signal(int number) {
    (void)number;
    own_signals++;
}

// A handler that the program has for the signal is called by Tenon's.
CONTRACT_OUTSIDE(a_handler_of_the_program_is_called_for_its_own_signals) {
    SKIP_IF_SIMULATED();
    EXPECT(signal(SIGURG, count_signal) != SIG_ERR);
    EXPECT_EQ(contract_run(reads_under_a_deadline, NULL), TN_OK);
    EXPECT_EQ(own_signals, 0);
    EXPECT_EQ(raise(SIGURG), 0);
    EXPECT_EQ(own_signals, 1);
}

// ---- mistakes --------------------------------------------------------------------------------

LEVEL_FRAME(void, begins_twice) {
    struct tn_blocking outer, inner;
    EXPECT_EQ(tn_blocking_begin(self, &outer), TN_OK);
    EXPECT_EQ(tn_blocking_begin(self, &inner), TN_NOT_YOURS);
    EXPECT_EQ(tn_blocking_end(self, &inner), TN_NOT_YOURS);
    EXPECT_EQ(tn_blocking_end(self, &outer), TN_OK);
    EXPECT_EQ(tn_blocking_end(self, &outer), TN_NOT_YOURS);
}

static void run_mistakes(void *unused) {
    (void)unused;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), begins_twice, NULL), TN_OK);
}

CONTRACT_OUTSIDE(a_blocking_call_inside_of_another_is_a_mistake) {
    SKIP_IF_SIMULATED();
    EXPECT_DIES(run_mistakes, NULL, contract_is_checked() ? SIGABRT : 0,
                contract_is_checked() ? "inside of another one" : "");
}
