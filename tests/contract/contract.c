// See contract.h. Invariant: a struct contract registers one test for each of its numbers of
// threads, and all of them run through run_current. Start reading there.
#include "contract/contract.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/loopback.h"

// A test makes some dozens of calls that may fail, and more with more threads.
enum { FAILING_CALLS = 50 };

static const int default_threads[CONTRACT_THREADS_MAX] = {1, 2, 4};
// Where a DFrame runs does not differ from where a PFrame does.
static const int dframe_threads[CONTRACT_THREADS_MAX] = {2};

static const char *const level_names[] = {
    [TN_LEVEL_FRAME] = "frame", [TN_LEVEL_PFRAME] = "pframe", [TN_LEVEL_DFRAME] = "dframe"};

static const struct contract_test *current(void) {
    const struct test *test = test_current();
    return (const struct contract_test *)(const void *)((const char *)test -
                                                        offsetof(struct contract_test, test));
}

static void run_current(void) {
    const struct contract *contract = current()->contract;
    if (test_is_failing()) {
        inside_fail_call(1 + test_seed() % FAILING_CALLS);
        test_excuse(inside_call_has_failed);
    }
    if (current()->is_elsewhere) {
        loopback_send_all(2, 2);
    }
    if (contract->outside != NULL) {
        contract->outside();
        return;
    }
    const int code = contract->run();
    if (code != contract->code) { // not counted as an expectation: the body must have its own
        EXPECT_EQ(code, contract->code);
    }
}

static void register_one(struct contract *contract, struct contract_test *made, int threads) {
    made->contract = contract;
    made->options.num_threads = threads;
    made->test = (struct test){.name = made->name,
                               .body = run_current,
                               .seconds = contract->seconds,
                               .dies = contract->dies,
                               .text = contract->text};
    test_register(&made->test);
}

void contract_register(struct contract *contract) {
    if (contract->only != 0 && contract->only != contract->level) {
        return;
    }
    const bool is_dframe = contract->level == TN_LEVEL_DFRAME;
    const int *threads = contract->threads[0] != 0 ? contract->threads
                         : is_dframe               ? dframe_threads
                                                   : default_threads;
    const char *level = level_names[contract->level];
    int count = 0;
    for (; count < CONTRACT_THREADS_MAX && threads[count] != 0; count++) {
        struct contract_test *made = &contract->tests[count];
        snprintf(made->name, sizeof made->name, "%s:%s:%d", contract->name, level, threads[count]);
        register_one(contract, made, threads[count]);
    }
    if (is_dframe && !contract->stays) {
        struct contract_test *made = &contract->tests[count];
        made->is_elsewhere = true;
        snprintf(made->name, sizeof made->name, "%s:%s:elsewhere", contract->name, level);
        register_one(contract, made, threads[0]);
    }
}

int contract_threads(void) {
    return current()->options.num_threads;
}

const struct tn_run_options *contract_options(void) {
    return &current()->options;
}

bool contract_is_checked(void) {
    return TENON_CHECKED; // what tenon_bare was compiled with
}

bool contract_is_hard(void) {
    const char *modes = getenv("TENON_HARD");
    return modes != NULL && *modes != '\0';
}

// ---- what happened in which order ------------------------------------------------------------

enum { MARKS_MAX = 4096 };

static char trace[MARKS_MAX + 1];
static _Atomic int trace_length; // places taken
static _Atomic int trace_count;  // letters written

void mark(char letter) {
    const int at = trace_length++;
    EXPECT(at < MARKS_MAX);
    trace[at] = letter;
    trace_count++;
}

size_t marks_count(void) {
    return (size_t)trace_count;
}

const char *marks(void) {
    return trace;
}

void marks_clear(void) {
    memset(trace, 0, sizeof trace);
    trace_length = 0;
    trace_count = 0;
}

// ---- time ------------------------------------------------------------------------------------

double contract_seconds(double seconds) {
    return is_simulated() ? seconds : seconds * (test_slowness() > 1 ? 0.5 : 0.25);
}

void contract_expect_passed(double start, double seconds, const char *file, int line) {
    const double passed = tn_now() - start;
    // Virtual time moves on a little with each call; a real machine may be busy with other things.
    const double slack = is_simulated() ? 0.01 : 0.5 * test_slowness();
    test_expect_near(passed, seconds + slack / 2, slack / 2 + 1e-9, "the time passed", file, line);
}
