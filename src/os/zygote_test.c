// zygote_test.c - the contract of zygote.h. This program is started again as a zygote by its own
// tests, and then stays in the first constructor.
//
// Invariant: no test leaves a process. Start reading at serve.
#include "os/zygote.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/file.h"
#include "os/share.h"
#include "support/test.h"

enum { MS = 1000000 };

// What a copy is told to do.
enum order { RETURN_SEVEN = 1, KILL_ITSELF, WRITE_TOO_MUCH, WAIT, PRINT_AND_EXIT, DROP_ALL };

_Noreturn static void obey(int64_t order, int answer_to) {
    static char text[8192];
    const struct os_parcel begun = {.words = {order}};
    switch (order) {
    case RETURN_SEVEN:
        os_process_exit(7);
    case KILL_ITSELF:
        (void)kill(getpid(), SIGKILL);
        break;
    case WRITE_TOO_MUCH: {
        const struct rlimit limit = {4096, 4096};
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        FILE *file = tmpfile();
        (void)!write(fileno(file), text, sizeof text);
        (void)!write(fileno(file), text, sizeof text);
        break;
    }
    case PRINT_AND_EXIT:
        printf("flushed at the end\n");
        os_process_exit(0);
    default:
        (void)!os_post_send(answer_to, &begun);
        break;
    }
    for (;;) {
        pause();
    }
}

static void serve(struct os_zygote *zygote) {
    struct os_poll poll;
    struct os_poll_event event;
    if (os_poll_init(&poll) != OS_OK || os_poll_add(&poll, zygote->post, 1) != OS_OK ||
        os_poll_add(&poll, zygote->owner, 2) != OS_OK) {
        return;
    }
    for (;;) {
        struct os_parcel parcel;
        (void)os_poll_wait(&poll, &event, 1, OS_NEVER);
        int code;
        while ((code = os_post_receive(zygote->post, &parcel)) == OS_OK) {
            struct os_child child;
            code = parcel.words[0] == DROP_ALL ? OS_BROKEN : os_zygote_fork(&child);
            if (code == 1) {
                obey(parcel.words[0], zygote->post);
            } else if (code != OS_OK) {
                return;
            }
            const struct os_parcel answer = {
                .words = {child.number, getenv("TENON_ZYGOTE") != NULL, getpid()},
                .handles = {child.handle},
                .handle_count = 1};
            (void)!os_post_send(zygote->post, &answer);
            struct os_child_end end;
            if (parcel.words[0] != WAIT) {
                while (!os_process_reap(&child, &end)) {
                    os_thread_sleep(MS / 10);
                }
                const struct os_parcel told = {.words = {end.code, end.signal}};
                (void)!os_post_send(zygote->post, &told);
            }
        }
        if (code == OS_BROKEN || os_process_has_ended(zygote->owner)) {
            return;
        }
    }
}

__attribute__((constructor(200))) static void be_zygote(void) {
    struct os_zygote zygote;
    if (os_zygote_caught(&zygote)) {
        serve(&zygote);
        os_process_exit(3);
    }
}

// ---- the tests' side -------------------------------------------------------------------------

static int post;
static struct os_child zygote;

static void start(void) {
    int ends[2];
    if (os_post_pair(ends) == OS_UNSUPPORTED) {
        TEST_SKIP("this system has one process only");
    }
    const int code = os_zygote_start(&zygote, ends[1]);
    if (code == -ENOEXEC) {
        TEST_SKIP("this system does not start programs of its own machine");
    }
    EXPECT_EQ(code, OS_OK);
    os_close(ends[1]);
    post = ends[0];
}

static struct os_parcel receive(void) {
    struct os_parcel parcel;
    int code;
    const uint64_t give_up_ns = os_now_ns() + UINT64_C(8000) * MS;
    while ((code = os_post_receive(post, &parcel)) == OS_AGAIN) {
        EXPECT(os_now_ns() < give_up_ns);
        os_thread_sleep(MS / 10);
    }
    EXPECT_EQ(code, OS_OK);
    return parcel;
}

// A copy that obeys; its number, and its handle.
static int make(enum order order, int *handle) {
    const struct os_parcel asked = {.words = {order}};
    EXPECT_EQ(os_post_send(post, &asked), OS_OK);
    struct os_parcel made = receive();
    if (order == WAIT) { // two answers: the zygote's, and the copy's, in either order
        const struct os_parcel begun = receive();
        made = made.handle_count == 1 ? made : begun;
    }
    EXPECT_EQ(made.handle_count, 1);
    EXPECT_EQ(made.words[1], 0); // the word is not in its environment any more
    EXPECT_EQ(made.words[2], zygote.number);
    EXPECT(made.words[0] > 0);
    *handle = made.handles[0];
    return (int)made.words[0];
}

static void wait_for_end(int handle) {
    const uint64_t give_up_ns = os_now_ns() + UINT64_C(8000) * MS;
    while (!os_process_has_ended(handle)) {
        EXPECT(os_now_ns() < give_up_ns);
        os_thread_sleep(MS / 10);
    }
}

static void stop(void) {
    os_close(post);
    struct os_child_end end;
    const uint64_t give_up_ns = os_now_ns() + UINT64_C(8000) * MS;
    while (!os_process_reap(&zygote, &end)) {
        EXPECT(os_now_ns() < give_up_ns);
        os_thread_sleep(MS / 10);
    }
    EXPECT_EQ(end.code, 3);
    EXPECT_EQ(waitpid(-1, NULL, WNOHANG), -1); // no child is left
}

static void end_is(enum order order, int code, int signal) {
    int handle;
    (void)make(order, &handle);
    const struct os_parcel told = receive();
    EXPECT_EQ(told.words[0], code);
    EXPECT_EQ(told.words[1], signal);
    EXPECT(os_process_has_ended(handle));
    os_close(handle);
}

TEST(copies_of_a_zygote_end_each_in_its_own_way) {
    start();
    end_is(RETURN_SEVEN, 7, 0);
    end_is(KILL_ITSELF, -1, SIGKILL);
    end_is(WRITE_TOO_MUCH, -1, SIGXFSZ);
    end_is(PRINT_AND_EXIT, 0, 0);
    stop();
}

TEST(a_copy_is_killed_from_afar) {
    start();
    int handle;
    (void)make(WAIT, &handle);
    EXPECT(!os_process_has_ended(handle));
    os_process_kill(handle);
    wait_for_end(handle);
    os_close(handle);
    stop();
}

TEST(copies_end_with_their_zygote_even_when_they_are_stopped) {
    start();
    int running, stopped;
    (void)make(WAIT, &running);
    const int number = make(WAIT, &stopped);
    EXPECT_EQ(kill(number, SIGSTOP), 0);
    os_process_kill(zygote.handle);
    wait_for_end(running);
    wait_for_end(stopped);
    struct os_child_end end;
    while (!os_process_reap(&zygote, &end)) {
        os_thread_sleep(MS / 10);
    }
    EXPECT_EQ(end.signal, SIGKILL);
    os_close(post);
}

TEST(a_copy_leaves_the_signals_of_its_group_to_its_owner) {
    start();
    int handle;
    const int number = make(WAIT, &handle);
    static const int numbers[] = {SIGINT, SIGQUIT, SIGHUP, SIGTERM};
    for (int i = 0; i < 4; i++) {
        EXPECT_EQ(kill(number, numbers[i]), 0);
    }
    os_thread_sleep(5 * MS);
    EXPECT(!os_process_has_ended(handle));
    os_process_kill(handle);
    wait_for_end(handle);
    stop();
}

// The owner is a process of its own, which is killed.
TEST(nothing_is_left_when_the_owner_is_killed) {
    int *handles = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1); // orphans come to this process
    const pid_t owner = fork();
    if (owner == 0) {
        start();
        int handle;
        handles[1] = make(WAIT, &handle);
        handles[0] = zygote.number;
        (void)kill(getpid(), SIGKILL);
    }
    int status;
    EXPECT_EQ(waitpid(owner, &status, 0), owner);
    if (WIFEXITED(status)) {
        TEST_SKIP("this system has one process only");
    }
    const uint64_t give_up_ns = os_now_ns() + UINT64_C(5000) * MS;
    for (int left = 2; left > 0;) {
        const pid_t ended = waitpid(-1, &status, WNOHANG);
        EXPECT(os_now_ns() < give_up_ns);
        if (ended > 0) {
            EXPECT(ended == handles[0] || ended == handles[1]);
            left--;
        }
        os_thread_sleep(MS / 10);
    }
    EXPECT_EQ(waitpid(-1, &status, WNOHANG), -1);
}

TEST(a_program_that_was_given_the_word_by_accident_is_not_caught) {
    struct os_zygote caught;
    EXPECT_EQ(setenv("TENON_ZYGOTE", "1", 1), 0);
    EXPECT(!os_zygote_caught(&caught));
    struct os_zygote again;
    EXPECT(!os_zygote_caught(&again));
}

TEST(a_zygote_that_cannot_be_started_leaves_nothing) {
    int ends[2];
    if (os_post_pair(ends) == OS_UNSUPPORTED) {
        TEST_SKIP("this system has one process only");
    }
    for (uint64_t n = 1; n < 3; n++) {
        fault_fail_call(n);
        const int code = os_zygote_start(&zygote, ends[1]);
        EXPECT(code == OS_AGAIN || code == OS_NO_MEMORY || code == -ENOEXEC);
    }
    EXPECT_EQ(waitpid(-1, NULL, WNOHANG), -1);
}
