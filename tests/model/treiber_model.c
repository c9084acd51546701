// treiber_model.c - the explorer on a stack to which many push and from which one takes all.
//
// Invariant: every node pushed is taken exactly once, with its contents. The protocol stands here,
// so this is also the example for writing a model of a real one. Start reading at push.
#include <stddef.h>

#include "base/atomic.h"
#include "model/model.h"

struct node {
    int value;
    struct node *next;
};

static struct node *_Atomic top;
static struct node nodes[2];
static int taken[2];

static void set_up(void) {
    atomic_store_relaxed(&top, NULL);
    for (int i = 0; i < 2; i++) {
        nodes[i] = (struct node){0, NULL};
        taken[i] = 0;
    }
}

static void push(struct node *node) {
    struct node *next = atomic_load_relaxed(&top);
    plain_write(&node->value, 1);
    if (MUTATED(push_without_comparing)) {
        plain_write(&node->next, next);
        (void)atomic_exchange_acq_rel(&top, node); // pairs with take_all
        return;
    }
    do {
        plain_write(&node->next, next);
    } while (!atomic_cas_weak_release(&top, &next, node)); // pairs with take_all
}

static void take_all(void) {
    struct node *node = atomic_exchange_acquire(&top, NULL); // pairs with push
    while (node != NULL) {
        MODEL_EXPECT(plain_read(&node->value) == 1);
        taken[node - nodes]++;
        node = plain_read(&node->next);
    }
}

static void push_first(void) {
    push(&nodes[0]);
}

static void push_second(void) {
    push(&nodes[1]);
}

static void expect_all_taken_once(void) {
    take_all();
    MODEL_EXPECT(taken[0] == 1 && taken[1] == 1);
}

MODEL(every_node_is_taken_once, .threads = 3, .setup = set_up,
      .thread = {push_first, push_second, take_all}, .finish = expect_all_taken_once)

MODEL_MUTATION(push_without_comparing)
