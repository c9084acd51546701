// Plain Frames that nobody has started yet: they are called where they are awaited when it is their
// turn, and start on a stack of their own, in the order of creation, otherwise.
#include <string.h>

#include <tenon.h>

#include "support/test.h"

static char trace[64];
static size_t length;

static void note(char letter) {
    if (length + 1 < sizeof trace) {
        trace[length++] = letter;
        trace[length] = '\0';
    }
}

#define EXPECT_TRACE(expected)                                                                     \
    do {                                                                                           \
        EXPECT_STR(trace, expected);                                                               \
        length = 0;                                                                                \
        trace[0] = '\0';                                                                           \
    } while (0)

TN_FRAME(char, notes, (char, letter)) {
    note(letter);
    return letter;
}

TN_FRAME(char, notes_twice, (char, letter)) {
    note(letter);
    tn_yield(self);
    note(letter);
    return letter;
}

TN_FRAME(void, awaits_the_newest_first) {
    tn_task(notes) a = tn_spawn(notes, 'a'), b = tn_spawn(notes, 'b'), c = tn_spawn(notes, 'c');
    EXPECT_EQ(tn_await(notes, c), 'c');
    EXPECT_TRACE("abc");
    EXPECT_EQ(tn_await(notes, a), 'a');
    EXPECT_EQ(tn_await(notes, b), 'b');
    EXPECT_TRACE("");
}

TEST(whichever_is_awaited_first_frames_start_in_the_order_of_creation) {
    EXPECT_EQ(tn_run(awaits_the_newest_first, NULL), TN_OK);
}

TN_FRAME(void, awaits_the_oldest_first) {
    tn_task(notes_twice) a = tn_spawn(notes_twice, 'a'), b = tn_spawn(notes_twice, 'b');
    EXPECT_TRACE("");
    EXPECT_EQ(tn_await(notes_twice, a), 'a'); // called here; when it waits, b starts
    EXPECT_EQ(tn_await(notes_twice, b), 'b');
    EXPECT_TRACE("abab");
}

TEST(what_is_called_in_place_lets_its_siblings_start_when_it_waits) {
    EXPECT_EQ(tn_run(awaits_the_oldest_first, NULL), TN_OK);
}

TN_FRAME(void, listens, (struct tn_event *, event)) {
    EXPECT_EQ(tn_event_wait(self, event, NULL), TN_OK);
    note('l');
}

TN_FRAME(void, posts_before_it_spawns) {
    struct tn_event *event = tn_event_create(self, "event");
    tn_task(listens) listener = tn_spawn(listens, event);
    tn_yield(self);
    EXPECT_EQ(tn_event_post(event, NULL), TN_OK);
    tn_task(notes_twice) a = tn_spawn(notes_twice, 'a');
    (void)tn_await(notes_twice, a);
    EXPECT_TRACE("ala"); // the post was queued first, the listener was ready when it arrived
    tn_await(listens, listener);
}

TEST(a_frame_is_not_called_before_what_the_thread_was_to_run_already) {
    EXPECT_EQ(tn_run(posts_before_it_spawns, NULL), TN_OK);
}

TN_FRAME(void, gives_handles_away) {
    tn_task(notes) a = tn_spawn(notes, 'a'), b = tn_spawn(notes, 'b'), c = tn_spawn(notes, 'c');
    tn_task(notes) d = tn_spawn(notes, 'd');
    struct tn_frame *shared = tn_share(b);
    tn_forget(c);
    EXPECT_EQ(tn_await(notes, d), 'd');
    EXPECT_TRACE("abcd");
    EXPECT(tn_frame_has_ended(shared));
    EXPECT_EQ(tn_await(notes, a), 'a');
    EXPECT_EQ(tn_await(notes, b), 'b');
}

TEST(a_handle_that_is_given_away_changes_no_order) {
    EXPECT_EQ(tn_run(gives_handles_away, NULL), TN_OK);
}

TN_FRAME(long, goes_down, (long, depth)) {
    volatile char room[512];
    room[0] = (char)depth;
    if (depth == 0) {
        return room[0];
    }
    tn_task(goes_down) below = tn_spawn(goes_down, depth - 1);
    return tn_await(goes_down, below) + 1 + 0 * room[0];
}

TEST(a_recursion_of_plain_frames_goes_on_where_a_stack_ends) {
    long depth = 0;
    EXPECT_EQ(tn_run(goes_down, &depth, 3000), TN_OK);
    EXPECT_EQ(depth, 3000);
}

static bool is_over;

TN_FRAME(void, ends_it, (double, seconds)) {
    tn_sleep(self, seconds);
    is_over = true;
}

TN_FRAME(long, counts_calls) {
    tn_task(ends_it) timer = tn_spawn(ends_it, 0.01);
    long calls = 0;
    while (!is_over && calls < 100000000) {
        tn_task(notes) child = tn_spawn(notes, '.');
        (void)tn_await(notes, child);
        calls++;
    }
    tn_await(ends_it, timer);
    return calls;
}

TEST(calls_in_place_do_not_keep_timers_from_firing) {
    for (int n = 1; n <= 2; n++) {
        long calls = 0;
        is_over = false;
        EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = n), counts_calls, &calls), TN_OK);
        EXPECT(is_over && calls > 0 && calls < 100000000);
    }
}

TN_FRAME(void, leaves_children_behind, (int, way)) {
    tn_task(notes) a = tn_spawn(notes, 'x'), b = tn_spawn(notes, 'y');
    if (way == 1) {
        EXPECT(tn_share(b) != NULL);
    }
    (void)a;
}

TN_FRAME(void, has_many_who_leave) {
    for (int way = 0; way < 2; way++) {
        for (int i = 0; i < 300; i++) {
            tn_task(leaves_children_behind) child = tn_spawn(leaves_children_behind, way);
            tn_forget(child);
        }
        EXPECT_EQ(tn_children_wait(self), TN_OK);
    }
    EXPECT_TRACE("");
}

TEST(who_returns_first_has_children_that_never_run) {
    EXPECT_EQ(tn_run(has_many_who_leave, NULL), TN_OK);
}

TN_FRAME(char, dies, (int, code)) {
    TN_FAIL(self, code, "as asked");
    return 'd';
}

TN_FRAME(void, hears_of_failures) {
    tn_task(dies) child = tn_spawn(dies, -7);
    char value = 'v';
    EXPECT_EQ(tn_try_await(dies, child, &value), -7);
    EXPECT_EQ(value, 'v');
}

TEST(what_fails_in_place_has_its_own_outcome) {
    EXPECT_EQ(tn_run(hears_of_failures, NULL), -7);
}
