// processes - DFrames in other processes of this machine: what a start, an empty DFrame and a long
// argument cost. bench/processes.py runs it beside its peers.
//
//     RESULT first_ms=.. round_us=.. one_per_s=.. two_per_s=.. placed_per_s=.. idle_percent=..
//            long_ms=.. copy_ms=.. answer_ms=.. fill_ms=.. long_cold_ms=.. answer_cold_ms=..
//
//   first   from the spawn of a run's first DFrame to its result: one process is started
//   round   an empty DFrame there and back, awaited at once
//   one     empty DFrames in batches of 64, with one process; two: with two
//   placed  the same with two processes, of which the run decides which are worth the way
//   idle    what a run uses of one CPU that has four processes and sleeps: all five together
//   long    a DFrame with an argument of 64 MiB, of which it reads some; copy: one memcpy of it
//   answer  a DFrame that writes a result of 64 MiB, of which its parent reads some; fill: as many
//           bytes written once here; cold: the same, the first time in a run
//
// But for `placed`, all of them are sent away (TENON_PLACE=remote). Start reading at main.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <tenon.h>

#include "measure.h"

enum { BATCH = 64, ROUNDS = 5, LONG_BYTES = 64 << 20 };

static int repeats;

TN_DFRAME(int, next, (int, n)) {
    return n + 1;
}

TN_DFRAME(long, add_some, (tn_int64s, numbers)) {
    long sum = 0;
    for (size_t i = 0; i < numbers.count; i += 512) {
        sum += numbers.data[i];
    }
    return sum;
}

TN_DFRAME(tn_int64s, count_up, (size_t, count)) {
    int64_t *numbers = (int64_t *)tn_room(self, count * sizeof *numbers);
    for (size_t i = 0; numbers != NULL && i < count; i++) {
        numbers[i] = (int64_t)i;
    }
    return tn_int64s_of(numbers, numbers == NULL ? 0 : count);
}

static void check(bool holds) {
    if (!holds) {
        printf("a wrong result\n");
        exit(1);
    }
}

TN_PFRAME(double, first) {
    const double begin = measure_now();
    tn_task(next) task = tn_spawn(next, 1);
    check(tn_await(next, task) == 2);
    return measure_now() - begin;
}

TN_PFRAME(double, there_and_back) {
    static double samples[1 << 16];
    for (int i = 0; i < repeats; i++) {
        const double begin = measure_now();
        tn_task(next) task = tn_spawn(next, i);
        check(tn_await(next, task) == i + 1);
        samples[i] = measure_now() - begin;
    }
    return measure_median(samples, (size_t)repeats);
}

TN_PFRAME(double, in_batches) {
    const double begin = measure_now();
    for (int i = 0; i < repeats; i += BATCH) {
        tn_task(next) tasks[BATCH];
        for (int k = 0; k < BATCH; k++) {
            tasks[k] = tn_spawn(next, k);
        }
        for (int k = 0; k < BATCH; k++) {
            check(tn_await(next, tasks[k]) == k + 1);
        }
    }
    return (measure_now() - begin) / repeats;
}

static double *copy_seconds, *fill_seconds, *long_cold_seconds, *answer_cold_seconds;

static size_t long_count(void) {
    return LONG_BYTES / sizeof(int64_t) / (measure_is_quick() ? 64 : 1);
}

TN_PFRAME(double, with_long_result) {
    const size_t count = long_count();
    int64_t *fill = malloc(count * sizeof *fill);
    double samples[ROUNDS], fills[ROUNDS];
    for (int i = 0; i <= ROUNDS; i++) { // the first one makes memory resident
        const int at = i == 0 ? 0 : i - 1;
        const double begin = measure_now();
        tn_task(count_up) task = tn_spawn(count_up, count);
        const tn_int64s numbers = tn_await(count_up, task);
        check(numbers.count == count);
        for (size_t k = 0; k < count; k += 512) {
            check(numbers.data[k] == (int64_t)k);
        }
        tn_room_free(self, numbers.data);
        samples[at] = measure_now() - begin;
        *answer_cold_seconds = i == 0 ? samples[0] : *answer_cold_seconds;
        const double fill_begin = measure_now();
        for (size_t k = 0; k < count; k++) {
            fill[k] = (int64_t)k;
        }
        __asm__ volatile("" ::"r"(fill) : "memory");
        fills[at] = measure_now() - fill_begin;
    }
    free(fill);
    *fill_seconds = measure_median(fills, ROUNDS);
    return measure_median(samples, ROUNDS);
}

TN_PFRAME(double, with_long_argument) {
    const size_t count = long_count();
    int64_t *numbers = malloc(count * sizeof *numbers), *copy = malloc(count * sizeof *copy);
    double samples[ROUNDS], copies[ROUNDS];
    for (size_t i = 0; i < count; i++) {
        numbers[i] = copy[i] = 1;
    }
    for (int i = 0; i <= ROUNDS; i++) { // the first one makes memory resident
        const int at = i == 0 ? 0 : i - 1;
        const double begin = measure_now();
        tn_task(add_some) task = tn_spawn(add_some, (tn_int64s){numbers, count});
        check(tn_await(add_some, task) == (long)((count + 511) / 512));
        samples[at] = measure_now() - begin;
        *long_cold_seconds = i == 0 ? samples[0] : *long_cold_seconds;
        const double copy_begin = measure_now();
        memcpy(copy, numbers, count * sizeof *copy);
        __asm__ volatile("" ::"r"(copy) : "memory");
        copies[at] = measure_now() - copy_begin;
    }
    free(numbers);
    free(copy);
    *copy_seconds = measure_median(copies, ROUNDS);
    return measure_median(samples, ROUNDS);
}

// ---- idleness --------------------------------------------------------------------------------

static double cpu_seconds_of(pid_t process) {
    clockid_t clock;
    struct timespec spent;
    const bool is_there =
        clock_getcpuclockid(process, &clock) == 0 && clock_gettime(clock, &spent) == 0;
    return is_there ? (double)spent.tv_sec + (double)spent.tv_nsec * 1e-9 : 0;
}

static pid_t parent_of(pid_t process) {
    char path[32];
    int parent = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        (void)!fscanf(file, "%*d (%*[^)]) %*c %d", &parent);
        fclose(file);
    }
    return parent;
}

// What this process and those below it have used so far, and how many these are.
static double all_cpu_seconds(int *below) {
    double sum = cpu_seconds_of(getpid());
    DIR *processes = opendir("/proc");
    *below = 0;
    for (struct dirent *entry; processes != NULL && (entry = readdir(processes)) != NULL;) {
        const pid_t process = atoi(entry->d_name), parent = process > 0 ? parent_of(process) : 0;
        if (parent == getpid() || (parent > 0 && parent_of(parent) == getpid())) {
            sum += cpu_seconds_of(process);
            ++*below;
        }
    }
    if (processes != NULL) {
        closedir(processes);
    }
    return sum;
}

TN_DFRAME(int, naps, (int, n)) {
    tn_sleep(self, 0.02);
    return n;
}

TN_PFRAME(double, sleeps) {
    enum { PROCESSES = 4 };
    const double sleep_seconds = measure_is_quick() ? 0.2 : 5;
    tn_task(naps) tasks[2 * PROCESSES]; // so that all are there
    for (int i = 0; i < 2 * PROCESSES; i++) {
        tasks[i] = tn_spawn(naps, i);
    }
    for (int i = 0; i < 2 * PROCESSES; i++) {
        check(tn_await(naps, tasks[i]) == i);
    }
    tn_sleep(self, 0.05);
    int below, below_after;
    const double before = all_cpu_seconds(&below);
    tn_sleep(self, sleep_seconds);
    const double used = all_cpu_seconds(&below_after) - before;
    check(below == 1 + PROCESSES && below_after == below); // the one that makes them, too
    return 100 * used / sleep_seconds;
}

// ---- runs ------------------------------------------------------------------------------------

#define WITH(count) TN_RUN(.num_threads = 1, .num_processes = (count))

static double median_of(int (*run)(double *answer), size_t rounds) {
    double samples[MEASURE_ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++) {
        check(run(&samples[i]) == TN_OK);
    }
    return measure_median(samples, rounds);
}

static int run_first(double *answer) {
    return tn_run_with(WITH(1), first, answer);
}

static int run_round(double *answer) {
    return tn_run_with(WITH(1), there_and_back, answer);
}

static int run_one(double *answer) {
    return tn_run_with(WITH(1), in_batches, answer);
}

static int run_two(double *answer) {
    return tn_run_with(WITH(2), in_batches, answer);
}

static int run_idle(double *answer) {
    return tn_run_with(WITH(4), sleeps, answer);
}

static int run_long(double *answer) {
    return tn_run_with(WITH(1), with_long_argument, answer);
}

static int run_answer(double *answer) {
    return tn_run_with(WITH(1), with_long_result, answer);
}

int main(void) {
    const size_t rounds = measure_rounds(ROUNDS);
    double copy = 0, fill = 0, long_cold = 0, answer_cold = 0;
    copy_seconds = &copy;
    fill_seconds = &fill;
    long_cold_seconds = &long_cold;
    answer_cold_seconds = &answer_cold;
    repeats = measure_is_quick() ? 4 * BATCH : 400 * BATCH;
    (void)unsetenv("TENON_PLACE");
    const double placed_seconds = median_of(run_two, rounds);
    (void)setenv("TENON_PLACE", "remote", 1);
    const double long_seconds = median_of(run_long, 1);
    const double answer_seconds = median_of(run_answer, 1);
    printf("RESULT first_ms=%.2f round_us=%.2f", median_of(run_first, rounds) * 1e3,
           median_of(run_round, rounds) * 1e6);
    printf(" one_per_s=%.0f two_per_s=%.0f", 1 / median_of(run_one, rounds),
           1 / median_of(run_two, rounds));
    printf(" placed_per_s=%.0f idle_percent=%.2f", 1 / placed_seconds, median_of(run_idle, 1));
    printf(" long_ms=%.1f copy_ms=%.1f answer_ms=%.1f fill_ms=%.1f", long_seconds * 1e3, copy * 1e3,
           answer_seconds * 1e3, fill * 1e3);
    printf(" long_cold_ms=%.1f answer_cold_ms=%.1f\n", long_cold * 1e3, answer_cold * 1e3);
    return 0;
}
