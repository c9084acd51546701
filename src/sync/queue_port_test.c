// Asks at the port of a queue: what becomes of one whose queue is gone.
#include <stdlib.h>
#include <string.h>

#include <tenon.h>

#include "frame/current.h"
#include "frame/frame.h"
#include "support/test.h"
#include "sync/queue_port.h"

TN_PROCESS_QUEUE(int, jobs);

static int answers;

static void count(struct queue_ask *ask) {
    (void)ask;
    answers++;
}

// Both lie where they stay until the port has ended.
static struct queue_ask first = {.answered = count}, second = {.answered = count};

// The first is answered by a put, the second by the last done.
TN_PFRAME(void, asks_and_frees) {
    struct run *run = frame_current(self)->run;
    tn_queue(jobs) *queue = malloc(sizeof *queue);
    int item = 0;
    EXPECT(queue != NULL);
    *queue = (tn_queue(jobs))TN_QUEUE_OF(.name = "jobs");
    const struct tn_port port = tn_queue_port(jobs, queue);
    const struct tn_data_type *type = queue_port_type(run, port);
    EXPECT(queue_ask_begin(run, port, TN_WISH_GET, type, &item, &first));
    EXPECT_EQ(tn_put(jobs, queue, 7), TN_OK);
    EXPECT(queue_ask_begin(run, port, TN_WISH_JOIN, NULL, NULL, &second));
    EXPECT_EQ(tn_task_done(queue), TN_OK);
    EXPECT_EQ(answers, 2);
    EXPECT_EQ(item, 7);
    EXPECT_EQ(tn_queue_free(queue), TN_OK);
    memset(queue, 0xff, sizeof *queue);
    free(queue);
    EXPECT(!queue_ask_withdraw(run, &first) && !queue_ask_withdraw(run, &second));
}

TEST(who_has_been_answered_needs_the_queue_no_more) {
    EXPECT_EQ(tn_run(asks_and_frees, NULL), TN_OK);
    EXPECT(first.port == NULL && second.port == NULL);
    EXPECT_EQ(answers, 2);
}
