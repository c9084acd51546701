// million - a million frames that wait at once, and a million sleeps of 0 to 1 s.
//
//     RESULT frames=1000000 create_us=.. bytes_each=.. end_us=.. sleep_cpu_s=.. late_ms=..
//            late_max_ms=.. page_us=.. bare_sleep_cpu_s=.. bare_at_once=..
//
//   create_us    until each frame has a stack of its own, guarded, and waits on it
//   bytes_each   resident memory that this took
//   end_us       to wake each and let it end
//   sleep_cpu_s  CPU seconds of as many frames that sleep at random for 0 to 1 s, creation included
//   late_ms      the mean of how long after its time each went on
//   page_us      CPU time of the system alone, to give a page at its first touch in place of each
//                such stack, and to take it back
//   bare_sleep_cpu_s  of as many sleeps of which each has a page and nothing else: no frame, no
//                stack, no guard, no order (bare.h); and how many pages there were at once
//
// Usage: bench_million [FRAMES] [THREADS]. Start reading at main.
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <tenon.h>

#include "bare.h"
#include "measure.h"

static long count;
static struct tn_event *bell;
static _Atomic long waiting, woken;

// Of the process, in bytes.
static double resident(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) {
        exit(1);
    }
    (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

TN_PFRAME(void, waits) {
    waiting++;
    woken += tn_event_wait(self, bell, NULL) == TN_OK;
}

static double create_us, bytes_each, end_us;

TN_PFRAME(void, creates) {
    bell = tn_event_create(self, "bell");
    const double before = resident();
    const double start = measure_now();
    for (long i = 0; i < count; i++) {
        tn_task(waits) child = tn_spawn(waits);
        tn_forget(child);
    }
    while (waiting < count) {
        (void)tn_yield(self);
    }
    create_us = (measure_now() - start) / (double)count * 1e6;
    bytes_each = (resident() - before) / (double)count;
    const double wake = measure_now();
    (void)tn_event_post(bell, NULL);
    (void)tn_children_wait(self);
    end_us = (measure_now() - wake) / (double)count * 1e6;
}

static double seconds_max = 1;
static double late_s, late_max_s;

TN_FRAME(void, sleeps, (double, seconds)) {
    const double due = measure_now() + seconds;
    (void)tn_sleep(self, seconds);
    const double late = measure_now() - due;
    late_s += late;
    late_max_s = late > late_max_s ? late : late_max_s;
}

TN_FRAME(void, sleepers) {
    uint32_t random = 1;
    for (long i = 0; i < count; i++) {
        random = random * 1664525u + 1013904223u;
        tn_task(sleeps) child = tn_spawn(sleeps, random / 4294967296.0 * seconds_max);
        tn_forget(child);
    }
    (void)tn_children_wait(self);
}

static double cpu_s(int code, clock_t before) {
    if (code != TN_OK) {
        fprintf(stderr, "a run of %ld frames failed with code %d\n", count, code);
        exit(1);
    }
    return bare_cpu_s(before);
}

int main(int arguments, char **argument) {
    count = arguments > 1 ? atol(argument[1]) : measure_is_quick() ? 1000 : 1000000;
    seconds_max = measure_is_quick() ? 0.02 : 1;
    const int threads = arguments > 2 ? atoi(argument[2]) : 1;
    clock_t before = clock();
    int code = tn_run_with(TN_RUN(.num_threads = threads), creates, NULL);
    const double create_cpu_s = cpu_s(code, before);
    if (woken != count) {
        fprintf(stderr, "%ld of %ld were woken\n", (long)woken, count);
        return 1;
    }
    const double page_us = bare_page_us((size_t)count);
    before = clock();
    code = tn_run_with(TN_RUN(.num_threads = 1), sleepers, NULL);
    const double sleep_cpu_s = cpu_s(code, before);
    const double late_ms = late_s / (double)count * 1e3;
    size_t bare_at_once;
    const double bare_s = bare_sleeps_cpu_s((size_t)count, seconds_max, &bare_at_once);
    printf("%ld frames that wait: %.0f bytes each, made in %.2f us each, ended in %.2f us each, "
           "%.2f CPU s\n",
           count, bytes_each, create_us, end_us, create_cpu_s);
    printf("%ld sleeps of 0 to 1 s: %.2f CPU s, %.2f ms late on average, %.1f ms at most\n", count,
           sleep_cpu_s, late_ms, late_max_s * 1e3);
    printf("%ld bare pages: %.2f us each, there and back\n", count, page_us);
    printf("%ld sleeps of bare pages: %.2f CPU s, %zu at once\n", count, bare_s, bare_at_once);
    printf("RESULT frames=%ld create_us=%.3f bytes_each=%.0f end_us=%.3f sleep_cpu_s=%.3f "
           "late_ms=%.3f late_max_ms=%.1f page_us=%.3f bare_sleep_cpu_s=%.3f bare_at_once=%zu\n",
           count, create_us, bytes_each, end_us, sleep_cpu_s, late_ms, late_max_s * 1e3, page_us,
           bare_s, bare_at_once);
    return 0;
}
