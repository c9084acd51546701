// DFrames in other processes, which are threads here (support/loopback.h): results that are text,
// bytes or arrays.
#include <string.h>

#include <tenon.h>

#include "os/os.h"
#include "support/loopback.h"
#include "support/test.h"

TN_DFRAME(tn_int64s, count_up, (int64_t, from), (size_t, count)) {
    int64_t *numbers = tn_room(self, count * sizeof *numbers);
    for (size_t i = 0; numbers != NULL && i < count; i++) {
        numbers[i] = from + (int64_t)i;
    }
    return tn_int64s_of(numbers, numbers == NULL ? 0 : count);
}

TN_PFRAME(int64_t, sum_ranges, (int, count)) {
    enum { MAX = 100 };
    tn_task(count_up) tasks[MAX];
    int64_t sum = 0;
    for (int i = 0; i < count; i++) {
        tasks[i] = tn_spawn(count_up, i, (size_t)i);
    }
    for (int i = count; i-- > 0;) {
        const tn_int64s numbers = tn_await(count_up, tasks[i]);
        EXPECT_EQ(numbers.count, (size_t)i);
        for (size_t k = 0; k < numbers.count; k++) {
            sum += numbers.data[k];
        }
        if (i % 2 == 0) {
            EXPECT_EQ(tn_room_free(self, numbers.data), TN_OK);
        }
    }
    return sum;
}

TEST(arrays_of_any_length_come_back_from_two_processes) {
    loopback_send_all(2, 2);
    int64_t sum = 0;
    int64_t expected = 0;
    for (int64_t i = 0; i < 100; i++) {
        expected += i * i + i * (i - 1) / 2;
    }
    EXPECT_EQ(tn_run_with(TWO_THREADS, sum_ranges, &sum, 100), TN_OK);
    EXPECT_EQ(sum, expected);
}

TN_PFRAME(int, asks_for_too_much, (size_t, count)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(count_up) child = tn_spawn(count_up, 0, count);
    const int code = tn_try_await(count_up, child, NULL);
    tn_task(count_up) next = tn_spawn(count_up, 7, 1);
    EXPECT_EQ(tn_await(count_up, next).data[0], 7);
    return code;
}

TEST(a_result_too_long_for_the_way_back_is_a_failure) {
    loopback_send_all(1, 1);
    int code = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, asks_for_too_much, &code, (size_t)1 << 20), TN_OK);
    EXPECT_EQ(code, TN_TOO_LONG);
}

TN_DFRAME(tn_text, says_and_fails, (int, code)) {
    char *text = tn_room(self, 5);
    EXPECT(text != NULL);
    memcpy(text, "hello", 5);
    if (code != 0) {
        TN_FAIL(self, code, "as asked");
    }
    return (tn_text){text, 5};
}

TN_PFRAME(void, hears_of_it, (int, code)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(says_and_fails) child = tn_spawn(says_and_fails, code);
    tn_text text = tn_text_of("as it was");
    EXPECT_EQ(tn_try_await(says_and_fails, child, &text), code);
    EXPECT_EQ(text.count, code == 0 ? 5 : 9);
}

TEST(a_dframe_that_fails_has_no_result_whatever_it_returned) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, hears_of_it, NULL, -77), TN_OK);
    EXPECT_EQ(tn_run_with(TWO_THREADS, hears_of_it, NULL, 0), TN_OK);
}

TN_PFRAME(int64_t, joins, (struct tn_frame *, frame)) {
    tn_int64s numbers;
    return tn_join(count_up, frame, &numbers) == TN_OK ? numbers.data[numbers.count - 1] : -1;
}

TN_PFRAME(void, lets_many_join, (int, count)) {
    tn_task(count_up) child = tn_spawn(count_up, 0, 1000);
    struct tn_frame *frame = tn_share(child);
    tn_task(joins) tasks[20];
    for (int i = 0; i < count; i++) {
        tasks[i] = tn_spawn(joins, frame);
    }
    EXPECT_EQ(tn_await(count_up, child).count, 1000);
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_await(joins, tasks[i]), 999);
    }
}

TEST(a_result_that_many_wait_for_is_read_by_all) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, lets_many_join, NULL, 20), TN_OK);
}

TN_PFRAME(void, cuts_the_wait, (int, rounds)) {
    for (int i = 0; i < rounds; i++) {
        struct tn_scope scope;
        tn_deadline_begin(self, &scope, i * 0.00002);
        tn_task(count_up) child = tn_spawn(count_up, i, 500);
        tn_int64s numbers = {NULL, 0};
        const int code = tn_try_await(count_up, child, &numbers);
        EXPECT(code == TN_OK || code == TN_TIMED_OUT || code == TN_CANCELLED);
        EXPECT(code != TN_OK || numbers.data[499] == i + 499);
        (void)tn_scope_end(self, &scope);
    }
}

TEST(a_wait_that_is_cut_loses_the_result_and_nothing_else) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, cuts_the_wait, NULL, 30), TN_OK);
}

TN_PFRAME(int64_t, maps_ranges, (int, count)) {
    struct tn_map *map = tn_map(count_up, (size_t)count, 1, 0);
    struct tn_executor *executor = tn_executor_create(self, NULL);
    int64_t sum = 0;
    tn_int64s numbers;
    while (tn_map_next(count_up, map, &numbers)) {
        tn_int64s again;
        const struct tn_future future = tn_submit(executor, count_up, 1, numbers.count);
        EXPECT_EQ(tn_take(count_up, future, &again), TN_OK);
        EXPECT_EQ(again.count, numbers.count);
        EXPECT(numbers.count == 0 || memcmp(again.data, numbers.data, numbers.count * 8) == 0);
        sum += numbers.count == 0 ? 0 : again.data[again.count - 1];
        EXPECT_EQ(tn_room_free(self, numbers.data), TN_OK);
        EXPECT_EQ(tn_room_free(self, again.data), TN_OK);
    }
    EXPECT_EQ(tn_map_finish(self, map), TN_OK);
    EXPECT_EQ(tn_executor_end(self, executor), TN_OK);
    return sum;
}

TEST(arrays_come_back_to_maps_and_executors_too) {
    loopback_send_all(2, 2);
    int64_t sum = 0;
    EXPECT_EQ(tn_run_with(TWO_THREADS, maps_ranges, &sum, 60), TN_OK);
    EXPECT_EQ(sum, 59 * 60 / 2);
}

// ---- what is lent ----------------------------------------------------------------------------

enum { LONG_COUNT = 5000 }; // 40 KB: lent, and six of them fill what there is

TN_DFRAME(int64_t, total_of, (tn_int64s, numbers), (tn_text, name), (int, factor)) {
    int64_t total = 0;
    EXPECT(name.count == 5 && memcmp(name.data, "hello", 5) == 0);
    for (size_t i = 0; i < numbers.count; i++) {
        total += numbers.data[i];
    }
    return total * factor;
}

TN_PFRAME(void, sends_many_long_arguments, (int, count)) {
    enum { MAX = 20 };
    static int64_t numbers[MAX][LONG_COUNT];
    tn_task(total_of) tasks[MAX];
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < LONG_COUNT; k++) {
            numbers[i][k] = i;
        }
        tasks[i] = tn_spawn(total_of, tn_int64s_of(numbers[i], LONG_COUNT), tn_text_of("hello"), 3);
    }
    for (int i = 0; i < count; i++) {
        EXPECT_EQ(tn_await(total_of, tasks[i]), (int64_t)3 * i * LONG_COUNT);
    }
}

TEST(long_arguments_are_read_as_they_were_more_of_them_than_can_be_lent) {
    loopback_send_all(2, 2);
    EXPECT_EQ(tn_run_with(TWO_THREADS, sends_many_long_arguments, NULL, 20), TN_OK);
}

static void expect_range(tn_int64s numbers, int64_t from) {
    EXPECT_EQ(numbers.count, LONG_COUNT);
    for (size_t i = 0; i < numbers.count; i += 7) {
        EXPECT_EQ(numbers.data[i], from + (int64_t)i);
    }
}

// All are kept until the end, or each goes as soon as it was read.
TN_PFRAME(void, takes_long_results, (bool, keeps)) {
    enum { COUNT = 20 };
    for (int i = 0; i < COUNT; i++) {
        tn_task(count_up) one = tn_spawn(count_up, i, LONG_COUNT);
        tn_task(count_up) other = tn_spawn(count_up, -i, LONG_COUNT);
        const tn_int64s second = tn_await(count_up, other);
        const tn_int64s first = tn_await(count_up, one);
        expect_range(first, i);
        expect_range(second, -i);
        if (!keeps) {
            EXPECT_EQ(tn_room_free(self, second.data), TN_OK);
            EXPECT_EQ(tn_room_free(self, first.data), TN_OK);
        }
    }
}

TEST(long_results_are_kept_or_let_go_of_more_of_them_than_can_be_lent) {
    loopback_send_all(2, 2);
    EXPECT_EQ(tn_run_with(TWO_THREADS, takes_long_results, NULL, true), TN_OK);
    EXPECT_EQ(tn_run_with(TWO_THREADS, takes_long_results, NULL, false), TN_OK);
}

enum odd { AN_ARGUMENT, A_CONSTANT, FROM_THE_MIDDLE, LITTLE_OF_IT, ANOTHER_ROOM, NOTHING };

TN_DFRAME(tn_int64s, returns_oddly, (tn_int64s, numbers), (int, how)) {
    static const int64_t constant[1000] = {7, 8, 9};
    if (how == AN_ARGUMENT) {
        return numbers;
    }
    if (how == A_CONSTANT) {
        return tn_int64s_of(constant, 1000);
    }
    int64_t *unused = tn_room(self, 3000 * sizeof *unused);
    int64_t *room = tn_room(self, 2000 * sizeof *room);
    EXPECT(unused != NULL && room != NULL);
    for (int i = 0; i < 2000; i++) {
        unused[i] = -1;
        room[i] = i;
    }
    switch (how) {
    case FROM_THE_MIDDLE:
        return tn_int64s_of(room + 1, 1999);
    case LITTLE_OF_IT:
        return tn_int64s_of(room, 3);
    case ANOTHER_ROOM:
        EXPECT_EQ(tn_room_free(self, unused), TN_OK);
        return tn_int64s_of(room, 2000);
    default:
        return tn_int64s_of(NULL, 0);
    }
}

TN_PFRAME(void, takes_odd_results) {
    static int64_t numbers[LONG_COUNT];
    static const size_t counts[] = {LONG_COUNT, 1000, 1999, 3, 2000, 0};
    static const int64_t firsts[] = {5, 7, 1, 0, 0, 0};
    numbers[0] = 5;
    for (int round = 0; round < 4; round++) {
        for (int how = AN_ARGUMENT; how <= NOTHING; how++) {
            tn_task(returns_oddly) task =
                tn_spawn(returns_oddly, tn_int64s_of(numbers, LONG_COUNT), how);
            const tn_int64s result = tn_await(returns_oddly, task);
            EXPECT_EQ(result.count, counts[how]);
            EXPECT(result.count == 0 || result.data[0] == firsts[how]);
            EXPECT(how != FROM_THE_MIDDLE || result.data[1998] == 1999);
            EXPECT(how != ANOTHER_ROOM || result.data[1999] == 1999);
            EXPECT_EQ(tn_room_free(self, result.count == 0 ? NULL : result.data), TN_OK);
        }
    }
}

TEST(a_long_result_may_lie_anywhere_where_a_short_one_may) {
    loopback_send_all(1, 1);
    EXPECT_EQ(tn_run_with(TWO_THREADS, takes_odd_results, NULL), TN_OK);
}

TN_DFRAME(tn_int64s, counts_and_fails, (int, code)) {
    int64_t *room = tn_room(self, LONG_COUNT * sizeof *room);
    EXPECT(room != NULL);
    if (code != 0) {
        TN_FAIL(self, code, "as asked");
    }
    return tn_int64s_of(room, LONG_COUNT);
}

// What was lent for nothing, because its frame failed, or nobody has waited, can be lent again.
TN_PFRAME(void, wastes_rooms, (int, rounds)) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    for (int i = 0; i < rounds; i++) {
        tn_task(counts_and_fails) child = tn_spawn(counts_and_fails, i % 2 == 0 ? -5 : 0);
        tn_task(count_up) other = tn_spawn(count_up, i, LONG_COUNT);
        EXPECT_EQ(tn_try_await(counts_and_fails, child, NULL), i % 2 == 0 ? -5 : 0);
        if (i % 3 == 0) {
            tn_forget(other);
        } else {
            expect_range(tn_await(count_up, other), i);
        }
    }
}

TEST(rooms_that_nobody_takes_are_lent_again) {
    loopback_send_all(1, 2);
    EXPECT_EQ(tn_run_with(TWO_THREADS, wastes_rooms, NULL, 30), TN_OK);
}

TN_PFRAME(void, maps_long_ranges, (int, count)) {
    struct tn_map *map = tn_map(count_up, (size_t)count, 3, LONG_COUNT);
    size_t expected = LONG_COUNT;
    tn_int64s numbers;
    while (tn_map_next(count_up, map, &numbers)) {
        EXPECT_EQ(numbers.count, expected);
        EXPECT_EQ(numbers.data[expected - 1], 3 + (int64_t)expected - 1);
        expected++;
        if (expected % 2 == 0) {
            EXPECT_EQ(tn_room_free(self, numbers.data), TN_OK);
        }
    }
    EXPECT_EQ(tn_map_finish(self, map), TN_OK);
    EXPECT_EQ(expected, LONG_COUNT + (size_t)count);
}

TEST(long_results_come_back_to_maps_too) {
    loopback_send_all(2, 2);
    EXPECT_EQ(tn_run_with(TWO_THREADS, maps_long_ranges, NULL, 20), TN_OK);
}
