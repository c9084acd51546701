// crowd - a million frames that are suspended at once, each with a guarded stack of its own.
//
//     bench_crowd [FRAMES]
//     RESULT frames=.. create_us=.. bytes_each=.. table_bytes_each=.. wake_us=.. sleeps_cpu_s=..
//            sleeps_s=.. lateness_ms=.. lateness_max_ms=..
//
//   create        to spawn one frame, start it, and suspend it in its first wait
//   bytes         resident memory of the process for each of them; table: the system's page tables
//   wake          to post the event that all of them wait for, and to end them
//   sleeps        CPU time of as many concurrent sleeps of random 0 to 1 s, their creation and end
//                 included; how long that took; how late they woke, on average and at most
//
// On one thread, because that is the dearest for whoever sleeps. Start reading at main.
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <tenon.h>

#include "measure.h"

static long frames;

static size_t resident_bytes(void) {
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*s %zu", &pages) != 1) {
        pages = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t table_bytes(void) {
    size_t kilobytes = 0;
    char line[128];
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmPTE: %zu", &kilobytes) == 1) {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kilobytes * 1024;
}

// ---- suspended ---------------------------------------------------------------------------------

static long waiting;
static long woken;
static double create_us;
static double wake_us;
static double bytes_each;
static double table_bytes_each;

TN_FRAME(void, waits, (struct tn_event *, go)) {
    waiting++;
    woken += tn_event_wait(self, go, NULL) == TN_OK;
}

TN_FRAME(void, suspends_all) {
    struct tn_event *go = tn_event_create(self, "go");
    const size_t resident = resident_bytes();
    const size_t tables = table_bytes();
    double start = measure_now();
    for (long i = 0; i < frames; i++) {
        tn_task(waits) child = tn_spawn(waits, go);
        tn_forget(child);
        if (i % 1024 == 1023) {
            (void)tn_yield(self);
        }
    }
    (void)tn_yield(self);
    create_us = (measure_now() - start) * 1e6 / (double)frames;
    bytes_each = (double)(resident_bytes() - resident) / (double)frames;
    table_bytes_each = (double)(table_bytes() - tables) / (double)frames;
    start = measure_now();
    (void)tn_event_post(go, NULL);
    (void)tn_children_wait(self);
    wake_us = (measure_now() - start) * 1e6 / (double)frames;
}

// ---- asleep ------------------------------------------------------------------------------------

static double lateness;
static double lateness_max;

TN_FRAME(void, sleeps, (double, seconds)) {
    const double due = tn_now() + seconds;
    (void)tn_sleep(self, seconds);
    const double late = tn_now() - due;
    lateness += late;
    lateness_max = late > lateness_max ? late : lateness_max;
}

TN_FRAME(void, puts_all_to_sleep) {
    uint32_t random = 1;
    for (long i = 0; i < frames; i++) {
        random = random * 1664525u + 1013904223u;
        tn_task(sleeps) child = tn_spawn(sleeps, random / 4294967296.0);
        tn_forget(child);
    }
    (void)tn_children_wait(self);
}

// ---- both --------------------------------------------------------------------------------------

static void run(int (*program)(void)) {
    const int code = program();
    if (code != TN_OK) {
        fprintf(stderr, "the crowd failed: %s\n", tn_status_text(code));
        exit(1);
    }
}

static int run_suspended(void) {
    return tn_run_with(TN_RUN(.num_threads = 1, .hog_seconds = -1), suspends_all, NULL);
}

static int run_asleep(void) {
    return tn_run_with(TN_RUN(.num_threads = 1, .hog_seconds = -1), puts_all_to_sleep, NULL);
}

int main(int argc, char **argv) {
    frames = argc > 1 ? atol(argv[1]) : measure_is_quick() ? 2000 : 1000000;
    run(run_suspended);
    if (waiting != frames || woken != frames) {
        fprintf(stderr, "of %ld frames %ld waited and %ld woke\n", frames, waiting, woken);
        return 1;
    }
    const clock_t cpu = clock();
    const double start = measure_now();
    run(run_asleep);
    const double sleeps_cpu_s = (double)(clock() - cpu) / CLOCKS_PER_SEC;
    const double sleeps_s = measure_now() - start;
    lateness = lateness * 1e3 / (double)frames;
    lateness_max *= 1e3;
    printf("%ld frames on one thread\n", frames);
    printf("  created and suspended in %.2f us each; woken and ended in %.2f us each\n", create_us,
           wake_us);
    printf("  resident %.0f bytes each, and %.0f of page tables\n", bytes_each, table_bytes_each);
    printf(
        "  asleep for 0 to 1 s: %.2f s of CPU in %.2f s; %.2f ms late on average, %.2f at most\n",
        sleeps_cpu_s, sleeps_s, lateness, lateness_max);
    printf("RESULT frames=%ld create_us=%.3f bytes_each=%.0f table_bytes_each=%.0f wake_us=%.3f "
           "sleeps_cpu_s=%.3f sleeps_s=%.3f lateness_ms=%.3f lateness_max_ms=%.3f\n",
           frames, create_us, bytes_each, table_bytes_each, wake_us, sleeps_cpu_s, sleeps_s,
           lateness, lateness_max);
    return 0;
}
