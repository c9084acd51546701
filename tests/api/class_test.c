// Classes, primitives and locals in the forms for several files: declared first, defined once.
// What they do is in the contract suite, section 1.
#include <tenon.h>

#include "support/test.h"

struct shop {
    int sold;
};

struct ticket {
    struct shop *shop;
    int price;
};

struct seat {
    int row;
    int number;
};

// What a header would hold.
TN_CLASS_DECLARE(shop, (int, sold));
TN_PRIMITIVE_DECLARE(shop, ticket, (int, price), (int, count));
TN_LOCAL_DECLARE(struct seat, seat);
TN_LOCAL_DECLARE(double, discount);

static int destroyed;

TN_PFRAME(int, buys, (int, price)) {
    struct ticket *ticket;
    EXPECT_EQ(tn_create(ticket, &ticket, price, 2), TN_OK);
    EXPECT(ticket->shop == tn_enclosing(shop));
    EXPECT_NEAR(tn_local_get(discount), 0.5, 0);
    EXPECT_EQ(tn_local_get(seat).row, 3);
    return ticket->price;
}

TN_FRAME(int, runs_a_shop) {
    struct shop *shop;
    EXPECT_EQ(tn_become(shop, &shop, 1), TN_OK);
    EXPECT_EQ(tn_local_set(discount, 0.5), TN_OK);
    EXPECT_EQ(tn_local_set(seat, ((struct seat){3, 4})), TN_OK);
    tn_task(buys) task = tn_spawn(buys, 20);
    EXPECT_EQ(tn_await(buys, task), 40);
    return shop->sold;
}

// What one file would hold.
TN_CLASS_DEFINE(shop, (int, sold)) {
    object->sold = sold;
    return TN_OK;
}

TN_DESTRUCTOR(shop) {
    EXPECT_EQ(object->sold, 3);
    destroyed += 10;
}

TN_PRIMITIVE_DEFINE(shop, ticket, (int, price), (int, count)) {
    object->shop = owner;
    object->price = price * count;
    owner->sold += count;
    return TN_OK;
}

TN_DESTRUCTOR(ticket) {
    EXPECT_EQ(object->shop->sold, 3);
    destroyed++;
}

TN_LOCAL_DEFINE(struct seat, seat);
TN_LOCAL_DEFINE(double, discount);

TEST(classes_and_locals_may_be_declared_apart) {
    for (int n = 1; n <= 4; n++) {
        int sold = 0;
        destroyed = 0;
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = n), runs_a_shop, &sold), TN_OK);
        EXPECT_EQ(sold, 3);
        EXPECT_EQ(destroyed, 11);
    }
}

// Nothing of a frame is there outside of a run: the library says so and goes on with a code.
static void use_outside(void *argument) {
    (void)argument;
    struct tn_self *self = tn_current();
    struct shop *shop = &(struct shop){0};
    EXPECT_EQ(tn_become(shop, &shop, 1), TN_NOT_RUNNING);
    EXPECT(shop == NULL);
    EXPECT(tn_enclosing(shop) == NULL);
    EXPECT_EQ(tn_local_set(discount, 0.5), TN_NOT_RUNNING);
    EXPECT_NEAR(tn_local_get(discount), 0, 0);
    EXPECT(tn_children_failures(self) == NULL);
    EXPECT_EQ(tn_on_failure(self, NULL, NULL), TN_NOT_RUNNING);
    EXPECT_EQ(tn_attempt_of(self).task, 0);
    TN_FAIL(self, -1, "nobody fails here");
    raise(SIGABRT); // as a checking build does at the first of these
}

TEST(outside_of_a_run_everything_says_that_only_frames_may_do_it) {
    EXPECT_DIES(use_outside, NULL, SIGABRT, "only a frame may do this");
}
