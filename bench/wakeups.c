// wakeups - what it costs to wake who waits on another thread, beside futex, eventfd and spinning;
// what a run costs while everything sleeps; how fast a burst finds its threads.
//
//     RESULT pingpong_ns=.. futex_ns=.. eventfd_ns=.. spin_ns=.. per_futex=.. late_ns=..
//            late_futex_ns=.. late_eventfd_ns=.. idle_cpu=.. burst2_us=.. burst4_us=..
//
//   pingpong   two frames on two threads post to each other's event in turn: one round trip
//   late       the same with 200 us of rest before each post, so that the other side is asleep:
//              from the post to the answer
//   idle_cpu   the part of one CPU that four threads use while their frames sleep
//   burstN     N PFrames that all have to be there at once, after idleness: until they are
//
// Start reading at measure_tenon.
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tenon.h>

#include "measure.h"

static long rounds;
static double rest_s;  // before each round of the asking side
static double asked_s; // the time between question and answer, added up

static void rest(void) {
    const double until = measure_now() + rest_s;
    while (rest_s > 0 && measure_now() < until) {
        // Busy: a sleep of our own would be woken from, too.
    }
}

// ---- two frames ------------------------------------------------------------------------------

static struct tn_event *ping, *pong;

TN_FRAME(void, answering) {
    while (tn_event_wait(self, ping, NULL) == TN_OK) {
        (void)tn_event_post(pong, NULL);
    }
}

TN_FRAME(void, asking) {
    ping = tn_event_create(self, "ping");
    pong = tn_event_create(self, "pong");
    tn_task(answering) other = tn_spawn_with(TN_OPTIONS(.thread = TN_THREAD(1)), answering);
    if (tn_sleep(self, 0.01) != TN_OK) { // until it waits
        return;
    }
    asked_s = 0;
    for (long i = 0; i < rounds; i++) {
        rest();
        const double start = measure_now();
        (void)tn_event_post(ping, NULL);
        (void)tn_event_wait(self, pong, NULL);
        asked_s += measure_now() - start;
    }
    (void)tn_remove(self, tn_share(other));
}

static void ask_frames(void) {
    if (tn_run_with(TN_RUN(.num_threads = 2), asking, NULL) != TN_OK) {
        fprintf(stderr, "the frames failed\n");
        exit(1);
    }
}

// ---- two threads -----------------------------------------------------------------------------

// A seat is where a thread waits to be called; each way of waiting has both halves.
struct seat {
    _Alignas(64) _Atomic uint32_t calls;
    int fd;
};

struct way {
    void (*call)(struct seat *seat);
    void (*await_call)(struct seat *seat);
};

static struct seat seats[2];
static const struct way *way;

static void call_futex(struct seat *seat) {
    seat->calls = 1;
    (void)syscall(SYS_futex, &seat->calls, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await_futex(struct seat *seat) {
    while (seat->calls == 0) {
        (void)syscall(SYS_futex, &seat->calls, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    }
    seat->calls = 0;
}

static void call_eventfd(struct seat *seat) {
    const uint64_t one = 1;
    (void)!write(seat->fd, &one, sizeof one);
}

static void await_eventfd(struct seat *seat) {
    uint64_t calls;
    (void)!read(seat->fd, &calls, sizeof calls);
}

static void call_spinner(struct seat *seat) {
    seat->calls = 1;
}

static void await_spinning(struct seat *seat) {
    while (seat->calls == 0) {
        __asm__ volatile("" ::: "memory");
    }
    seat->calls = 0;
}

static void *answer(void *argument) {
    for (long i = 0; i < rounds; i++) {
        way->await_call(&seats[1]);
        way->call(&seats[0]);
    }
    return argument;
}

static void ask_thread(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, answer, NULL) != 0) {
        exit(1);
    }
    asked_s = 0;
    for (long i = 0; i < rounds; i++) {
        rest();
        const double start = measure_now();
        way->call(&seats[1]);
        way->await_call(&seats[0]);
        asked_s += measure_now() - start;
    }
    (void)pthread_join(thread, NULL);
}

// ---- idleness and bursts ---------------------------------------------------------------------

TN_PFRAME(void, sleeps, (double, seconds)) {
    (void)tn_sleep(self, seconds);
}

TN_FRAME(void, all_sleep, (double, seconds)) {
    for (int i = 0; i < 100; i++) {
        tn_task(sleeps) child = tn_spawn(sleeps, seconds);
        tn_forget(child);
    }
    (void)tn_children_wait(self);
}

static double idle_cpu(double seconds) {
    const clock_t before = clock();
    const double start = measure_now();
    if (tn_run_with(TN_RUN(.num_threads = 4), all_sleep, NULL, seconds) != TN_OK) {
        exit(1);
    }
    return (double)(clock() - before) / CLOCKS_PER_SEC / (measure_now() - start);
}

static _Atomic int present;

// Leaves only when all are there: so each of them has a thread of its own.
TN_PFRAME(void, meets, (int, all)) {
    present++;
    while (present < all) {
        sched_yield();
    }
}

TN_FRAME(void, bursts, (int, all), (double *, times), (int, count)) {
    for (int i = 0; i < count; i++) {
        (void)tn_sleep(self, 0.002);
        present = 0;
        const double start = measure_now();
        for (int j = 0; j < all; j++) {
            tn_task(meets) child = tn_spawn(meets, all);
            tn_forget(child);
        }
        (void)tn_children_wait(self);
        times[i] = measure_now() - start;
    }
}

static double burst_us(int all) {
    double times[101];
    const int count = measure_is_quick() ? 3 : 101;
    if (tn_run_with(TN_RUN(.num_threads = all + 1), bursts, NULL, all, times, count) != TN_OK) {
        exit(1);
    }
    return measure_median(times, (size_t)count) * 1e6;
}

// ---- all of them -----------------------------------------------------------------------------

enum { SIDES = 4 };

// Medians of the nanoseconds of a round, in turn.
static void measure_sides(double ns[SIDES]) {
    static const struct way ways[] = {
        {call_futex, await_futex}, {call_eventfd, await_eventfd}, {call_spinner, await_spinning}};
    const size_t times = measure_rounds(9);
    double samples[SIDES][MEASURE_ROUNDS_MAX];
    for (size_t i = 0; i < times; i++) {
        for (int side = 0; side < SIDES; side++) {
            if (side == 0) {
                ask_frames();
            } else {
                way = &ways[side - 1];
                ask_thread();
            }
            samples[side][i] = asked_s / (double)rounds * 1e9;
        }
    }
    for (int side = 0; side < SIDES; side++) {
        ns[side] = measure_median(samples[side], times);
    }
}

int main(void) {
    double close[SIDES], late[SIDES];
    seats[0].fd = eventfd(0, 0);
    seats[1].fd = eventfd(0, 0);
    rounds = measure_is_quick() ? 50 : 10000;
    measure_sides(close);
    rounds = measure_is_quick() ? 10 : 500;
    rest_s = 200e-6;
    measure_sides(late);
    const double idle = idle_cpu(measure_is_quick() ? 0.05 : 2);
    const double two_us = burst_us(2), four_us = burst_us(4);
    static const char *const names[] = {"events of frames", "futex", "eventfd", "spinning"};
    printf("%-20s %16s %20s\n", "two threads", "round trip, ns", "other asleep, ns");
    for (int side = 0; side < SIDES; side++) {
        printf("%-20s %16.0f %20.0f\n", names[side], close[side], late[side]);
    }
    printf("four threads asleep use %.3f %% of a CPU\n", idle * 100);
    printf("a burst of 2 PFrames has its threads after %.1f us, of 4 after %.1f us\n", two_us,
           four_us);
    printf("RESULT pingpong_ns=%.0f futex_ns=%.0f eventfd_ns=%.0f spin_ns=%.0f per_futex=%.3f "
           "late_ns=%.0f late_futex_ns=%.0f late_eventfd_ns=%.0f idle_cpu=%.5f burst2_us=%.1f "
           "burst4_us=%.1f\n",
           close[0], close[1], close[2], close[3], close[0] / close[1], late[0], late[1], late[2],
           idle, two_us, four_us);
    return 0;
}
