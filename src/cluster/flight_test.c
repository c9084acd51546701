// A DFrame that is awaited next is sent before it is a frame, and becomes one only if something
// else happens first: frame/flight.h.
//
// Whether it has is seen by how many children of its parent were born. Invariant: each test says
// how many have to be. Start reading at flies_many.
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <tenon.h>
#include <tenon/event.h>
#include <tenon/scope.h>

#include "support/flights.h"

enum { MANY = 200 };

// ---- awaited next ----------------------------------------------------------------------------

TN_DFRAME(void, counts) {
    begun++;
}

TN_DATA(parts, (int, letter), (double, weight), (bool, is_true));

TN_DFRAME(struct parts, turns, (struct parts, parts)) {
    return (struct parts){parts.letter + 1, -parts.weight, !parts.is_true};
}

TN_PFRAME(void, flies_many) {
    meet(self);
    for (int i = 0; i < MANY; i++) {
        tn_task(square) task = tn_spawn(square, i);
        EXPECT_EQ(tn_await(square, task), (long)i * i);
        tn_task(counts) nothing = tn_spawn(counts);
        EXPECT_EQ(tn_try_await(counts, nothing, NULL), TN_OK);
        const struct parts parts = {i, i / 4.0, i % 2 == 0};
        tn_task(turns) more = tn_spawn(turns, parts);
        const struct parts turned = tn_await(turns, more);
        EXPECT(turned.letter == i + 1 && turned.weight == -i / 4.0 && turned.is_true == i % 2);
    }
    EXPECT_EQ(begun, MANY);
    EXPECT(births(self) <= 3 * MANY + 1);
    TEST_NOTE("%d of %d became frames", births(self) - 1, 3 * MANY);
}

TEST(each_that_is_awaited_next_gives_its_own_result) {
    run_with_others(&flies_many_tn_type);
    loopback_send_all(3, 2);
    EXPECT_EQ(tn_run_with(TWO_THREADS, flies_many, NULL), TN_OK);
}

TN_PFRAME(void, awaits_what_has_come) {
    meet(self);
    for (int i = 0; i < 10; i++) {
        tn_task(square) task = tn_spawn(square, i);
        compute_until_heard(self);
        EXPECT_EQ(tn_await(square, task), (long)i * i);
    }
    // While a lane is opened or shut a worker may have to look at everything.
    EXPECT(hard_is(HARD_PARK) || births(self) <= 2);
}

TEST(one_whose_answer_has_come_before_it_is_awaited_was_no_frame) {
    run_with_others(&awaits_what_has_come_tn_type);
}

// ---- what lands it ---------------------------------------------------------------------------

TN_DFRAME(int, waits_for_leave, (int, n)) {
    begun++;
    while (!may_go) {
        os_thread_yield();
    }
    ended++;
    return n;
}

TN_PFRAME(void, spawns_another) {
    meet(self);
    tn_task(square) one = tn_spawn(square, 2);
    expect_births(self, 1, 2);
    tn_task(square) other = tn_spawn(square, 3);
    EXPECT_EQ(births(self), 3); // so many in a row are frames
    EXPECT_EQ(tn_await(square, other), 9);
    EXPECT_EQ(tn_await(square, one), 4);
}

TEST(the_next_spawn_does) {
    run_with_others(&spawns_another_tn_type);
}

TN_PFRAME(void, spawns_another_when_it_is_over) {
    meet(self);
    for (int i = 0; i < MANY; i++) {
        tn_task(square) one = tn_spawn(square, i);
        compute_until_heard(self);
        tn_task(square) other = tn_spawn(square, i + 1);
        EXPECT_EQ(tn_await(square, one), (long)i * i);
        EXPECT_EQ(tn_await(square, other), (long)(i + 1) * (i + 1));
    }
}

TEST(also_if_its_answer_has_come_before) {
    run_with_others(&spawns_another_when_it_is_over_tn_type);
}

TN_DATA(six, (int64_t, a), (int64_t, b), (int64_t, c), (int64_t, d), (int64_t, e), (int64_t, f));

TN_DFRAME(struct six, squares, (struct six, n)) {
    return (struct six){n.a * n.a, n.b * n.b, n.c * n.c, n.d * n.d, n.e * n.e, n.f * n.f};
}

// As much as a task has room for. Where it waits nothing else is written, not even when the stack
// on which it lies becomes one that could run.
TN_PFRAME(void, spawns_another_when_much_has_come) {
    meet(self);
    for (int i = 0; i < 10; i++) {
        const struct six n = {i, i + 1, i + 2, i + 3, i + 4, i + 5};
        tn_task(squares) one = tn_spawn(squares, n);
        compute_until_heard(self);
        tn_task(square) other = tn_spawn(square, i);
        const struct six all = tn_await(squares, one);
        EXPECT(all.a == n.a * n.a && all.b == n.b * n.b && all.c == n.c * n.c);
        EXPECT(all.d == n.d * n.d && all.e == n.e * n.e && all.f == n.f * n.f);
        EXPECT_EQ(tn_await(square, other), (long)i * i);
    }
}

TEST(all_of_a_long_result_lands_with_it) {
    run_with_others(&spawns_another_when_much_has_come_tn_type);
}

TN_PFRAME(void, awaits_it_for_long) {
    meet(self);
    tn_task(waits_for_leave) task = tn_spawn(waits_for_leave, 5);
    while (begun == 0) {
        os_thread_yield();
    }
    expect_births(self, 1, 2);
    EXPECT_EQ(tn_sleep(self, 0.001), TN_OK);
    EXPECT_EQ(births(self), 2);
    may_go = 1;
    EXPECT_EQ(tn_await(waits_for_leave, task), 5);
}

TEST(a_wait_does) {
    run_with_others(&awaits_it_for_long_tn_type);
}

TN_DFRAME(int, sleeps_for_a_while, (int, n)) {
    EXPECT_EQ(tn_sleep(self, 0.002), TN_OK);
    return n;
}

TN_PFRAME(void, awaits_one_that_takes_its_time) {
    meet(self);
    tn_task(sleeps_for_a_while) task = tn_spawn(sleeps_for_a_while, 6);
    expect_births(self, 1, 2);
    EXPECT_EQ(tn_await(sleeps_for_a_while, task), 6);
    EXPECT_EQ(births(self), 2);
}

TEST(its_own_await_does_if_the_answer_takes_longer_than_a_spin) {
    run_with_others(&awaits_one_that_takes_its_time_tn_type);
}

TN_PFRAME(void, gives_handles_away) {
    meet(self);
    tn_task(square) shared = tn_spawn(square, 7);
    struct tn_frame *frame = tn_share(shared);
    EXPECT_EQ(births(self), 2);
    char path[100];
    (void)tn_frame_path(frame, path, sizeof path);
    EXPECT_STR(path, "/gives_handles_away/square");
    long value = 0;
    EXPECT_EQ(tn_join(square, frame, &value), TN_OK);
    EXPECT_EQ(value, 49);
    tn_task(counts) forgotten = tn_spawn(counts);
    tn_forget(forgotten);
    EXPECT_EQ(births(self), 3);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    EXPECT_EQ(begun, 1);
}

TEST(to_give_its_handle_away_does) {
    run_with_others(&gives_handles_away_tn_type);
}

TN_PFRAME(void, waits_for_all) {
    meet(self);
    tn_task(square) task = tn_spawn(square, 8);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    EXPECT_EQ(births(self), 2);
    EXPECT_EQ(tn_await(square, task), 64);
}

TEST(to_wait_for_all_children_does) {
    run_with_others(&waits_for_all_tn_type);
}

// The deadline is not the child's, which is older.
TN_PFRAME(void, opens_a_scope) {
    struct tn_scope scope;
    meet(self);
    tn_task(waits_for_leave) task = tn_spawn(waits_for_leave, 9);
    tn_deadline_begin(self, &scope, 0.002);
    EXPECT_EQ(births(self), 2);
    EXPECT_EQ(tn_sleep(self, 1000), TN_TIMED_OUT);
    EXPECT_EQ(tn_scope_end(self, &scope), TN_TIMED_OUT);
    EXPECT_EQ(ended, 0);
    may_go = 1;
    EXPECT_EQ(tn_await(waits_for_leave, task), 9);
}

TEST(a_scope_does_whose_deadline_is_not_its_own) {
    run_with_others(&opens_a_scope_tn_type);
}
