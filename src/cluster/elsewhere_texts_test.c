// DFrames in other processes, which are threads here (support/loopback.h): text, bytes and arrays
// that they put into queues of this one and get from them (tenon/process_queue.h). That their
// memory is given back, whoever has it last, is for LeakSanitizer to say.
#include <tenon.h>

#include "support/loopback.h"
#include "support/test.h"

TN_PROCESS_QUEUE(tn_text, lines);
TN_PROCESS_QUEUE(tn_bytes, packets);
TN_PROCESS_QUEUE(tn_doubles, rows);
TN_PROCESS_QUEUE(int, counts);

// ---- what is sent ----------------------------------------------------------------------------

static char alphabets[TN_ITEM_BYTES_MAX + 27];

// Line i begins with another letter than its neighbours. Every tenth is empty, and some are as long
// as may be.
static tn_text line_of(int i) {
    const size_t count = i % 10 == 0 ? 0 : i % 16 == 5 ? TN_ITEM_BYTES_MAX : (size_t)(i * 37 % 300);
    return (tn_text){alphabets + i % 26, count};
}

static bool is_line(tn_text line, int i) {
    const tn_text expected = line_of(i);
    return line.count == expected.count && (line.data == NULL) == (line.count == 0) &&
           (line.count == 0 || memcmp(line.data, expected.data, line.count) == 0);
}

static void send_all(int processes, int threads) {
    for (size_t i = 0; i < sizeof alphabets; i++) {
        alphabets[i] = (char)('a' + i % 26);
    }
    loopback_send_all(processes, threads);
}

// ---- there and back --------------------------------------------------------------------------

TN_DFRAME(int, hands_on, (struct tn_port, from), (struct tn_port, to), (bool, frees)) {
    int count = 0;
    for (tn_text line; tn_port_get(lines, from, &line) == TN_OK; count++) {
        EXPECT_EQ(tn_port_put(lines, to, line), TN_OK);
        EXPECT_EQ(tn_port_task_done(self, from), TN_OK);
        if (frees) {
            EXPECT_EQ(tn_room_free(self, line.data), TN_OK);
        }
    }
    return count;
}

static int put_line(struct tn_self *self, tn_queue(lines) * queue, struct tn_port port, int i) {
    return i % 2 == 0 ? tn_put(lines, queue, line_of(i)) : tn_port_put(lines, port, line_of(i));
}

static int get_line(struct tn_self *self, tn_queue(lines) * queue, struct tn_port port, int i,
                    tn_text *line) {
    return i % 3 == 0 ? tn_get(lines, queue, line) : tn_port_get(lines, port, line);
}

// What has been got stays as long as this frame.
TN_PFRAME(void, sends_lines, (int, count)) {
    enum { MAX = 100 };
    tn_queue(lines) there = TN_QUEUE_OF(.max = 3), back = TN_QUEUE_OF(.name = "back");
    const struct tn_port there_port = tn_queue_port(lines, &there);
    const struct tn_port back_port = tn_queue_port(lines, &back);
    tn_task(hands_on) child = tn_spawn(hands_on, there_port, back_port, count % 2 == 0);
    tn_text got[MAX];
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(put_line(self, &there, there_port, i), TN_OK);
    }
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(get_line(self, &back, back_port, i, &got[i]), TN_OK);
    }
    EXPECT_EQ(tn_queue_join(self, &there), TN_OK);
    EXPECT_EQ(tn_queue_close(&there), TN_OK);
    EXPECT_EQ(tn_await(hands_on, child), count);
    EXPECT_EQ(tn_queue_free(&there), TN_OK);
    EXPECT_EQ(tn_queue_free(&back), TN_OK);
    for (int i = 0; i < count; i++) {
        EXPECT(is_line(got[i], i));
        EXPECT_EQ(i % 2 == 0 ? tn_room_free(self, got[i].data) : TN_OK, TN_OK);
    }
}

TEST(lines_of_any_length_come_back_from_another_process) {
    send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, sends_lines, NULL, 100), TN_OK);
    send_all(1, 2);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), sends_lines, NULL, 61), TN_OK);
}

TEST(lines_come_back_in_one_process_too) {
    send_all(0, 1);
    loopback_force(false);
    EXPECT_EQ(tn_run_with(TWO_THREADS, sends_lines, NULL, 100), TN_OK);
}

TN_DFRAME(void, gives_lines, (struct tn_port, port), (int, count)) {
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_port_put(lines, port, line_of(i)), TN_OK);
    }
}

TN_DFRAME(int, takes_lines, (struct tn_port, port), (int, count)) {
    int right = 0;
    for (int i = 0; i < count; i++) {
        tn_text line;
        EXPECT_EQ(tn_port_get(lines, port, &line), TN_OK);
        right += is_line(line, i);
    }
    return right;
}

TN_PFRAME(void, stands_between, (size_t, max), (int, count)) {
    tn_queue(lines) queue = TN_QUEUE_OF(.max = max);
    const struct tn_port port = tn_queue_port(lines, &queue);
    tn_task(takes_lines) taker = tn_spawn(takes_lines, port, count);
    tn_task(gives_lines) giver = tn_spawn(gives_lines, port, count);
    tn_await(gives_lines, giver);
    EXPECT_EQ(tn_await(takes_lines, taker), count);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
}

TEST(lines_go_from_one_process_to_another) {
    send_all(2, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, stands_between, NULL, 1, 60), TN_OK);
    EXPECT_EQ(tn_run_with(TWO_THREADS, stands_between, NULL, 0, 60), TN_OK);
}

TN_DFRAME(double, adds_up, (struct tn_port, from), (struct tn_port, to)) {
    double sum = 0;
    for (tn_doubles row; tn_port_get(rows, from, &row) == TN_OK;) {
        unsigned char packet[100];
        memset(packet, (int)row.count, sizeof packet);
        EXPECT_EQ(tn_port_put(packets, to, tn_bytes_of(packet, row.count)), TN_OK);
        memset(packet, 0, sizeof packet); // it was copied
        for (size_t i = 0; i < row.count; i++) {
            sum += row.data[i];
        }
    }
    return sum;
}

TN_PFRAME(void, sends_rows, (int, count)) {
    tn_queue(rows) there = TN_QUEUE_OF(.max = 2);
    tn_queue(packets) back = TN_QUEUE_OF(.name = "back");
    tn_task(adds_up) child =
        tn_spawn(adds_up, tn_queue_port(rows, &there), tn_queue_port(packets, &back));
    double row[100], sum = 0;
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < i; k++) {
            row[k] = i + k / 2.0;
            sum += row[k];
        }
        EXPECT_EQ(tn_put(rows, &there, tn_doubles_of(row, (size_t)i)), TN_OK);
    }
    EXPECT_EQ(tn_queue_close(&there), TN_OK);
    EXPECT(tn_await(adds_up, child) == sum);
    for (size_t i = 0; i < (size_t)count; i++) {
        tn_bytes packet;
        EXPECT_EQ(tn_try_get(packets, &back, &packet), TN_OK);
        EXPECT(packet.count == i && (i == 0 || (packet.data[0] == i && packet.data[i - 1] == i)));
    }
    EXPECT_EQ(tn_queue_free(&there), TN_OK);
    EXPECT_EQ(tn_queue_free(&back), TN_OK);
}

TEST(arrays_and_bytes_go_there_and_back) {
    send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, sends_rows, NULL, 100), TN_OK);
}

// ---- codes -----------------------------------------------------------------------------------

TN_DFRAME(void, tries, (struct tn_port, port)) {
    const tn_text longest = {alphabets, TN_ITEM_BYTES_MAX};
    const tn_text too_long = {alphabets, TN_ITEM_BYTES_MAX + 1};
    tn_text line;
    tn_bytes packet;
    EXPECT_EQ(tn_port_try_get(lines, port, &line), TN_WOULD_WAIT);
    EXPECT_EQ(tn_port_put(lines, port, too_long), TN_TOO_LONG);
    EXPECT_EQ(tn_port_put(lines, port, ((tn_text){alphabets, SIZE_MAX})), TN_TOO_LONG);
    EXPECT_EQ(tn_port_try_put(lines, port, longest), TN_OK);
    EXPECT_EQ(tn_port_try_put(lines, port, longest), TN_WOULD_WAIT);
    EXPECT_EQ(tn_port_get(packets, port, &packet), TN_WRONG_TYPE);
    EXPECT_EQ(tn_port_put(packets, port, tn_bytes_of(NULL, 0)), TN_WRONG_TYPE);
    EXPECT_EQ(tn_port_put(packets, port, tn_bytes_of((unsigned char *)"x", 1)), TN_WRONG_TYPE);
    EXPECT_EQ(tn_port_close(self, port), TN_OK);
    EXPECT_EQ(tn_port_put(lines, port, tn_text_of("late")), TN_CLOSED);
    EXPECT_EQ(tn_port_get(lines, port, &line), TN_OK);
    EXPECT(line.count == TN_ITEM_BYTES_MAX && memcmp(line.data, alphabets, line.count) == 0);
    EXPECT_EQ(tn_port_get(lines, port, &line), TN_CLOSED);
    const struct tn_port none = {0, 0};
    EXPECT_EQ(tn_port_put(lines, none, tn_text_of("lost")), TN_REMOVED);
}

TN_PFRAME(void, hears_codes) {
    tn_queue(lines) queue = TN_QUEUE_OF(.max = 1);
    const struct tn_port port = tn_queue_port(lines, &queue);
    static const double numbers[TN_ITEM_BYTES_MAX / 8 + 1];
    const tn_doubles too_long = tn_doubles_of(numbers, TN_ITEM_BYTES_MAX / 8 + 1);
    EXPECT_EQ(tn_try_put(lines, &queue, ((tn_text){alphabets, TN_ITEM_BYTES_MAX + 1})),
              TN_TOO_LONG);
    tn_queue(rows) table = TN_QUEUE_OF(.max = 1);
    EXPECT_EQ(tn_put(rows, &table, too_long), TN_TOO_LONG);
    EXPECT_EQ(tn_port_put(rows, tn_queue_port(rows, &table), too_long), TN_TOO_LONG);
    EXPECT_EQ(tn_queue_count(&table), 0);
    EXPECT_EQ(tn_queue_join(self, &table), TN_OK); // what was not put in is not waited for
    tn_task(tries) task = tn_spawn(tries, port);
    tn_await(tries, task);
    EXPECT_EQ(tn_queue_free(&table), TN_OK);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
}

TEST(what_is_too_long_or_comes_too_late_is_answered_by_a_code) {
    send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, hears_codes, NULL), TN_OK);
    send_all(0, 1);
    loopback_force(false);
    EXPECT_EQ(tn_run_with(TWO_THREADS, hears_codes, NULL), TN_OK);
}
