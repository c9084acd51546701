// pipe - what waiting for bytes costs: two sides hand one byte to and fro through two pipes.
//
//     RESULT frames_ns=.. epoll_ns=.. threads_ns=.. two_ns=.. ratio_epoll=.. ratio_threads=..
//            bulk_mb_s=.. bulk_threads_mb_s=..
//
//   frames   two frames of one thread, for a way there and back
//   epoll    the same by hand: one loop around epoll_wait, edge-triggered, tries before it waits
//   threads  two threads that block in read
//   two      two PFrames in a run of two threads
//   bulk     32 MB in blocks of 64 KB from one frame to another, and from thread to thread
//
// Beside them: ratio_epoll is frames / epoll. Invariant: every byte is checked. Start reading at
// main.
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <tenon.h>

#include "measure.h"

enum { BLOCK_BYTES = 65536 };

static long rounds;
static size_t bulk_bytes;

static void require(bool holds) {
    if (!holds) {
        fprintf(stderr, "pipe: a byte was lost\n");
        exit(1);
    }
}

// ---- frames ----------------------------------------------------------------------------------

TN_PFRAME(void, answers, (struct tn_stream, from), (struct tn_stream, to)) {
    unsigned char byte;
    for (long i = 0; i < rounds; i++) {
        require(tn_read(self, from, &byte, 1) == 1 && byte == (unsigned char)i);
        require(tn_write(self, to, &byte, 1) == TN_OK);
    }
}

TN_PFRAME(void, asks) {
    struct tn_stream a[2], b[2];
    require(tn_pipe(self, &a[0], &a[1]) == TN_OK && tn_pipe(self, &b[0], &b[1]) == TN_OK);
    tn_task(answers) other = tn_spawn(answers, a[0], b[1]);
    (void)tn_share(other); // starts now, not when it is awaited
    for (long i = 0; i < rounds; i++) {
        unsigned char byte = (unsigned char)i;
        require(tn_write(self, a[1], &byte, 1) == TN_OK);
        require(tn_read(self, b[0], &byte, 1) == 1 && byte == (unsigned char)i);
    }
    tn_await(answers, other);
}

static void run_frames(void) {
    require(tn_run_with(TN_RUN(.num_threads = 1), asks, NULL) == TN_OK);
}

static void run_two(void) {
    require(tn_run_with(TN_RUN(.num_threads = 2), asks, NULL) == TN_OK);
}

TN_FRAME(void, pours, (struct tn_stream, to)) {
    static unsigned char block[BLOCK_BYTES];
    for (size_t done = 0; done < bulk_bytes; done += sizeof block) {
        require(tn_write(self, to, block, sizeof block) == TN_OK);
    }
    (void)tn_stream_close(self, to);
}

TN_FRAME(void, drinks) {
    static unsigned char block[BLOCK_BYTES];
    struct tn_stream reads, writes;
    require(tn_pipe(self, &reads, &writes) == TN_OK);
    tn_spawn(pours, writes);
    size_t got = 0;
    ptrdiff_t count;
    while ((count = tn_read(self, reads, block, sizeof block)) > 0) {
        got += (size_t)count;
    }
    require(got == bulk_bytes);
}

static void run_bulk(void) {
    require(tn_run_with(TN_RUN(.num_threads = 1), drinks, NULL) == TN_OK);
}

// ---- by hand ---------------------------------------------------------------------------------

static int ends[2][2];

static void open_pipes(int flags) {
    require(pipe2(ends[0], flags) == 0 && pipe2(ends[1], flags) == 0);
}

static void close_pipes(void) {
    for (int i = 0; i < 4; i++) {
        (void)close(ends[i / 2][i % 2]);
    }
}

// Two sides in one loop: each reads until there is nothing, and sends on what it got.
static void run_epoll(void) {
    open_pipes(O_NONBLOCK);
    const int poll = epoll_create1(0);
    for (uint32_t i = 0; i < 2; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = i};
        require(epoll_ctl(poll, EPOLL_CTL_ADD, ends[i][0], &event) == 0);
    }
    unsigned char byte = 0;
    require(write(ends[0][1], &byte, 1) == 1);
    long done = 0;
    while (done < rounds) {
        struct epoll_event event;
        require(epoll_wait(poll, &event, 1, -1) == 1);
        const uint32_t side = event.data.u32;
        while (done < rounds && read(ends[side][0], &byte, 1) == 1) {
            require(byte == (unsigned char)done);
            done += side == 1;
            byte = (unsigned char)done;
            require(write(ends[1 - side][1], &byte, 1) == 1);
        }
    }
    (void)close(poll);
    close_pipes();
}

static void *answer(void *unused) {
    unsigned char byte;
    for (long i = 0; i < rounds; i++) {
        require(read(ends[0][0], &byte, 1) == 1 && write(ends[1][1], &byte, 1) == 1);
    }
    return unused;
}

static void run_threads(void) {
    open_pipes(0);
    pthread_t thread;
    require(pthread_create(&thread, NULL, answer, NULL) == 0);
    for (long i = 0; i < rounds; i++) {
        unsigned char byte = (unsigned char)i;
        require(write(ends[0][1], &byte, 1) == 1 && read(ends[1][0], &byte, 1) == 1);
        require(byte == (unsigned char)i);
    }
    (void)pthread_join(thread, NULL);
    close_pipes();
}

static void *pour(void *unused) {
    static unsigned char block[BLOCK_BYTES];
    for (size_t done = 0; done < bulk_bytes; done += sizeof block) {
        require(write(ends[0][1], block, sizeof block) == sizeof block);
    }
    (void)close(ends[0][1]);
    return unused;
}

static void run_bulk_threads(void) {
    static unsigned char block[BLOCK_BYTES];
    require(pipe(ends[0]) == 0);
    pthread_t thread;
    require(pthread_create(&thread, NULL, pour, NULL) == 0);
    size_t got = 0;
    ssize_t count;
    while ((count = read(ends[0][0], block, sizeof block)) > 0) {
        got += (size_t)count;
    }
    require(got == bulk_bytes);
    (void)pthread_join(thread, NULL);
    (void)close(ends[0][0]);
}

enum { SIDES = 6 };

// Each side once per round, in turn, so that what disturbs the machine disturbs all of them alike.
static void measure_sides(void (*const sides[SIDES])(void), double medians[SIDES]) {
    const size_t count = measure_rounds(7);
    double samples[SIDES][MEASURE_ROUNDS_MAX];
    for (size_t round = 0; round < count; round++) {
        for (int i = 0; i < SIDES; i++) {
            const double start = measure_now();
            sides[i]();
            samples[i][round] = measure_now() - start;
        }
    }
    for (int i = 0; i < SIDES; i++) {
        medians[i] = measure_median(samples[i], count);
    }
}

int main(void) {
    const bool is_quick = measure_is_quick();
    rounds = is_quick ? 200 : 50000;
    bulk_bytes = is_quick ? 1 << 20 : 32 << 20;
    void (*const sides[SIDES])(void) = {run_frames, run_epoll, run_threads,
                                        run_two,    run_bulk,  run_bulk_threads};
    double medians[SIDES];
    measure_sides(sides, medians);
    double ns[4];
    for (int i = 0; i < 4; i++) {
        ns[i] = medians[i] * 1e9 / (double)rounds;
    }
    printf("RESULT frames_ns=%.0f epoll_ns=%.0f threads_ns=%.0f two_ns=%.0f ratio_epoll=%.2f "
           "ratio_threads=%.2f bulk_mb_s=%.0f bulk_threads_mb_s=%.0f\n",
           ns[0], ns[1], ns[2], ns[3], ns[0] / ns[1], ns[0] / ns[2],
           (double)bulk_bytes / medians[4] / 1e6, (double)bulk_bytes / medians[5] / 1e6);
    return 0;
}
