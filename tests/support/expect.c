// The expectations: each prints what it saw and ends the process, from any thread and any stack.
// Invariant: the number of expectations evaluated only grows; runner.c asks for it at a test's end.
#include "support/expect.h"

#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/child.h"
#include "support/test.h"

static atomic_ulong evaluated;

unsigned long expect_count(void) {
    return atomic_load_explicit(&evaluated, memory_order_relaxed);
}

static bool (*is_excused)(void);

void test_excuse(bool (*excused)(void)) {
    is_excused = excused;
}

static int code_of_failure(void) {
    return is_excused != NULL && is_excused() ? EXPECT_SPOILED : EXPECT_FAILED;
}

static void count_one(void) {
    atomic_fetch_add_explicit(&evaluated, 1, memory_order_relaxed);
}

// One write(2) from a local buffer: stdio's locks may be held by a thread that waits for us.
__attribute__((format(printf, 3, 4))) static _Noreturn void fail(const char *file, int line,
                                                                 const char *format, ...) {
    char text[1024];
    int used = snprintf(text, sizeof text, "%s:%d: ", file, line);
    va_list arguments;
    va_start(arguments, format);
    used += vsnprintf(text + used, sizeof text - (size_t)used, format, arguments);
    va_end(arguments);
    size_t bytes = used < (int)sizeof text - 1 ? (size_t)used : sizeof text - 2;
    text[bytes] = '\n';
    if (write(STDERR_FILENO, text, bytes + 1) < 0)
        _exit(EXPECT_FAILED);
    _exit(code_of_failure());
}

void test_expect(bool holds, const char *condition, const char *file, int line) {
    count_one();
    if (!holds)
        fail(file, line, "expected %s", condition);
}

void test_expect_equal(long long actual, long long expected, const char *actual_text,
                       const char *expected_text, const char *file, int line) {
    count_one();
    if (actual != expected)
        fail(file, line, "%s is %lld (0x%llx), expected %s = %lld (0x%llx)", actual_text, actual,
             (unsigned long long)actual, expected_text, expected, (unsigned long long)expected);
}

void test_expect_near(double actual, double expected, double tolerance, const char *text,
                      const char *file, int line) {
    count_one();
    if (!(fabs(actual - expected) <= tolerance))
        fail(file, line, "%s is %.17g, expected %.17g within %g", text, actual, expected,
             tolerance);
}

void test_expect_string(const char *actual, const char *expected, const char *text,
                        const char *file, int line) {
    count_one();
    bool equal =
        actual == expected || (actual != NULL && expected != NULL && strcmp(actual, expected) == 0);
    if (!equal)
        fail(file, line, "%s is \"%s\", expected \"%s\"", text, actual == NULL ? "(null)" : actual,
             expected == NULL ? "(null)" : expected);
}

struct call {
    void (*body)(void *);
    void *argument;
};

static int make_call(void *data) {
    struct call *call = data;
    call->body(call->argument);
    return code_of_failure() == EXPECT_SPOILED ? EXPECT_SPOILED : 0;
}

void test_expect_dies(void (*body)(void *), void *argument, int how, const char *text,
                      const char *name, const char *file, int line) {
    count_one();
    struct call call = {body, argument};
    struct child_end end = child_run(make_call, &call, 10.0 * test_slowness());
    char description[128];
    child_describe(&end, description, sizeof description);
    if (child_ended_by(&end, TEST_EXIT(EXPECT_SPOILED)))
        _exit(EXPECT_SPOILED);
    if (!child_ended_by(&end, how))
        fail(file, line, "%s %s, not as expected; it printed: %.700s", name, description,
             end.output);
    if (strstr(end.output, text) == NULL)
        fail(file, line, "%s did not print \"%s\"; it printed: %.700s", name, text, end.output);
    free(end.output);
}

void test_skip(const char *reason, const char *file, int line) {
    printf("%s:%d: %s\n", file, line, reason);
    fflush(stdout);
    _exit(EXPECT_SKIPPED);
}

void test_note(const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    printf(EXPECT_NOTE "%s\n", line);
    fflush(stdout);
}
