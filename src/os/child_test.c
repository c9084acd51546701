// child_test.c - the contract of child.h: programs that are started, and trees that end whole.
//
// Invariant: every test ends with nothing left of what it started. With TENON_CGROUP=off set in a
// test's own process, trees are found without cgroups.
#include "os/child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/file.h"
#include "support/processes.h"
#include "support/test.h"

enum { MS = 1000000 };

static int start(struct os_child *child, const char *const *arguments) {
    const struct os_child_plan plan = {.arguments = arguments,
                                       .standard = {OS_NOTHING, OS_INHERIT, OS_INHERIT}};
    const int code = os_child_start(child, &plan);
    if (code == OS_UNSUPPORTED) {
        TEST_SKIP("this system starts no programs");
    }
    return code;
}

static int start_shell(struct os_child *child, const char *text) {
    const char *const arguments[] = {"sh", "-c", text, NULL};
    return start(child, arguments);
}

static struct os_child_end wait_for_end(const struct os_child *child) {
    struct os_child_end end;
    while (!os_child_has_ended(child, &end)) {
        os_thread_sleep(MS / 4);
    }
    return end;
}

static void end(struct os_child *child) {
    while (!os_child_kill(child)) {
        os_thread_sleep(MS / 4);
    }
    os_child_release(child);
}

TEST(a_program_returns_its_code) {
    struct os_child child;
    EXPECT_EQ(start_shell(&child, "exit 7"), OS_OK);
    EXPECT_EQ(wait_for_end(&child).code, 7);
    EXPECT_EQ(wait_for_end(&child).signal, 0);
    end(&child);
}

TEST(a_program_is_signalled_by_its_handle) {
    struct os_child child;
    EXPECT_EQ(start_shell(&child, "exec sleep 30"), OS_OK);
    EXPECT_EQ(os_child_signal(&child, SIGTERM), OS_OK);
    EXPECT_EQ(wait_for_end(&child).signal, SIGTERM);
    EXPECT_EQ(wait_for_end(&child).code, -1);
    end(&child);
}

TEST(what_cannot_be_started_says_why) {
    struct os_child child;
    const char *const none[] = {"tenon-no-such-program", NULL};
    EXPECT_EQ(start(&child, none), OS_NOT_FOUND);
    const char *const neither[] = {"/nowhere/program", NULL};
    EXPECT_EQ(start(&child, neither), OS_NOT_FOUND);
    const char *const folder[] = {"/", NULL};
    EXPECT_EQ(start(&child, folder), -EACCES);
    fault_fail_call(1);
    EXPECT_EQ(start_shell(&child, "exit 0"), OS_AGAIN);
    const char *const arguments[] = {"sh", NULL};
    const struct os_child_plan plan = {
        .arguments = arguments, .folder = "/nowhere", .standard = {-1, -1, -1}};
    EXPECT_EQ(os_child_start(&child, &plan), OS_NOT_FOUND);
}

TEST(a_program_sees_its_standard_descriptors_and_no_other) {
    int ends[2];
    struct os_child child;
    char text[400] = "";
    EXPECT_EQ(pipe(ends), 0); // without O_CLOEXEC: it must not be handed on all the same
    const char *const arguments[] = {"sh", "-c", "ls /proc/self/fd | tr '\n' ' '; pwd", NULL};
    const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
    const struct os_child_plan plan = {.arguments = arguments,
                                       .environment = environment,
                                       .folder = "/",
                                       .standard = {OS_NOTHING, ends[1], OS_INHERIT}};
    const int code = os_child_start(&child, &plan);
    if (code == OS_UNSUPPORTED) {
        TEST_SKIP("this system starts no programs");
    }
    EXPECT_EQ(code, OS_OK);
    EXPECT_EQ(close(ends[1]), 0);
    EXPECT_EQ(wait_for_end(&child).code, 0);
    EXPECT(read(ends[0], text, sizeof text - 1) > 0);
    EXPECT_STR(text, "0 1 2 3 /\n"); // 3 is the folder that ls reads
    end(&child);
}

// Background programs, one in a session of its own whose starter has gone, one with no environment.
static void leave_nothing(const char *number) {
    struct os_child child;
    char text[400];
    (void)snprintf(text, sizeof text,
                   "sleep 100%s & setsid sleep 200%s & (setsid sh -c 'sleep 300%s & exit') & "
                   "env -i /usr/bin/env sleep 400%s & sleep 500%s",
                   number, number, number, number, number);
    EXPECT_EQ(start_shell(&child, text), OS_OK);
    char pattern[40];
    (void)snprintf(pattern, sizeof pattern, "sleep [1-5]00%s", number);
    for (int i = 0; i < 2000 && count_processes(pattern) < 5; i++) {
        os_thread_sleep(5 * MS);
    }
    EXPECT_EQ(count_processes(pattern), 5);
    end(&child);
    EXPECT_EQ(count_processes(pattern), 0);
}

static bool has_pgrep(void) {
    return access("/usr/bin/pgrep", X_OK) == 0;
}

TEST(a_tree_ends_whole) {
    if (!has_pgrep()) {
        TEST_SKIP("pgrep is missing");
    }
    leave_nothing(".125");
}

TEST(a_tree_ends_whole_without_a_cgroup) {
    if (!has_pgrep()) {
        TEST_SKIP("pgrep is missing");
    }
    EXPECT_EQ(setenv("TENON_CGROUP", "off", 1), 0);
    leave_nothing(".375");
}

// Its session is its own, its environment is empty, and who started it has gone when the second
// sleep begins.
TEST(who_hides_from_a_tree_without_a_cgroup_is_ended_too) {
    if (!has_pgrep()) {
        TEST_SKIP("pgrep is missing");
    }
    int is_subreaper;
    if (prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper) != 0) {
        TEST_SKIP("this system has no subreapers");
    }
    EXPECT_EQ(setenv("TENON_CGROUP", "off", 1), 0);
    struct os_child child;
    EXPECT_EQ(start_shell(&child, "env -i setsid sh -c 'sleep 600.875 & exit'; sleep 700.875"),
              OS_OK);
    for (int i = 0; i < 2000 && count_processes("sleep [67]00.875") < 2; i++) {
        os_thread_sleep(5 * MS);
    }
    EXPECT_EQ(count_processes("sleep [67]00.875"), 2);
    end(&child);
    EXPECT_EQ(count_processes("sleep [67]00.875"), 0);
}

TEST(what_a_program_leaves_behind_is_ended_too) {
    if (!has_pgrep()) {
        TEST_SKIP("pgrep is missing");
    }
    struct os_child child;
    EXPECT_EQ(start_shell(&child, "sleep 100.625 & exit 3"), OS_OK);
    EXPECT_EQ(wait_for_end(&child).code, 3);
    end(&child);
    EXPECT_EQ(count_processes("sleep 100.625"), 0);
}
