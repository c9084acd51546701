// process_ends.c - DFrames whose processes die in every way: by exit, by a signal, by a limit,
// without memory, frozen, with what they share spoilt. Each ends as lost, with the reason, and the
// program goes on.
//
// With TENON_TASKS set (the long form of these programs) also with a large heap.
// Start reading at end_is.
#include "stress/processes.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

// ---- DFrames ---------------------------------------------------------------------------------

enum end { EXIT, CRASH, LIMIT, FREEZE, SCRIBBLE, EAT, GROW };

// That others read there meanwhile is no news: it is not shown to ThreadSanitizer, so no memset.
__attribute__((no_sanitize("thread"))) static void spoil(void *memory, size_t bytes) {
    volatile uint64_t *words = memory;
    for (size_t i = 0; i < bytes / sizeof *words; i++) {
        words[i] = UINT64_C(0xa5a5a5a5a5a5a5a5);
    }
}

// Nonsense all over what this process shares with its owner.
static void scribble(void) {
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    void *begin = NULL;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        if (strstr(line, "memfd:tenon") != NULL && strstr(line, " rw-s ") != NULL &&
            sscanf(line, "%p-", &begin) == 1) {
            spoil(begin, 512 << 10);
        }
    }
}

static void use_memory(size_t bytes) {
    enum { PIECE = 1 << 20 };
    for (size_t used = 0; used < bytes; used += PIECE) {
        char *piece = malloc(PIECE);
        EXPECT(piece != NULL);
        memset(piece, 1, PIECE);
        __asm__ volatile("" ::"r"(piece) : "memory"); // or nothing of it need be there
    }
}

TN_DFRAME(int, ends, (int, how)) {
    const struct rlimit limit = {4096, 4096};
    switch (how) {
    case EXIT:
        exit(5);
    case CRASH:
        (void)signal(SIGSEGV, SIG_DFL); // a sanitizer would report it, and exit
        (void)kill(getpid(), SIGSEGV);
        break;
    case LIMIT:
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        (void)!ftruncate(fileno(tmpfile()), 8192);
        break;
    case FREEZE:
        atomic_store(&common()->frozen, (int)getpid());
        (void)kill(getpid(), SIGSTOP);
        break;
    case SCRIBBLE:
        scribble();
        break;
    case EAT:
        use_memory(SIZE_MAX);
        break;
    case GROW:
        use_memory((size_t)512 << 20);
        (void)kill(getpid(), SIGKILL);
        break;
    default:
        break;
    }
    atomic_fetch_add(&common()->running, 1);
    return tn_hold(self);
}

// ---- single ends -----------------------------------------------------------------------------

static char message[200];

TN_PFRAME(int, lets_end, (int, how)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(ends) task = tn_spawn(ends, how);
    int value = 0;
    const int code = tn_try_await(ends, task, &value);
    const struct tn_failure *failure = tn_children_failures(self);
    (void)snprintf(message, sizeof message, "%s", failure == NULL ? "" : failure->message);
    tn_task(counted) after = tn_spawn(counted, 7); // the others go on
    EXPECT_EQ(tn_await(counted, after), 49);
    return code;
}

static void end_is(int how, const char *text) {
    begin();
    int code = 0;
    EXPECT_EQ(tn_run_with(RUN, lets_end, &code, how), TN_OK);
    EXPECT_EQ(code, TN_LOST);
    TEST_NOTE("%s", message);
    EXPECT(strstr(message, text) != NULL);
    end();
}

TEST(a_dframe_that_exits_is_lost_with_the_code) {
    end_is(EXIT, "exit code 5");
}

TEST(a_dframe_that_crashes_is_lost_with_the_signal) {
    end_is(CRASH, "SIGSEGV");
}

TEST(a_dframe_beyond_a_limit_is_lost_with_that_signal) {
    end_is(LIMIT, "SIGXFSZ");
}

// Either its owner notices first, or the process itself.
TEST(a_dframe_that_spoils_its_ring_is_lost_and_the_program_lives) {
    end_is(SCRIBBLE, "process ");
    EXPECT(strstr(message, "has spoilt what it shares") != NULL ||
           strstr(message, "SIGABRT") != NULL);
}

TEST(a_frozen_process_is_given_up_after_its_lease) {
    if (test_slowness() > 1) {
        TEST_SKIP("seconds of waiting, which the plain builds do");
    }
    end_is(FREEZE, "did not answer any more");
}

TEST(a_dframe_that_is_killed_with_a_large_heap_is_lost, .seconds = 60) {
    if (getenv("TENON_TASKS") == NULL) {
        TEST_SKIP("a part of the long form");
    }
    end_is(GROW, "SIGKILL");
}

static bool write_to(const char *folder, const char *name, const char *text) {
    char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
}

// In a cgroup of version 1 or 2 with little memory, where this may be made.
TEST(a_dframe_without_memory_is_lost_with_that_reason, .seconds = 30) {
    if (test_slowness() > 1) {
        TEST_SKIP("a sanitizer needs the memory");
    }
    begin();
    end();
    char folder[100], text[20];
    const char *mount = "/sys/fs/cgroup/memory";
    const bool is_old = access(mount, W_OK) == 0;
    (void)snprintf(folder, sizeof folder, "%s/tenon-lost-%d", is_old ? mount : "/sys/fs/cgroup",
                   (int)getpid());
    if (mkdir(folder, 0755) != 0) {
        TEST_SKIP("this process may not limit its memory");
    }
    const pid_t owner = fork();
    if (owner == 0) {
        (void)snprintf(text, sizeof text, "%d", (int)getpid());
        if (!write_to(folder, "cgroup.procs", text) ||
            !write_to(folder, is_old ? "memory.limit_in_bytes" : "memory.max", "80000000")) {
            _exit(8);
        }
        end_is(EAT, "there was no memory left");
        _exit(7);
    }
    int status;
    EXPECT_EQ(waitpid(owner, &status, 0), owner);
    const struct timespec pause = {0, MS};
    for (int i = 0; rmdir(folder) != 0 && i < 1000; i++) {
        (void)nanosleep(&pause, NULL);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 8) {
        TEST_SKIP("this process may not limit its memory");
    }
    EXPECT_EQ(status, 7 << 8);
}

// ---- what a dead process has lent ------------------------------------------------------------

enum { LENT_COUNT = 1 << 17 };

TN_DFRAME(tn_int64s, count_up, (int, from)) {
    int64_t *numbers = (int64_t *)tn_room(self, LENT_COUNT * sizeof *numbers);
    for (int i = 0; numbers != NULL && i < LENT_COUNT; i++) {
        numbers[i] = from + i;
    }
    return tn_int64s_of(numbers, numbers == NULL ? 0 : LENT_COUNT);
}

TN_PFRAME(int64_t, reads_from_the_dead, (int, rounds)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    int64_t sum = 0;
    for (int i = 0; i < rounds; i++) {
        tn_task(count_up) task = tn_spawn(count_up, i);
        const tn_int64s numbers = tn_await(count_up, task);
        tn_task(ends) last = tn_spawn(ends, EXIT);
        EXPECT_EQ(tn_try_await(ends, last, NULL), TN_LOST);
        for (size_t k = 0; k < numbers.count; k++) {
            sum += numbers.data[k] - (int64_t)k;
        }
        if (i % 2 == 0) {
            EXPECT_EQ(tn_room_free(self, numbers.data), TN_OK);
        }
    }
    return sum;
}

TEST(a_long_result_stays_when_its_process_has_ended) {
    begin();
    int64_t sum = 0;
    EXPECT_EQ(
        tn_run_with(TN_RUN(.num_threads = 2, .num_processes = 1), reads_from_the_dead, &sum, 5),
        TN_OK);
    EXPECT_EQ(sum, (int64_t)10 * LENT_COUNT);
    end();
}

// ---- an owner that was stopped ---------------------------------------------------------------

TN_DFRAME(int, sleeps, (int, seconds)) {
    (void)tn_sleep(self, seconds);
    return seconds;
}

TN_PFRAME(int, lets_sleep, (int, seconds)) {
    tn_task(sleeps) task = tn_spawn(sleeps, seconds);
    return tn_await(sleeps, task);
}

// By a debugger, or from a terminal; here by its parent.
TEST(an_owner_that_was_stopped_for_longer_than_a_lease_finds_its_dframes_as_they_were) {
    if (getenv("TENON_TASKS") == NULL) {
        TEST_SKIP("a part of the long form");
    }
    begin();
    const pid_t owner = fork();
    if (owner == 0) {
        int seconds = 0;
        const int code = tn_run_with(RUN, lets_sleep, &seconds, 4);
        _exit(code == TN_OK && seconds == 4 ? 7 : 1);
    }
    const struct timespec before = {1, 0}, stopped = {2, 700 * MS};
    (void)nanosleep(&before, NULL);
    EXPECT_EQ(kill(owner, SIGSTOP), 0);
    (void)nanosleep(&stopped, NULL);
    EXPECT_EQ(kill(owner, SIGCONT), 0);
    int status;
    EXPECT_EQ(waitpid(owner, &status, 0), owner);
    EXPECT_EQ(status, 7 << 8);
    end();
}
