// DFrames in other processes, which are threads here (support/loopback.h): what they put into
// queues of this one and get from them (tenon/process_queue.h).
#include <signal.h>

#include <tenon.h>

#include "support/loopback.h"
#include "support/test.h"

TN_DATA(queued, (int, number), (bool, is_odd), (double, half));
TN_PROCESS_QUEUE(struct queued, works);
TN_PROCESS_QUEUE(int, jobs);
TN_PROCESS_QUEUE(double, reals);

static struct queued make(int number) {
    return (struct queued){number, number % 2 != 0, number / 2.0};
}

// ---- producers and consumers -----------------------------------------------------------------

TN_DFRAME(long, works_until_closed, (struct tn_port, todo), (struct tn_port, done)) {
    long sum = 0;
    for (struct queued work; tn_port_get(works, todo, &work) == TN_OK;) {
        EXPECT_EQ(work.is_odd, work.number % 2 != 0);
        EXPECT(work.half == work.number / 2.0);
        EXPECT_EQ(tn_port_put(jobs, done, work.number * 2), TN_OK);
        EXPECT_EQ(tn_port_task_done(self, todo), TN_OK);
        sum += work.number;
    }
    return sum;
}

TN_PFRAME(long, gives_work, (int, workers), (int, count), (int, max)) {
    tn_queue(works) todo = TN_QUEUE_OF(.max = (size_t)max);
    tn_queue(jobs) done = TN_QUEUE_OF(.name = "done");
    const struct tn_port todo_port = tn_queue_port(works, &todo);
    const struct tn_port done_port = tn_queue_port(jobs, &done);
    tn_task(works_until_closed) tasks[8];
    for (int i = 0; i < workers; i++) {
        tasks[i] = tn_spawn(works_until_closed, todo_port, done_port);
    }
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_put(works, &todo, make(i)), TN_OK);
    }
    EXPECT_EQ(tn_queue_join(self, &todo), TN_OK);
    EXPECT_EQ(tn_queue_count(&done), (size_t)count);
    EXPECT_EQ(tn_queue_close(&todo), TN_OK);
    long sum = 0, doubled = 0;
    for (int i = 0; i < workers; i++) {
        sum += tn_await(works_until_closed, tasks[i]);
    }
    for (int number; tn_try_get(jobs, &done, &number) == TN_OK;) {
        doubled += number;
    }
    EXPECT_EQ(doubled, 2 * sum);
    EXPECT_EQ(tn_queue_free(&done), TN_OK);
    EXPECT_EQ(tn_queue_free(&todo), TN_OK);
    return sum;
}

static void expect_work(int workers, int count, int max) {
    long sum = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, gives_work, &sum, workers, count, max), TN_OK);
    EXPECT_EQ(sum, (long)count * (count - 1) / 2);
}

TEST(what_is_put_in_is_got_out_in_other_processes_once) {
    loopback_send_all(2, 1);
    expect_work(2, 200, 3);
    expect_work(3, 50, 1);
    loopback_send_all(1, 2);
    expect_work(4, 100, 0);
}

TEST(the_same_program_works_in_one_process) {
    loopback_use(0, 1);
    loopback_force(false);
    expect_work(3, 100, 2);
}

TN_DFRAME(void, produces, (struct tn_port, port), (int, from), (int, count)) {
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_port_put(jobs, port, from + i), TN_OK);
    }
}

TN_DFRAME(long, consumes, (struct tn_port, port), (int, count)) {
    long sum = 0;
    for (int i = 0; i < count; i++) {
        int number = 0;
        EXPECT_EQ(tn_port_get(jobs, port, &number), TN_OK);
        sum += number;
    }
    return sum;
}

// The queue is of a process that neither puts nor gets.
TN_PFRAME(long, stands_between, (int, count)) {
    tn_queue(jobs) queue = TN_QUEUE_OF(.max = 2);
    const struct tn_port port = tn_queue_port(jobs, &queue);
    tn_task(consumes) taker = tn_spawn(consumes, port, count);
    tn_task(produces) giver = tn_spawn(produces, port, 1, count);
    tn_await(produces, giver);
    const long sum = tn_await(consumes, taker);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
    return sum;
}

TEST(one_process_gives_to_another_through_a_small_queue) {
    loopback_send_all(2, 1);
    long sum = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, stands_between, &sum, 100), TN_OK);
    EXPECT_EQ(sum, 5050);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), stands_between, &sum, 20), TN_OK);
    EXPECT_EQ(sum, 210);
}

// Frames below a DFrame ask beside each other, one for what another has not given yet.
TN_PFRAME(long, takes_some, (struct tn_port, port), (int, count)) {
    long sum = 0;
    for (int i = 0; i < count; i++) {
        int number = 0;
        EXPECT_EQ(tn_port_get(jobs, port, &number), TN_OK);
        sum += number;
    }
    return sum;
}

TN_DFRAME(long, both_sides, (struct tn_port, port), (int, count)) {
    tn_task(takes_some) taker =
        tn_spawn_with(TN_OPTIONS(.is_immediate = true), takes_some, port, count);
    for (int i = 1; i <= count; i++) {
        EXPECT_EQ(tn_port_put(jobs, port, i), TN_OK);
    }
    return tn_await(takes_some, taker);
}

TN_PFRAME(long, lends_a_queue, (int, count)) {
    tn_queue(jobs) queue = TN_QUEUE_OF(.max = 1);
    tn_task(both_sides) task = tn_spawn(both_sides, tn_queue_port(jobs, &queue), count);
    const long sum = tn_await(both_sides, task);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
    return sum;
}

TEST(frames_below_a_dframe_wait_at_a_port_beside_each_other) {
    loopback_send_all(1, 2);
    long sum = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, lends_a_queue, &sum, 30), TN_OK);
    EXPECT_EQ(sum, 465);
}

// ---- codes -----------------------------------------------------------------------------------

TN_DFRAME(void, tries, (struct tn_port, port)) {
    int number = 0;
    double real = 0;
    EXPECT_EQ(tn_port_try_get(jobs, port, &number), TN_WOULD_WAIT);
    EXPECT_EQ(tn_port_try_put(jobs, port, 5), TN_OK);
    EXPECT_EQ(tn_port_try_put(jobs, port, 6), TN_WOULD_WAIT);
    EXPECT_EQ(tn_port_get(reals, port, &real), TN_WRONG_TYPE);
    EXPECT_EQ(tn_port_put(reals, port, 1.5), TN_WRONG_TYPE);
    EXPECT_EQ(tn_port_try_get(jobs, port, &number), TN_OK);
    EXPECT_EQ(number, 5);
    EXPECT_EQ(tn_port_task_done(self, port), TN_OK);
    EXPECT_EQ(tn_port_join(self, port), TN_OK);
    EXPECT_EQ(tn_port_put(jobs, port, 7), TN_OK);
    EXPECT_EQ(tn_port_close(self, port), TN_OK);
    EXPECT_EQ(tn_port_close(self, port), TN_CLOSED);
    EXPECT_EQ(tn_port_put(jobs, port, 8), TN_CLOSED);
    EXPECT_EQ(tn_port_get(jobs, port, &number), TN_OK);
    EXPECT_EQ(number, 7);
    EXPECT_EQ(tn_port_get(jobs, port, &number), TN_CLOSED);
    EXPECT_EQ(tn_port_post(self, port, 1), TN_OK); // as to an event that has ended
}

TN_DFRAME(int, gets_from, (struct tn_port, port)) {
    int number = 0;
    const int code = tn_port_get(jobs, port, &number);
    return code == TN_OK ? number : code;
}

TN_PFRAME(void, makes_a_port, (struct tn_port *, port), (tn_queue(jobs) *, queue)) {
    *port = tn_queue_port(jobs, queue);
}

TN_PFRAME(void, hears_codes) {
    tn_queue(jobs) queue = TN_QUEUE_OF(.max = 1);
    tn_task(tries) task = tn_spawn(tries, tn_queue_port(jobs, &queue));
    tn_await(tries, task);
    struct tn_port old;
    tn_task(makes_a_port) maker = tn_spawn(makes_a_port, &old, &queue);
    tn_await(makes_a_port, maker);
    EXPECT(old.number != 0);
    const struct tn_port live = tn_queue_port(jobs, &queue);
    const struct tn_port event = tn_port_of(tn_event_create(self, "event"));
    const struct tn_port ports[] = {
        old, {0, 0}, {live.run, live.number + 1}, {live.run + 1, live.number}, event};
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        tn_task(gets_from) getter = tn_spawn(gets_from, ports[i]);
        EXPECT_EQ(tn_await(gets_from, getter), TN_REMOVED);
        int number;
        EXPECT_EQ(tn_port_get(jobs, ports[i], &number), TN_REMOVED);
    }
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
}

TEST(what_is_asked_at_a_port_is_answered_by_a_code) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, hears_codes, NULL), TN_OK);
}

// ---- ends ------------------------------------------------------------------------------------

// Who has the port ends, while others wait at it here and elsewhere.
TN_PFRAME(void, lends_for_a_moment, (tn_queue(jobs) *, queue), (struct tn_port *, port),
          (struct tn_event *, lent)) {
    *port = tn_queue_port(jobs, queue);
    EXPECT_EQ(tn_event_post(lent, NULL), TN_OK);
    (void)tn_sleep(self, 0.01);
}

TN_PFRAME(int, waits_here, (struct tn_port, port)) {
    int number;
    return tn_port_get(jobs, port, &number);
}

TN_PFRAME(void, takes_a_port_away) {
    tn_queue(jobs) queue = TN_QUEUE_OF(.max = 1);
    struct tn_port port;
    struct tn_event *lent = tn_event_create_with(self, TN_EVENT("lent", .is_singleshot = true));
    tn_task(lends_for_a_moment) lender = tn_spawn(lends_for_a_moment, &queue, &port, lent);
    struct tn_frame *frame = tn_share(lender);
    EXPECT_EQ(tn_event_wait(self, lent, NULL), TN_OK);
    tn_task(gets_from) there = tn_spawn(gets_from, port);
    tn_task(waits_here) here = tn_spawn(waits_here, port);
    EXPECT_EQ(tn_await(gets_from, there), TN_REMOVED);
    EXPECT_EQ(tn_await(waits_here, here), TN_REMOVED);
    EXPECT_EQ(tn_join(lends_for_a_moment, frame, NULL), TN_OK);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK); // nobody waits any more
}

TEST(who_waits_at_a_port_hears_that_its_frame_has_ended) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, takes_a_port_away, NULL), TN_OK);
}

// Takes until it is told to end, and says at the end what it has got.
TN_DFRAME(void, counts_until_the_end, (struct tn_port, port), (struct tn_port, counts),
          (struct tn_port, ready)) {
    int count = 0, number;
    EXPECT_EQ(tn_port_post(self, ready, 0), TN_OK);
    while (tn_port_get(jobs, port, &number) == TN_OK) {
        count++;
    }
    EXPECT_EQ(tn_port_try_put(jobs, counts, count), TN_OK); // needs no wait: it is told to end
}

TN_PFRAME(void, removes_who_takes, (int, rounds)) {
    int put = 0, got = 0;
    tn_queue(jobs) queue = TN_QUEUE_OF(.max = 3);
    tn_queue(jobs) counts = TN_QUEUE_OF(.max = 0);
    const struct tn_port port = tn_queue_port(jobs, &queue);
    const struct tn_port counts_port = tn_queue_port(jobs, &counts);
    for (int i = 0; i < rounds; i++) {
        struct tn_event *ready = tn_event_create_with(self, TN_EVENT("go", .is_singleshot = true));
        tn_task(counts_until_the_end) child =
            tn_spawn(counts_until_the_end, port, counts_port, tn_port_of(ready));
        struct tn_frame *frame = tn_share(child);
        EXPECT_EQ(tn_event_wait(self, ready, NULL), TN_OK);
        for (int j = 0; j < i % 4; j++) {
            EXPECT_EQ(tn_put(jobs, &queue, put++), TN_OK);
        }
        EXPECT(tn_remove(self, frame));
        int count = -1;
        EXPECT_EQ(tn_try_get(jobs, &counts, &count), TN_OK);
        got += count;
    }
    EXPECT_EQ(tn_queue_count(&queue), (size_t)(put - got)); // none is lost
    EXPECT_EQ(tn_queue_free(&counts), TN_OK);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
}

TEST(who_is_told_to_end_while_it_gets_loses_no_item) {
    loopback_send_all(2, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, removes_who_takes, NULL, 24), TN_OK);
}

TN_DFRAME(int, puts_until, (struct tn_port, port), (double, seconds)) {
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, seconds);
    const int code = tn_port_put(jobs, port, 2);
    (void)tn_scope_end(self, &scope);
    return code;
}

TN_PFRAME(void, fills_up) {
    tn_queue(jobs) queue = TN_QUEUE_OF(.max = 1);
    const struct tn_port port = tn_queue_port(jobs, &queue);
    EXPECT_EQ(tn_put(jobs, &queue, 1), TN_OK);
    tn_task(puts_until) task = tn_spawn(puts_until, port, 0.01);
    EXPECT_EQ(tn_await(puts_until, task), TN_TIMED_OUT);
    tn_task(puts_until) late = tn_spawn(puts_until, port, 60);
    int number;
    EXPECT_EQ(tn_get(jobs, &queue, &number), TN_OK);
    EXPECT_EQ(tn_get(jobs, &queue, &number), TN_OK);
    EXPECT_EQ(number, 2);
    EXPECT_EQ(tn_await(puts_until, late), TN_OK);
    EXPECT_EQ(tn_task_done(&queue), TN_OK);
    EXPECT_EQ(tn_task_done(&queue), TN_OK);
    EXPECT_EQ(tn_queue_join(self, &queue), TN_OK); // what was not put in is not waited for
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
}

TEST(a_put_into_a_full_queue_waits_as_long_as_it_may) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, fills_up, NULL), TN_OK);
}

static _Atomic int waits_in;

TN_DFRAME(void, waits_for_ever, (struct tn_port, port), (struct tn_port, ready), (bool, puts)) {
    int number;
    waits_in = loopback_here();
    EXPECT_EQ(tn_port_post(self, ready, 0), TN_OK);
    (void)(puts ? tn_port_put(jobs, port, 9) : tn_port_get(jobs, port, &number));
}

TN_PFRAME(int, loses_who_waits, (bool, puts)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_queue(jobs) queue = TN_QUEUE_OF(.max = 1);
    const struct tn_port port = tn_queue_port(jobs, &queue);
    if (puts) {
        EXPECT_EQ(tn_put(jobs, &queue, 1), TN_OK);
    }
    struct tn_event *ready = tn_event_create_with(self, TN_EVENT("go", .is_singleshot = true));
    tn_task(waits_for_ever) child = tn_spawn(waits_for_ever, port, tn_port_of(ready), puts);
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_event_wait(self, ready, NULL), TN_OK);
    (void)tn_sleep(self, 0.005); // it waits by now, as a rule
    loopback_kill(waits_in, SIGKILL);
    const int code = tn_join(waits_for_ever, frame, NULL);
    int number = 0;
    if (puts) {
        EXPECT_EQ(tn_get(jobs, &queue, &number), TN_OK);
        EXPECT_EQ(number, 1);
        EXPECT_EQ(tn_try_get(jobs, &queue, &number), TN_WOULD_WAIT); // its wish has gone with it
    } else {
        EXPECT_EQ(tn_put(jobs, &queue, 3), TN_OK);
        EXPECT_EQ(tn_get(jobs, &queue, &number), TN_OK); // and nobody else has got it
        EXPECT_EQ(number, 3);
    }
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
    return code;
}

TEST(a_process_that_is_killed_leaves_nobody_at_the_queue) {
    for (int puts = 0; puts < 2; puts++) {
        loopback_send_all(1, 1);
        int code = 0;
        EXPECT_EQ(tn_run_with(TWO_THREADS, loses_who_waits, &code, puts != 0), TN_OK);
        EXPECT_EQ(code, TN_LOST);
    }
}
