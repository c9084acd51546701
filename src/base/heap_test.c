// heap_test.c - the priority queue against a plain array over random histories, and a million keys.
//
// Invariant: heap_check holds whenever it is asked.
#include "base/heap.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/random.h"
#include "support/test.h"

enum { TIMERS_MAX = 6000 };

struct timer {
    struct heap_node node;
    uint64_t order; // When it was pushed; 0 while it is in no heap.
};

static struct timer *timer_of(struct heap_node *node) {
    return node == NULL ? NULL : container_of(node, struct timer, node);
}

static bool is_before(const struct timer *one, const struct timer *other) {
    return one->node.key < other->node.key ||
           (one->node.key == other->node.key && one->order < other->order);
}

// The plainest priority queue: look at all of them.
static struct timer *first_of(struct timer *timers, int count) {
    struct timer *first = NULL;
    for (int i = 0; i < count; i++) {
        if (timers[i].order != 0 && (first == NULL || is_before(&timers[i], first))) {
            first = &timers[i];
        }
    }
    return first;
}

TEST(equal_keys_come_out_in_the_order_they_went_in) {
    struct heap heap;
    struct heap_node nodes[100];
    heap_init(&heap);
    EXPECT(heap_pop(&heap) == NULL && heap_first(&heap) == NULL);
    for (int i = 0; i < 100; i++) {
        heap_push(&heap, &nodes[i], (uint64_t)(i % 2));
    }
    for (int i = 0; i < 100; i++) {
        EXPECT_EQ(heap_check(&heap), (size_t)(100 - i));
        EXPECT(heap_pop(&heap) == &nodes[i < 50 ? 2 * i : 2 * (i - 50) + 1]);
    }
    EXPECT(heap_is_empty(&heap));
}

// Keys are drawn from [base, base + range), where base follows what was popped when `advances`:
// that is how timers behave; otherwise any key may come at any time.
static void run_history(uint64_t seed, uint64_t range, bool advances, int steps, int count) {
    static struct timer timers[TIMERS_MAX];
    struct heap heap;
    struct random random;
    uint64_t pushed = 0;
    uint64_t base = 0;
    memset(timers, 0, sizeof timers);
    random_init(&random, seed);
    heap_init(&heap);
    for (int step = 0; step < steps; step++) {
        struct timer *timer = &timers[random_below(&random, (uint64_t)count)];
        if (random_once_in(&random, 4)) {
            struct timer *first = first_of(timers, count);
            EXPECT(timer_of(heap_first(&heap)) == first);
            EXPECT(timer_of(heap_pop(&heap)) == first);
            if (first != NULL) {
                first->order = 0;
                base = advances ? first->node.key : 0;
            }
        } else if (timer->order == 0) {
            timer->order = ++pushed;
            heap_push(&heap, &timer->node, base + random_below(&random, range));
        } else {
            timer->order = 0;
            heap_remove(&heap, &timer->node);
        }
        if (step % count == 0) {
            heap_check(&heap);
        }
    }
}

TEST(a_random_history_matches_an_array) {
    int steps = 20000 / test_slowness();
    for (uint64_t i = 0; i < 4; i++) {
        run_history(test_seed() + i, 16, i % 2 == 0, steps, 200);
        run_history(test_seed() + i, 1000000, i % 2 == 0, steps, 200);
        run_history(test_seed() + i, UINT64_C(2000000000), i % 2 == 0, steps, 200);
        run_history(test_seed() + i, UINT64_C(200000000000), i % 2 == 0, steps, 200);
        run_history(test_seed() + i, UINT64_MAX / 4, false, steps, 200);
    }
    // Enough of them that the near part overflows.
    run_history(test_seed(), UINT64_MAX / 4, false, steps, TIMERS_MAX);
    run_history(test_seed(), 100000, false, steps, TIMERS_MAX);
    run_history(test_seed(), UINT64_C(100000000000), false, steps, TIMERS_MAX);
}

// Pushes `count` nodes under keys that `key_of` gives and pops them all in order.
static void push_and_pop_all(uint64_t (*key_of)(size_t index, size_t count), size_t count) {
    struct heap_node *nodes = malloc(count * sizeof *nodes);
    struct heap heap;
    EXPECT(nodes != NULL);
    heap_init(&heap);
    for (size_t i = 0; i < count; i++) {
        heap_push(&heap, &nodes[i], key_of(i, count));
        if (i % 499 == 0) {
            EXPECT_EQ(heap_check(&heap), i + 1);
        }
    }
    struct heap_node *last = NULL;
    for (size_t i = 0; i < count; i++) {
        struct heap_node *node = heap_pop(&heap);
        EXPECT(last == NULL || last->key < node->key ||
               (last->key == node->key && last->sequence < node->sequence));
        last = node;
        if (i % 499 == 0) {
            EXPECT_EQ(heap_check(&heap), count - i - 1);
        }
    }
    EXPECT(heap_is_empty(&heap));
    free(nodes);
}

static uint64_t falling(size_t index, size_t count) {
    return (count - index) * 1000003;
}

static uint64_t rising(size_t index, size_t count) {
    return (index + count) * 1000003;
}

static uint64_t equal(size_t index, size_t count) {
    (void)index;
    return count;
}

static uint64_t one_then_equal(size_t index, size_t count) {
    return index == 0 ? 1 : count;
}

static uint64_t one_far_then_near(size_t index, size_t count) {
    return index == 0 ? UINT64_C(3600000000000) : (index * 7919) % count;
}

TEST(keys_may_come_in_any_order) {
    size_t count = 20000 / (size_t)test_slowness();
    push_and_pop_all(falling, count);
    push_and_pop_all(rising, count);
    push_and_pop_all(equal, count);
    push_and_pop_all(one_then_equal, count);
    push_and_pop_all(one_far_then_near, count);
}

TEST(the_largest_key_is_a_key_like_any_other) {
    struct heap heap;
    struct heap_node nodes[3];
    heap_init(&heap);
    heap_push(&heap, &nodes[0], UINT64_MAX);
    heap_push(&heap, &nodes[1], 0);
    heap_push(&heap, &nodes[2], UINT64_MAX);
    EXPECT(heap_pop(&heap) == &nodes[1]);
    EXPECT(heap_first(&heap) == &nodes[0]);
    heap_push(&heap, &nodes[1], 5);
    EXPECT(heap_pop(&heap) == &nodes[1]);
    EXPECT(heap_pop(&heap) == &nodes[0]);
    EXPECT(heap_pop(&heap) == &nodes[2]);
    EXPECT(heap_is_empty(&heap));
}

TEST(a_million_keys_come_out_sorted, .seconds = 60) {
    size_t count = 1000000 / (size_t)(test_slowness() * test_slowness());
    struct heap_node *nodes = malloc(count * sizeof *nodes);
    struct heap heap;
    struct random random;
    EXPECT(nodes != NULL);
    random_init(&random, test_seed());
    heap_init(&heap);
    for (size_t i = 0; i < count; i++) {
        heap_push(&heap, &nodes[i], random_below(&random, 1000000000));
    }
    EXPECT_EQ(heap_check(&heap), count);
    uint64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        struct heap_node *node = heap_pop(&heap);
        EXPECT(node != NULL && node->key >= last);
        last = node->key;
    }
    EXPECT(heap_is_empty(&heap));
    free(nodes);
}
