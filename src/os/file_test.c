// file_test.c - the contract of file.h, held against whichever os this build has.
//
// Invariant: nothing here knows os/linux or os/sim; no pipe is taken to hold more than a byte.
#include "os/file.h"

#include <signal.h>
#include <string.h>

#include "base/atomic.h"
#include "os/fault.h"
#include "support/test.h"

enum { MS = 1000000, MANY = 20000 };

TEST(what_is_written_to_a_pipe_is_read_from_it) {
    int ends[2];
    EXPECT_EQ(os_pipe(ends), OS_OK);
    char byte = 0;
    EXPECT_EQ(os_read(ends[0], &byte, 1), OS_AGAIN);
    EXPECT_EQ(os_write(ends[1], "x", 1), 1);
    EXPECT_EQ(os_read(ends[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'x');
    EXPECT_EQ(os_write(ends[1], "y", 1), 1);
    os_close(ends[1]);
    EXPECT_EQ(os_read(ends[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'y');
    EXPECT_EQ(os_read(ends[0], &byte, 1), 0);
    os_close(ends[0]);
}

TEST(writing_what_nobody_reads_is_a_code) {
    int ends[2];
    EXPECT_EQ(os_pipe(ends), OS_OK);
    os_close(ends[0]);
    EXPECT_EQ(os_write(ends[1], "x", 1), OS_BROKEN);
    os_close(ends[1]);
}

TEST(a_full_pipe_takes_no_more_until_somebody_reads) {
    static char bytes[4096];
    int ends[2];
    EXPECT_EQ(os_pipe(ends), OS_OK);
    ptrdiff_t count;
    size_t written = 0;
    while ((count = os_write(ends[1], bytes, sizeof bytes)) > 0) {
        written += (size_t)count;
    }
    EXPECT_EQ(count, OS_AGAIN);
    size_t got = 0;
    while ((count = os_read(ends[0], bytes, sizeof bytes)) > 0) {
        got += (size_t)count;
    }
    EXPECT_EQ(count, OS_AGAIN);
    EXPECT_EQ(got, written);
    EXPECT(os_write(ends[1], bytes, sizeof bytes) > 0);
    os_close(ends[0]);
    os_close(ends[1]);
}

// The next events, which must be of one descriptor. 0 when there are none by the deadline.
static unsigned wait_for(struct os_poll *poll, uint64_t tag, uint64_t deadline_ns) {
    struct os_poll_event events[4];
    unsigned what = 0;
    do {
        const int count = os_poll_wait(poll, events, 4, deadline_ns);
        for (int i = 0; i < count; i++) {
            EXPECT_EQ(events[i].tag, tag);
            what |= events[i].what;
        }
    } while (what == 0 && os_now_ns() < deadline_ns);
    return what;
}

TEST(every_change_is_reported_once_and_none_is_missed) {
    struct os_poll poll;
    int ends[2];
    char byte;
    EXPECT_EQ(os_poll_init(&poll), OS_OK);
    EXPECT_EQ(os_pipe(ends), OS_OK);
    EXPECT_EQ(os_write(ends[1], "x", 1), 1);
    EXPECT_EQ(os_poll_add(&poll, ends[0], 7), OS_OK);
    EXPECT_EQ(wait_for(&poll, 7, OS_NEVER), OS_POLL_IN); // ready when it was added
    EXPECT_EQ(wait_for(&poll, 7, os_now_ns() + 2 * MS), 0);
    EXPECT_EQ(os_read(ends[0], &byte, 1), 1);
    EXPECT_EQ(os_write(ends[1], "y", 1), 1);
    EXPECT_EQ(wait_for(&poll, 7, OS_NEVER), OS_POLL_IN);
    os_close(ends[1]);
    EXPECT_EQ(wait_for(&poll, 7, OS_NEVER) & OS_POLL_IN, OS_POLL_IN);
    os_poll_remove(&poll, ends[0]);
    os_close(ends[0]);
    os_poll_deinit(&poll);
}

TEST(room_and_the_end_of_the_reader_are_reported) {
    static char bytes[4096];
    struct os_poll poll;
    int ends[2];
    EXPECT_EQ(os_poll_init(&poll), OS_OK);
    EXPECT_EQ(os_pipe(ends), OS_OK);
    EXPECT_EQ(os_poll_add(&poll, ends[1], 9), OS_OK);
    EXPECT_EQ(wait_for(&poll, 9, OS_NEVER), OS_POLL_OUT);
    while (os_write(ends[1], bytes, sizeof bytes) > 0) {
    }
    while (os_read(ends[0], bytes, sizeof bytes) > 0) {
    }
    EXPECT_EQ(wait_for(&poll, 9, OS_NEVER), OS_POLL_OUT);
    os_close(ends[0]);
    EXPECT_EQ(wait_for(&poll, 9, OS_NEVER) & OS_POLL_OUT, OS_POLL_OUT);
    os_poll_remove(&poll, ends[1]);
    os_close(ends[1]);
    os_poll_deinit(&poll);
}

TEST(a_wait_for_descriptors_ends_at_its_deadline_or_by_a_wake) {
    struct os_poll poll;
    struct os_poll_event event;
    EXPECT_EQ(os_poll_init(&poll), OS_OK);
    const uint64_t start_ns = os_now_ns();
    const uint64_t deadline_ns = start_ns + 3 * MS;
    while (os_now_ns() < deadline_ns) {
        EXPECT_EQ(os_poll_wait(&poll, &event, 1, deadline_ns), 0);
    }
    EXPECT(os_now_ns() - start_ns < 2000u * MS);
    os_poll_wake(&poll);
    EXPECT_EQ(os_poll_wait(&poll, &event, 1, OS_NEVER), 0); // the wake came before the wait
    EXPECT_EQ(os_poll_wait(&poll, &event, 1, 0), 0);
    os_poll_deinit(&poll);
}

struct pair {
    struct os_poll polls[2];
    int ends[2];
    uint64_t sum;
};

static void write_many(void *argument) {
    struct pair *pair = argument;
    struct os_poll_event event;
    for (int i = 0; i < MANY / test_slowness(); i++) {
        const unsigned char byte = (unsigned char)i;
        while (os_write(pair->ends[1], &byte, 1) == OS_AGAIN) {
            (void)os_poll_wait(&pair->polls[1], &event, 1, OS_NEVER);
        }
    }
    os_poll_remove(&pair->polls[1], pair->ends[1]);
    os_close(pair->ends[1]);
}

TEST(waiting_for_events_loses_no_byte_between_threads, .seconds = 60) {
    struct pair pair = {.sum = 0};
    struct os_poll_event event;
    struct os_thread thread;
    unsigned char bytes[16];
    EXPECT_EQ(os_pipe(pair.ends), OS_OK);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(os_poll_init(&pair.polls[i]), OS_OK);
        EXPECT_EQ(os_poll_add(&pair.polls[i], pair.ends[i], 1), OS_OK);
    }
    EXPECT_EQ(os_thread_start(&thread, write_many, &pair, "writer"), OS_OK);
    ptrdiff_t count;
    int got = 0;
    while ((count = os_read(pair.ends[0], bytes, sizeof bytes)) != 0) {
        if (count == OS_AGAIN) {
            (void)os_poll_wait(&pair.polls[0], &event, 1, OS_NEVER);
        }
        for (ptrdiff_t i = 0; i < count; i++) {
            EXPECT_EQ(bytes[i], (unsigned char)got++);
        }
    }
    EXPECT_EQ(got, MANY / test_slowness());
    os_thread_join(&thread);
    os_poll_remove(&pair.polls[0], pair.ends[0]);
    os_close(pair.ends[0]);
    os_poll_deinit(&pair.polls[0]);
    os_poll_deinit(&pair.polls[1]);
}

TEST(the_nth_call_for_descriptors_fails_on_demand) {
    int ends[2];
    char byte;
    struct os_poll poll;
    fault_fail_call(1);
    EXPECT_EQ(os_pipe(ends), OS_TOO_MANY_FILES);
    EXPECT_EQ(os_pipe(ends), OS_OK);
    EXPECT_EQ(os_write(ends[1], "x", 1), 1);
    fault_fail_call(1);
    EXPECT_EQ(os_read(ends[0], &byte, 1), -EIO);
    fault_fail_call(1);
    EXPECT_EQ(os_write(ends[1], "x", 1), -EIO);
    fault_fail_call(1);
    EXPECT_EQ(os_poll_init(&poll), OS_TOO_MANY_FILES);
    EXPECT_EQ(os_poll_init(&poll), OS_OK);
    fault_fail_call(1);
    EXPECT_EQ(os_poll_add(&poll, ends[0], 1), OS_NO_MEMORY);
    os_poll_deinit(&poll);
    os_close(ends[0]);
    os_close(ends[1]);
}

TEST(a_watched_signal_is_counted_and_reported) {
    struct os_poll poll;
    EXPECT_EQ(os_poll_init(&poll), OS_OK);
    EXPECT_EQ(os_poll_add_signals(&poll, 3), OS_OK);
    EXPECT_EQ(os_signal_watch(SIGUSR1), OS_OK);
    EXPECT_EQ(os_signal_watch(SIGUSR1), OS_OK);
    const uint64_t before = os_signal_count(SIGUSR1);
    EXPECT_EQ(raise(SIGUSR1), 0);
    EXPECT_EQ(os_signal_count(SIGUSR1), before + 1);
    EXPECT_EQ(wait_for(&poll, 3, OS_NEVER), OS_POLL_IN);
    EXPECT_EQ(wait_for(&poll, 3, os_now_ns() + 2 * MS), 0);
    os_signal_unwatch(SIGUSR1);
    EXPECT_EQ(raise(SIGUSR1), 0); // it is still watched once
    EXPECT_EQ(wait_for(&poll, 3, OS_NEVER), OS_POLL_IN);
    os_signal_unwatch(SIGUSR1);
    EXPECT_EQ(os_signal_watch(SIGKILL), -EINVAL);
    EXPECT_EQ(os_signal_watch(0), OS_INVALID);
    os_poll_deinit(&poll);
}

TEST_DIES(a_signal_that_nobody_watches_does_what_it_did, SIGUSR1, "") {
    EXPECT_EQ(os_signal_watch(SIGUSR1), OS_OK);
    os_signal_unwatch(SIGUSR1);
    (void)raise(SIGUSR1);
}
