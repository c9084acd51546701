// The test driver: a test is a function registered by its own definition, and each one runs in a
// forked process of its own with a time limit. Link with runner.c, which holds main().
//
//     TEST(an_empty_list_has_no_first_element) {
//         struct list list;
//         list_init(&list);
//         EXPECT(list_is_empty(&list));
//         EXPECT_EQ(list_length(&list), 0);
//     }
//
// Invariant: a test passes only if it ends by returning, after at least one expectation was
// evaluated. An expectation that does not hold ends the whole process at once, so it may stand in
// any thread and on any stack. What a test prints is kept and shown only when it fails, except for
// lines written by TEST_NOTE. Start reading at TEST; the process handling is in runner.c.
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

// One registered test. `dies` is 0 for a test that has to return; otherwise it says how the process
// has to end: a signal number, or TEST_EXIT(code). `text` must then occur in what it printed.
struct test {
    const char *name;
    void (*body)(void);
    int seconds; // time limit of this test; 0 takes the runner's
    int dies;
    const char *text;
    struct test *next;
};

#define TEST_EXIT(code) (0x100 + (code))

// TEST(name) { body }. The name is a sentence in words joined by underscores. After the name,
// fields of struct test may be set: TEST(a_long_search_ends, .seconds = 60) { ... }
#define TEST(test_name, ...)                                                                       \
    static void test_name(void);                                                                   \
    __attribute__((constructor)) static void register_##test_name(void) {                          \
        static struct test test = {.name = #test_name, .body = test_name, __VA_ARGS__};            \
        test_register(&test);                                                                      \
    }                                                                                              \
    static void test_name(void)

// A test whose process must end by `how` (SIGSEGV, SIGABRT, TEST_EXIT(3), ...) after printing a
// text that contains `expected`.
#define TEST_DIES(test_name, how, expected, ...)                                                   \
    TEST(test_name, .dies = (how), .text = (expected), ##__VA_ARGS__)

// Ends the test as failed unless the condition holds.
#define EXPECT(condition) test_expect((condition), #condition, __FILE__, __LINE__)

// Equality of integers or pointers of any type; prints both. Floating point is refused.
#define EXPECT_EQ(actual, expected)                                                                \
    do {                                                                                           \
        _Static_assert(!__builtin_types_compatible_p(__typeof__(actual), double) &&                \
                           !__builtin_types_compatible_p(__typeof__(expected), double),            \
                       "EXPECT_EQ is for integers; use EXPECT_NEAR");                              \
        test_expect_equal((long long)(actual), (long long)(expected), #actual, #expected,          \
                          __FILE__, __LINE__);                                                     \
    } while (0)

// |actual - expected| <= tolerance; not a number never holds.
#define EXPECT_NEAR(actual, expected, tolerance)                                                   \
    test_expect_near((actual), (expected), (tolerance), #actual, __FILE__, __LINE__)

// Equality of two strings; NULL equals only NULL.
#define EXPECT_STR(actual, expected)                                                               \
    test_expect_string((actual), (expected), #actual, __FILE__, __LINE__)

// Runs body(argument) in a child of this test and expects it to end as TEST_DIES describes; how = 0
// expects it to return.
#define EXPECT_DIES(body, argument, how, text)                                                     \
    test_expect_dies((body), (argument), (how), (text), #body, __FILE__, __LINE__)

// Ends the test as skipped. The reason is shown, and skipped tests are counted apart.
#define TEST_SKIP(reason) test_skip((reason), __FILE__, __LINE__)

// printf of one line that is shown even when the test passes: a measured or counted proof.
#define TEST_NOTE(...) test_note(__VA_ARGS__)

// The seed of this run: --seed N, or TENON_SEED, or 1. TENON_SEED is set to it for the test.
uint64_t test_seed(void);

// How much slower than a plain run this one is expected to be (1; more under sanitizers, or as
// TENON_TEST_SLOWNESS says under an emulator). Tests scale their repetitions down by it.
int test_slowness(void);

// True with --failing: a harness that can lets one call to the system fail, which one by the seed.
bool test_is_failing(void);

// From now on an expectation that fails while `is_excused` says true ends the test, but not as
// failed. For harnesses that let calls to the system fail.
void test_excuse(bool (*is_excused)(void));

// The test that runs in this process: for harnesses whose tests share one body.
const struct test *test_current(void);

void test_register(struct test *test);
void test_expect(bool holds, const char *condition, const char *file, int line);
void test_expect_equal(long long actual, long long expected, const char *actual_text,
                       const char *expected_text, const char *file, int line);
void test_expect_near(double actual, double expected, double tolerance, const char *text,
                      const char *file, int line);
void test_expect_string(const char *actual, const char *expected, const char *text,
                        const char *file, int line);
void test_expect_dies(void (*body)(void *), void *argument, int how, const char *text,
                      const char *name, const char *file, int line);
_Noreturn void test_skip(const char *reason, const char *file, int line);
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
