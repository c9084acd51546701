// The harness of the contract suite. A body is written once and becomes six tests: as a Frame and
// as a PFrame, with 1, 2 and 4 threads.
//
//     LEVEL_FRAME(int, answers) {
//         return 42;
//     }
//
//     // The bullet of the contract.
//     CONTRACT(a_frame_returns_a_result_of_its_type) {
//         tn_task(answers) child = tn_spawn(answers);
//         EXPECT_EQ(tn_await(answers, child), 42);
//     }
//
// The two levels come from compiling each file NN_section.c twice: LEVEL_FRAME is TN_FRAME the
// first time and TN_PFRAME the second, LEVEL is TN_LEVEL_FRAME and then TN_LEVEL_PFRAME. So what
// LEVEL_FRAME declares, root included, has the level under test, and what must be of one level is
// declared with TN_FRAME or TN_PFRAME as usual. The tests are called NAME:frame:1 to NAME:pframe:4.
// Files whose frames take no pointers are compiled a third time, as DFrames (CMakeLists.txt names
// them), which gives two more tests of each: NAME:dframe:2, and NAME:dframe:elsewhere, where each
// DFrame but root is sent to another process (support/loopback.h: so it is in the same memory, and
// static variables are seen by all).
//
// Invariant: each test runs in a process of its own, so static variables start at zero.
// Start reading at CONTRACT; README.md shows how to run and replay.
#ifndef CONTRACT_CONTRACT_H
#define CONTRACT_CONTRACT_H

#include <tenon.h>

#include "api/simulated.h"
#include "support/inside.h"
#include "support/test.h"

// CONTRACT(name, options...) { body }: the body is the root of a run, with `self` in scope; the run
// has to return TN_OK. The options are fields of struct contract:
//   .only = TN_LEVEL_PFRAME       not at the other level
//   .threads = {2, 4}             instead of {1, 2, 4}; up to four numbers
//   .code = -5                    what the run has to return instead
//   .stays = true                 not with other processes
//   .seconds, .dies, .text        as in support/test.h
#define CONTRACT(test_name, ...)                                                                   \
    static void test_name(struct tn_self *self);                                                   \
    LEVEL_FRAME(void, test_name##_root) {                                                          \
        test_name(self);                                                                           \
    }                                                                                              \
    static int run_##test_name(void) {                                                             \
        return contract_run(test_name##_root, NULL);                                               \
    }                                                                                              \
    CONTRACT_REGISTER_(test_name, .run = run_##test_name, ##__VA_ARGS__)                           \
    static void test_name(struct tn_self *self __attribute__((unused)))

// The same, but the body is outside of any run and makes its own, with contract_run.
#define CONTRACT_OUTSIDE(test_name, ...)                                                           \
    static void test_name(void);                                                                   \
    CONTRACT_REGISTER_(test_name, .outside = test_name, ##__VA_ARGS__)                             \
    static void test_name(void)

// contract_run(root, &answer, arguments...): tn_run with the number of threads under test.
#define contract_run(...) tn_run_with(contract_options(), __VA_ARGS__)
const struct tn_run_options *contract_options(void);
int contract_threads(void);

// True when the library under test has its assertions: a programmer's error then stops the program
// with a sentence, and returns a code otherwise.
bool contract_is_checked(void);

// True when TENON_HARD names one of the modes that decide who runs what: then a test must not
// expect a certain thread where the contract only allows it.
bool contract_is_hard(void);

// Waits, in small sleeps, until the condition holds; fails when the frame is to end before that.
#define WAIT_UNTIL(condition)                                                                      \
    while (!(condition)) {                                                                         \
        EXPECT_EQ(tn_sleep(self, 0.0001), TN_OK);                                                  \
    }

// ---- what happened in which order ------------------------------------------------------------

// Adds a letter to the one trace of the test. From any thread.
void mark(char letter);

// Compares the trace, and begins a new one.
#define EXPECT_MARKS(expected)                                                                     \
    do {                                                                                           \
        EXPECT_STR(marks(), expected);                                                             \
        marks_clear();                                                                             \
    } while (0)
const char *marks(void);
size_t marks_count(void); // for waiting: all of them are in marks()
void marks_clear(void);

// ---- time ------------------------------------------------------------------------------------

// The contract's seconds: as they are where time is virtual, a part of them where it is real, so
// that no test lasts longer than a second; longer again where the program runs slowly.
double contract_seconds(double seconds);

// `seconds` (of contract_seconds) have passed since `start` (of tn_now), and not many more.
#define EXPECT_PASSED(start, seconds) contract_expect_passed((start), (seconds), __FILE__, __LINE__)
void contract_expect_passed(double start, double seconds, const char *file, int line);

// ---- what the macros write -------------------------------------------------------------------

enum { CONTRACT_THREADS_MAX = 4, CONTRACT_NAME_BYTES = 128 };

// One of the tests that a declaration stands for.
struct contract_test {
    struct test test;
    char name[CONTRACT_NAME_BYTES];
    const struct contract *contract;
    struct tn_run_options options;
    bool is_elsewhere;
};

struct contract {
    const char *name;
    enum tn_level level;
    int (*run)(void); // of CONTRACT
    void (*outside)(void);
    enum tn_level only; // 0: both
    int threads[CONTRACT_THREADS_MAX];
    int code;
    int seconds;
    int dies;
    const char *text;
    bool stays; // not elsewhere: it is about this process
    struct contract_test tests[CONTRACT_THREADS_MAX + 1];
};

void contract_register(struct contract *contract);

#define CONTRACT_REGISTER_(test_name, ...)                                                         \
    __attribute__((constructor)) static void register_##test_name(void) {                          \
        static struct contract contract = {.name = #test_name, .level = LEVEL, __VA_ARGS__};       \
        contract_register(&contract);                                                              \
    }

#endif
