// main() of every test program: chooses tests, runs each in a child (child.h), prints the failures
// and, as its last line, `N passed, N failed` (with `, N skipped` when there are some).
//
//     NAME_test [--list] [--verbose] [--seed N] [--repeat N] [--failing] [--here] [PART ...]
//
// Invariant: passed + failed + skipped == tests chosen. Start reading at main.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "support/child.h"
#include "support/expect.h"
#include "support/test.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BUILT_SLOWNESS 4
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BUILT_SLOWNESS 4
#endif
#endif
#ifndef BUILT_SLOWNESS
#define BUILT_SLOWNESS 1
#endif

static struct test *first_test;
static struct test **last_link = &first_test;

static struct {
    const char *program;
    uint64_t seed;
    long repeat;
    int seconds;
    bool verbose;
    bool here;
    bool failing;
    const struct test *current;
    unsigned passed;
    unsigned failed;
    unsigned skipped;
} run = {.seed = 1, .repeat = 1, .seconds = 10};

void test_register(struct test *test) {
    *last_link = test;
    last_link = &test->next;
}

uint64_t test_seed(void) {
    return run.seed;
}

bool test_is_failing(void) {
    return run.failing;
}

const struct test *test_current(void) {
    return run.current;
}

int test_slowness(void) {
    const char *text = getenv("TENON_TEST_SLOWNESS");
    int factor = text == NULL ? 0 : atoi(text);
    return factor > 0 ? factor : BUILT_SLOWNESS;
}

static void set_seed(uint64_t seed) {
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    setenv("TENON_SEED", text, 1);
    run.seed = seed;
}

static int run_body(void *data) {
    const struct test *test = data;
    run.current = test;
    test->body();
    if (expect_count() == 0 && test->dies == 0) {
        fprintf(stderr, "the test evaluated no expectation, so it cannot fail\n");
        return EXPECT_FAILED;
    }
    return EXPECT_PASSED;
}

// Prints the lines of a text, or only those that begin with `only`.
static void print_indented(const char *text, const char *only) {
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        if (only == NULL || strncmp(text, only, strlen(only)) == 0)
            printf("    %.*s\n", (int)length, text);
        text += length;
        text += *text == '\n';
    }
}

static void report_failure(const struct test *test, const struct child_end *end) {
    char description[128];
    child_describe(end, description, sizeof description);
    printf("FAIL %s: %s\n", test->name, description);
    if (test->dies != 0)
        printf("    expected to end by %s %d, printing \"%s\"\n",
               test->dies < TEST_EXIT(0) ? "signal" : "exit code", test->dies & 0xff, test->text);
    print_indented(end->output, NULL);
    printf("    replay: ");
    const char *modes = getenv("TENON_HARD");
    if (modes != NULL && *modes != '\0')
        printf("TENON_HARD=%s ", modes);
    printf("%s%s --seed %llu %s\n", run.program, run.failing ? " --failing" : "",
           (unsigned long long)run.seed, test->name);
}

// Once a call to the system has failed on purpose an expectation may well not hold: all that is
// asked of the test then is that it ends by itself, and not by a signal.
static bool is_as_expected(const struct test *test, const struct child_end *end) {
    if (run.failing && (child_ended_by(end, TEST_EXIT(EXPECT_PASSED)) ||
                        child_ended_by(end, TEST_EXIT(EXPECT_SPOILED))))
        return true;
    int how = test->dies == 0 ? TEST_EXIT(EXPECT_PASSED) : test->dies;
    return child_ended_by(end, how) && (test->dies == 0 || strstr(end->output, test->text) != NULL);
}

// Returns true when the test should not be repeated: it failed or was skipped.
static bool judge(const struct test *test, const struct child_end *end) {
    bool skipped =
        !end->timed_out && WIFEXITED(end->status) && WEXITSTATUS(end->status) == EXPECT_SKIPPED;
    if (skipped) {
        printf("skip %s\n", test->name);
        print_indented(end->output, NULL);
        run.skipped++;
        return true;
    }
    if (!is_as_expected(test, end)) {
        report_failure(test, end);
        run.failed++;
        return true;
    }
    return false;
}

static void run_test(struct test *test) {
    int seconds = test->seconds > 0 ? test->seconds : run.seconds;
    uint64_t first_seed = run.seed;
    for (long i = 0; i < run.repeat; i++) {
        set_seed(first_seed + (uint64_t)i);
        struct child_end end = child_run(run_body, test, (double)seconds * test_slowness());
        bool over = judge(test, &end);
        if (!over && i + 1 == run.repeat) {
            run.passed++;
            if (run.verbose)
                printf("ok   %s (%.2f s)\n", test->name, end.seconds);
            else if (strstr(end.output, EXPECT_NOTE) != NULL)
                printf("note %s\n", test->name);
            print_indented(end.output, run.verbose ? NULL : EXPECT_NOTE);
        }
        free(end.output);
        fflush(stdout);
        if (over)
            break;
    }
    set_seed(first_seed);
}

static void run_here(const struct test *test) {
    run.current = test;
    test->body();
}

static bool is_chosen(const struct test *test, int count, char **parts) {
    for (int i = 0; i < count; i++)
        if (strstr(test->name, parts[i]) != NULL)
            return true;
    return count == 0;
}

static _Noreturn void explain(int code) {
    fprintf(
        code == 0 ? stdout : stderr,
        "usage: %s [--list] [--verbose] [--seed N] [--repeat N] [--failing] [--here]\n"
        "       [PART_OF_A_NAME ...]\n"
        "  --list      print the names of the chosen tests\n"
        "  --verbose   print every test and what it wrote\n"
        "  --seed N    the seed given to the tests (or TENON_SEED; otherwise 1)\n"
        "  --repeat N  run each test N times, with seeds N, N + 1, ...\n"
        "  --failing   let calls to the system fail, if the tests can: expectations may fail then\n"
        "  --here      run in this process, without a limit: for a debugger\n"
        "environment: TENON_TEST_SECONDS, TENON_TEST_SLOWNESS (a factor on all limits)\n",
        run.program);
    exit(code);
}

// Reads the options; returns the index of the first argument that is none.
static int read_options(int count, char **arguments, bool *list) {
    const char *seed = getenv("TENON_SEED");
    const char *seconds = getenv("TENON_TEST_SECONDS");
    if (seed != NULL && *seed != '\0')
        run.seed = strtoull(seed, NULL, 0);
    if (seconds != NULL && atoi(seconds) > 0)
        run.seconds = atoi(seconds);
    int i = 1;
    for (; i < count && strncmp(arguments[i], "--", 2) == 0; i++) {
        const char *option = arguments[i];
        bool has_value = i + 1 < count;
        if (strcmp(option, "--list") == 0)
            *list = true;
        else if (strcmp(option, "--verbose") == 0)
            run.verbose = true;
        else if (strcmp(option, "--here") == 0)
            run.here = true;
        else if (strcmp(option, "--failing") == 0)
            run.failing = true;
        else if (strcmp(option, "--seed") == 0 && has_value)
            run.seed = strtoull(arguments[++i], NULL, 0);
        else if (strcmp(option, "--repeat") == 0 && has_value)
            run.repeat = strtol(arguments[++i], NULL, 0);
        else
            explain(strcmp(option, "--help") == 0 ? 0 : 2);
    }
    return i;
}

int main(int count, char **arguments) {
    bool list = false;
    run.program = arguments[0];
    int first = read_options(count, arguments, &list);
    set_seed(run.seed);
    for (struct test *test = first_test; test != NULL; test = test->next) {
        if (!is_chosen(test, count - first, arguments + first))
            continue;
        if (list)
            puts(test->name);
        else if (run.here)
            run_here(test);
        else
            run_test(test);
    }
    if (list || run.here)
        return 0;
    if (first < count && run.passed + run.failed + run.skipped == 0)
        fprintf(stderr, "%s: no test has such a name\n", run.program);
    printf("%u passed, %u failed", run.passed, run.failed);
    if (run.skipped > 0)
        printf(", %u skipped", run.skipped);
    printf("\n");
    return run.failed == 0 && run.passed + run.skipped > 0 ? 0 : 1;
}
