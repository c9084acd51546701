// Text in queues between processes, which are threads here (support/loopback.h): what becomes of it
// when who has it, wants it or is about to put it in ends, and where there is no memory. That its
// own is given back is for LeakSanitizer to say.
#include <signal.h>

#include <tenon.h>

#include "os/fault.h"
#include "support/loopback.h"
#include "support/test.h"

TN_PROCESS_QUEUE(tn_text, lines);
TN_PROCESS_QUEUE(int, counts);

static bool is_same(tn_text line, const char *expected) {
    return line.count == strlen(expected) &&
           (line.count == 0 || memcmp(line.data, expected, line.count) == 0);
}

static struct tn_event *once(struct tn_self *self) {
    return tn_event_create_with(self, TN_EVENT("go", .is_singleshot = true));
}

// ---- removal ---------------------------------------------------------------------------------

// Takes until it is told to end, and says at the end how much it has got.
TN_DFRAME(void, counts_until_the_end, (struct tn_port, port), (struct tn_port, numbers),
          (struct tn_port, ready)) {
    int count = 0;
    tn_text line;
    EXPECT_EQ(tn_port_post(self, ready, 0), TN_OK);
    while (tn_port_get(lines, port, &line) == TN_OK) {
        EXPECT(is_same(line, "one for all"));
        count++;
    }
    EXPECT_EQ(tn_port_try_put(counts, numbers, count), TN_OK); // needs no wait: it is told to end
}

TN_PFRAME(void, removes_who_takes, (int, rounds)) {
    int put = 0, got = 0;
    tn_queue(lines) queue = TN_QUEUE_OF(.max = 3);
    tn_queue(counts) numbers = TN_QUEUE_OF(.max = 0);
    const struct tn_port port = tn_queue_port(lines, &queue);
    const struct tn_port numbers_port = tn_queue_port(counts, &numbers);
    for (int i = 0; i < rounds; i++) {
        struct tn_event *ready = once(self);
        tn_task(counts_until_the_end) child =
            tn_spawn(counts_until_the_end, port, numbers_port, tn_port_of(ready));
        struct tn_frame *frame = tn_share(child);
        EXPECT_EQ(tn_event_wait(self, ready, NULL), TN_OK);
        for (int j = 0; j < i % 4; j++, put++) {
            EXPECT_EQ(tn_put(lines, &queue, tn_text_of("one for all")), TN_OK);
        }
        EXPECT(tn_remove(self, frame));
        int count = -1;
        EXPECT_EQ(tn_try_get(counts, &numbers, &count), TN_OK);
        got += count;
    }
    EXPECT_EQ(tn_queue_count(&queue), (size_t)(put - got)); // none is lost
    EXPECT_EQ(tn_queue_free(&numbers), TN_OK);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK); // with what is in it
}

TEST(who_is_told_to_end_while_it_gets_loses_no_line) {
    loopback_send_all(2, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, removes_who_takes, NULL, 24), TN_OK);
}

TN_DFRAME(int, puts_until, (struct tn_port, port), (double, seconds)) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, seconds);
    const int code = tn_port_put(lines, port, tn_text_of("second"));
    (void)tn_scope_end(self, &scope);
    return code;
}

TN_PFRAME(void, fills_up) {
    tn_queue(lines) queue = TN_QUEUE_OF(.max = 1);
    const struct tn_port port = tn_queue_port(lines, &queue);
    EXPECT_EQ(tn_put(lines, &queue, tn_text_of("first")), TN_OK);
    tn_task(puts_until) task = tn_spawn(puts_until, port, 0.01);
    EXPECT_EQ(tn_await(puts_until, task), TN_TIMED_OUT);
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.01);
    EXPECT_EQ(tn_port_put(lines, port, tn_text_of("from here")), TN_TIMED_OUT);
    EXPECT_EQ(tn_put(lines, &queue, tn_text_of("from here")), TN_TIMED_OUT);
    (void)tn_scope_end(self, &scope);
    tn_task(puts_until) late = tn_spawn(puts_until, port, 60);
    tn_text line;
    EXPECT_EQ(tn_get(lines, &queue, &line), TN_OK);
    EXPECT(is_same(line, "first"));
    EXPECT_EQ(tn_get(lines, &queue, &line), TN_OK);
    EXPECT(is_same(line, "second"));
    EXPECT_EQ(tn_await(puts_until, late), TN_OK);
    EXPECT_EQ(tn_queue_count(&queue), 0);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
}

TEST(a_line_for_a_full_queue_waits_as_long_as_it_may) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, fills_up, NULL), TN_OK);
}

// Who has the port ends while others wait there with lines, and for them.
TN_PFRAME(void, lends_for_a_moment, (tn_queue(lines) *, queue), (struct tn_port *, port),
          (struct tn_event *, lent)) {
    *port = tn_queue_port(lines, queue);
    EXPECT_EQ(tn_event_post(lent, NULL), TN_OK);
    (void)tn_sleep(self, 0.01);
}

TN_PFRAME(int, puts_here, (struct tn_port, port)) {
    return tn_port_put(lines, port, tn_text_of("from here"));
}

TN_PFRAME(void, takes_a_port_away) {
    tn_queue(lines) queue = TN_QUEUE_OF(.max = 1);
    EXPECT_EQ(tn_put(lines, &queue, tn_text_of("stays")), TN_OK);
    struct tn_port port;
    struct tn_event *lent = once(self);
    tn_task(lends_for_a_moment) lender = tn_spawn(lends_for_a_moment, &queue, &port, lent);
    struct tn_frame *frame = tn_share(lender);
    EXPECT_EQ(tn_event_wait(self, lent, NULL), TN_OK);
    tn_task(puts_until) there = tn_spawn(puts_until, port, 60);
    tn_task(puts_here) here = tn_spawn(puts_here, port);
    EXPECT_EQ(tn_await(puts_until, there), TN_REMOVED);
    EXPECT_EQ(tn_await(puts_here, here), TN_REMOVED);
    EXPECT_EQ(tn_join(lends_for_a_moment, frame, NULL), TN_OK);
    EXPECT_EQ(tn_queue_count(&queue), 1);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
}

TEST(lines_that_wait_at_a_port_go_with_its_frame) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, takes_a_port_away, NULL), TN_OK);
}

// ---- death -----------------------------------------------------------------------------------

static _Atomic int is_in;

enum { GETS, PUTS, HAS_GOT };

TN_DFRAME(void, waits_for_ever, (struct tn_port, port), (struct tn_port, ready), (int, does)) {
    tn_text line;
    is_in = loopback_here();
    if (does == HAS_GOT) {
        EXPECT_EQ(tn_port_get(lines, port, &line), TN_OK);
    }
    EXPECT_EQ(tn_port_post(self, ready, 0), TN_OK);
    (void)(does == PUTS ? tn_port_put(lines, port, tn_text_of("second"))
                        : tn_port_get(lines, port, &line));
}

TN_PFRAME(int, loses_who_waits, (int, does)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_queue(lines) queue = TN_QUEUE_OF(.max = 1);
    const struct tn_port port = tn_queue_port(lines, &queue);
    if (does != GETS) {
        EXPECT_EQ(tn_put(lines, &queue, tn_text_of("first")), TN_OK);
    }
    struct tn_event *ready = once(self);
    tn_task(waits_for_ever) child = tn_spawn(waits_for_ever, port, tn_port_of(ready), does);
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_event_wait(self, ready, NULL), TN_OK);
    (void)tn_sleep(self, 0.005); // it waits by now, as a rule
    loopback_kill(is_in, SIGKILL);
    const int code = tn_join(waits_for_ever, frame, NULL);
    tn_text line = {NULL, 0};
    if (does == PUTS) {
        EXPECT_EQ(tn_get(lines, &queue, &line), TN_OK);
        EXPECT(is_same(line, "first"));
        EXPECT_EQ(tn_try_get(lines, &queue, &line), TN_WOULD_WAIT); // its own has gone with it
    } else {
        EXPECT_EQ(tn_put(lines, &queue, tn_text_of("third")), TN_OK);
        EXPECT_EQ(tn_get(lines, &queue, &line), TN_OK); // and nobody else has got it
        EXPECT(is_same(line, "third"));
    }
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
    return code;
}

TEST(a_process_that_is_killed_leaves_no_line_and_nobody_at_the_queue) {
    for (int does = GETS; does <= HAS_GOT; does++) {
        loopback_send_all(1, 1);
        int code = 0;
        EXPECT_EQ(tn_run_with(TWO_THREADS, loses_who_waits, &code, does), TN_OK);
        EXPECT_EQ(code, TN_LOST);
    }
}

// It is killed while lines are on their way to it.
TN_DFRAME(void, gets_for_ever, (struct tn_port, port), (struct tn_port, ready)) {
    tn_text line;
    is_in = loopback_here();
    EXPECT_EQ(tn_port_post(self, ready, 0), TN_OK);
    while (tn_port_get(lines, port, &line) == TN_OK) {
        EXPECT(is_same(line, "on its way"));
    }
}

TN_PFRAME(int, kills_who_gets, (int, count)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_queue(lines) queue = TN_QUEUE_OF(.name = "lines");
    struct tn_event *ready = once(self);
    tn_task(gets_for_ever) child =
        tn_spawn(gets_for_ever, tn_queue_port(lines, &queue), tn_port_of(ready));
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_event_wait(self, ready, NULL), TN_OK);
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_put(lines, &queue, tn_text_of("on its way")), TN_OK);
    }
    loopback_kill(is_in, SIGKILL);
    EXPECT_EQ(tn_put(lines, &queue, tn_text_of("on its way")), TN_OK);
    const int code = tn_join(gets_for_ever, frame, NULL);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
    return code;
}

TEST(lines_on_their_way_to_a_process_that_is_killed_are_given_back) {
    for (int count = 0; count < 12; count++) {
        loopback_send_all(1, 1);
        int code = 0;
        EXPECT_EQ(tn_run_with(TWO_THREADS, kills_who_gets, &code, count), TN_OK);
        EXPECT_EQ(code, TN_LOST);
    }
}

// ---- memory ----------------------------------------------------------------------------------

// Gets until it has heard the last one, and answers with how many it has got.
TN_DFRAME(int, counts_lines, (struct tn_port, port), (struct tn_port, ready)) {
    int count = 0;
    tn_text line;
    EXPECT_EQ(tn_port_post(self, ready, 0), TN_OK);
    while (tn_port_get(lines, port, &line) == TN_OK) {
        EXPECT(is_same(line, "where there is no memory"));
        count++;
    }
    return count;
}

// One allocation fails while a line is put in for which somebody waits elsewhere.
TN_PFRAME(void, lacks_memory, (uint64_t, fails_at), (int *, put), (int *, got)) {
    tn_queue(lines) queue = TN_QUEUE_OF(.max = 1);
    struct tn_event *ready = once(self);
    tn_task(counts_lines) child =
        tn_spawn(counts_lines, tn_queue_port(lines, &queue), tn_port_of(ready));
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_event_wait(self, ready, NULL), TN_OK);
    (void)tn_sleep(self, 0.005); // it waits by now, as a rule
    fault_fail_allocation(fails_at);
    const int code = tn_put(lines, &queue, tn_text_of("where there is no memory"));
    (void)tn_sleep(self, 0.005); // it has it by now, and asks for the next one, as a rule
    fault_fail_allocation(0);
    EXPECT(code == TN_OK || (fails_at == 1 && code == TN_NO_MEMORY));
    *put += code == TN_OK;
    EXPECT_EQ(tn_queue_close(&queue), TN_OK);
    int count = 0;
    EXPECT_EQ(tn_join(counts_lines, frame, &count), TN_OK);
    *got += count;
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
}

TEST(a_line_that_comes_where_there_is_no_memory_is_not_lost) {
    int put = 0, got = 0;
    for (uint64_t fails_at = 1; fails_at <= 3; fails_at++) {
        loopback_send_all(1, 1);
        EXPECT_EQ(tn_run_with(TWO_THREADS, lacks_memory, NULL, fails_at, &put, &got), TN_OK);
    }
    EXPECT_EQ(put, 2);
    EXPECT_EQ(got, 2);
}

// Gives back what it gets, and tries again where there was no memory.
TN_DFRAME(void, gives_back, (struct tn_port, from), (struct tn_port, to), (struct tn_port, ready)) {
    EXPECT_EQ(tn_port_post(self, ready, 0), TN_OK);
    for (;;) {
        tn_text line;
        int code = tn_port_get(lines, from, &line);
        if (code == TN_NO_MEMORY) {
            continue;
        }
        if (code != TN_OK) {
            return;
        }
        do {
            code = tn_port_put(lines, to, line);
        } while (code == TN_NO_MEMORY);
    }
}

static const char all[] = "all that there is";
enum { LINES = 4 };

// Nothing comes back any more when the process is lost.
TN_PFRAME(int, closes_behind, (struct tn_frame *, frame), (tn_queue(lines) *, queue)) {
    const int end = tn_join(gives_back, frame, NULL);
    EXPECT_EQ(tn_queue_close(queue), TN_OK);
    return end;
}

static void put_in(struct tn_self *self, tn_queue(lines) * queue, struct tn_port port, int i) {
    const tn_text line = tn_text_of(&all[i]);
    int code;
    do {
        code = i % 2 == 0 ? tn_put(lines, queue, line) : tn_port_put(lines, port, line);
    } while (code == TN_NO_MEMORY);
    EXPECT_EQ(code, TN_OK);
}

struct lack {
    uint64_t fails_at;
    uint64_t allocations; // in one exchange
    int lost;             // processes, which can't be heard without memory
};

// All lines come back once, in order, or the process is lost.
TN_PFRAME(void, exchanges, (struct lack *, lack)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_queue(lines) there = TN_QUEUE_OF(.max = 2), back = TN_QUEUE_OF(.name = "back");
    const struct tn_port port = tn_queue_port(lines, &there);
    struct tn_event *ready = once(self);
    tn_task(gives_back) child =
        tn_spawn(gives_back, port, tn_queue_port(lines, &back), tn_port_of(ready));
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_event_wait(self, ready, NULL), TN_OK);
    tn_task(closes_behind) watcher = tn_spawn(closes_behind, frame, &back);
    const uint64_t before = fault_allocations();
    fault_fail_allocation(lack->fails_at);
    int code = TN_OK;
    for (int i = 0; i < LINES && code == TN_OK; i++) {
        tn_text line;
        put_in(self, &there, port, i);
        code = tn_get(lines, &back, &line);
        EXPECT(code == TN_OK ? is_same(line, &all[i]) : code == TN_CLOSED);
    }
    fault_fail_allocation(0);
    lack->allocations = fault_allocations() - before;
    EXPECT_EQ(tn_queue_close(&there), TN_OK);
    const int end = tn_await(closes_behind, watcher);
    EXPECT(end == TN_LOST || (end == TN_OK && code == TN_OK));
    lack->lost += end == TN_LOST;
    EXPECT_EQ(tn_queue_count(&back), 0);
    EXPECT_EQ(tn_queue_free(&there), TN_OK);
    EXPECT_EQ(tn_queue_free(&back), TN_OK);
}

TEST(each_allocation_of_an_exchange_fails_and_no_line_is_lost, .seconds = 60) {
    struct lack lack = {0};
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, exchanges, NULL, &lack), TN_OK);
    const uint64_t count = lack.allocations;
    while (lack.fails_at++ < count) {
        EXPECT_EQ(tn_run_with(TWO_THREADS, exchanges, NULL, &lack), TN_OK);
    }
    TEST_NOTE("%d allocations failed, one at a time; %d processes were lost", (int)count,
              lack.lost);
    EXPECT(count >= 10);
}
