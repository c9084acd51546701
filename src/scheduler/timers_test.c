// Tests of a worker's timers against a sorted list, and of its inbox and queues.
// Invariant: what fires is what the list says, in its order.
#include "scheduler/timers.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/random.h"
#include "scheduler/inbox.h"
#include "scheduler/shared_queue.h"
#include "support/test.h"

#define MANY 300

struct entry {
    struct timer timer;
    uint64_t deadline_ns;
    uint64_t number; // of its adding: decides between equal deadlines
    bool waits;
};

static struct entry entries[MANY];
static struct entry *fired[MANY];
static int fired_count;

static void note(struct timer *timer) {
    fired[fired_count++] = container_of(timer, struct entry, timer);
}

static int compare(const void *left, const void *right) {
    const struct entry *a = *(struct entry *const *)left;
    const struct entry *b = *(struct entry *const *)right;
    if (a->deadline_ns != b->deadline_ns) {
        return a->deadline_ns < b->deadline_ns ? -1 : 1;
    }
    return a->number < b->number ? -1 : 1;
}

// Fires up to now_ns and compares with what the sorted list says.
static void fire_and_compare(struct timers *timers, uint64_t now_ns) {
    struct entry *due[MANY];
    int count = 0;
    for (int i = 0; i < MANY; i++) {
        if (entries[i].waits && entries[i].deadline_ns <= now_ns) {
            due[count++] = &entries[i];
            entries[i].waits = false;
        }
    }
    qsort(due, (size_t)count, sizeof due[0], compare);
    fired_count = 0;
    EXPECT_EQ(timers_fire(timers, now_ns), count);
    EXPECT_EQ(fired_count, count);
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(fired[i], due[i]);
    }
}

static uint64_t earliest(void) {
    uint64_t least = TIMERS_NONE;
    for (int i = 0; i < MANY; i++) {
        if (entries[i].waits && entries[i].deadline_ns < least) {
            least = entries[i].deadline_ns;
        }
    }
    return least;
}

TEST(timers_fire_as_a_sorted_list_says, .seconds = 30) {
    struct random random;
    random_init(&random, test_seed());
    struct timers timers;
    timers_init(&timers);
    uint64_t now_ns = 1000;
    for (uint64_t step = 1; step < 30000 / (uint64_t)test_slowness(); step++) {
        struct entry *entry = &entries[random_below(&random, MANY)];
        if (!entry->waits) {
            entry->timer.fire = note;
            entry->deadline_ns = now_ns + random_below(&random, 40) * 10;
            entry->number = step;
            entry->waits = true;
            const bool is_first = earliest() == entry->deadline_ns;
            EXPECT(!timers_add(&timers, &entry->timer, entry->deadline_ns) || is_first);
        } else if (random_below(&random, 3) == 0) {
            EXPECT(timers_cancel(&timers, &entry->timer));
            EXPECT(!timers_cancel(&timers, &entry->timer));
            entry->waits = false;
        }
        EXPECT_EQ(timers_earliest_ns(&timers), earliest());
        if (random_below(&random, 8) == 0) {
            now_ns += random_below(&random, 60);
            fire_and_compare(&timers, now_ns);
        }
    }
}

TEST(a_timer_that_fired_cannot_be_taken_back) {
    struct timers timers;
    timers_init(&timers);
    struct entry entry = {.timer.fire = note};
    EXPECT(timers_add(&timers, &entry.timer, 5));
    EXPECT_EQ(timers_fire(&timers, 4), 0);
    EXPECT_EQ(timers_fire(&timers, 5), 1);
    EXPECT(!timers_cancel(&timers, &entry.timer));
    EXPECT_EQ(timers_earliest_ns(&timers), TIMERS_NONE);
}

// ---- the inbox and the shared queue ----------------------------------------------------------

TEST(an_inbox_gives_everything_oldest_first_behind_what_was_there) {
    struct inbox inbox;
    struct runnable_queue queue = {NULL, NULL, 0};
    struct runnable all[50] = {{NULL, NULL}};
    inbox_init(&inbox);
    EXPECT(inbox_is_empty(&inbox));
    EXPECT(!inbox_take(&inbox, &queue));
    runnable_queue_push(&queue, &all[0]);
    for (int i = 1; i < 50; i++) {
        inbox_push(&inbox, &all[i]);
        EXPECT(!inbox_is_empty(&inbox));
        if (i % 7 == 0) {
            EXPECT(inbox_take(&inbox, &queue));
            EXPECT_EQ(queue.count, i + 1);
        }
    }
    EXPECT(!inbox_take(&inbox, &queue)); // 49 is a multiple of 7
    for (int i = 0; i < 50; i++) {
        EXPECT_EQ(runnable_queue_pop(&queue), &all[i]);
    }
    EXPECT(runnable_queue_pop(&queue) == NULL);
    EXPECT_EQ(queue.count, 0);
}

struct pushing {
    struct inbox inbox;
    struct runnable runnables[2][200];
};

static struct pushing pushing;

static void push_all(void *argument) {
    struct runnable *runnables = argument;
    for (int i = 0; i < 200; i++) {
        inbox_push(&pushing.inbox, &runnables[i]);
    }
}

TEST(an_inbox_keeps_the_order_of_each_thread) {
    inbox_init(&pushing.inbox);
    struct os_thread threads[2];
    for (int t = 0; t < 2; t++) {
        EXPECT_EQ(os_thread_start(&threads[t], push_all, pushing.runnables[t], "push"), OS_OK);
    }
    struct runnable_queue queue = {NULL, NULL, 0};
    struct runnable *next[2] = {pushing.runnables[0], pushing.runnables[1]};
    for (int taken = 0; taken < 400;) {
        if (!inbox_take(&pushing.inbox, &queue)) {
            os_thread_yield();
        }
        for (struct runnable *at; (at = runnable_queue_pop(&queue)) != NULL; taken++) {
            const int from = at < pushing.runnables[1] ? 0 : 1;
            EXPECT_EQ(at, next[from]);
            next[from]++;
        }
    }
    for (int t = 0; t < 2; t++) {
        os_thread_join(&threads[t]);
    }
}

TEST(a_shared_queue_is_first_in_first_out) {
    struct shared_queue shared;
    struct runnable all[20] = {{NULL, NULL}};
    shared_queue_init(&shared);
    EXPECT(shared_queue_pop(&shared) == NULL);
    for (int i = 0; i < 20; i++) {
        shared_queue_push(&shared, &all[i]);
    }
    for (int i = 0; i < 20; i++) {
        EXPECT(!shared_queue_is_empty(&shared));
        EXPECT_EQ(shared_queue_pop(&shared), &all[i]);
    }
    EXPECT(shared_queue_is_empty(&shared));
}
