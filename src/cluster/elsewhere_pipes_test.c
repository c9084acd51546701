// DFrames in other processes, which are threads here (support/loopback.h), that answer through one
// queue what comes through another: pipes.
#include <tenon.h>

#include "support/inside.h"
#include "support/loopback.h"
#include "support/test.h"

TN_PROCESS_QUEUE(double, reals);

TN_DFRAME(double, adds_up, (struct tn_port, from), (struct tn_port, to), (int, count)) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
        double real = 0;
        EXPECT_EQ(tn_port_get(reals, from, &real), TN_OK);
        sum += real;
        EXPECT_EQ(tn_port_put(reals, to, sum), TN_OK);
    }
    return sum;
}

// Each waits for the other in turn, at first the DFrame to get, in the end to put.
TN_PFRAME(double, gives_and_takes, (int, count), (bool, by_port)) {
    tn_queue(reals) down = TN_QUEUE_OF(.max = 1), up = TN_QUEUE_OF(.max = 1);
    const struct tn_port down_port = tn_queue_port(reals, &down);
    const struct tn_port up_port = tn_queue_port(reals, &up);
    tn_task(adds_up) child = tn_spawn(adds_up, down_port, up_port, count);
    double sum = 0, told = 0;
    for (int i = 0; i < count; i++) {
        sum += i + 0.5;
        (void)tn_sleep(self, i % 4 == 0 ? 0.001 : 0);
        EXPECT_EQ(by_port ? tn_port_put(reals, down_port, i + 0.5) : tn_put(reals, &down, i + 0.5),
                  TN_OK);
        (void)tn_sleep(self, i % 4 == 1 ? 0.001 : 0);
        EXPECT_EQ(by_port ? tn_port_get(reals, up_port, &told) : tn_get(reals, &up, &told), TN_OK);
        EXPECT(told == sum);
    }
    EXPECT(tn_await(adds_up, child) == sum);
    EXPECT_EQ(tn_queue_free(&down), TN_OK);
    EXPECT_EQ(tn_queue_free(&up), TN_OK);
    return sum;
}

TEST(items_of_one_word_go_to_and_fro) {
    double sum = 0;
    loopback_send_all(1, 1);
    for (int by_port = 0; by_port < 2; by_port++) {
        EXPECT_EQ(tn_run_with(TWO_THREADS, gives_and_takes, &sum, 12, by_port != 0), TN_OK);
        EXPECT(sum == 72);
    }
}

// ---- a thread in no run ----------------------------------------------------------------------

static tn_queue(reals) between = TN_QUEUE_OF(.max = 1);

static void give_from_outside(void *argument) {
    struct tn_self *self = tn_current();
    const int count = *(const int *)argument;
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_put(reals, &between, 1.5), TN_OK);
    }
}

TN_DFRAME(double, takes_all, (struct tn_port, from), (int, count)) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
        double real = 0;
        EXPECT_EQ(tn_port_get(reals, from, &real), TN_OK);
        sum += real;
    }
    return sum;
}

TN_PFRAME(double, takes_from_outside, (int, count)) {
    tn_task(takes_all) child = tn_spawn(takes_all, tn_queue_port(reals, &between), count);
    return tn_await(takes_all, child);
}

TEST(a_thread_in_no_run_gives_to_another_process) {
    int count = 20;
    double sum = 0;
    loopback_send_all(1, 1);
    struct foreign *thread = foreign_start(give_from_outside, &count);
    EXPECT_EQ(tn_run_with(TWO_THREADS, takes_from_outside, &sum, count), TN_OK);
    foreign_join(thread);
    EXPECT(sum == 30);
    EXPECT_EQ(tn_queue_free(&between), TN_OK);
}
