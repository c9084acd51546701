// list_test.c - the intrusive list, checked against an array over a random history.
//
// Invariant: list_check holds after every step.
#include "base/list.h"

#include "base/random.h"
#include "support/test.h"

struct item {
    int value;
    struct list_node node;
};

static int value_of(const struct list_node *node) {
    return container_of(node, struct item, node)->value;
}

TEST(nodes_come_out_in_the_order_they_were_pushed_back) {
    struct list list;
    struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
    list_init(&list);
    EXPECT(list_is_empty(&list) && list_pop_front(&list) == NULL && list_last(&list) == NULL);
    list_push_back(&list, &items[1].node);
    list_push_back(&list, &items[2].node);
    list_push_front(&list, &items[0].node);
    EXPECT_EQ(list_check(&list), 3);
    EXPECT_EQ(value_of(list_first(&list)), 1);
    EXPECT_EQ(value_of(list_next(&list, list_first(&list))), 2);
    EXPECT(list_next(&list, list_last(&list)) == NULL);
    EXPECT_EQ(value_of(list_pop_back(&list)), 3);
    EXPECT_EQ(value_of(list_pop_front(&list)), 1);
    EXPECT_EQ(value_of(list_pop_front(&list)), 2);
    EXPECT(list_is_empty(&list));
}

TEST(a_node_knows_whether_it_is_on_a_list) {
    struct list list = LIST_INIT(list);
    struct item item = {.value = 1};
    list_node_init(&item.node);
    EXPECT(!list_is_linked(&item.node));
    list_push_back(&list, &item.node);
    EXPECT(list_is_linked(&item.node));
    list_remove(&item.node);
    EXPECT(!list_is_linked(&item.node) && list_is_empty(&list));
}

TEST(appending_moves_all_nodes_and_empties_the_source) {
    struct list to = LIST_INIT(to);
    struct list from = LIST_INIT(from);
    struct item items[4] = {{.value = 0}, {.value = 1}, {.value = 2}, {.value = 3}};
    list_append(&to, &from);
    EXPECT(list_is_empty(&to));
    for (int i = 0; i < 4; i++) {
        list_push_back(i < 2 ? &to : &from, &items[i].node);
    }
    list_append(&to, &from);
    EXPECT(list_is_empty(&from));
    EXPECT_EQ(list_check(&to), 4);
    int expected = 0;
    LIST_EACH_SAFE(&to, node, after) {
        EXPECT_EQ(value_of(node), expected++);
        list_remove(node);
    }
    EXPECT_EQ(expected, 4);
    EXPECT(list_is_empty(&to));
}

// The twin: positions in an array that holds the same values in the same order.
struct twin {
    int values[64];
    int count;
};

static void twin_insert(struct twin *twin, int at, int value) {
    for (int i = twin->count++; i > at; i--) {
        twin->values[i] = twin->values[i - 1];
    }
    twin->values[at] = value;
}

static void twin_remove(struct twin *twin, int value) {
    int at = 0;
    while (twin->values[at] != value) {
        at++;
    }
    for (twin->count--; at < twin->count; at++) {
        twin->values[at] = twin->values[at + 1];
    }
}

TEST(a_random_history_matches_an_array) {
    struct list list;
    struct item items[64];
    struct twin twin = {.count = 0};
    struct random random;
    random_init(&random, test_seed());
    list_init(&list);
    for (int i = 0; i < 64; i++) {
        items[i].value = i;
        list_node_init(&items[i].node);
    }
    for (int step = 0; step < 20000; step++) {
        struct item *item = &items[random_below(&random, 64)];
        if (list_is_linked(&item->node)) {
            list_remove(&item->node);
            twin_remove(&twin, item->value);
        } else if (random_once_in(&random, 2)) {
            list_push_front(&list, &item->node);
            twin_insert(&twin, 0, item->value);
        } else {
            list_push_back(&list, &item->node);
            twin_insert(&twin, twin.count, item->value);
        }
        EXPECT_EQ(list_check(&list), twin.count);
        int at = 0;
        LIST_EACH(&list, node) {
            EXPECT_EQ(value_of(node), twin.values[at++]);
        }
    }
}
