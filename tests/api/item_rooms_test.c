// item_rooms_test.c - results of executors and maps that are text: whose their elements are.
#include <string.h>
#include <tenon.h>

#include "support/test.h"

enum { COUNT = 300 };

// Lengths that differ; every third waits, so that it is a frame of its own.
TN_PFRAME(tn_text, letters, (int, i)) {
    const size_t count = 1 + (size_t)i % 50;
    char *text = (char *)tn_room(self, count);
    if (text == NULL) {
        return (tn_text){NULL, 0};
    }
    memset(text, 'a' + i % 26, count);
    if (i % 3 == 0) {
        tn_yield(self);
    }
    return (tn_text){text, count};
}

TN_FRAME(tn_text, letters_here, (int, i)) {
    return letters(self, i);
}

// (Every seventh has a room, and fails.)
TN_PFRAME(tn_text, letters_or_not, (int, i)) {
    const tn_text text = letters(self, i);
    if (i % 7 == 0) {
        TN_FAIL(self, -5, "as told");
    }
    return text;
}

static bool is_that_of(tn_text text, int i) {
    bool is_right = text.count == 1 + (size_t)i % 50;
    for (size_t k = 0; k < text.count; k++) {
        is_right &= text.data[k] == 'a' + i % 26;
    }
    return is_right;
}

static void run_on_1_and_4_threads(int (*run)(int threads)) {
    EXPECT_EQ(run(1), TN_OK);
    EXPECT_EQ(run(4), TN_OK);
}

// ---- executors -------------------------------------------------------------------------------

// What has been taken stays while the executor goes on, and after it has gone.
TN_PFRAME(void, takes_text) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    tn_text texts[COUNT];
    for (int i = 0; i < COUNT; i += 2) {
        const struct tn_future a = tn_submit(executor, letters, i);
        const struct tn_future b = tn_submit(executor, letters_here, i + 1);
        EXPECT_EQ(tn_take(letters_here, b, &texts[i + 1]), TN_OK);
        EXPECT_EQ(tn_take(letters, a, &texts[i]), TN_OK);
        if (i % 4 == 0) {
            EXPECT(is_that_of(texts[i], i));
            EXPECT_EQ(tn_room_free(self, texts[i].data), TN_OK);
        }
    }
    tn_executor_drop(self, executor);
    for (int i = 0; i < COUNT; i++) {
        EXPECT(i % 4 == 0 || is_that_of(texts[i], i));
    }
}

static int run_takes_text(int threads) {
    return tn_run_with(TN_RUN(.num_threads = threads), takes_text, NULL);
}

TEST(text_that_is_taken_from_an_executor_belongs_to_who_took_it) {
    run_on_1_and_4_threads(run_takes_text);
}

TN_PFRAME(tn_text, reads, (struct tn_executor *, executor), (struct tn_future *, futures)) {
    tn_text text = {NULL, 0};
    for (int i = 0; i < COUNT; i++) {
        EXPECT_EQ(tn_result(letters, futures[i], &text), TN_OK);
        EXPECT(is_that_of(text, i));
    }
    (void)executor;
    return (tn_text){NULL, 0};
}

TN_PFRAME(void, lets_two_read) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    struct tn_future futures[COUNT];
    for (int i = 0; i < COUNT; i++) {
        futures[i] = tn_submit(executor, letters, i);
    }
    tn_task(reads) one = tn_spawn(reads, executor, futures);
    tn_task(reads) other = tn_spawn(reads, executor, futures);
    (void)tn_await(reads, one);
    (void)tn_await(reads, other);
    // Used up by one who does not want it, dropped, or left to the executor.
    EXPECT_EQ(tn_take(letters, futures[0], NULL), TN_OK);
    tn_future_drop(self, futures[1]);
    tn_text text;
    EXPECT_EQ(tn_result(letters, futures[2], &text), TN_OK);
    EXPECT_EQ(tn_room_free(self, NULL), TN_OK);
    EXPECT(is_that_of(text, 2));
    EXPECT_EQ(tn_executor_end(self, executor), TN_OK);
    EXPECT(is_that_of(text, 2));
    tn_executor_drop(self, executor);
}

static int run_lets_two_read(int threads) {
    return tn_run_with(TN_RUN(.num_threads = threads), lets_two_read, NULL);
}

TEST(text_that_is_read_stays_as_long_as_its_future) {
    run_on_1_and_4_threads(run_lets_two_read);
}

TN_PFRAME(void, takes_failures) {
    struct tn_executor *executor = tn_executor_create(self, NULL);
    for (int i = 0; i < COUNT; i++) {
        tn_text text = {NULL, 0};
        const struct tn_future future = tn_submit(executor, letters_or_not, i);
        EXPECT_EQ(tn_take(letters_or_not, future, &text), i % 7 == 0 ? -5 : TN_OK);
        EXPECT(i % 7 == 0 ? text.data == NULL : is_that_of(text, i));
    }
    EXPECT_EQ(tn_executor_end(self, executor), -5);
}

static int run_takes_failures(int threads) {
    return tn_run_with(TN_RUN(.num_threads = threads), takes_failures, NULL);
}

TEST(an_item_that_fails_leaves_no_text) {
    run_on_1_and_4_threads(run_takes_failures);
}

// ---- maps ------------------------------------------------------------------------------------

TN_PFRAME(void, maps_to_text, (enum tn_order, order)) {
    struct tn_map *map = tn_map_with(TN_MAP(.order = order), letters_or_not, COUNT, 0);
    tn_text texts[COUNT];
    tn_text text;
    size_t given = 0;
    while (tn_map_next(letters_or_not, map, given % 5 == 4 ? NULL : &text)) {
        const int i = (int)tn_map_index(map);
        texts[i] = given % 5 == 4 || i % 7 == 0 ? (tn_text){NULL, 0} : text;
        EXPECT(given % 5 == 4 || i % 7 == 0 || is_that_of(text, i));
        given++;
    }
    EXPECT_EQ(given, COUNT);
    EXPECT_EQ(tn_map_finish(self, map), -5);
    for (int i = 0; i < COUNT; i++) {
        EXPECT(texts[i].data == NULL || is_that_of(texts[i], i));
        EXPECT_EQ(tn_room_free(self, texts[i].data), TN_OK);
    }
}

static int run_maps_in_order(int threads) {
    return tn_run_with(TN_RUN(.num_threads = threads), maps_to_text, NULL, TN_IN_ORDER);
}

static int run_maps_as_completed(int threads) {
    return tn_run_with(TN_RUN(.num_threads = threads), maps_to_text, NULL, TN_AS_COMPLETED);
}

TEST(text_of_a_map_belongs_to_who_took_it) {
    run_on_1_and_4_threads(run_maps_in_order);
    run_on_1_and_4_threads(run_maps_as_completed);
}

TN_PFRAME(void, leaves_a_map, (int, given)) {
    struct tn_map *map = tn_map_with(TN_MAP(.window = 64, .chunk = 8), letters, COUNT, 0);
    tn_text text = {"", 0};
    for (int i = 0; i < given; i++) {
        EXPECT(tn_map_next(letters, map, &text));
    }
    tn_map_drop(self, map);
    EXPECT(given == 0 || is_that_of(text, given - 1));
}

static int run_leaves_a_map(int threads) {
    int code = TN_OK;
    for (int given = 0; given < 40 && code == TN_OK; given += 13) {
        code = tn_run_with(TN_RUN(.num_threads = threads), leaves_a_map, NULL, given);
    }
    return code;
}

TEST(text_of_a_map_that_is_dropped_goes_but_for_what_was_taken) {
    run_on_1_and_4_threads(run_leaves_a_map);
}
