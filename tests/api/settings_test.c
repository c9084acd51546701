// What a run's options leave open: the environment and the command line.
// Invariant: what cannot be is refused with a sentence, before any frame runs. Start reading at the
// first TEST.
#include <stdio.h>
#include <stdlib.h>
#include <tenon.h>

#include "support/test.h"

static int arguments_of(struct tn_run_options *options, char *first, char *second, char *third) {
    char *arguments[] = {(char *)(uintptr_t) "program", first, second, third, NULL};
    const int count = first == NULL ? 1 : second == NULL ? 2 : third == NULL ? 3 : 4;
    EXPECT_EQ(tn_run_arguments(options, count, arguments), options);
    return options->num_threads;
}

static char *word(const char *text) {
    return (char *)(uintptr_t)text; // main's arguments are not const
}

TEST(a_command_line_that_says_nothing_leaves_options_as_they_are) {
    struct tn_run_options options = {.num_threads = 3, .num_processes = 2};
    EXPECT_EQ(arguments_of(&options, NULL, NULL, NULL), 3);
    EXPECT_EQ(options.num_processes, 2);
}

TEST(a_command_line_says_how_many_threads_and_processes) {
    struct tn_run_options options = {.num_threads = 3, .num_processes = 2};
    EXPECT_EQ(arguments_of(&options, word("--threads"), word("7"), word("--processes=4")), 7);
    EXPECT_EQ(options.num_processes, 4);
    EXPECT_EQ(arguments_of(&options, word("--processes"), word("0"), word("--threads=1")), 1);
    EXPECT_EQ(options.num_processes, -1); // none, whatever the environment says
}

TN_FRAME(int, threads) {
    return tn_thread_count();
}

static int threads_of(const struct tn_run_options *options) {
    int count = 0;
    EXPECT_EQ(tn_run_with(options, threads, &count), TN_OK);
    return count;
}

TEST(the_command_line_comes_before_options_and_those_before_the_environment) {
    char *arguments[] = {word("program"), word("--threads=4"), NULL};
    struct tn_run_options options = {.num_threads = 3};
    EXPECT_EQ(unsetenv("TENON_THREADS"), 0);
    const int usual = threads_of(NULL);
    EXPECT_EQ(setenv("TENON_THREADS", "2", 1), 0);
    EXPECT_EQ(threads_of(NULL), 2);
    EXPECT_EQ(threads_of(&options), 3);
    EXPECT_EQ(threads_of(tn_run_arguments(&options, 2, arguments)), 4);
    EXPECT_EQ(threads_of(TN_RUN_ARGUMENTS(2, arguments)), 4);
    EXPECT_EQ(threads_of(TN_RUN_ARGUMENTS(1, arguments)), 2);
    EXPECT_EQ(setenv("TENON_THREADS", "", 1), 0); // as if it were not there
    EXPECT_EQ(threads_of(NULL), usual);
}

static void complain_about_arguments(void *argument) {
    char **words = argument;
    struct tn_run_options options = {.num_threads = 2};
    arguments_of(&options, words[0], words[1], NULL);
    const int code = tn_run_with(&options, threads, NULL);
    EXPECT_EQ(code, TN_OUT_OF_RANGE);
    exit(tn_complain(code));
}

TEST(a_wrong_argument_is_told_and_ends_a_program_with_two) {
    static const struct {
        const char *words[2];
        const char *text;
    } wrong[] = {
        {{"--processes", "many"}, "tenon: --processes is \"many\"; it can be 0 to 256"},
        {{"--processes=257", NULL}, "tenon: --processes is \"257\"; it can be 0 to 256"},
        {{"--processes=-1", NULL}, "tenon: --processes is \"-1\"; it can be 0 to 256"},
        {{"--processes", NULL}, "tenon: --processes is \"\"; it can be 0 to 256"},
        {{"--threads", "0"}, "tenon: --threads is \"0\"; it can be 1 to 1024"},
        {{"--threads=2x", NULL}, "tenon: --threads is \"2x\"; it can be 1 to 1024"},
        {{"--threadss=2", NULL}, "tenon: the argument --threadss=2 is not known; known are"},
        {{"cities.csv", NULL}, "tenon: the argument cities.csv is not known; known are"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *words[] = {word(wrong[i].words[0]), word(wrong[i].words[1])};
        EXPECT_DIES(complain_about_arguments, words, TEST_EXIT(2), wrong[i].text);
    }
}

static void run_with_variable(void *argument) {
    const char *const *pair = argument;
    EXPECT_EQ(setenv(pair[0], pair[1], 1), 0);
    EXPECT_EQ(tn_run(threads, NULL), TN_OUT_OF_RANGE);
}

TEST(a_variable_of_the_environment_that_cannot_be_is_told) {
    static const char *const wrong[][3] = {
        {"TENON_LEVEL", "thread", "\"thread\"; it can be serial, frame, pframe or dframe"},
        {"TENON_THREADS", "-2", "TENON_THREADS is \"-2\"; it can be 1 to 1024"},
        {"TENON_PROCESSES", "two", "TENON_PROCESSES is \"two\"; it can be 0 to 256"},
        {"TENON_HOG_SECONDS", "soon", "TENON_HOG_SECONDS is \"soon\"; it can be a number of"},
        {"TENON_SUSPECT_SECONDS", "-1", "TENON_SUSPECT_SECONDS is \"-1\"; it can be a number of"},
        {"TENON_SUSPECT_SECONDS", "nan", "TENON_SUSPECT_SECONDS is \"nan\"; it can be a number"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        EXPECT_DIES(run_with_variable, (void *)(uintptr_t)wrong[i], 0, wrong[i][2]);
    }
}
