// Queues that frames of real processes of this program put into and get from.
#include <signal.h>
#include <stdlib.h>
#include <tenon.h>
#include <unistd.h>

#include "api/simulated.h"
#include "support/processes.h"
#include "support/test.h"

TN_PROCESS_QUEUE(int, numbers);
TN_PROCESS_QUEUE(tn_text, lines);

static const struct tn_run_options *options(void) {
    static const struct tn_run_options two = {.num_threads = 2, .num_processes = 2};
    if (is_simulated()) {
        TEST_SKIP("the simulated system has no other processes");
    }
    if (!starts_itself()) {
        TEST_SKIP("this system does not start programs of its own machine");
    }
    setenv("TENON_PLACE", "remote", 1);
    return &two;
}

TN_DFRAME(int, counts, (struct tn_port, todo), (struct tn_port, done)) {
    int count = 0;
    for (int number; tn_port_get(numbers, todo, &number) == TN_OK; count++) {
        EXPECT_EQ(tn_port_put(numbers, done, number), TN_OK);
        EXPECT_EQ(tn_port_task_done(self, todo), TN_OK);
    }
    return count;
}

TN_PFRAME(int, hands_out, (int, count)) {
    tn_queue(numbers) todo = TN_QUEUE_OF(.max = 8);
    tn_queue(numbers) done = TN_QUEUE_OF(.name = "done");
    const struct tn_port from = tn_queue_port(numbers, &todo);
    const struct tn_port to = tn_queue_port(numbers, &done);
    tn_task(counts) first = tn_spawn(counts, from, to), second = tn_spawn(counts, from, to);
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_put(numbers, &todo, i), TN_OK);
    }
    EXPECT_EQ(tn_queue_join(self, &todo), TN_OK);
    EXPECT_EQ(tn_queue_close(&todo), TN_OK);
    int counted = tn_await(counts, first);
    counted += tn_await(counts, second);
    char seen[2000] = {0};
    for (int number; tn_try_get(numbers, &done, &number) == TN_OK;) {
        EXPECT_EQ(seen[number]++, 0);
    }
    EXPECT_EQ(tn_queue_free(&todo), TN_OK);
    EXPECT_EQ(tn_queue_free(&done), TN_OK);
    return counted;
}

TEST(two_processes_share_a_queue_and_each_item_goes_to_one_of_them) {
    int counted = 0;
    EXPECT_EQ(tn_run_with(options(), hands_out, &counted, 2000), TN_OK);
    EXPECT_EQ(counted, 2000);
}

// ---- text ------------------------------------------------------------------------------------

// Puts back what it gets, backwards.
TN_DFRAME(int, turns_round, (struct tn_port, from), (struct tn_port, to)) {
    int count = 0;
    for (tn_text line; tn_port_get(lines, from, &line) == TN_OK; count++) {
        char turned[TN_ITEM_BYTES_MAX];
        for (size_t i = 0; i < line.count; i++) {
            turned[i] = line.data[line.count - 1 - i];
        }
        EXPECT_EQ(tn_port_put(lines, to, ((tn_text){turned, line.count})), TN_OK);
        EXPECT_EQ(tn_room_free(self, line.data), TN_OK);
        EXPECT_EQ(tn_port_task_done(self, from), TN_OK);
    }
    return count;
}

static char letters[TN_ITEM_BYTES_MAX];

// From none to as many as may be.
static tn_text line_of(int i) {
    return (tn_text){letters, i % 20 == 19 ? sizeof letters : (size_t)i * 97 % 3000};
}

static void expect_turned(tn_text line) {
    EXPECT_EQ(line.count == 0 ? 'a' : line.data[line.count - 1], 'a');
    for (size_t i = 0; i < line.count; i++) {
        EXPECT(line.data[i] == letters[line.count - 1 - i]);
    }
}

TN_PFRAME(int, sends_lines, (int, count)) {
    tn_queue(lines) todo = TN_QUEUE_OF(.max = 8), done = TN_QUEUE_OF(.name = "done");
    const struct tn_port from = tn_queue_port(lines, &todo), to = tn_queue_port(lines, &done);
    tn_task(turns_round) first = tn_spawn(turns_round, from, to);
    tn_task(turns_round) second = tn_spawn(turns_round, from, to);
    size_t bytes = 0;
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_put(lines, &todo, line_of(i)), TN_OK);
        bytes += line_of(i).count;
    }
    EXPECT_EQ(tn_queue_join(self, &todo), TN_OK);
    EXPECT_EQ(tn_queue_close(&todo), TN_OK);
    const int turned = tn_await(turns_round, first) + tn_await(turns_round, second);
    for (tn_text line; tn_try_get(lines, &done, &line) == TN_OK; bytes -= line.count) {
        expect_turned(line);
    }
    EXPECT_EQ(bytes, 0);
    EXPECT_EQ(tn_queue_free(&todo), TN_OK);
    EXPECT_EQ(tn_queue_free(&done), TN_OK);
    return turned;
}

TEST(two_processes_take_lines_of_text_and_give_them_back) {
    for (size_t i = 0; i < sizeof letters; i++) {
        letters[i] = (char)('a' + i % 26);
    }
    int turned = 0;
    EXPECT_EQ(tn_run_with(options(), sends_lines, &turned, 200), TN_OK);
    EXPECT_EQ(turned, 200);
}

// ---- a process that dies ---------------------------------------------------------------------

TN_DFRAME(int, gets_for_ever, (struct tn_port, port), (struct tn_port, begun)) {
    EXPECT_EQ(tn_port_post(self, begun, getpid()), TN_OK);
    int number = 0;
    while (tn_port_get(numbers, port, &number) == TN_OK) {
    }
    return number;
}

static enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure, (void)replace, (void)data;
    return TN_ABSORB;
}

TN_PFRAME(int, kills_who_gets, (int, rounds)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_queue(numbers) queue = TN_QUEUE_OF(.max = 1);
    const struct tn_port port = tn_queue_port(numbers, &queue);
    int lost = 0;
    for (int i = 0; i < rounds; i++) {
        struct tn_event *begun = tn_event_create_with(self, TN_EVENT("pid", .is_singleshot = true));
        tn_task(gets_for_ever) child = tn_spawn(gets_for_ever, port, tn_port_of(begun));
        struct tn_frame *frame = tn_share(child);
        void *process = NULL;
        EXPECT_EQ(tn_event_wait(self, begun, &process), TN_OK);
        EXPECT(kill((pid_t)(intptr_t)process, SIGKILL) == 0);
        lost += tn_join(gets_for_ever, frame, NULL) == TN_LOST;
        int number = 0;
        EXPECT_EQ(tn_try_put(numbers, &queue, i), TN_OK); // nobody is left who would get it
        EXPECT_EQ(tn_try_get(numbers, &queue, &number), TN_OK);
        EXPECT_EQ(number, i);
    }
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
    return lost;
}

TEST(a_process_that_is_killed_while_it_gets_leaves_nobody_behind) {
    int lost = 0;
    EXPECT_EQ(tn_run_with(options(), kills_who_gets, &lost, 5), TN_OK);
    EXPECT_EQ(lost, 5);
}
