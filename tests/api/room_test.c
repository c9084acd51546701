// room_test.c - tn_room, tn_room_free: whose the elements of a result are.
#include <string.h>
#include <tenon.h>

#include "api/misused.h"

TN_PFRAME(tn_text, repeated, (char, letter), (size_t, count)) {
    char *text = (char *)tn_room(self, count);
    EXPECT(text != NULL);
    EXPECT_EQ((uintptr_t)text % 16, 0);
    memset(text, letter, count);
    return (tn_text){text, count};
}

static bool is_all(tn_text text, char letter, size_t count) {
    bool is_right = text.count == count;
    for (size_t i = 0; i < text.count; i++) {
        is_right &= text.data[i] == letter;
    }
    return is_right;
}

// Each level has to bring its children's text into a room of its own.
TN_PFRAME(tn_text, grown, (int, depth)) {
    if (depth == 0) {
        return (tn_text){"", 0};
    }
    tn_task(grown) inner = tn_spawn(grown, depth - 1);
    tn_task(repeated) more = tn_spawn(repeated, 'x', (size_t)depth);
    const tn_text tail = tn_await(repeated, more);
    const tn_text head = tn_await(grown, inner);
    char *text = (char *)tn_room(self, head.count + tail.count);
    memcpy(text, head.data, head.count);
    memcpy(text + head.count, tail.data, tail.count);
    return (tn_text){text, head.count + tail.count};
}

TN_PFRAME(void, grows, (int, depth)) {
    tn_task(grown) task = tn_spawn(grown, depth);
    const tn_text text = tn_await(grown, task);
    EXPECT(is_all(text, 'x', (size_t)depth * ((size_t)depth + 1) / 2));
}

TEST(text_goes_outwards_from_frame_to_frame_on_one_thread_and_on_four) {
    for (int threads = 1; threads <= 4; threads *= 2) {
        EXPECT_EQ(
            tn_run_with(TN_RUN(.num_threads = threads, .stack_bytes = 1 << 20), grows, NULL, 40),
            TN_OK);
    }
}

TN_PFRAME(void, awaits_in_any_order, (int, rounds)) {
    for (int i = 0; i < rounds; i++) {
        tn_task(repeated) a = tn_spawn(repeated, 'a', 10);
        tn_task(repeated) b = tn_spawn(repeated, 'b', 20);
        tn_task(repeated) c = tn_spawn(repeated, 'c', 30);
        if (i % 2 == 0) {
            EXPECT_EQ(tn_children_wait(self), TN_OK);
        }
        const tn_text second = tn_await(repeated, b);
        const tn_text third = tn_await(repeated, c);
        const tn_text first = tn_await(repeated, a);
        EXPECT(is_all(first, 'a', 10) && is_all(second, 'b', 20) && is_all(third, 'c', 30));
        EXPECT_EQ(tn_room_free(self, second.data), TN_OK);
        EXPECT(is_all(first, 'a', 10) && is_all(third, 'c', 30));
        EXPECT_EQ(tn_room_free(self, first.data), TN_OK);
        EXPECT_EQ(tn_room_free(self, third.data), TN_OK);
    }
}

TEST(rooms_are_freed_in_any_order_or_with_their_frame) {
    for (int threads = 1; threads <= 4; threads *= 4) {
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = threads), awaits_in_any_order, NULL, 200),
                  TN_OK);
    }
}

static const void *first_room;

TN_FRAME(void, frees_another_ones) {
    EXPECT(tn_event_create(self, "own") != NULL); // so it owns things itself
    EXPECT_EQ(tn_room_free(self, first_room), TN_NOT_YOURS);
}

TN_FRAME(void, has_a_room) {
    EXPECT_EQ(tn_room_free(self, NULL), TN_OK);
    tn_task(repeated) task = tn_spawn(repeated, 'a', 10);
    first_room = tn_await(repeated, task).data;
    tn_task(frees_another_ones) thief = tn_spawn(frees_another_ones);
    tn_await(frees_another_ones, thief);
}

static void run_frees_another_ones(void *unused) {
    (void)unused;
    EXPECT_EQ(tn_run_with(MISUSED_RUN, has_a_room, NULL), TN_OK);
    misused_end();
}

TN_FRAME(void, root_asks) {
    EXPECT(tn_room(self, 10) == NULL);
}

static void run_root_asks(void *unused) {
    (void)unused;
    EXPECT_EQ(tn_run_with(MISUSED_RUN, root_asks, NULL), TN_OK);
    misused_end();
}

TEST(root_has_no_room_and_a_room_has_one_owner) {
    EXPECT_MISUSE(run_root_asks, "tn_room in root_asks, which is root");
    EXPECT_MISUSE(run_frees_another_ones, "tn_room_free by another frame");
}
