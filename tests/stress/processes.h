// processes.h - what the programs that let processes die have in common: a file that all processes
// map, in which is counted how often a DFrame has begun, and a run before the test begins.
#ifndef STRESS_PROCESSES_H
#define STRESS_PROCESSES_H

#include <tenon.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "support/left.h"
#include "support/test.h"

enum { PROCESSES = 3, TASKS_MAX = 100000, MS = 1000000 };

// What all processes of a test share: a file that is found by a name in the environment.
struct common {
    _Atomic int running; // DFrames that stay until they are ended
    _Atomic int frozen;  // the process that froze itself
    _Atomic int owner;   // which process has the run
    _Atomic long here;   // DFrames that it ran itself
    _Atomic unsigned begins[TASKS_MAX + 1];
};

static struct common *_Atomic common_known;

static inline struct common *common(void) {
    struct common *mapped = atomic_load(&common_known);
    const char *path = getenv("TENON_TEST_COMMON");
    if (mapped == NULL && path != NULL) {
        const int file = open(path, O_RDWR | O_CLOEXEC);
        mapped = mmap(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        (void)close(file);
        atomic_store(&common_known, mapped);
    }
    return mapped;
}

static inline void make_common(void) {
    char path[] = "/tmp/tenon-test-XXXXXX";
    const int file = mkstemp(path);
    EXPECT(file >= 0 && ftruncate(file, sizeof(struct common)) == 0);
    EXPECT_EQ(setenv("TENON_TEST_COMMON", path, 1), 0);
    (void)close(file);
    (void)common();
}

static inline void remove_common(void) {
    (void)unlink(getenv("TENON_TEST_COMMON"));
    (void)unsetenv("TENON_TEST_COMMON");
    (void)munmap(common(), sizeof(struct common));
    atomic_store(&common_known, NULL);
}

static inline void spin_us(long us) {
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - begin.tv_sec) * 1000000 + (now.tv_nsec - begin.tv_nsec) / 1000 < us);
}

TN_DFRAME(long, counted, (int, number)) {
    atomic_fetch_add(&common()->begins[number], 1);
    atomic_fetch_add(&common()->here, atomic_load(&common()->owner) == (int)getpid());
    spin_us(20);
    return (long)number * number;
}

static inline enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure, (void)replace, (void)data;
    return TN_ABSORB;
}

#define RUN TN_RUN(.num_threads = 2, .num_processes = PROCESSES)

TN_PFRAME(long, begins_one, (int, number)) {
    tn_task(counted) task = tn_spawn(counted, number);
    return tn_await(counted, task);
}

// One run before: it leaves what all runs of a thread share, and tells whether there are processes.
static inline void begin(void) {
    if (common() == NULL) {
        make_common();
    }
    EXPECT_EQ(setenv("TENON_PLACE", "remote", 1), 0);
    atomic_store(&common()->owner, (int)getpid());
    long value = 0;
    EXPECT_EQ(tn_run_with(RUN, begins_one, &value, TASKS_MAX), TN_OK);
    EXPECT_EQ(value, (long)TASKS_MAX * TASKS_MAX);
    if (atomic_load(&common()->here) > 0) {
        remove_common();
        TEST_SKIP("this system has one process only");
    }
    left_begin();
}

static inline void end(void) {
    left_expect_nothing();
    remove_common();
}

#endif
