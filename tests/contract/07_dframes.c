// Section 7 of the contract: what travels, and that it is the same at every level.
#include <string.h>

#include "contract/contract.h"

// ---- arguments and results are self-contained -------------------------------------------------

TN_DATA(place, (double, latitude), (double, longitude));
TN_DATA(journey, (struct place, from), (struct place, to), (int16_t, hours), (bool, by_train));

LEVEL_FRAME(struct journey, back, (struct journey, there)) {
    tn_sleep(self, 0);
    return (struct journey){there.to, there.from, there.hours, there.by_train};
}

// Arguments and result are self-contained: scalars, flat structs, [...] go in and come out.
CONTRACT(structures_come_back_with_every_field) {
    const struct journey there = {{52.5, 13.4}, {48.1, 11.6}, 4, true};
    tn_task(back) child = tn_spawn(back, there);
    const struct journey again = tn_await(back, child);
    EXPECT_NEAR(again.from.latitude, 48.1, 0);
    EXPECT_NEAR(again.to.longitude, 13.4, 0);
    EXPECT_EQ(again.hours, 4);
    EXPECT(again.by_train);
}

LEVEL_FRAME(double, dot, (tn_doubles, a), (tn_doubles, b)) {
    double sum = 0;
    for (size_t i = 0; i < a.count; i++) {
        sum += a.data[i] * b.data[i];
    }
    return sum;
}

LEVEL_FRAME(long, letters, (tn_text, text), (char, letter)) {
    long count = 0;
    for (size_t i = 0; i < text.count; i++) {
        count += text.data[i] == letter;
    }
    return count;
}

LEVEL_FRAME(uint64_t, sum_all, (tn_bytes, bytes), (tn_int64s, numbers), (uint8_t, more)) {
    uint64_t sum = more;
    for (size_t i = 0; i < bytes.count; i++) {
        sum += bytes.data[i];
    }
    for (size_t i = 0; i < numbers.count; i++) {
        sum += (uint64_t)numbers.data[i];
    }
    return sum;
}

// scalars, flat structs, sized text and bytes, typed arrays.
CONTRACT(text_bytes_and_arrays_arrive_with_their_lengths) {
    static const double a[] = {1, 2, 3}, b[] = {4, 5, 6};
    static const int64_t numbers[] = {-7, INT64_MAX};
    tn_task(dot) product = tn_spawn(dot, tn_doubles_of(a, 3), tn_doubles_of(b, 3));
    tn_task(letters) count = tn_spawn(letters, tn_text_of("abracadabra"), 'a');
    tn_task(sum_all) sum = tn_spawn(sum_all, tn_bytes_of((const unsigned char *)"\x01\0\xff", 3),
                                    tn_int64s_of(numbers, 2), 250);
    EXPECT_NEAR(tn_await(dot, product), 32, 0);
    EXPECT_EQ(tn_await(letters, count), 5);
    EXPECT_EQ(tn_await(sum_all, sum), (uint64_t)INT64_MAX - 7 + 256 + 250);
}

CONTRACT(what_is_empty_arrives_empty) {
    tn_task(dot) product = tn_spawn(dot, tn_doubles_of(NULL, 0), tn_doubles_of(NULL, 0));
    tn_task(letters) count = tn_spawn(letters, tn_text_of(""), 'a');
    EXPECT_NEAR(tn_await(dot, product), 0, 0);
    EXPECT_EQ(tn_await(letters, count), 0);
}

LEVEL_FRAME(tn_text, greet, (tn_text, name)) {
    char *text = tn_room(self, name.count + 7);
    if (text == NULL) {
        return (tn_text){NULL, 0};
    }
    memcpy(text, "Hello, ", 7);
    memcpy(text + 7, name.data, name.count);
    return (tn_text){text, name.count + 7};
}

LEVEL_FRAME(tn_doubles, halves, (int, count)) {
    double *values = tn_room(self, (size_t)count * sizeof *values);
    for (int i = 0; values != NULL && i < count; i++) {
        values[i] = i / 2.0;
    }
    tn_sleep(self, 0);
    return tn_doubles_of(values, values == NULL ? 0 : (size_t)count);
}

static bool is_text(tn_text text, const char *expected) {
    return text.count == strlen(expected) && memcmp(text.data, expected, text.count) == 0;
}

// Arguments and result are self-contained: [...] sized text and bytes, typed arrays.
CONTRACT(text_and_arrays_come_back_and_stay_with_who_awaits_them) {
    tn_task(greet) one = tn_spawn(greet, tn_text_of("Ada"));
    tn_task(halves) few = tn_spawn(halves, 3);
    tn_task(halves) many = tn_spawn(halves, 5000);
    tn_task(greet) other = tn_spawn(greet, tn_text_of("Grace Hopper"));
    const tn_text second = tn_await(greet, other);
    const tn_doubles long_one = tn_await(halves, many);
    const tn_doubles short_one = tn_await(halves, few);
    const tn_text first = tn_await(greet, one);
    EXPECT(is_text(first, "Hello, Ada"));
    EXPECT(is_text(second, "Hello, Grace Hopper"));
    EXPECT_EQ(short_one.count, 3);
    EXPECT_NEAR(short_one.data[2], 1, 0);
    EXPECT_EQ(long_one.count, 5000);
    EXPECT_NEAR(long_one.data[4999], 2499.5, 0);
    EXPECT_EQ(tn_room_free(self, first.data), TN_OK);
    EXPECT_EQ(tn_room_free(self, long_one.data), TN_OK);
    EXPECT(is_text(second, "Hello, Grace Hopper"));
}

LEVEL_FRAME(tn_text, greet_twice, (tn_text, name)) {
    tn_task(greet) child = tn_spawn(greet, name);
    const tn_text once = tn_await(greet, child);
    char *text = tn_room(self, 2 * once.count);
    if (text == NULL) {
        return (tn_text){NULL, 0};
    }
    memcpy(text, once.data, once.count);
    memcpy(text + once.count, once.data, once.count);
    return (tn_text){text, 2 * once.count};
}

CONTRACT(what_is_made_of_a_childs_text_is_text_again) {
    tn_task(greet_twice) child = tn_spawn(greet_twice, tn_text_of("you. "));
    EXPECT(is_text(tn_await(greet_twice, child), "Hello, you. Hello, you. "));
}

LEVEL_FRAME(tn_bytes, pass_on, (tn_bytes, bytes)) {
    return bytes;
}

CONTRACT(an_argument_may_be_a_result_and_be_empty) {
    tn_task(pass_on) child = tn_spawn(pass_on, tn_bytes_of((const unsigned char *)"\0\xff", 2));
    const tn_bytes bytes = tn_await(pass_on, child);
    EXPECT(bytes.count == 2 && bytes.data[0] == 0 && bytes.data[1] == 255);
    tn_task(pass_on) empty = tn_spawn(pass_on, tn_bytes_of(NULL, 0));
    EXPECT_EQ(tn_await(pass_on, empty).count, 0);
}

// A result that is there may be read any number of times.
CONTRACT(text_that_is_joined_stays_as_long_as_its_handle) {
    tn_task(greet) child = tn_spawn(greet, tn_text_of("all"));
    struct tn_frame *handle = tn_share(child);
    tn_text first, again;
    EXPECT_EQ(tn_join(greet, handle, &first), TN_OK);
    EXPECT_EQ(tn_join(greet, handle, &again), TN_OK);
    EXPECT(is_text(first, "Hello, all"));
    EXPECT(first.data == again.data);
    const tn_text awaited = tn_await(greet, child);
    EXPECT(is_text(awaited, "Hello, all"));
}

CONTRACT(text_that_nobody_awaits_goes) {
    (void)tn_spawn(greet, tn_text_of("nobody"));
    tn_task(greet) forgotten = tn_spawn(greet, tn_text_of("nobody"));
    tn_forget(forgotten);
    tn_task(halves) removed = tn_spawn(halves, 100);
    struct tn_frame *handle = tn_share(removed);
    EXPECT(handle == NULL || tn_remove(self, handle) || tn_join(halves, handle, NULL) == TN_OK);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
}

// ---- the program is the same without other processes ------------------------------------------

LEVEL_FRAME(long, fib, (int, n)) {
    if (n < 2) {
        return n;
    }
    tn_task(fib) left = tn_spawn(fib, n - 1);
    const long right = fib(self, n - 2);
    return tn_await(fib, left) + right;
}

// A DFrame without other processes runs in this one: the program is the same.
CONTRACT(a_tree_of_any_level_gives_the_same_result) {
    tn_task(fib) child = tn_spawn(fib, 12);
    EXPECT_EQ(tn_await(fib, child), 144);
}

TN_FRAME(int, twice_here, (int, n)) {
    return 2 * n;
}

TN_PFRAME(int, twice_anywhere, (int, n)) {
    tn_task(twice_here) child = tn_spawn(twice_here, n);
    return tn_await(twice_here, child);
}

LEVEL_FRAME(int, four_times, (int, n)) {
    tn_task(twice_anywhere) child = tn_spawn(twice_anywhere, n);
    return tn_await(twice_anywhere, child) * 2;
}

// PFrames and Frames inside a DFrame.
CONTRACT(frames_of_lower_levels_run_inside) {
    tn_task(four_times) child = tn_spawn(four_times, 5);
    EXPECT_EQ(tn_await(four_times, child), 20);
}

LEVEL_FRAME(void, fails, (int, code)) {
    TN_FAIL(self, code, "as asked");
}

static enum tn_verdict absorb(const struct tn_failure *failure, int *replace, void *data) {
    (void)failure, (void)replace, (void)data;
    return TN_ABSORB;
}

// Failures cross as failures.
CONTRACT(a_failure_is_the_outcome_with_its_code) {
    EXPECT_EQ(tn_on_failure(self, absorb, NULL), TN_OK);
    tn_task(fails) child = tn_spawn(fails, -42);
    EXPECT_EQ(tn_try_await(fails, child, NULL), -42);
}

LEVEL_FRAME(int, waits, (int, n)) {
    return tn_sleep(self, 1000) == TN_CANCELLED ? -n : n;
}

// Cancel and deadline.
CONTRACT(removal_and_deadlines_reach_it) {
    tn_task(waits) child = tn_spawn(waits, 1);
    struct tn_frame *frame = tn_share(child);
    EXPECT(frame == NULL || tn_remove(self, frame));
    EXPECT_EQ(tn_try_await(waits, child, NULL), TN_REMOVED);
    tn_task(waits) late = tn_spawn_with(TN_OPTIONS(.seconds = 0.01), waits, 2);
    EXPECT_EQ(tn_try_await(waits, late, NULL), TN_TIMED_OUT);
}

LEVEL_FRAME(int, reports, (struct tn_port, progress), (int, steps)) {
    for (int i = 1; i < steps; i++) {
        EXPECT_EQ(tn_port_post(self, progress, i), TN_OK);
    }
    return steps;
}

// What a DFrame posts to the event of an ancestor arrives there in order, and all of it before the
// DFrame's result.
CONTRACT(what_a_child_posts_has_arrived_before_its_result) {
    struct tn_event *first = tn_event_create_with(self, TN_EVENT("1", .is_singleshot = true));
    tn_task(reports) child = tn_spawn(reports, tn_port_of(first), 5);
    EXPECT_EQ(tn_await(reports, child), 5);
    void *value = NULL;
    EXPECT_EQ(tn_event_wait(self, first, &value), TN_OK);
    EXPECT_EQ((intptr_t)value, 1);
    const struct tn_port port = tn_port_of(first);
    EXPECT_EQ(tn_event_remove(self, first), TN_OK);
    EXPECT_EQ(tn_port_post(self, port, 1), TN_REMOVED);
}

TN_DATA(account, (int, number), (double, balance));
TN_DLOCAL(struct account, account);
TN_DLOCAL(int, depth);
TN_LOCAL(int, stays);

LEVEL_FRAME(int, account_below, (int, n)) {
    return tn_local_get(account).number + n;
}

LEVEL_FRAME(int, account_here, (int, n)) {
    EXPECT_NEAR(tn_local_get(account).balance, 2.5, 0);
    EXPECT_EQ(tn_local_get(depth), 2); // the nearest one
    tn_task(account_below) child = tn_spawn(account_below, n);
    const int inherited = tn_await(account_below, child);
    EXPECT_EQ(tn_local_set(account, ((struct account){50, 0})), TN_OK);
    tn_task(account_below) other = tn_spawn(account_below, n);
    return inherited * 100 + tn_await(account_below, other);
}

LEVEL_FRAME(int, goes_deeper, (int, n)) {
    EXPECT_EQ(tn_local_set(depth, 2), TN_OK);
    tn_task(account_here) child = tn_spawn(account_here, n);
    return tn_await(account_here, child);
}

// Frame-local values of types that travel are seen in a DFrame as they were when it started.
CONTRACT(frame_local_values_that_travel_are_inherited_at_every_level) {
    EXPECT_EQ(tn_local_set(depth, 1), TN_OK);
    EXPECT_EQ(tn_local_set(stays, 9), TN_OK);
    EXPECT_EQ(tn_local_set(account, ((struct account){7, 2.5})), TN_OK);
    tn_task(goes_deeper) child = tn_spawn(goes_deeper, 3);
    EXPECT_EQ(tn_await(goes_deeper, child), 1053);
    EXPECT_EQ(tn_local_get(account).number, 7); // what is set below stays there
    EXPECT_EQ(tn_local_get(depth), 1);
}

TN_PROCESS_QUEUE(int, numbers);

LEVEL_FRAME(int, doubles, (struct tn_port, todo), (struct tn_port, done)) {
    int count = 0;
    for (int number; tn_port_get(numbers, todo, &number) == TN_OK; count++) {
        EXPECT_EQ(tn_port_put(numbers, done, 2 * number), TN_OK);
        EXPECT_EQ(tn_port_task_done(self, todo), TN_OK);
    }
    return count;
}

// What a DFrame puts into a queue of another process, or gets from it, is put and got there once;
CONTRACT(a_child_gets_from_a_queue_and_puts_into_another) {
    tn_queue(numbers) todo = TN_QUEUE_OF(.max = 2);
    tn_queue(numbers) done = TN_QUEUE_OF(.max = 0);
    tn_task(doubles) child =
        tn_spawn(doubles, tn_queue_port(numbers, &todo), tn_queue_port(numbers, &done));
    for (int i = 0; i < 10; i++) {
        EXPECT_EQ(tn_put(numbers, &todo, i), TN_OK);
    }
    EXPECT_EQ(tn_queue_join(self, &todo), TN_OK);
    EXPECT_EQ(tn_queue_close(&todo), TN_OK);
    EXPECT_EQ(tn_await(doubles, child), 10);
    for (int i = 0, number; i < 10; i++) {
        EXPECT_EQ(tn_try_get(numbers, &done, &number), TN_OK);
        EXPECT_EQ(number, 2 * i);
    }
    EXPECT_EQ(tn_queue_free(&todo), TN_OK);
    EXPECT_EQ(tn_queue_free(&done), TN_OK);
}

TN_PROCESS_QUEUE(tn_text, words);

LEVEL_FRAME(int, repeats, (struct tn_port, todo), (struct tn_port, done)) {
    int count = 0;
    for (tn_text word; tn_port_get(words, todo, &word) == TN_OK; count++) {
        char text[10] = "so ";
        memcpy(text + 3, word.data, word.count);
        EXPECT_EQ(tn_port_put(words, done, ((tn_text){text, 3 + word.count})), TN_OK);
    }
    return count;
}

// What a DFrame puts into a queue of another process, or gets from it, is put and got there once;
CONTRACT(text_that_goes_through_queues_is_copied_at_every_level) {
    tn_queue(words) todo = TN_QUEUE_OF(.max = 2);
    tn_queue(words) done = TN_QUEUE_OF(.max = 0);
    tn_task(repeats) child =
        tn_spawn(repeats, tn_queue_port(words, &todo), tn_queue_port(words, &done));
    char text[4] = "far";
    EXPECT_EQ(tn_put(words, &todo, ((tn_text){text, 3})), TN_OK);
    memset(text, '?', 3);
    EXPECT_EQ(tn_put(words, &todo, tn_text_of("good")), TN_OK);
    EXPECT_EQ(tn_queue_close(&todo), TN_OK);
    EXPECT_EQ(tn_await(repeats, child), 2);
    tn_text far, good;
    EXPECT_EQ(tn_try_get(words, &done, &far), TN_OK);
    EXPECT_EQ(tn_try_get(words, &done, &good), TN_OK);
    EXPECT_EQ(tn_queue_free(&todo), TN_OK);
    EXPECT_EQ(tn_queue_free(&done), TN_OK);
    EXPECT(far.count == 6 && memcmp(far.data, "so far", 6) == 0);
    EXPECT(good.count == 7 && memcmp(good.data, "so good", 7) == 0);
    EXPECT_EQ(tn_room_free(self, far.data), TN_OK);
}

LEVEL_FRAME(void, gets_until_the_end, (struct tn_port, port), (struct tn_port, ready)) {
    int number;
    EXPECT_EQ(tn_port_post(self, ready, 0), TN_OK);
    EXPECT_EQ(tn_port_get(numbers, port, &number), TN_CANCELLED);
}

// a frame that is told to end while it gets loses no item;
CONTRACT(a_child_that_is_removed_while_it_gets_leaves_the_items_to_others) {
    tn_queue(numbers) queue = TN_QUEUE_OF(.max = 1);
    struct tn_event *ready = tn_event_create_with(self, TN_EVENT("go", .is_singleshot = true));
    tn_task(gets_until_the_end) child =
        tn_spawn(gets_until_the_end, tn_queue_port(numbers, &queue), tn_port_of(ready));
    struct tn_frame *frame = tn_share(child);
    EXPECT_EQ(tn_event_wait(self, ready, NULL), TN_OK);
    EXPECT(tn_remove(self, frame));
    int number = 0;
    EXPECT_EQ(tn_try_put(numbers, &queue, 3), TN_OK);
    EXPECT_EQ(tn_try_get(numbers, &queue, &number), TN_OK);
    EXPECT_EQ(number, 3);
    EXPECT_EQ(tn_queue_free(&queue), TN_OK);
}
