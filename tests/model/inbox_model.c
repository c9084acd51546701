// inbox_model.c - two threads push to an inbox, its worker takes. sources: src/scheduler/inbox.c
//
// Invariant: every entry is taken once, with what its producer wrote, and each producer's entries
// in the order in which it pushed them. Start reading at take.
#include "base/atomic.h"
#include "base/bits.h"
#include "model/model.h"
#include "scheduler/inbox.h"

enum { ENTRIES = 3 };

static struct inbox inbox;
static struct entry {
    struct runnable runnable;
    int value;
} entries[ENTRIES];
static int taken[ENTRIES];
static int order;

static void set_up(void) {
    inbox_init(&inbox);
    order = 0;
    for (int i = 0; i < ENTRIES; i++) {
        entries[i].value = 0;
        taken[i] = 0;
    }
}

static void push(int number) {
    plain_write(&entries[number].value, number + 1);
    inbox_push(&inbox, &entries[number].runnable);
}

static void push_one(void) {
    push(0);
}

static void push_two(void) {
    push(1);
    push(2);
}

static void take(void) {
    struct runnable_queue queue = {NULL, NULL, 0};
    const bool any = inbox_take(&inbox, &queue);
    MODEL_EXPECT(any == (queue.count > 0));
    struct runnable *runnable;
    while ((runnable = runnable_queue_pop(&queue)) != NULL) {
        const struct entry *entry = container_of(runnable, struct entry, runnable);
        const long number = entry - entries;
        MODEL_EXPECT(plain_read(&entry->value) == number + 1);
        MODEL_EXPECT(taken[number] == 0);
        taken[number] = ++order;
    }
}

static void take_twice(void) {
    take();
    take();
}

static void expect_all_taken(void) {
    take();
    MODEL_EXPECT(inbox_is_empty(&inbox));
    MODEL_EXPECT(taken[0] > 0 && taken[1] > 0 && taken[2] > taken[1]);
}

MODEL(nothing_pushed_is_lost_or_doubled, .threads = 3, .setup = set_up,
      .thread = {push_one, push_two, take_twice}, .finish = expect_all_taken)

MODEL_MUTATION(inbox_pushes_once)
