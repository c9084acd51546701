// DFrames in real processes of this program.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon.h>
#include <unistd.h>

#include "api/simulated.h"
#include "support/processes.h"
#include "support/test.h"

static const struct tn_run_options *options(int processes) {
    static struct tn_run_options made;
    made = (struct tn_run_options){.num_threads = 2, .num_processes = processes};
    if (is_simulated()) {
        TEST_SKIP("the simulated system has no other processes");
    }
    if (!starts_itself()) {
        TEST_SKIP("this system does not start programs of its own machine");
    }
    setenv("TENON_PLACE", "remote", 1);
    return &made;
}

TN_DFRAME(int, process_of, (int, n)) {
    (void)n;
    return getpid();
}

TN_PFRAME(int, asks, (int, count)) {
    int last = 0;
    for (int i = 0; i < count; i++) {
        tn_task(process_of) child = tn_spawn(process_of, i);
        last = tn_await(process_of, child);
        EXPECT(last != getpid());
    }
    return last;
}

TEST(a_dframe_runs_in_another_process_of_this_program) {
    int process = 0;
    EXPECT_EQ(tn_run_with(options(1), asks, &process, 20), TN_OK);
    EXPECT(process > 0);
    EXPECT_EQ(kill(process, 0), -1); // gone
    EXPECT_EQ(errno, ESRCH);
}

TEST(two_runs_one_after_the_other_have_processes_of_their_own) {
    int first = 0, second = 0;
    EXPECT_EQ(tn_run_with(options(2), asks, &first, 5), TN_OK);
    EXPECT_EQ(tn_run_with(options(2), asks, &second, 5), TN_OK);
    EXPECT(first != second);
}

TN_DFRAME(int, ends_itself, (int, how)) {
    if (how > 0) {
        kill(getpid(), how);
    }
    exit(-how);
}

static enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)replace;
    (void)snprintf(data, 200, "%s", failure->message);
    return TN_ABSORB;
}

TN_PFRAME(int, lets_end, (int, how), (int, begins_max)) {
    static char message[200];
    EXPECT_EQ(tn_on_failure(self, absorb, message), TN_OK);
    tn_task(ends_itself) child =
        tn_spawn_with(TN_OPTIONS(.begins_max = begins_max), ends_itself, how);
    const int code = tn_try_await(ends_itself, child, NULL);
    EXPECT(strstr(message, "process ") != NULL);
    EXPECT(strstr(message, how == SIGKILL ? "SIGKILL" : "exit code 3") != NULL);
    tn_task(process_of) next = tn_spawn(process_of, 1);
    EXPECT(tn_await(process_of, next) != getpid()); // another one is there by now
    return code;
}

TEST(a_process_that_is_killed_or_exits_takes_one_dframe_with_it_and_says_why) {
    int code = 0;
    EXPECT_EQ(tn_run_with(options(1), lets_end, &code, SIGKILL, 0), TN_OK);
    EXPECT_EQ(code, TN_LOST);
    EXPECT_EQ(tn_run_with(options(1), lets_end, &code, -3, 1), TN_OK);
    EXPECT_EQ(code, TN_LOST);
}

TEST(a_repeatable_dframe_that_is_lost_again_and_again_is_poisoned) {
    int code = 0;
    EXPECT_EQ(tn_run_with(options(2), lets_end, &code, -3, 3), TN_OK);
    EXPECT_EQ(code, TN_POISONED);
}

// The first process to run it dies.
TN_DFRAME(int, dies_once, (tn_text, path)) {
    char name[64];
    (void)snprintf(name, sizeof name, "%.*s", (int)path.count, path.data);
    if (unlink(name) == 0) {
        kill(getpid(), SIGKILL);
    }
    return 7;
}

TN_PFRAME(int, lets_die_once, (int, n)) {
    char name[] = "/tmp/tenon-test-XXXXXX";
    close(mkstemp(name));
    tn_task(dies_once) child =
        tn_spawn_with(TN_OPTIONS(.begins_max = 3), dies_once, tn_text_of(name));
    return tn_await(dies_once, child) + n;
}

TEST(a_repeatable_dframe_is_run_again_when_its_process_is_killed) {
    int answer = 0;
    EXPECT_EQ(tn_run_with(options(2), lets_die_once, &answer, 1), TN_OK);
    EXPECT_EQ(answer, 8);
}

TN_DFRAME(double, sum_of, (tn_doubles, values)) {
    double sum = 0;
    for (size_t i = 0; i < values.count; i++) {
        sum += values.data[i];
    }
    return sum;
}

TN_PFRAME(double, sums, (int, count)) {
    double *values = malloc((size_t)count * sizeof *values);
    EXPECT(values != NULL);
    for (int i = 0; i < count; i++) {
        values[i] = 1;
    }
    tn_task(sum_of) child = tn_spawn(sum_of, tn_doubles_of(values, (size_t)count));
    const double sum = tn_await(sum_of, child);
    free(values);
    return sum;
}

TEST(a_long_array_is_taken_along) {
    double sum = 0;
    EXPECT_EQ(tn_run_with(options(1), sums, &sum, 1 << 20), TN_OK);
    EXPECT_NEAR(sum, 1 << 20, 0);
}

enum { PARTS = 6, PART = 300000 };

TN_DFRAME(tn_doubles, roots_of, (tn_doubles, numbers), (int, part)) {
    double *roots = (double *)tn_room(self, PART * sizeof *roots);
    EXPECT(roots != NULL);
    for (int i = 0; i < PART; i++) {
        roots[i] = numbers.data[part * PART + i] + part;
    }
    return tn_doubles_of(roots, PART);
}

// All parts read one argument, and all results are there at the same time.
TN_PFRAME(double, collects_parts, (int, rounds)) {
    double *numbers = (double *)malloc(PARTS * PART * sizeof *numbers);
    double sum = 0;
    EXPECT(numbers != NULL);
    for (int i = 0; i < PARTS * PART; i++) {
        numbers[i] = i;
    }
    for (int round = 0; round < rounds; round++) {
        tn_task(roots_of) tasks[PARTS];
        tn_doubles parts[PARTS];
        for (int i = 0; i < PARTS; i++) {
            tasks[i] = tn_spawn(roots_of, tn_doubles_of(numbers, PARTS * PART), i);
        }
        for (int i = PARTS; i-- > 0;) {
            parts[i] = tn_await(roots_of, tasks[i]);
        }
        for (int i = 0; i < PARTS; i++) {
            EXPECT_EQ(parts[i].count, PART);
            sum += parts[i].data[0] + parts[i].data[PART - 1] - 2 * i;
            EXPECT_EQ(tn_room_free(self, parts[i].data), TN_OK);
        }
    }
    free(numbers);
    return sum;
}

TEST(long_results_of_two_processes_are_there_at_the_same_time) {
    double sum = 0;
    EXPECT_EQ(tn_run_with(options(2), collects_parts, &sum, 3), TN_OK);
    EXPECT(sum == 3.0 * (PARTS * PART - 1) * PARTS);
}

TEST(what_the_environment_says_of_processes_counts_where_the_program_says_nothing) {
    int process = 0;
    const struct tn_run_options *none = options(0);
    setenv("TENON_PROCESSES", "1", 1);
    EXPECT_EQ(tn_run_with(none, asks, &process, 3), TN_OK);
    setenv("TENON_PROCESSES", "many", 1);
    EXPECT_EQ(tn_run_with(none, asks, &process, 3), TN_OUT_OF_RANGE);
}

// ---- results, posts and values over there ----------------------------------------------------

TN_DATA(mark, (int, letter), (double, weight));
TN_DLOCAL(struct mark, mark);

TN_DFRAME(tn_bytes, filled, (size_t, count), (struct tn_port, begun)) {
    EXPECT_EQ(tn_port_post(self, begun, getpid()), TN_OK);
    unsigned char *bytes = tn_room(self, count);
    if (bytes == NULL) {
        return tn_bytes_of(NULL, 0);
    }
    memset(bytes, tn_local_get(mark).letter, count);
    return tn_bytes_of(bytes, count);
}

TN_PFRAME(void, fills, (size_t, count)) {
    EXPECT_EQ(tn_local_set(mark, ((struct mark){'x', 0.5})), TN_OK);
    for (size_t bytes = 1; bytes <= count; bytes *= 64) {
        struct tn_event *begun =
            tn_event_create_with(self, TN_EVENT("begun", .is_singleshot = true));
        tn_task(filled) child = tn_spawn(filled, bytes, tn_port_of(begun));
        const tn_bytes result = tn_await(filled, child);
        void *process = NULL;
        EXPECT_EQ(tn_event_wait(self, begun, &process), TN_OK);
        EXPECT((intptr_t)process != getpid());
        EXPECT_EQ(result.count, bytes);
        EXPECT_EQ(result.data[0], 'x');
        EXPECT(memcmp(result.data, result.data + 1, bytes - 1) == 0);
        EXPECT_EQ(tn_room_free(self, result.data), TN_OK);
    }
}

TEST(bytes_posts_and_values_cross_between_real_processes) {
    EXPECT_EQ(tn_run_with(options(2), fills, NULL, (size_t)1 << 24), TN_OK);
}
