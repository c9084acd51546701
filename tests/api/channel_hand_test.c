// Channels that hold nothing, between two threads that are awake: the two meet in the channel
// itself (src/sync/spot.h), whoever comes first.
// Invariant: what was sent is received once, in order.
#include <tenon.h>

#include <stdatomic.h>

#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

TN_CHANNEL(long, longs);

static int repeated(int times) {
    return times / test_slowness() + 10;
}

// ---- there and back --------------------------------------------------------------------------

struct pair {
    tn_channel(longs) forth, back;
};

TN_PFRAME(void, answers, (struct pair *, pair)) {
    for (long item; tn_receive(longs, &pair->forth, &item) == TN_OK;) {
        EXPECT_EQ(tn_send(longs, &pair->back, item + 1), TN_OK);
    }
}

TN_PFRAME(void, asks, (struct pair *, pair), (int, times)) {
    tn_spawn(answers, pair);
    for (long i = 0; i < times; i++) {
        long item = 0;
        EXPECT_EQ(tn_send(longs, &pair->forth, i), TN_OK);
        EXPECT_EQ(tn_receive(longs, &pair->back, &item), TN_OK);
        EXPECT_EQ(item, i + 1);
    }
    EXPECT_EQ(tn_close(&pair->forth), TN_OK);
    tn_children_wait(self);
    EXPECT_EQ(tn_channel_free(&pair->forth), TN_OK);
    EXPECT_EQ(tn_channel_free(&pair->back), TN_OK);
}

TEST(items_go_there_and_back_between_two_threads) {
    struct pair pair = {.forth = TN_CHANNEL_OF(.capacity = 0)};
    EXPECT_EQ(tn_run_with(WITH(2), asks, NULL, &pair, repeated(5000)), TN_OK);
}

// ---- with a select, and with the end ---------------------------------------------------------

TN_PFRAME(void, selects, (struct pair *, pair), (int, times)) {
    long sent = 0, sum = 0;
    int received = 0;
    while (sent < times || received < times) {
        long item = 0;
        struct tn_choice choices[] = {tn_can_receive(longs, &pair->forth, &item),
                                      tn_can_send(longs, &pair->back, &sent)};
        const int chosen = tn_select(self, choices, sent < times ? 2 : 1, TN_NO_LIMIT);
        EXPECT(chosen == 0 || chosen == 1);
        received += chosen == 0;
        sum += item;
        sent += chosen == 1;
    }
    EXPECT_EQ(sum, (long)times * (times - 1) / 2);
}

TN_PFRAME(void, sends_all, (tn_channel(longs) *, to), (int, times)) {
    for (long i = 0; i < times; i++) {
        EXPECT_EQ(tn_send(longs, to, i), TN_OK);
    }
}

TN_PFRAME(void, receives_all, (tn_channel(longs) *, from), (int, times)) {
    for (long i = 0; i < times; i++) {
        long item = -1;
        EXPECT_EQ(tn_receive(longs, from, &item), TN_OK);
        EXPECT_EQ(item, i);
    }
}

TN_PFRAME(void, meets_a_select, (struct pair *, pair), (int, times)) {
    tn_spawn(selects, pair, times);
    tn_spawn(sends_all, &pair->forth, times);
    tn_spawn(receives_all, &pair->back, times);
    tn_children_wait(self);
}

TEST(a_select_meets_who_waits_in_the_channel) {
    for (int threads = 2; threads <= 3; threads++) {
        struct pair pair = {.forth = TN_CHANNEL_OF(.capacity = 0)};
        EXPECT_EQ(tn_run_with(WITH(threads), meets_a_select, NULL, &pair, repeated(1500)), TN_OK);
    }
}

static _Atomic int closed;

TN_PFRAME(void, waits_to_the_end, (tn_channel(longs) *, channel), (bool, sends)) {
    long item = 0;
    const int code = sends ? tn_send(longs, channel, item) : tn_receive(longs, channel, &item);
    EXPECT_EQ(code, TN_CLOSED);
    atomic_fetch_add(&closed, 1);
}

TN_PFRAME(void, closes_under_them, (int, times)) {
    for (int i = 0; i < times; i++) {
        tn_channel(longs) channel = TN_CHANNEL_OF(.name = "closed early");
        tn_spawn(waits_to_the_end, &channel, i % 2 == 0);
        if (i % 3 == 0) {
            (void)tn_yield(self);
        }
        EXPECT_EQ(tn_close(&channel), TN_OK);
        tn_children_wait(self);
        EXPECT_EQ(tn_channel_free(&channel), TN_OK);
    }
}

TEST(who_waits_in_the_channel_is_told_when_it_is_closed) {
    const int times = repeated(1000);
    EXPECT_EQ(tn_run_with(WITH(2), closes_under_them, NULL, times), TN_OK);
    EXPECT_EQ(closed, times);
}
