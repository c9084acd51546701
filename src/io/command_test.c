// command_test.c - other programs as part of a frame. On the simulated system, which has none, that
// is what is said. Invariant: no program is left when a run has ended.
#include <tenon/command.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon.h>

#include "os/child.h"
#include "os/fault.h"
#include "support/processes.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))
#define SHELL(text) TN_COMMAND("sh", "-c", text)

// Runs `name` as root on one thread and on three.
#define RUN(name)                                                                                  \
    do {                                                                                           \
        need_programs();                                                                           \
        EXPECT_EQ(tn_run_with(WITH(1), name, NULL), TN_OK);                                        \
        EXPECT_EQ(tn_run_with(WITH(3), name, NULL), TN_OK);                                        \
    } while (0)

static void need_programs(void) {
    static const char *const arguments[] = {"true", NULL};
    const struct os_child_plan plan = {.arguments = arguments, .standard = {-1, -1, -1}};
    struct os_child child;
    if (os_child_start(&child, &plan) == OS_UNSUPPORTED) {
        TEST_SKIP("this system starts no programs");
    }
    while (!os_child_kill(&child)) {
        os_thread_sleep(100000);
    }
    os_child_release(&child);
}

TN_FRAME(int, says_what_the_system_can) {
    return tn_command_run(self, TN_COMMAND("true"), NULL);
}

TEST(a_command_runs_or_the_system_says_that_it_cannot) {
    int code = 1;
    EXPECT_EQ(tn_run_with(WITH(1), says_what_the_system_can, &code), TN_OK);
    EXPECT(code == TN_OK || code == OS_UNSUPPORTED);
}

TN_FRAME(void, learns_how_it_ended) {
    struct tn_exit how = {.code = 99};
    EXPECT_EQ(tn_command_run(self, SHELL("exit 5"), &how), TN_OK);
    EXPECT_EQ(how.code, 5);
    EXPECT_EQ(how.signal, 0);
    EXPECT_EQ(tn_command_run(self, SHELL("kill -TERM $$"), &how), TN_OK);
    EXPECT_EQ(how.code, -1);
    EXPECT_EQ(how.signal, SIGTERM);
}

TEST(a_command_says_how_it_ended) {
    RUN(learns_how_it_ended);
}

TN_FRAME(void, cannot_start) {
    struct tn_program program;
    struct tn_stream reads, writes;
    EXPECT_EQ(tn_command_run(self, TN_COMMAND("tenon-no-such-program"), NULL), TN_NOT_FOUND);
    EXPECT_STR(tn_status_text(TN_NOT_FOUND), "there is no such program, file or folder");
    EXPECT_EQ(tn_command_run(self, TN_COMMAND("/"), NULL), TN_DENIED);
    EXPECT_STR(tn_status_text(TN_DENIED), "no permission");
    EXPECT_EQ(tn_program_start(self, TN_COMMAND("tenon-no-such-program"), &program), TN_NOT_FOUND);
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    EXPECT_EQ(tn_stream_close(self, writes), TN_OK);
    const struct tn_command closed = {.arguments = TN_ARGUMENTS("true"), .output = writes};
    EXPECT_EQ(tn_command_run(self, &closed, NULL), TN_CLOSED);
    const struct tn_command lost = {.arguments = TN_ARGUMENTS("true"), .folder = "/nowhere"};
    EXPECT_EQ(tn_command_run(self, &lost, NULL), TN_NOT_FOUND);
}

TEST(what_cannot_be_started_has_a_code_and_a_sentence) {
    RUN(cannot_start);
}

TN_FRAME(int, starts_with_the_nth_call_failing, (int, n)) {
    struct tn_program program;
    const struct tn_command command = {.arguments = TN_ARGUMENTS("true"), .output = TN_HERE};
    fault_fail_call((uint64_t)n);
    int code = tn_program_start(self, &command, &program);
    fault_fail_call(0);
    if (code == TN_OK) {
        code = tn_program_wait(self, &program, NULL);
    }
    return code;
}

TEST(starting_bears_that_the_nth_call_fails) {
    int failures = 0, too_many = 0;
    need_programs();
    // None at first: what is made once for the process is there afterwards.
    for (int n = 0; n <= 16; n++) {
        int code = 1;
        const int outcome = tn_run_with(WITH(1), starts_with_the_nth_call_failing, &code, n);
        EXPECT(outcome == TN_OK || outcome == TN_NO_MEMORY);
        failures += outcome != TN_OK || code != TN_OK;
        too_many += outcome == TN_OK && code == TN_TOO_MANY;
    }
    EXPECT(failures >= 4);
    EXPECT_EQ(too_many, 2); // of files, and of processes
    EXPECT_STR(tn_status_text(TN_TOO_MANY), "the system allows no more files or processes");
}

// ---- ends ------------------------------------------------------------------------------------

TN_FRAME(void, runs_out_of_time) {
    struct tn_scope scope;
    const double start = tn_now();
    tn_deadline_begin(self, &scope, 0.05);
    EXPECT_EQ(tn_command_run(self, SHELL("sleep 30.1875 & sleep 30.1875"), NULL), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT(tn_now() - start < 5);
    EXPECT_EQ(count_processes("sleep 30.1875"), 0);
}

TEST(a_time_limit_ends_the_whole_tree) {
    RUN(runs_out_of_time);
}

TN_FRAME(int, runs_sleepers) {
    return tn_command_run(
        self, SHELL("setsid sleep 30.3125 & (setsid sh -c 'sleep 30.3125 &'); sleep 30.3125"),
        NULL);
}

// At any moment of its start, and after it.
TN_FRAME(void, removes_while_it_starts) {
    for (int i = 0; i < 7; i++) {
        tn_task(runs_sleepers) task = tn_spawn(runs_sleepers);
        struct tn_frame *frame = tn_share(task);
        tn_sleep(self, 0.0008 * i * i);
        EXPECT(tn_remove(self, frame));
    }
    EXPECT_EQ(count_processes("sleep 30.3125"), 0);
}

TEST(a_removal_at_any_moment_leaves_no_process) {
    RUN(removes_while_it_starts);
}

TEST(a_removal_leaves_no_process_without_a_cgroup) {
    EXPECT_EQ(setenv("TENON_CGROUP", "off", 1), 0);
    need_programs();
    EXPECT_EQ(tn_run_with(WITH(3), removes_while_it_starts, NULL), TN_OK);
}

TN_FRAME(void, starts_and_leaves) {
    struct tn_program program;
    EXPECT_EQ(tn_program_start(self, SHELL("sleep 30.4375 & sleep 30.4375"), &program), TN_OK);
    while (count_processes("sleep 30.4375") < 2) {
        tn_sleep(self, 0.002);
    }
}

TEST(a_program_ends_with_the_frame_that_started_it) {
    RUN(starts_and_leaves);
    EXPECT_EQ(count_processes("sleep 30.4375"), 0);
}

TN_FRAME(void, signals_and_kills) {
    struct tn_program program;
    struct tn_exit how;
    EXPECT_EQ(tn_program_start(self, TN_COMMAND("sleep", "30"), &program), TN_OK);
    EXPECT_EQ(tn_program_signal(&program, SIGINT), TN_OK);
    EXPECT_EQ(tn_program_wait(self, &program, &how), TN_OK);
    EXPECT_EQ(how.signal, SIGINT);
    EXPECT_EQ(tn_program_wait(self, &program, &how), TN_OK);
    EXPECT_EQ(tn_program_signal(&program, SIGINT), TN_REMOVED);
    EXPECT_EQ(tn_program_kill(self, &program), TN_REMOVED);
    EXPECT_EQ(tn_program_start(self, TN_COMMAND("sleep", "30"), &program), TN_OK);
    EXPECT_EQ(tn_program_kill(self, &program), TN_OK);
    EXPECT_EQ(tn_program_wait(self, &program, &how), TN_REMOVED);
    EXPECT_EQ(tn_program_kill(self, &program), TN_REMOVED);
}

TEST(a_program_is_signalled_and_killed) {
    RUN(signals_and_kills);
}

TN_FRAME(void, waits_for_the_first_of_two) {
    struct tn_program slow, quick;
    EXPECT_EQ(tn_program_start(self, TN_COMMAND("sleep", "30"), &slow), TN_OK);
    EXPECT_EQ(tn_program_start(self, TN_COMMAND("true"), &quick), TN_OK);
    struct tn_awaitable *first =
        tn_any(self, tn_of_frame(slow.frame), tn_of_frame(quick.frame), tn_timer(self, 20));
    EXPECT_EQ(tn_wait(self, first), TN_OK);
    EXPECT_EQ(tn_winner(first), 1);
}

TEST(the_end_of_a_program_is_an_awaitable) {
    RUN(waits_for_the_first_of_two);
}

// ---- streams ---------------------------------------------------------------------------------

TN_FRAME(void, pipes_one_into_another) {
    struct tn_stream reads, writes;
    struct tn_program first, second;
    char line[40];
    EXPECT_EQ(tn_pipe(self, &reads, &writes), TN_OK);
    const struct tn_command list = {.arguments = TN_ARGUMENTS("printf", "b\nc\na\n"),
                                    .output = writes};
    const struct tn_command sort = {
        .arguments = TN_ARGUMENTS("sort"), .input = reads, .output = TN_HERE, .errors = TN_NOWHERE};
    EXPECT_EQ(tn_program_start(self, &list, &first), TN_OK);
    EXPECT_EQ(tn_program_start(self, &sort, &second), TN_OK);
    EXPECT_EQ(tn_read_line(self, second.output, line, sizeof line), 1);
    EXPECT_STR(line, "a");
    EXPECT_EQ(tn_read_line(self, second.output, line, sizeof line), 1);
    EXPECT_EQ(tn_read_line(self, second.output, line, sizeof line), 1);
    EXPECT_STR(line, "c");
    EXPECT_EQ(tn_read_line(self, second.output, line, sizeof line), TN_ENDED);
    EXPECT_EQ(tn_program_wait(self, &first, NULL), TN_OK);
    EXPECT_EQ(tn_program_wait(self, &second, NULL), TN_OK);
}

TEST(programs_are_piped_into_each_other) {
    RUN(pipes_one_into_another);
}

TN_FRAME(void, asks_and_hears) {
    struct tn_program program;
    const struct tn_command cat = {
        .arguments = TN_ARGUMENTS("sh", "-c", "while read x; do echo \"<$x>\"; done"),
        .input = TN_HERE,
        .output = TN_HERE};
    char line[40];
    EXPECT_EQ(tn_program_start(self, &cat, &program), TN_OK);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(tn_print(self, program.input, "word %d\n", i), TN_OK);
        EXPECT_EQ(tn_read_line(self, program.output, line, sizeof line), 8);
        EXPECT_EQ(line[6], '0' + i);
    }
    EXPECT_EQ(tn_stream_close(self, program.input), TN_OK);
    EXPECT_EQ(tn_program_wait(self, &program, NULL), TN_OK);
    EXPECT_EQ(tn_read(self, program.output, line, 1), 0);
}

TEST(a_program_is_talked_to_while_it_runs) {
    RUN(asks_and_hears);
}

// More than any pipe holds, both ways and in the errors at once.
TN_FRAME(void, talks_at_length) {
    enum { MANY = 300000 };
    char *input = malloc(MANY);
    struct tn_output output;
    memset(input, 'i', MANY);
    EXPECT_EQ(
        tn_command_talk(self, SHELL("tee /dev/stderr; exit 3"), input, MANY, 1000000, &output),
        TN_OK);
    EXPECT_EQ(output.how.code, 3);
    EXPECT_EQ(output.bytes, MANY);
    EXPECT_EQ(output.errors_bytes, MANY);
    EXPECT(memcmp(output.text, input, MANY) == 0 && memcmp(output.errors, input, MANY) == 0);
    EXPECT_EQ(output.text[MANY], '\0');
    tn_output_free(&output);
    EXPECT_EQ(tn_command_talk(self, SHELL("exit 0"), input, MANY, 10, &output), TN_OK);
    EXPECT_EQ(output.bytes, 0);
    EXPECT_STR(output.text, "");
    tn_output_free(&output);
    EXPECT_EQ(tn_command_talk(self, TN_COMMAND("yes"), NULL, 0, 100000, &output), TN_TOO_LONG);
    EXPECT(output.text == NULL);
    EXPECT_EQ(tn_command_talk(self, SHELL("yes >&2"), NULL, 0, 100000, &output), TN_TOO_LONG);
    EXPECT_EQ(tn_command_talk(self, SHELL("trap '' PIPE; while :; do echo x; done >&2"), NULL, 0,
                              100, &output),
              TN_TOO_LONG);
    EXPECT_EQ(tn_command_talk(self, TN_COMMAND("tenon-no-such-program"), NULL, 0, 9, &output),
              TN_NOT_FOUND);
    free(input);
}

TEST(talking_to_a_command_never_deadlocks, .seconds = 30) {
    RUN(talks_at_length);
}

TN_FRAME(void, talks_out_of_time) {
    struct tn_scope scope;
    struct tn_output output;
    tn_deadline_begin(self, &scope, 0.03);
    EXPECT_EQ(tn_command_talk(self, TN_COMMAND("sleep", "30.5625"), NULL, 0, 9, &output),
              TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT_EQ(count_processes("sleep 30.5625"), 0);
}

TEST(a_talk_has_a_time_limit) {
    RUN(talks_out_of_time);
}
