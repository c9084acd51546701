// Process queues of text, bytes and arrays in one process: copies, orders, whose the elements are,
// and that all of them go (which LeakSanitizer says).
// Invariant: what was put in is got out once, whole, and belongs to who has got it.
#include <pthread.h>
#include <tenon.h>

#include "api/misused.h"
#include "api/simulated.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

TN_PROCESS_QUEUE(tn_text, lines);
TN_PROCESS_QUEUE(tn_int32s, rows);

static bool is_same(tn_text line, const char *expected) {
    return line.count == strlen(expected) &&
           (line.count == 0 || memcmp(line.data, expected, line.count) == 0);
}

// ---- copies ----------------------------------------------------------------------------------

TN_PFRAME(int, measures, (tn_queue(rows) *, queue)) {
    int right = 0;
    for (tn_int32s row; tn_get(rows, queue, &row) == TN_OK; right++) {
        for (size_t i = 0; i < row.count; i++) {
            EXPECT_EQ(row.data[i], (int32_t)row.count);
        }
        if (row.count % 2 == 0) {
            EXPECT_EQ(tn_room_free(self, row.data), TN_OK);
        }
        if (row.count % 5 == 0) {
            tn_yield(self);
        }
        EXPECT_EQ(tn_task_done(queue), TN_OK);
    }
    return right;
}

TN_PFRAME(void, puts_rows, (int, takers), (size_t, max)) {
    enum { COUNT = 200 };
    tn_queue(rows) queue = TN_QUEUE_OF(.name = "rows", .max = max);
    tn_task(measures) tasks[4];
    for (int i = 0; i < takers; i++) {
        tasks[i] = tn_spawn(measures, &queue);
    }
    int32_t row[COUNT];
    for (int32_t i = 0; i < COUNT; i++) {
        for (int32_t k = 0; k < i; k++) {
            row[k] = i;
        }
        EXPECT_EQ(tn_put(rows, &queue, tn_int32s_of(row, (size_t)i)), TN_OK);
        memset(row, -1, sizeof row);
    }
    EXPECT_EQ(tn_queue_join(self, &queue), TN_OK);
    EXPECT_EQ(tn_queue_close(&queue), TN_OK);
    int right = 0;
    for (int i = 0; i < takers; i++) {
        right += tn_await(measures, tasks[i]);
    }
    EXPECT_EQ(right, COUNT);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
}

TEST(arrays_are_copied_when_they_are_put_in_and_got_once) {
    for (int n = 1; n <= 4; n++) {
        for (size_t max = 0; max <= 6; max += 3) {
            EXPECT_EQ(tn_run_with(WITH(n), puts_rows, NULL, n, max), TN_OK);
        }
    }
}

// ---- orders ----------------------------------------------------------------------------------

static bool is_shorter(const void *one, const void *other) {
    return ((const tn_text *)one)->count < ((const tn_text *)other)->count;
}

static void put_four(struct tn_self *self, tn_queue(lines) *queue) {
    EXPECT_EQ(tn_put(lines, queue, tn_text_of("to")), TN_OK);
    EXPECT_EQ(tn_put(lines, queue, tn_text_of("")), TN_OK);
    EXPECT_EQ(tn_put(lines, queue, tn_text_of("one")), TN_OK);
    EXPECT_EQ(tn_put(lines, queue, tn_text_of("a")), TN_OK);
}

static void expect_four(struct tn_self *self, tn_queue(lines) *queue, const char *const *expected) {
    for (int i = 0; i < 4; i++) {
        tn_text line;
        EXPECT_EQ(tn_try_get(lines, queue, &line), TN_OK);
        EXPECT(is_same(line, expected[i]));
        EXPECT((line.data == NULL) == (line.count == 0));
    }
    tn_text none;
    EXPECT_EQ(tn_try_get(lines, queue, &none), TN_WOULD_WAIT);
    put_four(self, queue); // and goes with it
    EXPECT_EQ(tn_queue_free(queue), TN_OK);
    EXPECT_EQ(tn_queue_count(queue), 0);
}

TN_FRAME(void, orders) {
    tn_queue(lines) oldest = TN_QUEUE_OF(.max = 4), newest = TN_QUEUE_OF(.order = TN_NEWEST_FIRST);
    tn_queue(lines) least = TN_QUEUE_OF(.order = TN_LEAST_FIRST, .is_before = is_shorter);
    put_four(self, &oldest);
    put_four(self, &newest);
    put_four(self, &least);
    EXPECT_EQ(tn_try_put(lines, &oldest, tn_text_of("one too many")), TN_WOULD_WAIT);
    expect_four(self, &oldest, (const char *const[]){"to", "", "one", "a"});
    expect_four(self, &newest, (const char *const[]){"a", "one", "", "to"});
    expect_four(self, &least, (const char *const[]){"", "a", "to", "one"});
}

TEST(lines_come_in_each_order_and_go_with_their_queue) {
    EXPECT_EQ(tn_run_with(WITH(1), orders, NULL), TN_OK);
}

// ---- whose they are --------------------------------------------------------------------------

TN_FRAME(void, gets_one, (tn_queue(lines) *, queue)) {
    tn_text line;
    EXPECT_EQ(tn_get(lines, queue, &line), TN_OK);
    EXPECT(is_same(line, "for the one below"));
}

TN_FRAME(void, keeps_its_own) {
    tn_queue(lines) queue = TN_QUEUE_OF(.max = 4);
    EXPECT_EQ(tn_put(lines, &queue, tn_text_of("for the one above")), TN_OK);
    EXPECT_EQ(tn_put(lines, &queue, tn_text_of("for the one below")), TN_OK);
    tn_text line;
    EXPECT_EQ(tn_get(lines, &queue, &line), TN_OK);
    tn_task(gets_one) child = tn_spawn(gets_one, &queue);
    tn_await(gets_one, child);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
    EXPECT(is_same(line, "for the one above")); // it goes neither with the queue nor with another
    EXPECT_EQ(tn_room_free(self, line.data), TN_OK);
}

TEST(a_line_belongs_to_the_frame_that_has_got_it) {
    EXPECT_EQ(tn_run_with(WITH(1), keeps_its_own, NULL), TN_OK);
}

TN_FRAME(void, frees_anothers, (tn_text, line)) {
    EXPECT(tn_event_create(self, "own") != NULL); // so it owns things itself
    if (tn_room_free(self, line.data) == TN_NOT_YOURS) {
        misused_end();
    }
}

TN_FRAME(void, lets_another_free) {
    tn_queue(lines) queue = TN_QUEUE_OF(.max = 4);
    tn_text line;
    EXPECT_EQ(tn_put(lines, &queue, tn_text_of("mine")), TN_OK);
    EXPECT_EQ(tn_get(lines, &queue, &line), TN_OK);
    tn_task(frees_anothers) child = tn_spawn(frees_anothers, line);
    tn_await(frees_anothers, child);
}

static void free_anothers(void *unused) {
    (void)unused;
    (void)tn_run_with(MISUSED_RUN, lets_another_free, NULL);
}

TEST(only_the_frame_that_has_got_a_line_may_free_it) {
    EXPECT_MISUSE(free_anothers, "tn_room_free by another frame than the one that has the room");
}

// ---- threads in no run -----------------------------------------------------------------------

static tn_queue(lines) to_outside = TN_QUEUE_OF(.max = 2), from_outside = TN_QUEUE_OF(.max = 2);

static void *stand_outside(void *unused) {
    struct tn_self *self = tn_current();
    for (tn_text line; tn_get(lines, &to_outside, &line) == TN_OK;) {
        EXPECT_EQ(tn_put(lines, &from_outside, line), TN_OK);
        EXPECT_EQ(tn_room_free(self, line.data), TN_OK);
    }
    return unused;
}

TN_FRAME(void, talks_to_outside, (int, count)) {
    for (int i = 0; i < count; i++) {
        tn_text line;
        EXPECT_EQ(tn_put(lines, &to_outside, tn_text_of(i % 2 == 0 ? "hello" : "")), TN_OK);
        EXPECT_EQ(tn_get(lines, &from_outside, &line), TN_OK);
        EXPECT(is_same(line, i % 2 == 0 ? "hello" : ""));
    }
    EXPECT_EQ(tn_queue_close(&to_outside), TN_OK);
}

TEST(a_thread_in_no_run_puts_lines_in_and_frees_what_it_has_got) {
    if (is_simulated()) {
        TEST_SKIP("the simulated system has its own threads only");
    }
    pthread_t thread;
    EXPECT_EQ(pthread_create(&thread, NULL, stand_outside, NULL), 0);
    EXPECT_EQ(tn_run_with(WITH(1), talks_to_outside, NULL, 50), TN_OK);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    EXPECT_EQ(tn_queue_free(&to_outside), TN_OK);
    EXPECT_EQ(tn_queue_free(&from_outside), TN_OK);
}
