// local_test.c - the link to processes of this program, with real ones: they come, answer, are
// asked to leave, are killed, freeze, exit, and break the rules; and nothing of them is left.
//
// Invariant: each test ends with the descriptors, the children and the shared memory that it began
// with (close_link). Start reading at ends_with.
#include "cluster/local.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "cluster/local_private.h"
#include "os/fault.h"
#include "support/local_sides.h"
#include "support/test.h"

enum { PEERS = LOCAL_SIDES_PEERS, MS = 1000000 };

// The peer ends for the wish, and `down` says how.
static void ends_with(enum wish what, int detail) {
    open_link();
    const unsigned peer = add_up();
    wish(peer, what);
    hear_until(&owner.downs, 1);
    EXPECT_EQ(owner.detail[peer], detail);
    EXPECT_EQ(local_living(owner.link), 0);
    close_link();
}

TEST(a_process_comes_up_answers_and_leaves_when_asked) {
    open_link();
    const uint64_t begin_ns = os_now_ns();
    const unsigned peer = add_up();
    const uint64_t first_ns = os_now_ns();
    const unsigned second = add_up();
    TEST_NOTE("the first process after %llu us, another after %llu us",
              (unsigned long long)((first_ns - begin_ns) / 1000),
              (unsigned long long)((os_now_ns() - first_ns) / 1000));
    EXPECT(second != peer);
    wish(peer, ECHO);
    hear_until(&owner.heard, 1);
    EXPECT_EQ(owner.last.value, ECHO);
    char name[40];
    owner.link->calls->name(owner.link, peer, name, sizeof name);
    EXPECT_EQ(strncmp(name, "process ", 8), 0);
    EXPECT(atoi(name + 8) > 1);
    local_retire(owner.link, peer);
    hear_until(&owner.downs, 1);
    EXPECT_EQ(owner.detail[peer], 0);
    EXPECT_EQ(local_living(owner.link), 1);
    EXPECT_EQ(add_up(), peer); // its place is free again
    close_link();
}

TEST(a_process_that_exits_is_down_with_its_code) {
    ends_with(EXIT, -9);
}

TEST(a_process_that_is_killed_is_down_with_the_signal) {
    ends_with(KILL, SIGKILL);
}

TEST(what_a_process_has_noted_is_seen_when_it_is_gone) {
    open_link();
    const struct link *link = owner.link;
    const unsigned peer = add_up(), other = add_up();
    EXPECT_EQ(link->calls->noted(link, peer, NOTED_SLOT), 0);
    wish(peer, ECHO);
    hear_until(&owner.heard, 1);
    EXPECT_EQ(link->calls->noted(link, peer, NOTED_SLOT), ECHO);
    EXPECT_EQ(link->calls->noted(link, peer, NOTED_SLOT + 1), 0);
    EXPECT_EQ(link->calls->noted(link, peer, SIDE_NOTES), 0);
    EXPECT_EQ(link->calls->noted(link, other, NOTED_SLOT), 0);
    wish(other, KILL);
    wish(peer, EXIT);
    hear_until(&owner.downs, 2);
    EXPECT_EQ(owner.noted[peer], EXIT);
    EXPECT_EQ(owner.noted[other], KILL);
    const unsigned next = add_up(); // in the place of one of them
    EXPECT_EQ(link->calls->noted(link, next, NOTED_SLOT), 0);
    close_link();
}

TEST(a_process_beyond_its_limit_is_down_with_that_signal) {
    ends_with(LIMIT, SIGXFSZ);
}

TEST(a_frozen_process_is_cut_off) {
    open_link();
    const unsigned peer = add_up();
    wish(peer, FREEZE);
    os_thread_sleep(10 * MS);
    owner.link->calls->cut(owner.link, peer, SESSION_LEASE);
    hear_until(&owner.downs, 1);
    EXPECT_EQ(owner.detail[peer], LINK_SILENT);
    close_link();
}

TEST(a_frozen_process_does_not_keep_a_link_from_closing) {
    open_link();
    const unsigned peer = add_up();
    (void)add_up();
    wish(peer, FREEZE);
    os_thread_sleep(5 * MS);
    close_link();
}

TEST(a_link_closes_while_processes_are_being_started) {
    for (int i = 0; i < 5; i++) {
        open_link();
        const int peer = local_add(owner.link);
        EXPECT(peer >= 0 || peer == -ENOEXEC);
        close_link();
    }
}

TEST(a_ring_that_is_broken_cuts_its_process_off) {
    open_link();
    const unsigned peer = add_up();
    const unsigned other = add_up();
    wish(peer, BREAK_RING);
    hear_until(&owner.downs, 1);
    EXPECT_EQ(owner.bad, 1);
    EXPECT_EQ(owner.detail[peer], LINK_BROKE_RULES);
    wish(other, BREAK_HOLD);
    hear_until(&owner.downs, 2);
    EXPECT_EQ(owner.bad, 2);
    const unsigned third = add_up();
    const unsigned last = add_up();
    wish(third, BREAK_LOAN);
    hear_until(&owner.downs, 3);
    wish(last, LEND_WRONG);
    hear_until(&owner.downs, 4);
    EXPECT_EQ(owner.bad, 4);
    EXPECT_EQ(owner.heard, 0);
    close_link();
}

// That this system has processes; otherwise the test ends here as skipped.
static void need_processes(void) {
    open_link();
    (void)add_up();
    close_link();
}

static void refuse_another_build(void *argument) {
    (void)argument;
    open_link();
    local_of(owner.link)->identity ^= 1; // as if this program had been built anew
    const int peer = local_add(owner.link);
    EXPECT(peer >= 0);
    hear_until(&owner.downs, 1);
    EXPECT_EQ(owner.ups, 0);
    EXPECT_EQ(owner.detail[peer], LINK_REFUSED);
    close_link();
}

TEST(another_build_is_refused_with_a_sentence) {
    need_processes();
    EXPECT_DIES(refuse_another_build, NULL, 0, "is another build of this program and is refused");
}

static void let_print(void *argument) {
    (void)argument;
    open_link();
    const unsigned peer = add_up();
    wish(peer, PRINT);
    hear_until(&owner.heard, 1);
    local_retire(owner.link, peer);
    hear_until(&owner.downs, 1);
    close_link();
}

TEST(what_a_process_prints_is_not_lost_when_it_leaves) {
    need_processes();
    EXPECT_DIES(let_print, NULL, 0, "not lost");
}

TEST(a_zygote_that_is_killed_takes_its_processes_along_and_is_replaced) {
    open_link();
    (void)add_up();
    (void)add_up();
    char path[64];
    int zygote = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", getpid(), getpid());
    FILE *file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%d", &zygote) != 1) {
        TEST_SKIP("the system does not tell of children");
    }
    (void)fclose(file);
    EXPECT_EQ(kill(zygote, SIGKILL), 0);
    hear_until(&owner.downs, 2);
    const unsigned peer = add_up();
    wish(peer, ECHO);
    hear_until(&owner.heard, 1);
    close_link();
}

TEST(long_payloads_go_there_and_back) {
    const uint32_t bytes = test_slowness() > 1 ? 1 << 20 : 16 << 20;
    open_link();
    const unsigned peer = add_up();
    unsigned char *sent = malloc(bytes);
    owner.payload = malloc(bytes);
    owner.payload_bytes = bytes;
    struct random random;
    random_init(&random, test_seed());
    for (size_t i = 0; i < bytes; i += 8) {
        const uint64_t number = random_next(&random);
        memcpy(&sent[i], &number, 8);
    }
    const uint32_t sizes[] = {1, 32 << 10, (32 << 10) + 1, 3 << 18, bytes, bytes};
    for (int i = 0; i < 6; i++) {
        memset(owner.payload, 0, sizes[i]);
        const struct message message = {
            .kind = MESSAGE_RUN, .version = 1, .value = ECHO, .bytes = sizes[i]};
        const uint64_t begin_ns = os_now_ns();
        EXPECT(link_send(owner.link, peer, &message, sent));
        hear_until(&owner.heard, i + 1);
        const uint64_t took_ns = os_now_ns() - begin_ns;
        EXPECT_EQ(owner.last.bytes, sizes[i]);
        EXPECT_EQ(memcmp(owner.payload, sent, sizes[i]), 0);
        if (sizes[i] == bytes) {
            TEST_NOTE("%u MiB there and back: %.1f ms, %.2f GB/s", bytes >> 20,
                      (double)took_ns / 1e6, 2.0 * bytes / (double)took_ns);
        }
    }
    free(sent);
    free(owner.payload);
    close_link();
}

static void write_to(const char *folder, const char *name, const char *text) {
    char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
        TEST_SKIP("this process may not limit its memory");
    }
}

// In a cgroup of version 1 or 2 with little memory, where this may be made.
TEST(a_process_without_memory_is_down_with_that_reason, .seconds = 30) {
    if (test_slowness() > 1) {
        TEST_SKIP("a sanitizer needs the memory");
    }
    need_processes();
    char folder[100], text[20];
    const char *mount = "/sys/fs/cgroup/memory";
    const bool is_old = access(mount, W_OK) == 0;
    (void)snprintf(folder, sizeof folder, "%s/tenon-test-%d", is_old ? mount : "/sys/fs/cgroup",
                   (int)getpid());
    if (mkdir(folder, 0755) != 0) {
        TEST_SKIP("this process may not limit its memory");
    }
    const int owner_number = (int)fork();
    if (owner_number == 0) {
        (void)snprintf(text, sizeof text, "%d", (int)getpid());
        write_to(folder, "cgroup.procs", text);
        write_to(folder, is_old ? "memory.limit_in_bytes" : "memory.max", "50000000");
        ends_with(KILL, SIGKILL);
        ends_with(EAT, LINK_OUT_OF_MEMORY);
        ends_with(KILL, SIGKILL);
        _exit(7);
    }
    int status;
    EXPECT_EQ(waitpid(owner_number, &status, 0), owner_number);
    for (int i = 0; rmdir(folder) != 0 && i < 1000; i++) {
        os_thread_sleep(MS);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) != 7 && WEXITSTATUS(status) != 75) {
        TEST_SKIP("this process may not limit its memory");
    }
    EXPECT_EQ(status, 7 << 8);
}

// An owner of its own, with a process that runs and one that is frozen, is killed: the first leaves
// by itself, the other is killed half a second later.
TEST(no_process_is_left_a_second_after_its_owner_was_killed) {
    need_processes();
    int *numbers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(numbers != MAP_FAILED);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1); // orphans come to this process
    const int owner_number = (int)fork();
    if (owner_number == 0) {
        open_link();
        const unsigned frozen = add_up();
        const unsigned running = add_up();
        wish(frozen, FREEZE);
        wish(running, ECHO);
        hear_until(&owner.heard, 1);
        os_thread_sleep(5 * MS);
        numbers[0] = local_number(owner.link, frozen);
        numbers[1] = local_number(owner.link, running);
        (void)kill(getpid(), SIGKILL);
    }
    int status;
    EXPECT_EQ(waitpid(owner_number, &status, 0), owner_number);
    const uint64_t killed_ns = os_now_ns();
    EXPECT(WIFSIGNALED(status) && numbers[1] > 0);
    while (waitpid(-1, &status, WNOHANG) >= 0) { // until there is none any more
        os_thread_sleep(MS / 4);
        EXPECT(os_now_ns() < killed_ns + UINT64_C(3000) * MS * (uint64_t)test_slowness());
    }
    EXPECT(kill(numbers[0], 0) != 0 && kill(numbers[1], 0) != 0);
    TEST_NOTE("the last one was gone after %.0f ms", (double)(os_now_ns() - killed_ns) / 1e6);
    EXPECT(test_slowness() > 1 || os_now_ns() < killed_ns + UINT64_C(1000) * MS);
}

// A limit that this process lives under may leave room for a small hold only.
TEST(a_small_address_space_means_shorter_payloads) {
    if (test_slowness() > 1) {
        TEST_SKIP("a sanitizer needs the address space");
    }
    const struct rlimit limit = {(rlim_t)1 << 30, (rlim_t)1 << 30};
    EXPECT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
    open_link();
    (void)add_up();
    EXPECT(owner.link->payload_max <= (size_t)256 << 20);
    EXPECT(owner.link->payload_max >= (size_t)1 << 20);
    close_link();
}

// Many come and go, some by themselves, some killed at any moment of their life.
TEST(nothing_is_left_of_processes_that_are_killed_at_random) {
    struct random random;
    random_init(&random, test_seed());
    open_link();
    int added = 0;
    const int wanted = test_slowness() > 4 ? 15 : 60;
    (void)add_up();
    while (added < wanted || local_living(owner.link) > 0) {
        if (added < wanted && local_add(owner.link) >= 0) {
            added++;
        }
        const unsigned peer = (unsigned)random_below(&random, PEERS);
        if (owner.is_up[peer] && random_below(&random, 2) == 0) {
            (void)try_wish(peer, random_below(&random, 2) == 0 ? KILL : EXIT);
        } else if (random_below(&random, 4) == 0) {
            if (random_below(&random, 2) == 0) {
                local_retire(owner.link, peer);
            } else {
                owner.link->calls->cut(owner.link, peer, SESSION_LEASE);
            }
        }
        (void)owner.link->calls->turn(owner.link);
    }
    EXPECT_EQ(owner.downs, added + 1);
    close_link();
}

TEST(a_call_that_fails_is_told_and_leaves_nothing) {
    int failures = 0;
    for (uint64_t n = 1; n < 20; n++) {
        fault_fail_call(n);
        if (open_link_or_fail() != OS_OK) {
            failures++;
            continue;
        }
        const int peer = local_add(owner.link);
        if (peer == -ENOEXEC) {
            TEST_SKIP("this system does not start programs of its own machine");
        }
        if (peer < 0) {
            EXPECT_EQ(local_living(owner.link), 0);
            failures++;
        } else {
            const int begun = owner.ups + owner.downs;
            while (owner.ups + owner.downs == begun) {
                (void)owner.link->calls->turn(owner.link);
            }
        }
        close_link();
    }
    TEST_NOTE("%d of them failed", failures);
    EXPECT(failures >= 6);
}
