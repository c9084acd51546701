// What goes into a frame and comes out of it: types, sizes, copies, levels.
// Invariant: every value that a frame receives or returns is compared with what was sent.
#include <tenon/run.h>
#include <tenon/time.h>

#include <stdint.h>
#include <string.h>

#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

// ---- results ---------------------------------------------------------------------------------

struct big {
    double values[9];
};
_Static_assert(sizeof(struct big) == 72, "larger than what lies in a task");

struct exact {
    uint64_t values[6];
};

TN_PFRAME(struct big, make_big, (int, from)) {
    struct big big;
    for (int i = 0; i < 9; i++) {
        big.values[i] = from + i;
    }
    return big;
}

TN_PFRAME(double, sum_big, (struct big, big), (double, factor)) {
    double sum = 0;
    for (int i = 0; i < 9; i++) {
        sum += big.values[i];
    }
    return sum * factor;
}

TN_PFRAME(struct exact, turn_exact, (struct exact, exact)) {
    struct exact turned;
    for (int i = 0; i < 6; i++) {
        turned.values[i] = exact.values[5 - i];
    }
    return turned;
}

TN_FRAME(struct big, make_big_bound, (int, from)) {
    return make_big(self, from);
}

TN_PFRAME(int, structures, (int, from)) {
    tn_task(make_big) a = tn_spawn(make_big, from);
    tn_task(make_big_bound) b = tn_spawn(make_big_bound, from + 100);
    const struct exact exact = {{1, 2, 3, 4, 5, 6}};
    tn_task(turn_exact) c = tn_spawn(turn_exact, exact);
    const struct big big = tn_await(make_big, a);
    tn_task(sum_big) d = tn_spawn(sum_big, big, 0.5);
    EXPECT_NEAR(big.values[8], from + 8, 0);
    EXPECT_NEAR(tn_await(make_big_bound, b).values[0], from + 100, 0);
    const struct exact turned = tn_await(turn_exact, c);
    EXPECT_EQ(turned.values[0], 6);
    EXPECT_EQ(turned.values[5], 1);
    EXPECT_NEAR(tn_await(sum_big, d), (9 * from + 36) * 0.5, 1e-12);
    return 1;
}

TEST(structures_of_any_size_go_in_and_come_out) {
    for (int n = 1; n <= 4; n *= 2) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), structures, &answer, 3), TN_OK);
        EXPECT_EQ(answer, 1);
    }
}

TEST(root_itself_may_return_a_structure) {
    struct big big;
    EXPECT_EQ(tn_run(make_big, &big, 40), TN_OK);
    EXPECT_NEAR(big.values[8], 48, 0);
    EXPECT_EQ(tn_run_with(WITH(2), make_big_bound, &big, 41), TN_OK);
    EXPECT_NEAR(big.values[8], 49, 0);
    EXPECT_EQ(tn_run(make_big, NULL, 40), TN_OK);
}

// ---- parameters ------------------------------------------------------------------------------

TN_PFRAME(double, eight, (char, a), (short, b), (int, c), (long, d), (float, e), (double, f),
          (const char *, g), (uint64_t, h)) {
    return a + b + c + (double)d + (double)e + f + (double)strlen(g) + (double)h;
}

TN_FRAME(double, eight_bound, (char, a), (short, b), (int, c), (long, d), (float, e), (double, f),
         (const char *, g), (uint64_t, h)) {
    return eight(self, a, b, c, d, e, f, g, h);
}

TN_PFRAME(int, call_eight) {
    tn_task(eight) x = tn_spawn(eight, 'a', -2, 3, -4L, 0.5f, 0.25, "seven", 8);
    tn_task(eight_bound) y = tn_spawn(eight_bound, 'a', -2, 3, -4L, 0.5f, 0.25, "seven", 8);
    EXPECT_NEAR(tn_await(eight, x), 97 - 2 + 3 - 4 + 0.75 + 5 + 8, 1e-12);
    EXPECT_NEAR(tn_await(eight_bound, y), tn_await(eight, x), 1e-12);
    return 1;
}

TEST(eight_parameters_of_mixed_types_keep_their_values) {
    int answer = 0;
    EXPECT_EQ(tn_run_with(WITH(1), call_eight, &answer), TN_OK);
    EXPECT_EQ(tn_run_with(WITH(4), call_eight, &answer), TN_OK);
    EXPECT_EQ(answer, 1);
}

TN_PFRAME(void, store, (int *, at), (int, value)) {
    *at = value;
}

TN_FRAME(void, nothing) {
}

TN_PFRAME(int *, pointer, (int *, at)) {
    return at + 1;
}

TN_PFRAME(int, voids) {
    int cells[2] = {0, 0};
    tn_task(store) first = tn_spawn(store, &cells[0], 5);
    tn_task(nothing) none = tn_spawn(nothing);
    tn_await(store, first);
    tn_await(nothing, none);
    EXPECT_EQ(tn_try_await(nothing, none, NULL), TN_OK);
    tn_task(pointer) next = tn_spawn(pointer, cells);
    EXPECT_EQ(tn_await(pointer, next), &cells[1]);
    return cells[0];
}

TEST(void_and_pointer_results_work) {
    for (int n = 1; n <= 4; n *= 2) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), voids, &answer), TN_OK);
        EXPECT_EQ(answer, 5);
        EXPECT_EQ(tn_run_with(WITH(n), nothing, NULL), TN_OK);
    }
}

TN_PFRAME(long, add_later, (struct exact, numbers)) {
    tn_sleep(self, 0.001);
    long sum = 0;
    for (int i = 0; i < 6; i++) {
        sum += (long)numbers.values[i];
    }
    return sum;
}

TN_PFRAME(long, overwrites_its_arguments) {
    struct exact numbers = {{1, 2, 3, 4, 5, 6}};
    tn_task(add_later) task = tn_spawn(add_later, numbers);
    memset(&numbers, 0xff, sizeof numbers);
    return tn_await(add_later, task);
}

TEST(arguments_are_copied_when_a_frame_is_made) {
    for (int n = 1; n <= 4; n *= 2) {
        long answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), overwrites_its_arguments, &answer), TN_OK);
        EXPECT_EQ(answer, 21);
    }
}

// ---- levels ----------------------------------------------------------------------------------

static int order[64];
static int started;

TN_FRAME(void, note_start, (int, number)) {
    order[started++] = number;
    tn_sleep(self, 0.0001);
}

TN_FRAME(int, start_many) {
    for (int i = 0; i < 64; i++) {
        tn_task(note_start) task = tn_spawn(note_start, i);
        tn_forget(task);
        EXPECT_EQ(started, 0);
    }
    return tn_children_wait(self);
}

TEST(plain_frames_start_in_the_order_of_creation_and_not_before_a_wait) {
    for (int n = 1; n <= 4; n++) {
        int code = -1;
        started = 0;
        EXPECT_EQ(tn_run_with(WITH(n), start_many, &code), TN_OK);
        EXPECT_EQ(code, TN_OK);
        EXPECT_EQ(started, 64);
        for (int i = 0; i < 64; i++) {
            EXPECT_EQ(order[i], i);
        }
    }
}

// A Frame stays where it was made, whatever it waits for.
TN_FRAME(int, stays, (int, rounds)) {
    const int index = tn_thread_index();
    for (int i = 0; i < rounds; i++) {
        tn_sleep(self, i % 3 == 0 ? 0 : 0.0002);
        if (tn_thread_index() != index) {
            return -1;
        }
    }
    return index;
}

TN_PFRAME(int, has_bound_children, (int, rounds)) {
    for (int i = 0; i < rounds; i++) {
        const int index = tn_thread_index();
        tn_task(stays) a = tn_spawn(stays, 5);
        tn_task(stays) b = tn_spawn(stays, 3);
        if (tn_await(stays, a) != index || tn_await(stays, b) != index) {
            return 0;
        }
        tn_yield(self);
    }
    return 1;
}

TN_FRAME(int, many_threads, (int, count)) {
    tn_task(has_bound_children) each[32];
    for (int i = 0; i < count; i++) {
        each[i] = tn_spawn(has_bound_children, 5);
    }
    int good = 0;
    for (int i = 0; i < count; i++) {
        good += tn_await(has_bound_children, each[i]);
    }
    return good;
}

TEST(frames_made_in_a_pframe_stay_on_the_thread_it_was_on) {
    for (int n = 1; n <= 4; n++) {
        int answer = 0;
        EXPECT_EQ(tn_run_with(WITH(n), many_threads, &answer, 32), TN_OK);
        EXPECT_EQ(answer, 32);
    }
}

TN_FRAME(int, root_thread) {
    const int before = tn_thread_index();
    tn_sleep(self, 0.001);
    return before * 100 + tn_thread_index();
}

TEST(a_plain_root_runs_on_thread_0) {
    for (int n = 1; n <= 4; n++) {
        int answer = -1;
        EXPECT_EQ(tn_run_with(WITH(n), root_thread, &answer), TN_OK);
        EXPECT_EQ(answer, 0);
    }
}
