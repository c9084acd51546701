// stream_test.c - streams between frames, on one thread and on several, real and simulated.
//
// Invariant: nothing here takes a pipe to hold more than a byte, or a read to be whole.
#include <tenon/stream.h>

#include <string.h>

#include <tenon.h>

#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

enum { BYTES = 50000 };

TN_PFRAME(int, writes_pattern, (struct tn_stream, to), (int, bytes)) {
    unsigned char block[777];
    for (int done = 0; done < bytes;) {
        const int count = bytes - done < 777 ? bytes - done : 777;
        for (int i = 0; i < count; i++) {
            block[i] = (unsigned char)((done + i) * 7);
        }
        EXPECT_EQ(tn_write(self, to, block, (size_t)count), TN_OK);
        done += count;
    }
    return tn_stream_close(self, to);
}

TN_PFRAME(int, reads_pattern, (int, bytes)) {
    struct tn_stream reads, writes;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    tn_task(writes_pattern) writer = tn_spawn(writes_pattern, writes, bytes);
    unsigned char block[1000];
    int got = 0;
    ptrdiff_t count;
    while ((count = tn_read(self, reads, block, sizeof block)) > 0) {
        for (ptrdiff_t i = 0; i < count; i++) {
            EXPECT_EQ(block[i], (unsigned char)(got++ * 7));
        }
    }
    EXPECT_EQ(count, 0);
    EXPECT_EQ(tn_read(self, reads, block, sizeof block), 0);
    EXPECT_EQ(tn_await(writes_pattern, writer), TN_OK);
    return got;
}

TEST(bytes_arrive_whole_and_in_order, .seconds = 30) {
    for (int n = 1; n <= 3; n++) {
        int got = 0;
        const int bytes = BYTES / test_slowness();
        EXPECT_EQ(tn_run_with(WITH(n), reads_pattern, &got, bytes), TN_OK);
        EXPECT_EQ(got, bytes);
    }
}

TN_FRAME(void, echoes, (struct tn_stream, from), (struct tn_stream, to), (int, rounds)) {
    for (int i = 0; i < rounds; i++) {
        char byte;
        EXPECT_EQ(tn_read_exactly(self, from, &byte, 1), TN_OK);
        EXPECT_EQ(tn_write(self, to, &byte, 1), TN_OK);
    }
}

TN_FRAME(int, plays_ping_pong, (int, rounds)) {
    struct tn_stream a[2], b[2];
    EXPECT_EQ(tn_pipe(self, &a[0], &a[1]), TN_OK);
    EXPECT_EQ(tn_pipe(self, &b[0], &b[1]), TN_OK);
    tn_task(echoes) other = tn_spawn(echoes, a[0], b[1], rounds);
    for (int i = 0; i < rounds; i++) {
        char byte = (char)i;
        EXPECT_EQ(tn_write(self, a[1], &byte, 1), TN_OK);
        EXPECT_EQ(tn_read_exactly(self, b[0], &byte, 1), TN_OK);
        EXPECT_EQ(byte, (char)i);
    }
    tn_await(echoes, other);
    return rounds;
}

TEST(two_frames_of_one_thread_talk_through_pipes) {
    int got = 0;
    EXPECT_EQ(tn_run_with(WITH(1), plays_ping_pong, &got, 300), TN_OK);
    EXPECT_EQ(got, 300);
    EXPECT_EQ(tn_run_with(WITH(2), plays_ping_pong, &got, 300), TN_OK);
}

// ---- lines -----------------------------------------------------------------------------------

TN_FRAME(void, writes_text, (struct tn_stream, to), (const char *, text)) {
    (void)!tn_write(self, to, text, strlen(text));
    (void)tn_stream_close(self, to);
}

TN_FRAME(void, reads_lines) {
    struct tn_stream reads, writes;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    tn_spawn(writes_text, writes, "first\n\nthird is longer\nand the rest, unended");
    char line[16];
    EXPECT_EQ(tn_read_line(self, reads, line, sizeof line), 5);
    EXPECT_STR(line, "first");
    EXPECT_EQ(tn_read_line(self, reads, line, sizeof line), 0);
    EXPECT_STR(line, "");
    EXPECT_EQ(tn_read_line(self, reads, line, 15), TN_TOO_LONG);
    EXPECT_EQ(tn_read_line(self, reads, line, sizeof line), 15);
    EXPECT_STR(line, "third is longer");
    EXPECT_EQ(tn_read_exactly(self, reads, line, 8), TN_OK); // out of what was read ahead
    EXPECT(memcmp(line, "and the ", 8) == 0);
    EXPECT_EQ(tn_read_line(self, reads, line, sizeof line), 13);
    EXPECT_STR(line, "rest, unended");
    EXPECT_EQ(tn_read_line(self, reads, line, sizeof line), TN_ENDED);
    EXPECT_EQ(tn_read_exactly(self, reads, line, 1), TN_ENDED);
}

TEST(lines_are_read_one_by_one) {
    EXPECT_EQ(tn_run_with(WITH(1), reads_lines, NULL), TN_OK);
    EXPECT_EQ(tn_run_with(WITH(2), reads_lines, NULL), TN_OK);
}

TN_FRAME(void, prints, (struct tn_stream, to)) {
    char wide[301];
    memset(wide, 'w', sizeof wide - 1);
    wide[300] = '\0';
    EXPECT_EQ(tn_print(self, to, "%d and %s\n", 7, "more"), TN_OK);
    EXPECT_EQ(tn_print(self, to, "%s!\n", wide), TN_OK);
}

TN_FRAME(void, reads_prints) {
    struct tn_stream reads, writes;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    tn_spawn(prints, writes);
    char line[400];
    EXPECT_EQ(tn_read_line(self, reads, line, sizeof line), 10);
    EXPECT_STR(line, "7 and more");
    EXPECT_EQ(tn_read_line(self, reads, line, sizeof line), 301);
    EXPECT_EQ(line[300], '!');
}

TEST(text_is_printed_to_a_stream) {
    EXPECT_EQ(tn_run_with(WITH(1), reads_prints, NULL), TN_OK);
}

// ---- ends ------------------------------------------------------------------------------------

TN_FRAME(ptrdiff_t, reads_once, (struct tn_stream, from)) {
    char byte;
    return tn_read(self, from, &byte, 1);
}

TN_FRAME(ptrdiff_t, writes_until_it_cannot, (struct tn_stream, to)) {
    static char block[4096];
    ptrdiff_t count;
    while ((count = tn_write_some(self, to, block, sizeof block)) > 0) {
    }
    return count;
}

TN_FRAME(void, closes_under_waiters) {
    struct tn_stream reads, writes, full[2];
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    EXPECT_EQ(tn_pipe(self, &full[0], &full[1]), TN_OK);
    tn_task(reads_once) reader = tn_spawn(reads_once, reads);
    tn_task(writes_until_it_cannot) writer = tn_spawn(writes_until_it_cannot, full[1]);
    tn_sleep(self, 0.002);
    EXPECT_EQ(tn_stream_close(self, reads), TN_OK);
    EXPECT_EQ(tn_stream_close(self, full[1]), TN_OK);
    EXPECT_EQ(tn_await(reads_once, reader), TN_CLOSED);
    EXPECT_EQ(tn_await(writes_until_it_cannot, writer), TN_CLOSED);
    EXPECT_EQ(tn_stream_close(self, reads), TN_CLOSED);
    EXPECT_EQ(tn_write(self, writes, "x", 1), TN_BROKEN);
}

TEST(closing_wakes_whoever_waits) {
    for (int n = 1; n <= 3; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), closes_under_waiters, NULL), TN_OK);
    }
}

TN_FRAME(void, breaks_a_pipe) {
    struct tn_stream reads, writes;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    tn_task(writes_until_it_cannot) writer = tn_spawn(writes_until_it_cannot, writes);
    tn_sleep(self, 0.002);
    EXPECT_EQ(tn_stream_close(self, reads), TN_OK);
    EXPECT_EQ(tn_await(writes_until_it_cannot, writer), TN_BROKEN);
    EXPECT_STR(tn_status_text(TN_BROKEN), "nobody reads the other end any more");
}

TEST(a_broken_pipe_is_a_code_and_no_signal) {
    for (int n = 1; n <= 3; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), breaks_a_pipe, NULL), TN_OK);
    }
}

TN_FRAME(void, opens_and_leaves, (struct tn_stream *, out)) {
    EXPECT_EQ(tn_pipe(self, &out[0], &out[1]), TN_OK);
}

TN_FRAME(void, uses_stale_handles) {
    struct tn_stream old[2], now[2];
    char byte = 'x';
    tn_task(opens_and_leaves) child = tn_spawn(opens_and_leaves, old);
    tn_await(opens_and_leaves, child);
    EXPECT_EQ(tn_pipe(self, &now[0], &now[1]), TN_OK); // the same place, and the same numbers
    EXPECT_EQ(tn_write(self, old[1], &byte, 1), TN_CLOSED);
    EXPECT_EQ(tn_read(self, old[0], &byte, 1), TN_CLOSED);
    EXPECT_EQ(tn_stream_close(self, old[0]), TN_CLOSED);
    EXPECT_EQ(tn_read(self, (struct tn_stream){0}, &byte, 1), TN_CLOSED);
    EXPECT_EQ(tn_read(self, (struct tn_stream){77}, &byte, 1), TN_CLOSED);
    EXPECT_EQ(tn_read(self, (struct tn_stream){UINT64_MAX}, &byte, 1), TN_CLOSED);
    EXPECT_EQ(tn_write(self, now[1], &byte, 1), TN_OK);
    EXPECT_EQ(tn_read(self, now[0], &byte, 1), 1);
}

TEST(a_stale_handle_reaches_no_other_file) {
    EXPECT_EQ(tn_run_with(WITH(1), uses_stale_handles, NULL), TN_OK);
}

static struct tn_stream kept;

TN_FRAME(void, keeps_its_stream) {
    struct tn_stream writes;
    EXPECT_EQ(tn_pipe(self, &kept, &writes), TN_OK);
}

TN_FRAME(ptrdiff_t, uses_what_was_kept) {
    struct tn_stream reads, writes;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    char byte;
    return tn_read(self, kept, &byte, 1);
}

TEST(a_handle_of_a_run_that_is_over_is_stale) {
    ptrdiff_t count = 0;
    EXPECT_EQ(tn_run_with(WITH(1), keeps_its_stream, NULL), TN_OK);
    EXPECT_EQ(tn_run_with(WITH(1), uses_what_was_kept, &count), TN_OK);
    EXPECT_EQ(count, TN_CLOSED);
}

// ---- cancellations and deadlines -------------------------------------------------------------

TN_FRAME(void, is_cut_by_time) {
    struct tn_stream reads, writes;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    EXPECT_EQ(tn_write(self, writes, "a", 1), TN_OK);
    char line[10];
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.003);
    EXPECT_EQ(tn_read_line(self, reads, line, sizeof line), TN_TIMED_OUT);
    EXPECT_EQ(tn_read(self, reads, line, 1), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT_EQ(tn_write(self, writes, "\n", 1), TN_OK);
    EXPECT_EQ(tn_read_line(self, reads, line, sizeof line), 1); // nothing was lost
    EXPECT_STR(line, "a");
}

TEST(a_read_that_runs_out_of_time_loses_nothing) {
    for (int n = 1; n <= 3; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), is_cut_by_time, NULL), TN_OK);
    }
}

TN_PFRAME(void, removes_readers) {
    struct tn_stream streams[2][2];
    struct tn_frame *frames[2];
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(tn_pipe(self, &streams[i][0], &streams[i][1]), TN_OK);
        tn_task(reads_once) reader = tn_spawn(reads_once, streams[i][0]);
        frames[i] = tn_share(reader);
    }
    tn_sleep(self, 0.001);
    EXPECT(tn_remove(self, frames[0]));
    EXPECT(tn_remove(self, frames[1]));
    char byte = 'z';
    EXPECT_EQ(tn_write(self, streams[1][1], &byte, 1), TN_OK);
    EXPECT_EQ(tn_read(self, streams[1][0], &byte, 1), 1); // nobody reads it any more
}

TEST(a_reader_may_be_removed_while_it_waits) {
    for (int n = 1; n <= 3; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), removes_readers, NULL), TN_OK);
    }
}

TN_FRAME(void, wakes_its_sleeper, (struct tn_stream, to)) {
    tn_sleep(self, 0.002);
    EXPECT_EQ(tn_write(self, to, "x", 1), TN_OK);
}

// Something is always ready on the only thread: the reader must not starve.
TN_FRAME(void, reads_beside_work) {
    struct tn_stream reads, writes;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    tn_task(reads_once) reader = tn_spawn(reads_once, reads);
    struct tn_frame *frame = tn_share(reader);
    tn_spawn(wakes_its_sleeper, writes);
    const double end = tn_now() + 5;
    while (!tn_frame_has_ended(frame) && tn_now() < end) {
        tn_yield(self);
    }
    EXPECT_EQ(tn_await(reads_once, reader), 1);
}

TEST(a_busy_thread_still_hears_of_bytes) {
    EXPECT_EQ(tn_run_with(WITH(1), reads_beside_work, NULL), TN_OK);
}

TN_PFRAME(void, blocks_for, (double, seconds)) {
    tn_block(seconds);
}

TN_PFRAME(ptrdiff_t, reads_anywhere, (struct tn_stream, from)) {
    return reads_once(self, from);
}

TN_PFRAME(void, writes_anywhere, (struct tn_stream, to)) {
    tn_sleep(self, 0.002);
    EXPECT_EQ(tn_write(self, to, "x", 1), TN_OK);
}

// Two threads: one blocks, so the other has to watch, also when it was asleep when the wait began.
TN_PFRAME(double, reads_beside_a_blocked_thread) {
    struct tn_stream reads, writes;
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    tn_task(blocks_for) blocked = tn_spawn(blocks_for, 0.15);
    tn_task(reads_anywhere) reader = tn_spawn(reads_anywhere, reads);
    struct tn_frame *frame = tn_share(reader);
    tn_spawn(writes_anywhere, writes);
    const double start = tn_now();
    while (!tn_frame_has_ended(frame)) {
        tn_sleep(self, 0.0005);
    }
    const double took = tn_now() - start;
    tn_await(blocks_for, blocked);
    return took;
}

TEST(a_reader_never_waits_behind_a_blocked_thread) {
    double took = 1;
    EXPECT_EQ(tn_run_with(WITH(3), reads_beside_a_blocked_thread, &took), TN_OK);
    EXPECT(took < 0.1);
}
