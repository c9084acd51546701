// in_place_test.c - a PFrame that its parent calls in place is a frame like any other.
#include <tenon.h>

#include "support/test.h"

static struct tn_frame *told;
static struct tn_event *asked;

TN_PFRAME(long, tells_itself, (long, n)) {
    told = tn_this(self);
    (void)tn_event_post(asked, NULL);
    tn_sleep(self, 0.001);
    return n * n;
}

TN_FRAME(long, joins_what_it_is_told) {
    (void)tn_event_wait(self, asked, NULL);
    long value = 0;
    return tn_join(tells_itself, told, &value) == TN_OK ? value : -1;
}

// A PFrame as root, so that its child is called in place and not made a frame before.
TN_PFRAME(void, calls_in_place) {
    asked = tn_event_create(self, "asked");
    tn_task(joins_what_it_is_told) joiner =
        tn_spawn_with(TN_OPTIONS(.is_immediate = true), joins_what_it_is_told);
    EXPECT(tn_share(joiner) != NULL);
    tn_task(tells_itself) child = tn_spawn(tells_itself, 12);
    EXPECT_EQ(tn_await(tells_itself, child), 144);
    EXPECT_EQ(tn_await(joins_what_it_is_told, joiner), 144);
    long again = 0;
    EXPECT_EQ(tn_join(tells_itself, told, &again), TN_OK);
    EXPECT_EQ(again, 144);
}

TN_PFRAME(long, tells_only, (long, n)) {
    told = tn_this(self);
    return n * n;
}

TN_PFRAME(void, calls_alone) {
    tn_task(tells_only) child = tn_spawn(tells_only, 5);
    EXPECT_EQ(tn_await(tells_only, child), 25);
    long value = 0;
    EXPECT_EQ(tn_join(tells_only, told, &value), TN_OK);
    EXPECT_EQ(value, 25);
}

TEST(the_result_of_a_frame_called_in_place_can_be_joined) {
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), calls_alone, NULL), TN_OK);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), calls_in_place, NULL), TN_OK);
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2), calls_in_place, NULL), TN_OK);
}
