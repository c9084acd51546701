// TENON_LEVEL: the same program at every level.
// Invariant: results are equal; who computes them, and in which order, is what differs. Start
// reading at enter_level.
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <tenon.h>
#include <unistd.h>

#include "api/simulated.h"
#include "support/test.h"

static const char *const levels[] = {"serial", "frame", "pframe", "dframe", NULL};

static void enter_level(const char *level) {
    EXPECT_EQ(level == NULL ? unsetenv("TENON_LEVEL") : setenv("TENON_LEVEL", level, 1), 0);
}

// ---- one program -----------------------------------------------------------------------------

TN_DFRAME(int64_t, sum_of, (tn_int32s, values), (int32_t, factor)) {
    int64_t sum = 0;
    for (size_t i = 0; i < values.count; i++) {
        sum += (int64_t)values.data[i] * factor;
    }
    return sum;
}

TN_DFRAME(int, fails, (int, code)) {
    TN_FAIL(self, code, "as asked for");
    return 0;
}

TN_DFRAME(long, fib_elsewhere, (int, n)) {
    if (n < 2) {
        return n;
    }
    tn_task(fib_elsewhere) left = tn_spawn(fib_elsewhere, n - 1);
    tn_task(fib_elsewhere) right = tn_spawn(fib_elsewhere, n - 2);
    return tn_await(fib_elsewhere, right) + tn_await(fib_elsewhere, left);
}

TN_PFRAME(long, square, (long, x)) {
    return x * x;
}

TN_FRAME(long, waits, (double, seconds)) {
    return tn_sleep(self, seconds) == TN_OK ? 7 : 0;
}

static enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure;
    (void)replace;
    (void)data;
    return TN_ABSORB;
}

static long sum_of_squares(struct tn_self *self, long count) {
    long sum = 0, value;
    struct tn_map *map = tn_map(square, (size_t)count, 0L);
    while (tn_map_next(square, map, &value)) {
        sum = sum * 3 % 1000003 + value; // in order
    }
    return sum;
}

TN_PFRAME(long, program, (int, thread)) {
    static const int32_t values[] = {3, -1, 4, 1, -5};
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(sum_of) sum = tn_spawn(sum_of, tn_int32s_of(values, 5), 9);
    tn_task(fib_elsewhere) fib = tn_spawn(fib_elsewhere, 12);
    tn_task(waits) wait = tn_spawn(waits, 0.001);
    tn_task(square) pinned = tn_spawn_with(TN_OPTIONS(.thread = TN_THREAD(thread)), square, 11);
    tn_task(fails) failing = tn_spawn(fails, -77);
    EXPECT_EQ(tn_try_await(fails, failing, NULL), -77);
    long answer = (long)tn_await(sum_of, sum);
    answer = answer * 31 + tn_await(fib_elsewhere, fib);
    answer = answer * 31 + tn_await(waits, wait);
    answer = answer * 31 + tn_await(square, pinned);
    return answer * 31 + sum_of_squares(self, 50);
}

static long answer_at(const char *level, const struct tn_run_options *options) {
    long answer = 0;
    enter_level(level);
    EXPECT_EQ(tn_run_with(options, program, &answer, options->num_threads - 1), TN_OK);
    return answer;
}

TEST(every_level_has_the_same_results) {
    const long expected = answer_at(NULL, TN_RUN(.num_threads = 1));
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        for (int threads = 1; threads <= 3; threads++) {
            EXPECT_EQ(answer_at(levels[i], TN_RUN(.num_threads = threads)), expected);
        }
    }
}

TN_DFRAME(int, process_of) {
    return getpid();
}

TN_FRAME(int, asks) {
    tn_task(process_of) child = tn_spawn(process_of);
    return tn_await(process_of, child);
}

static bool stays_here(const char *level) {
    int process = 0;
    enter_level(level);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2, .num_processes = 1), asks, &process), TN_OK);
    return process == getpid();
}

TEST(below_dframe_no_process_is_started_whatever_the_options_say, .seconds = 30) {
    setenv("TENON_PLACE", "remote", 1);
    for (int i = 0; strcmp(levels[i], "dframe") != 0; i++) {
        EXPECT(stays_here(levels[i]));
    }
    if (is_simulated() || test_slowness() > 5) {
        TEST_SKIP("this system does not start processes of this program");
    }
    const struct tn_run_options *two = TN_RUN(.num_threads = 2, .num_processes = 2);
    const long elsewhere = answer_at("dframe", two);
    EXPECT_EQ(answer_at("serial", two), elsewhere);
    EXPECT(!stays_here("dframe"));
}

// ---- serial ----------------------------------------------------------------------------------

static char order[20];
static size_t marks;

static void note(char letter) {
    EXPECT(marks < sizeof order - 1);
    EXPECT_EQ(tn_thread_index(), 0);
    EXPECT_EQ(tn_thread_count(), 1);
    order[marks++] = letter;
}

TN_PFRAME(void, pframe, (char, letter)) {
    note(letter);
    tn_yield(self);
    note((char)(letter + ('A' - 'a')));
}

TN_DFRAME(void, dframe, (char, letter)) {
    pframe(self, letter);
}

TN_FRAME(void, frame, (char, letter)) {
    pframe(self, letter);
}

TN_PFRAME(void, awaits_the_newest_first) {
    tn_task(pframe) a = tn_spawn(pframe, 'a');
    tn_task(dframe) b = tn_spawn(dframe, 'b');
    tn_task(frame) c = tn_spawn(frame, 'c');
    tn_task(pframe) d = tn_spawn_with(TN_OPTIONS(.thread = TN_THREAD(3)), pframe, 'd');
    note('-');
    tn_await(pframe, d);
    tn_await(frame, c);
    tn_await(dframe, b);
    tn_await(pframe, a);
}

TN_FRAME(void, awaits_as_a_frame) {
    awaits_the_newest_first(self);
}

TEST(serial_starts_pframes_and_dframes_when_they_are_spawned) {
    enter_level("serial");
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 4), awaits_the_newest_first, NULL), TN_OK);
    EXPECT_STR(order, "abd-ABcDC"); // a plain Frame waits for its turn, as ever
    marks = 0;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 4), awaits_as_a_frame, NULL), TN_OK);
    EXPECT_STR(order, "abd-ABcDC");
}

TN_PFRAME(void, item, (int, i)) {
    note((char)('a' + i));
}

TN_PFRAME(void, submits) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    for (int i = 0; i < 5; i++) {
        (void)tn_submit(executor, item, i);
    }
    tn_executor_end(self, executor);
}

TEST(serial_runs_the_items_of_an_executor_in_the_order_of_their_submission) {
    enter_level("serial");
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 4), submits, NULL), TN_OK);
    EXPECT_STR(order, "abcde");
}

TN_PFRAME(long, fib, (int, n)) {
    if (n < 2) {
        return n;
    }
    tn_task(fib) left = tn_spawn(fib, n - 1);
    long right = fib(self, n - 2);
    return tn_await(fib, left) + right;
}

// As deep as the program is, not as wide: 0.3 million frames, and never more than 24 at once.
TEST(serial_needs_stacks_for_the_depth_of_a_program_only, .seconds = 30) {
    const struct rlimit little = {(rlim_t)1 << 30, (rlim_t)1 << 30};
    long answer = 0;
    enter_level("serial");
    if (!is_simulated() && test_slowness() == 1) {
        EXPECT_EQ(setrlimit(RLIMIT_AS, &little), 0); // a hundredth of what all of them take
    }
    EXPECT_EQ(tn_run(fib, &answer, test_slowness() > 1 || is_simulated() ? 15 : 25), TN_OK);
    EXPECT_EQ(answer, test_slowness() > 1 || is_simulated() ? 610 : 75025);
}
