// frames - what the pieces of a program of frames cost on one thread.
//
//     RESULT yield_ns=.. frame_ns=.. suspend_ns=.. pframe_ns=.. event_ns=..
//
//   yield    tn_yield of one frame, which goes through the run queue
//   frame    creating a plain Frame and awaiting it
//   suspend  the same of one that yields once
//   pframe   creating a PFrame and awaiting it, from a plain Frame (so it always is a frame)
//   event    a post and the wait of another frame that it wakes, there and back
//
// Beside them, in the text, what the Python library of the same model does (asyncframes 2.2 on
// CPython 3.11, measured on a 2-core machine of the same kind). Start reading at main.
#include <stdint.h>
#include <stdio.h>

#include <tenon.h>

#include "measure.h"

static long repeats;

TN_FRAME(void, yielding) {
    for (long i = 0; i < repeats; i++) {
        (void)tn_yield(self);
    }
}

TN_FRAME(long, leaf, (long, value)) {
    return value;
}

TN_FRAME(long, suspended, (long, value)) {
    return tn_yield(self) == TN_OK ? value : 0;
}

TN_PFRAME(long, pleaf, (long, value)) {
    return value;
}

static long total;

TN_FRAME(void, spawning) {
    for (long i = 0; i < repeats; i++) {
        tn_task(leaf) child = tn_spawn(leaf, i);
        total += tn_await(leaf, child);
    }
}

TN_FRAME(void, suspending) {
    for (long i = 0; i < repeats; i++) {
        tn_task(suspended) child = tn_spawn(suspended, i);
        total += tn_await(suspended, child);
    }
}

TN_FRAME(void, pspawning) {
    for (long i = 0; i < repeats; i++) {
        tn_task(pleaf) child = tn_spawn(pleaf, i);
        total += tn_await(pleaf, child);
    }
}

TN_FRAME(void, answering, (struct tn_event *, ping), (struct tn_event *, pong)) {
    while (tn_event_wait(self, ping, NULL) == TN_OK) {
        (void)tn_event_post(pong, NULL);
    }
}

TN_FRAME(void, asking) {
    struct tn_event *ping = tn_event_create(self, "ping");
    struct tn_event *pong = tn_event_create(self, "pong");
    tn_task(answering) other = tn_spawn(answering, ping, pong);
    (void)other;
    (void)tn_sleep(self, 0);
    for (long i = 0; i < repeats; i++) {
        (void)tn_event_post(ping, NULL);
        (void)tn_event_wait(self, pong, NULL);
    }
}

static double run_ns(int (*run)(void), long count) {
    double samples[5];
    repeats = count;
    for (int i = 0; i < 5; i++) {
        const double start = measure_now();
        if (run() != TN_OK) {
            fprintf(stderr, "a run failed\n");
            exit(1);
        }
        samples[i] = (measure_now() - start) / (double)count * 1e9;
    }
    return measure_median(samples, 5);
}

static int run_yielding(void) {
    return tn_run_with(TN_RUN(.num_threads = 1), yielding, NULL);
}

static int run_spawning(void) {
    return tn_run_with(TN_RUN(.num_threads = 1), spawning, NULL);
}

static int run_suspending(void) {
    return tn_run_with(TN_RUN(.num_threads = 1), suspending, NULL);
}

static int run_pspawning(void) {
    return tn_run_with(TN_RUN(.num_threads = 1), pspawning, NULL);
}

static int run_asking(void) {
    return tn_run_with(TN_RUN(.num_threads = 1), asking, NULL);
}

int main(void) {
    const long count = measure_is_quick() ? 2000 : 1000000;
    const double yield_ns = run_ns(run_yielding, count);
    const double frame_ns = run_ns(run_spawning, count);
    const double suspend_ns = run_ns(run_suspending, count);
    const double pframe_ns = run_ns(run_pspawning, count);
    const double event_ns = run_ns(run_asking, count);
    // Three benches add up 0 to count - 1, five times each.
    if (total != 3 * 5 * (count * (count - 1) / 2)) {
        fprintf(stderr, "wrong sum: %ld\n", total);
        return 1;
    }
    printf("%-32s %10s %14s %16s\n", "one thread", "ns", "per second", "asyncframes");
    printf("%-32s %10.1f %14.0f %16s\n", "yield", yield_ns, 1e9 / yield_ns, "78,000");
    printf("%-32s %10.1f %14.0f %16s\n", "create and await a Frame", frame_ns, 1e9 / frame_ns,
           "22,000");
    printf("%-32s %10.1f %14.0f %16s\n", "the same, yielding once", suspend_ns, 1e9 / suspend_ns,
           "");
    printf("%-32s %10.1f %14.0f %16s\n", "create and await a PFrame", pframe_ns, 1e9 / pframe_ns,
           "21,000");
    printf("%-32s %10.1f %14.0f %16s\n", "event round trip", event_ns, 1e9 / event_ns, "59,000");
    printf("RESULT yield_ns=%.1f frame_ns=%.1f suspend_ns=%.1f pframe_ns=%.1f event_ns=%.1f\n",
           yield_ns, frame_ns, suspend_ns, pframe_ns, event_ns);
    return 0;
}
