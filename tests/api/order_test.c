// The order of locks: two frames that take the same locks in opposite orders are told of it, though
// they did not hang; and who keeps to one order is not. Start reading at the first test.
#define TN_WATCH_LOCKS 1 // in builds without assertions, too
#include <tenon.h>

#include <stdio.h>
#include <string.h>

#include "support/test.h"

static char said[8192];

static void keep(const char *sentence, void *data) {
    (void)data;
    const size_t length = strlen(said);
    (void)snprintf(said + length, sizeof said - length, "%s\n", sentence);
}

#define KEPT TN_RUN(.num_threads = 2, .report = keep)

static void expect_said(const char *text) {
    if (strstr(said, text) == NULL) {
        TEST_NOTE("said: %s", said);
    }
    EXPECT(strstr(said, text) != NULL);
}

static struct tn_mutex a = {.name = "a"}, b = {.name = "b"}, c = {.name = "c"};

TN_PFRAME(void, takes_both, (struct tn_mutex *, first), (struct tn_mutex *, second)) {
    EXPECT_EQ(tn_mutex_lock(self, first), TN_OK);
    tn_yield(self);
    EXPECT_EQ(tn_mutex_lock(self, second), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, second), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, first), TN_OK);
}

// One after the other, so that nobody ever waits.
static void take_both(struct tn_self *self, struct tn_mutex *first, struct tn_mutex *second) {
    tn_task(takes_both) task = tn_spawn(takes_both, first, second);
    tn_await(takes_both, task);
}

TN_PFRAME(void, takes_a_before_b) {
    take_both(self, &a, &b);
}

TN_PFRAME(void, takes_b_before_a) {
    take_both(self, &b, &a);
}

TN_FRAME(void, opposite_orders) {
    for (int i = 0; i < 2; i++) { // told once
        tn_task(takes_a_before_b) one = tn_spawn(takes_a_before_b);
        tn_await(takes_a_before_b, one);
        tn_task(takes_b_before_a) other = tn_spawn(takes_b_before_a);
        tn_await(takes_b_before_a, other);
    }
}

TEST(two_orders_of_two_locks_are_told_though_nobody_hung) {
    EXPECT_EQ(tn_run_with(KEPT, opposite_orders, NULL), TN_OK);
    expect_said("order: locks are taken in orders that contradict each other");
    expect_said("order: /opposite_orders/takes_b_before_a/takes_both takes the mutex a in ");
    expect_said(" while it holds the mutex b, taken in ");
    expect_said("order: before that, /opposite_orders/takes_a_before_b/takes_both took the mutex "
                "b in ");
    expect_said(" while it held the mutex a, taken in ");
    EXPECT(strstr(strstr(said, "contradict") + 1, "contradict") == NULL);
}

TN_FRAME(void, three_in_a_ring) {
    take_both(self, &a, &b);
    take_both(self, &b, &c);
    take_both(self, &c, &a);
}

TEST(a_ring_of_three_orders_is_told_with_each_of_them) {
    EXPECT_EQ(tn_run_with(KEPT, three_in_a_ring, NULL), TN_OK);
    expect_said("takes the mutex a in ");
    expect_said("took the mutex b in ");
    expect_said("took the mutex c in ");
}

static struct tn_recursive_mutex tree = {.mutex = {.name = "tree"}};

TN_PFRAME(void, takes_the_tree, (bool, first)) {
    EXPECT_EQ(first ? tn_recursive_mutex_lock(self, &tree) : tn_mutex_lock(self, &a), TN_OK);
    EXPECT_EQ(first ? tn_mutex_lock(self, &a) : tn_recursive_mutex_lock(self, &tree), TN_OK);
    EXPECT_EQ(tn_recursive_mutex_unlock(self, &tree), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, &a), TN_OK);
}

// ---- what is none ------------------------------------------------------------------------------

TN_PFRAME(void, tries_second, (struct tn_mutex *, first), (struct tn_mutex *, second)) {
    EXPECT_EQ(tn_mutex_lock(self, first), TN_OK);
    EXPECT_EQ(tn_mutex_try(self, second), TN_OK); // would not have waited
    EXPECT_EQ(tn_mutex_unlock(self, second), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, first), TN_OK);
}

static void try_second(struct tn_self *self, struct tn_mutex *first, struct tn_mutex *second) {
    tn_task(tries_second) task = tn_spawn(tries_second, first, second);
    tn_await(tries_second, task);
}

// c keeps apart those who take a and b.
static void take_behind_c(struct tn_self *self, struct tn_mutex *first, struct tn_mutex *second) {
    EXPECT_EQ(tn_mutex_lock(self, &c), TN_OK);
    EXPECT_EQ(tn_mutex_lock(self, first), TN_OK);
    EXPECT_EQ(tn_mutex_lock(self, second), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, second), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, first), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, &c), TN_OK);
}

// Two locks in each round, in memory that has been that of others.
TN_FRAME(void, used_again, (int, rounds)) {
    for (int i = 0; i < rounds; i++) {
        struct tn_mutex two[2] = {{.name = "one"}, {.name = "other"}};
        take_both(self, &two[i % 2], &two[1 - i % 2]);
    }
}

TN_FRAME(void, in_good_order) {
    take_both(self, &a, &b);
    take_both(self, &b, &c);
    take_both(self, &a, &c);
    try_second(self, &b, &a);
    try_second(self, &c, &a);
    EXPECT_EQ(tn_mutex_lock(self, &b), TN_OK); // not inside of one another
    EXPECT_EQ(tn_mutex_unlock(self, &b), TN_OK);
    EXPECT_EQ(tn_mutex_lock(self, &a), TN_OK);
    EXPECT_EQ(tn_mutex_unlock(self, &a), TN_OK);
}

TN_FRAME(void, behind_another) {
    take_behind_c(self, &a, &b);
    take_behind_c(self, &b, &a);
}

TEST(orders_that_contradict_nothing_are_not_told) {
    EXPECT_EQ(tn_run_with(KEPT, in_good_order, NULL), TN_OK);
    EXPECT_EQ(tn_run_with(KEPT, used_again, NULL, 100), TN_OK);
    EXPECT_STR(said, "");
}

TEST(two_orders_behind_a_third_lock_are_not_told) {
    EXPECT_EQ(tn_run_with(KEPT, behind_another, NULL), TN_OK);
    EXPECT_STR(said, "");
}

TN_FRAME(void, tree_in_both_orders) {
    for (int i = 0; i < 2; i++) {
        tn_task(takes_the_tree) task = tn_spawn(takes_the_tree, i == 0);
        tn_await(takes_the_tree, task);
    }
}

// The library's own calls are watched where it has been built so.
TEST(a_recursive_lock_is_one_of_them_in_checking_builds) {
    EXPECT_EQ(tn_run_with(KEPT, tree_in_both_orders, NULL), TN_OK);
    EXPECT(said[0] == '\0' || strstr(said, "the mutex tree") != NULL);
}
