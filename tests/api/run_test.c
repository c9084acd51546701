// Runs: options, threads, nesting, running again, what the process looks like before and after.
// Invariant: after a run the process has as many threads as before.
#include <tenon/event.h>
#include <tenon/failure.h>
#include <tenon/run.h>
#include <tenon/time.h>

#include <dirent.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "api/simulated.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static int os_threads(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/task");
    EXPECT(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

// A thread that was joined may be listed for a moment longer: this waits, a second at most, until
// the count is `expected` (any count that stays, for -1), and returns the last one seen.
static int threads_become(int expected) {
    int seen = os_threads();
    int stayed = 0;
    for (int i = 0; i < 500 && seen != expected && stayed < 25; i++) {
        nanosleep(&(struct timespec){0, 2000000}, NULL);
        const int now = os_threads();
        stayed = expected < 0 && now == seen ? stayed + 1 : 0;
        seen = now;
    }
    return seen;
}

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

// ---- threads ---------------------------------------------------------------------------------

TN_PFRAME(int, index_below) {
    tn_sleep(self, 0.0005);
    return tn_thread_index();
}

TN_PFRAME(int, looks_at_threads, (int, n), (int, expected)) {
    EXPECT_EQ(tn_thread_count(), n);
    tn_task(index_below) each[32];
    for (int i = 0; i < 32; i++) {
        each[i] = tn_spawn(index_below);
    }
    for (int i = 0; i < 32; i++) {
        const int index = tn_await(index_below, each[i]);
        EXPECT(index >= 0 && index < n);
    }
    return threads_become(expected);
}

TEST(a_run_of_n_has_n_threads_and_one_of_1_starts_none) {
    if (is_simulated()) {
        TEST_SKIP("simulated threads are no threads of the system");
    }
    EXPECT_EQ(tn_thread_index(), -1);
    EXPECT_EQ(tn_thread_count(), 0);
    int threads = 0; // a sanitizer may start a thread of its own beside the first
    EXPECT_EQ(tn_run_with(WITH(2), looks_at_threads, &threads, 2, -1), TN_OK);
    const int before = threads_become(-1);
    for (int n = 1; n <= 8; n++) {
        EXPECT_EQ(tn_run_with(WITH(n), looks_at_threads, &threads, n, before + n - 1), TN_OK);
        EXPECT_EQ(threads - before, n - 1);
        EXPECT_EQ(tn_thread_index(), -1);
    }
    EXPECT_EQ(threads_become(before), before);
}

TN_PFRAME(int, answers) {
    return 42;
}

TEST(a_root_that_ends_at_once_keeps_its_result, .seconds = 30) {
    for (int i = 0; i < 1000 / test_slowness(); i++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(1 + i % 4), answers, &answer), TN_OK);
        EXPECT_EQ(answer, 42);
    }
}

TEST(options_out_of_range_are_refused) {
    int answer = 0;
    EXPECT_EQ(tn_run_with(WITH(-1), answers, &answer), TN_OUT_OF_RANGE);
    EXPECT_EQ(tn_run_with(WITH(1025), answers, &answer), TN_OUT_OF_RANGE);
    EXPECT_EQ(tn_run_with(TN_RUN(.stack_bytes = 9u << 20), answers, &answer), TN_OUT_OF_RANGE);
    EXPECT_EQ(tn_run_with(TN_RUN(.stack_bytes = SIZE_MAX), answers, &answer), TN_OUT_OF_RANGE);
    EXPECT_EQ(tn_run_with(TN_RUN(.root_stack_bytes = 9u << 20), answers, &answer), TN_OUT_OF_RANGE);
    EXPECT_EQ(answer, 0);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1, .stack_bytes = 1, .root_stack_bytes = 1),
                          answers, &answer),
              TN_OK);
    EXPECT_EQ(answer, 42);
    EXPECT_EQ(tn_run(answers, &answer), TN_OK);
}

// ---- runs in and beside runs -----------------------------------------------------------------

TN_PFRAME(int, runs_inside) {
    int answer = 0;
    const int code = tn_run_with(WITH(1), answers, &answer);
    EXPECT_EQ(answer, 0);
    return code;
}

TEST(a_run_inside_of_a_run_is_refused) {
    for (int n = 1; n <= 4; n++) {
        int code = 0;
        EXPECT_EQ(tn_run_with(WITH(n), runs_inside, &code), TN_OK);
        EXPECT_EQ(code, TN_RUNNING);
    }
}

TN_PFRAME(long, fib, (int, n)) {
    if (n < 2) {
        return n;
    }
    tn_task(fib) left = tn_spawn(fib, n - 1);
    const long right = fib(self, n - 2);
    return tn_await(fib, left) + right;
}

TN_FRAME(long, sleeps_and_counts, (int, n)) {
    tn_sleep(self, 0.001);
    tn_task(fib) child = tn_spawn(fib, n);
    tn_sleep(self, 0.001);
    return tn_await(fib, child);
}

static void *run_in_thread(void *argument) {
    (void)argument;
    for (int i = 0; i < 20; i++) {
        long answer = 0;
        EXPECT_EQ(tn_run_with(WITH(1 + i % 3), sleeps_and_counts, &answer, 12), TN_OK);
        EXPECT_EQ(answer, 144);
        EXPECT_EQ(tn_run_with(WITH(1 + i % 3), fib, &answer, 15), TN_OK);
        EXPECT_EQ(answer, 610);
    }
    return NULL;
}

TEST(threads_may_each_have_a_run_of_their_own, .seconds = 30) {
    if (is_simulated()) {
        TEST_SKIP("one real thread may call the simulated system");
    }
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(pthread_create(&threads[i], NULL, run_in_thread, NULL), 0);
    }
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(pthread_join(threads[i], NULL), 0);
    }
}

TN_PFRAME(int, fails) {
    TN_FAIL(self, -77, "on purpose");
    return 1;
}

TEST(a_thread_may_run_again_also_after_a_failure) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), fails, &answer), -77);
        EXPECT_EQ(answer, 0);
        EXPECT_EQ(tn_run_with(WITH(n), answers, &answer), TN_OK);
        EXPECT_EQ(answer, 42);
    }
}

// ---- idle and busy ---------------------------------------------------------------------------

TN_FRAME(int, sleeps, (double, seconds)) {
    return tn_sleep(self, seconds);
}

TN_PFRAME(int, sleeps_on_all, (double, seconds)) {
    tn_task(sleeps) child = tn_spawn(sleeps, seconds);
    return tn_await(sleeps, child);
}

// Any machine that checks this may be busy with other things, so the best of three counts.
TEST(idle_threads_use_no_cpu, .seconds = 60) {
    for (int n = 1; n <= 8; n *= 2) {
        double best = 1;
        for (int i = 0; i < 3 && best > 0.004; i++) {
            int code = -1;
            const double before = cpu_seconds();
            EXPECT_EQ(tn_run_with(WITH(n), sleeps, &code, 1.0), TN_OK);
            const double used = cpu_seconds() - before;
            best = used < best ? used : best;
        }
        TEST_NOTE("%d threads slept a second in %.2f ms of CPU", n, best * 1e3);
        EXPECT(best < 0.005 * test_slowness());
    }
    int code = -1;
    EXPECT_EQ(tn_run_with(WITH(4), sleeps_on_all, &code, 0.01), TN_OK);
    EXPECT_EQ(code, TN_OK);
}

TN_PFRAME(int, blocks, (double, seconds)) {
    tn_block(seconds);
    return 0;
}

TN_FRAME(double, sleeps_beside_a_blocker, (double, seconds)) {
    tn_task(blocks) child = tn_spawn(blocks, seconds);
    (void)child;
    const double start = tn_now();
    tn_sleep(self, 0.1);
    return tn_now() - start;
}

TEST(a_timer_does_not_wait_behind_a_busy_thread) {
    double slept = 0;
    EXPECT_EQ(tn_run_with(WITH(2), sleeps_beside_a_blocker, &slept, 1.0), TN_OK);
    TEST_NOTE("a sleep of 0.1 s took %.3f s", slept);
    EXPECT(slept >= 0.1 && slept < 0.5);
}

// The blocker may be on the thread whose timer is due: another one has to fire it.
TN_PFRAME(double, pframe_sleeps_beside_a_blocker, (double, seconds)) {
    tn_task(sleeps) timer = tn_spawn(sleeps, 0.1);
    tn_sleep(self, 0.01);
    tn_task(blocks) child = tn_spawn(blocks, seconds);
    (void)child;
    const double start = tn_now();
    tn_sleep(self, 0.1);
    (void)timer;
    return tn_now() - start;
}

TEST(a_pframes_timer_does_not_wait_behind_a_busy_thread) {
    for (int n = 2; n <= 4; n++) {
        double slept = 0;
        EXPECT_EQ(tn_run_with(WITH(n), pframe_sleeps_beside_a_blocker, &slept, 1.0), TN_OK);
        EXPECT(slept >= 0.1 && slept < 0.5);
    }
}

static _Atomic int at_work;
static _Atomic int at_work_most;

TN_PFRAME(void, meets, (int, others)) {
    const int now = ++at_work;
    for (int most = at_work_most; most < now;) {
        __atomic_compare_exchange_n((int *)&at_work_most, &most, now, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
    }
    for (int i = 0; i < 2000 && at_work_most < others; i++) {
        tn_block(0.001);
    }
    at_work--;
}

TN_FRAME(int, starts_meeting, (int, count)) {
    tn_task(meets) each[16];
    for (int i = 0; i < count; i++) {
        each[i] = tn_spawn(meets, count);
    }
    for (int i = 0; i < count; i++) {
        tn_await(meets, each[i]);
    }
    return at_work_most;
}

TN_FRAME(int, threads_by_default) {
    return tn_thread_count();
}

// With a plain root the run has one thread more than CPUs; all CPUs work while root waits.
TEST(by_default_no_core_idles_while_pframes_wait) {
    int threads = 0;
    EXPECT_EQ(tn_run(threads_by_default, &threads), TN_OK);
    EXPECT(threads >= 2);
    const int cores = threads - 1 < 16 ? threads - 1 : 16;
    int most = 0;
    EXPECT_EQ(tn_run(starts_meeting, &most, cores), TN_OK);
    EXPECT_EQ(most, cores);
}

static char letters[16];
static char digits[16];
static _Atomic int printed;

TN_PFRAME(void, counter, (int, number)) {
    tn_block(0.1 * number);
    for (int i = 0; i < 3; i++) {
        tn_block(0.3);
        const int at = printed++;
        letters[at] = (char)('a' + number);
        digits[at] = (char)('0' + tn_thread_index());
    }
}

TN_FRAME(int, three_counters) {
    for (int i = 0; i < 3; i++) {
        tn_task(counter) child = tn_spawn(counter, i);
        tn_forget(child);
    }
    return tn_children_wait(self);
}

TEST(three_blocking_counters_print_what_the_manual_says, .seconds = 30) {
    static const struct {
        int n;
        const char *letters;
        const char *digits;
    } cases[] = {{4, "abcabcabc", "123123123"},
                 {3, "abababccc", "121212111"},
                 {1, "aaabbbccc", "000000000"}};
    for (int i = 0; i < 3; i++) {
        int code = -1;
        printed = 0;
        EXPECT_EQ(tn_run_with(WITH(cases[i].n), three_counters, &code), TN_OK);
        EXPECT_STR(letters, cases[i].letters);
        EXPECT_STR(digits, cases[i].digits);
    }
}
