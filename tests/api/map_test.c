// Maps: laziness, orders, chunks, failures.
// Invariant: each item is run once, and its result given once. Start anywhere.
#include <tenon.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

#define ON_ALL(root)                                                                               \
    for (int n = 1; n <= 4; n *= 2) {                                                              \
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = n), root, NULL), TN_OK);                       \
    }

TN_PFRAME(long, square, (long, x)) {
    return x * x;
}

TN_FRAME(unsigned char, next_letter, (unsigned char, letter)) {
    return letter;
}

TN_PFRAME(double, sleep_and_say, (const double *, seconds), (unsigned, i)) {
    tn_sleep(self, seconds[i]);
    return seconds[i];
}

TN_PFRAME(int, fails_at_seven, (short, i)) {
    if (i % 10 == 7) {
        TN_FAIL(self, -7, "not %d", i);
    }
    return i;
}

TN_PFRAME(void, count, (_Atomic int *, counter), (int, i)) {
    (void)i;
    atomic_fetch_add(counter, 1);
}

struct wide {
    long words[20];
};

TN_PFRAME(struct wide, widen, (struct wide, wide), (int, i)) {
    wide.words[19] += i;
    return wide;
}

// ---- results ---------------------------------------------------------------------------------

TN_PFRAME(void, squares) {
    const long items = 20000 / test_slowness();
    long value, expected = 0;
    struct tn_map *map = tn_map(square, (size_t)items, 3);
    while (tn_map_next(square, map, &value)) {
        EXPECT_EQ(value, (3 + expected) * (3 + expected));
        EXPECT_EQ(tn_map_index(map), expected);
        EXPECT_EQ(tn_map_outcome(map), TN_OK);
        expected++;
    }
    EXPECT_EQ(expected, items);
    EXPECT(!tn_map_next(square, map, &value));
    EXPECT_EQ(tn_map_finish(self, map), TN_OK);
}

TEST(the_last_argument_counts_up_and_results_come_in_order){ON_ALL(squares)}

TN_PFRAME(void, any_order) {
    const size_t items = 5000 / (size_t)test_slowness();
    unsigned char *seen = calloc(items, 1);
    long value;
    struct tn_map *map =
        tn_map_with(TN_MAP(.order = TN_AS_COMPLETED, .window = 40, .chunk = 7), square, items, 0);
    while (tn_map_next(square, map, &value)) {
        const size_t i = tn_map_index(map);
        EXPECT(i < items && seen[i] == 0);
        EXPECT_EQ(value, (long)(i * i));
        seen[i] = 1;
    }
    for (size_t i = 0; i < items; i++) {
        EXPECT(seen[i] == 1);
    }
    EXPECT_EQ(tn_map_finish(self, map), TN_OK);
    free(seen);
}

TEST(each_item_is_given_once_in_whatever_order){ON_ALL(any_order)}

TN_FRAME(void, letters) {
    unsigned char letter;
    char text[27] = "";
    struct tn_map *map = tn_map(next_letter, 26, 'a');
    while (tn_map_next(next_letter, map, &letter)) {
        text[strlen(text)] = (char)letter;
    }
    EXPECT_STR(text, "abcdefghijklmnopqrstuvwxyz");
    EXPECT_EQ(tn_map_finish(self, map), TN_OK);
}

TEST(a_frame_can_be_mapped_over_small_integers){ON_ALL(letters)}

TN_PFRAME(void, wide_ones) {
    struct wide wide = {{1}};
    long expected = 0;
    struct tn_map *map = tn_map(widen, 300, wide, 0);
    while (tn_map_next(widen, map, &wide)) {
        EXPECT_EQ(wide.words[0], 1);
        EXPECT_EQ(wide.words[19], expected++);
    }
    EXPECT_EQ(expected, 300);
    EXPECT_EQ(tn_map_finish(self, map), TN_OK);
}

TEST(arguments_and_results_of_a_map_may_be_large){ON_ALL(wide_ones)}

TN_PFRAME(void, for_each) {
    _Atomic int counter = 0;
    EXPECT_EQ(tn_map_finish(self, tn_map(count, 1000, &counter, 0)), TN_OK);
    EXPECT_EQ(atomic_load(&counter), 1000);
    EXPECT_EQ(tn_map_finish(self, tn_map(count, 0, &counter, 0)), TN_OK);
    EXPECT_EQ(atomic_load(&counter), 1000);
}

TEST(finishing_a_map_runs_all_that_is_left){ON_ALL(for_each)}

// ---- laziness, orders ------------------------------------------------------------------------

TN_PFRAME(void, lazy) {
    _Atomic int counter = 0;
    struct tn_map *map = tn_map_with(TN_MAP(.window = 10, .chunk = 2), count, 1000, &counter, 0);
    tn_sleep(self, 0.01);
    EXPECT_EQ(atomic_load(&counter), 10);
    EXPECT(tn_map_next(count, map, NULL));
    EXPECT(tn_map_next(count, map, NULL));
    EXPECT(tn_map_next(count, map, NULL));
    tn_sleep(self, 0.01);
    EXPECT_EQ(atomic_load(&counter), 12);
    tn_map_drop(self, map);
    EXPECT_EQ(atomic_load(&counter), 12);
}

TEST(a_map_runs_no_further_ahead_than_its_window) {
    ON_ALL(lazy)
}

static const double times[] = {0.06, 0.01, 0.02, 0.0, 0.04};

TN_PFRAME(void, uneven) {
    double value, last = -1;
    struct tn_map *map =
        tn_map_with(TN_MAP(.order = TN_AS_COMPLETED, .chunk = 1), sleep_and_say, 5, times, 0);
    while (tn_map_next(sleep_and_say, map, &value)) {
        EXPECT(value >= last);
        last = value;
    }
    EXPECT_NEAR(last, 0.06, 1e-9);
    EXPECT_EQ(tn_map_finish(self, map), TN_OK);
    unsigned i = 0;
    map = tn_map_with(TN_MAP(.chunk = 1), sleep_and_say, 5, times, 0);
    while (tn_map_next(sleep_and_say, map, &value)) {
        EXPECT_NEAR(value, times[i], 1e-9);
        i++;
    }
    EXPECT_EQ(i, 5);
    EXPECT_EQ(tn_map_finish(self, map), TN_OK);
}

TEST(results_come_as_they_complete_or_in_order){ON_ALL(uneven)}

// ---- failures and ends -----------------------------------------------------------------------

TN_PFRAME(void, failing) {
    const int items = 100;
    int value, failed = 0, given = 0;
    struct tn_map *map = tn_map_with(TN_MAP(.name = "sieve"), fails_at_seven, (size_t)items, 0);
    while (tn_map_next(fails_at_seven, map, &value)) {
        const int i = (int)tn_map_index(map);
        EXPECT_EQ(i, given++);
        EXPECT_EQ(tn_map_outcome(map), i % 10 == 7 ? -7 : TN_OK);
        EXPECT_EQ(value, i % 10 == 7 ? 0 : i);
        EXPECT((tn_map_failure(map) != NULL) == (i % 10 == 7));
        if (i == 17) {
            EXPECT_STR(tn_map_failure(map)->message, "not 17");
            EXPECT(strstr(tn_map_failure(map)->path, "/sieve/lane/fails_at_seven") != NULL);
        }
        failed += tn_map_outcome(map) != TN_OK;
    }
    EXPECT_EQ(given, items);
    EXPECT_EQ(failed, items / 10);
    EXPECT_EQ(tn_map_finish(self, map), -7);
}

TEST(an_item_that_fails_fails_alone){ON_ALL(failing)}

TN_PFRAME(int, hold, (_Atomic int *, begun), (int, i)) {
    atomic_fetch_add(begun, 1);
    return i < 3 ? 0 : tn_hold(self);
}

TN_PFRAME(void, dropped) {
    _Atomic int begun = 0;
    struct tn_map *map = tn_map_with(TN_MAP(.window = 8, .chunk = 1), hold, 100, &begun, 0);
    EXPECT(tn_map_next(hold, map, NULL));
    tn_map_drop(self, map);
    EXPECT(atomic_load(&begun) <= 9);
}

TEST(a_dropped_map_leaves_nothing_running){ON_ALL(dropped)}

TN_PFRAME(long, yields, (int, i)) {
    if (i % 3 == 0) {
        tn_yield(self);
    }
    return i;
}

// Its frames are removed while one of them makes another.
TN_PFRAME(void, dropped_at_once) {
    for (int i = 0; i < 100; i++) {
        struct tn_map *map = tn_map_with(TN_MAP(.window = 64, .chunk = 8), yields, 300, 0);
        EXPECT(i % 2 == 0 || tn_map_next(yields, map, NULL));
        tn_map_drop(self, map);
    }
}

TEST(a_map_may_be_dropped_while_its_frames_come){ON_ALL(dropped_at_once)}

TN_PFRAME(void, leaves_a_map, (_Atomic int *, begun)) {
    (void)tn_map_with(TN_MAP(.window = 8, .chunk = 1), hold, 100, begun, 0);
    while (atomic_load(begun) < 4) {
        tn_sleep(self, 0.001);
    }
}

TN_PFRAME(void, owner_ends) {
    _Atomic int begun = 0;
    tn_task(leaves_a_map) task = tn_spawn(leaves_a_map, &begun);
    EXPECT_EQ(tn_try_await(leaves_a_map, task, NULL), TN_OK);
    EXPECT(atomic_load(&begun) <= 8);
}

TEST(a_map_ends_with_the_frame_that_made_it){ON_ALL(owner_ends)}

TN_PFRAME(void, in_time) {
    _Atomic int begun = 0;
    struct tn_scope scope;
    tn_deadline_begin(self, &scope, 0.02);
    struct tn_map *map = tn_map(hold, 100, &begun, 3);
    EXPECT(!tn_map_next(hold, map, NULL) || tn_map_outcome(map) == TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT_EQ(tn_map_finish(self, map), TN_TIMED_OUT);
}

TEST(a_deadline_ends_a_map){ON_ALL(in_time)}

// ---- bad use ---------------------------------------------------------------------------------

TN_FRAME(void, wrong_chunk) {
    struct tn_map *map = tn_map_with(TN_MAP(.window = 4, .chunk = 5), square, 10, 0);
    EXPECT(map == NULL);
    EXPECT(!tn_map_next(square, map, NULL));
    EXPECT_EQ(tn_map_finish(self, map), TN_NO_MEMORY);
    tn_map_drop(self, map);
}

TN_FRAME(void, wrong_name) {
    struct tn_map *map = tn_map(square, 10, 0);
    EXPECT(!tn_map_next(next_letter, map, NULL));
    EXPECT(tn_map_next(square, map, NULL));
    tn_map_drop(self, map);
}

static struct tn_map *own_map;

TN_PFRAME(int, ends_its_own_map, (int, i)) {
    tn_map_drop(self, own_map);
    return tn_map_finish(self, own_map) == TN_NOT_YOURS ? i : -1;
}

TN_FRAME(void, item_ends_its_map) {
    own_map = tn_map(ends_its_own_map, 2, 5);
    int value = 0;
    EXPECT(tn_map_next(ends_its_own_map, own_map, &value)); // it is still there
    EXPECT_EQ(value, 5);
    EXPECT_EQ(tn_map_finish(self, own_map), TN_OK);
}

static void run_item_ends_its_map(void *nothing) {
    (void)nothing; // on one thread, so that items begin when the map is known
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), item_ends_its_map, NULL), TN_OK);
    abort();
}

static void run_wrong_chunk(void *nothing) {
    (void)nothing;
    EXPECT_EQ(tn_run(wrong_chunk, NULL), TN_OK);
    abort(); // a checking build has stopped before
}

static void run_wrong_name(void *nothing) {
    (void)nothing;
    EXPECT_EQ(tn_run(wrong_name, NULL), TN_OK);
    abort();
}

TEST(mistakes_with_maps_are_told_in_a_sentence) {
    EXPECT_DIES(run_wrong_chunk, NULL, SIGABRT, "make the window at least as wide");
    EXPECT_DIES(run_wrong_name, NULL, SIGABRT, "name its own function");
    EXPECT_DIES(run_item_ends_its_map, NULL, SIGABRT, "let the frame that made the map end it");
}
