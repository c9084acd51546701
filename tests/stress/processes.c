// processes.c - DFrames in real processes that are killed at random while they work, and whose
// owner is killed.
//
// Invariant: each DFrame ends exactly once, as done with its result or as lost; it begins no more
// often than it may; when a run is over no process, descriptor or shared memory of it is left.
// TENON_TASKS=100000 is the long form. Start reading at lose_some.
#include "stress/processes.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { TASKS_FEW = 1500, AT_ONCE = 48 };

// ---- kills -----------------------------------------------------------------------------------

// The children of a process, at most `max`; how many.
static int children_of(int number, int *children, int max) {
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", number, number);
    FILE *file = fopen(path, "re");
    int count = 0;
    while (file != NULL && count < max && fscanf(file, "%d", &children[count]) == 1) {
        count++;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return count;
}

// The zygote is a child of whichever thread started it; the processes are its children.
static int processes_of_run(int *processes, int max) {
    DIR *threads = opendir("/proc/self/task");
    const struct dirent *entry;
    int count = 0;
    while (threads != NULL && count == 0 && (entry = readdir(threads)) != NULL) {
        char path[300];
        int zygote = 0;
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/children", entry->d_name);
        FILE *file = fopen(path, "re");
        if (file != NULL && fscanf(file, "%d", &zygote) == 1) {
            count = children_of(zygote, processes, max);
        }
        if (file != NULL) {
            (void)fclose(file);
        }
    }
    if (threads != NULL) {
        (void)closedir(threads);
    }
    return count;
}

// ---- kills -----------------------------------------------------------------------------------

static struct {
    pthread_t thread;
    _Atomic bool is_over;
    int kills;
} killer;

static void *kill_again_and_again(void *unused) {
    uint64_t state = test_seed() * 2654435761u + 1;
    const struct timespec pause = {0, MS};
    while (!atomic_load(&killer.is_over)) {
        int processes[PROCESSES];
        const int count = processes_of_run(processes, PROCESSES);
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        if (count > 0 && kill(processes[(state >> 33) % (unsigned)count], SIGKILL) == 0) {
            killer.kills++;
        }
        (void)nanosleep(&pause, NULL);
    }
    return unused;
}

static void start_killer(void) {
    atomic_store(&killer.is_over, false);
    EXPECT_EQ(pthread_create(&killer.thread, NULL, kill_again_and_again, NULL), 0);
}

static void stop_killer(void) {
    atomic_store(&killer.is_over, true);
    EXPECT_EQ(pthread_join(killer.thread, NULL), 0);
}

// ---- tasks while processes are killed --------------------------------------------------------

struct tally {
    int begins_max;
    long done, lost, again; // again: begun more than once
};

static void account(struct tally *tally, int number, int code, long value) {
    const int begins = (int)atomic_load(&common()->begins[number]);
    EXPECT(begins <= tally->begins_max);
    tally->again += begins > 1;
    if (code == TN_OK) {
        EXPECT_EQ(value, (long)number * number);
        EXPECT(begins >= 1);
        tally->done++;
    } else {
        EXPECT_EQ(code, tally->begins_max == 1 ? TN_LOST : TN_POISONED);
        tally->lost++;
    }
}

TN_PFRAME(long, lose_some, (int, count), (struct tally *, tally)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(counted) tasks[AT_ONCE];
    for (int first = 0; first < count; first += AT_ONCE) {
        const int some = count - first < AT_ONCE ? count - first : AT_ONCE;
        for (int i = 0; i < some; i++) {
            const struct tn_options *options = TN_OPTIONS(.begins_max = tally->begins_max);
            tasks[i] = tn_spawn_with(options, counted, first + i);
        }
        for (int i = 0; i < some; i++) {
            long value = 0;
            const int code = tn_try_await(counted, tasks[i], &value);
            account(tally, first + i, code, value);
        }
    }
    return tally->done + tally->lost;
}

static int task_count(void) {
    const char *text = getenv("TENON_TASKS");
    const int wanted = text != NULL ? atoi(text) : TASKS_FEW / test_slowness();
    return wanted > 0 && wanted <= TASKS_MAX ? wanted : TASKS_MAX;
}

static struct tally run_while_killed(int count, int begins_max) {
    begin();
    struct tally tally = {.begins_max = begins_max};
    long ended = 0;
    start_killer();
    EXPECT_EQ(tn_run_with(RUN, lose_some, &ended, count, &tally), TN_OK);
    stop_killer();
    EXPECT_EQ(ended, count);
    EXPECT(tally.done > 0);
    TEST_NOTE("%ld DFrames, %d kills: %ld done (%ld of them here), %ld lost, %ld begun again",
              ended, killer.kills, tally.done, atomic_load(&common()->here), tally.lost,
              tally.again);
    end();
    return tally;
}

TEST(each_dframe_ends_once_while_processes_are_killed_every_millisecond, .seconds = 600) {
    const struct tally tally = run_while_killed(task_count(), 1);
    EXPECT_EQ(tally.again, 0);
}

TEST(repeatable_dframes_are_all_done_while_processes_are_killed, .seconds = 600) {
    const struct tally tally = run_while_killed(task_count() / 2, 50);
    EXPECT_EQ(tally.lost, 0);
}

// ---- one by one ------------------------------------------------------------------------------

// For so long each is awaited before the next one is sent, most through a lane. Numbers come again.
#define ONE_BY_ONE_NS (INT64_C(1500) * MS)

TN_DFRAME(long, counted_soon, (int, number)) {
    atomic_fetch_add(&common()->begins[number], 1);
    return (long)number * number;
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 * MS + now.tv_nsec;
}

TN_PFRAME(long, loses_some_one_by_one, (struct tally *, tally)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    const int64_t end_ns = now_ns() + ONE_BY_ONE_NS;
    for (int i = 0; now_ns() < end_ns; i++) {
        const int number = i % TASKS_MAX;
        long value = 0;
        tn_task(counted_soon) task = tn_spawn(counted_soon, number);
        const int code = tn_try_await(counted_soon, task, &value);
        account(tally, number, code, value);
        atomic_store(&common()->begins[number], 0);
    }
    return tally->done + tally->lost;
}

TEST(each_that_is_awaited_by_itself_ends_once_while_processes_are_killed, .seconds = 600) {
    begin();
    struct tally tally = {.begins_max = 1};
    long ended = 0;
    start_killer();
    EXPECT_EQ(tn_run_with(RUN, loses_some_one_by_one, &ended, &tally), TN_OK);
    stop_killer();
    EXPECT(tally.done > 0 && tally.again == 0);
    TEST_NOTE("%ld DFrames, %d kills: %ld done, %ld lost", ended, killer.kills, tally.done,
              tally.lost);
    end();
}

// ---- the owner's end -------------------------------------------------------------------------

TN_DFRAME(int, stays, (int, n)) {
    atomic_fetch_add(&common()->running, 1);
    (void)n;
    return tn_hold(self);
}

TN_PFRAME(int, lets_stay, (int, count)) {
    tn_task(stays) tasks[8];
    for (int i = 0; i < count; i++) {
        tasks[i] = tn_spawn(stays, i);
    }
    return tn_await(stays, tasks[0]);
}

// The owner is a process of its own. That it ends by itself means that it has found no processes.
TEST(no_process_lives_a_second_after_its_owner_was_killed) {
    make_common();
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t owner = fork();
    if (owner == 0) {
        int value = 0;
        begin();
        (void)tn_run_with(RUN, lets_stay, &value, 4);
        _exit(1);
    }
    const struct timespec pause = {0, MS};
    while (atomic_load(&common()->running) < 4) {
        if (waitpid(owner, NULL, WNOHANG) == owner) {
            TEST_SKIP("this system has one process only");
        }
        (void)nanosleep(&pause, NULL);
    }
    EXPECT_EQ(kill(owner, SIGKILL), 0);
    struct timespec killed, now;
    clock_gettime(CLOCK_MONOTONIC, &killed);
    while (waitpid(-1, NULL, WNOHANG) >= 0) {
        (void)nanosleep(&pause, NULL);
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double seconds =
        (double)(now.tv_sec - killed.tv_sec) + (double)(now.tv_nsec - killed.tv_nsec) / 1e9;
    EXPECT(seconds < 1 * test_slowness());
    TEST_NOTE("nothing was left after %.0f ms", seconds * 1000);
    remove_common();
}
