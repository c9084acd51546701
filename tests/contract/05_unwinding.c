// Section 5 of the contract, ending: the order in which a frame goes, and its handlers.
#include "contract/holder.h"

#include <stdio.h>
#include <string.h>

LEVEL_FRAME(int, answers) {
    return 42;
}

// ---- unwinding -------------------------------------------------------------------------------

LEVEL_FRAME(void, waits_for, (struct tn_event *, event), (char, tag)) {
    begun++;
    EXPECT_EQ(tn_event_wait(self, event, NULL), TN_REMOVED);
    mark(tag);
}

static void marks_it(struct tn_self *self, void *tag) {
    (void)self;
    mark(*(const char *)tag);
}

static struct tn_event *_Atomic first_event, *_Atomic second_event;

LEVEL_FRAME(void, owns_and_cleans_up) {
    EXPECT_EQ(tn_cleanup_push(self, marks_it, "y"), TN_OK);
    EXPECT_EQ(tn_cleanup_push(self, marks_it, "z"), TN_OK);
    first_event = tn_event_create(self, "first");
    second_event = tn_event_create(self, "second");
    tn_task(holds) child = tn_spawn(holds, 'c');
    (void)tn_share(child);
    begun++;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    EXPECT_EQ(tn_event_post(second_event, NULL), TN_REMOVED);
    tn_block(0.002); // whoever was woken has the time to run, where there is a thread for it
    mark('f');
}

// else children are removed last-created first, then primitives last-created first, then the
// frame's own suspended call returns "cancelled" and its function unwinds and its cleanup handlers
// run (last registered first),
CONTRACT(children_go_first_then_what_is_owned_then_the_function_then_its_handlers) {
    tn_task(owns_and_cleans_up) task = tn_spawn(owns_and_cleans_up);
    struct tn_frame *frame = tn_share(task);
    wait_until_begun(self, 2);
    EXPECT(tn_remove(self, frame));
    EXPECT_MARKS("cfzy");
}

CONTRACT(what_a_frame_owns_is_disposed_of_last_created_first, .threads = {1}) {
    tn_task(owns_and_cleans_up) task = tn_spawn(owns_and_cleans_up);
    struct tn_frame *frame = tn_share(task);
    wait_until_begun(self, 2);
    tn_task(waits_for) one = tn_spawn(waits_for, first_event, '1');
    tn_task(waits_for) two = tn_spawn(waits_for, second_event, '2');
    (void)when_ready(self, tn_share(one));
    (void)when_ready(self, tn_share(two));
    EXPECT(tn_remove(self, frame));
    tn_await_all(self, &one, &two);
    EXPECT_MARKS("cfzy21");
}

static void sleeps_and_marks(struct tn_self *self, void *tag) {
    EXPECT_EQ(tn_sleep(self, 0.002), TN_OK);
    tn_task(answers) task = tn_spawn(answers);
    EXPECT_EQ(tn_await(answers, task), 42);
    begun = 0;
    tn_task(holds) forgotten = tn_spawn(holds, 'h'); // removed when the handler has returned
    (void)tn_share(forgotten);
    wait_until_begun(self, 1);
    mark(*(const char *)tag);
}

LEVEL_FRAME(int, cleans_up_slowly, (bool, holds)) {
    EXPECT_EQ(tn_cleanup_push(self, sleeps_and_marks, "1"), TN_OK);
    EXPECT_EQ(tn_cleanup_push(self, sleeps_and_marks, "2"), TN_OK);
    begun++;
    if (holds) {
        EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    }
    mark('f');
    return 7;
}

// awaiting allowed inside a bounded grace period,
CONTRACT(cleanup_handlers_may_wait_while_their_frame_is_removed) {
    tn_task(cleans_up_slowly) task = tn_spawn(cleans_up_slowly, true);
    struct tn_frame *frame = tn_share(task);
    wait_until_begun(self, 1);
    EXPECT(tn_remove(self, frame));
    EXPECT_MARKS("f2h1h");
}

CONTRACT(cleanup_handlers_run_at_a_normal_end_too) {
    tn_task(cleans_up_slowly) task = tn_spawn(cleans_up_slowly, false);
    EXPECT_EQ(tn_await(cleans_up_slowly, task), 7);
    EXPECT_MARKS("f2h1h");
}

// (Handlers may be taken back.)
LEVEL_FRAME(void, takes_handlers_back) {
    EXPECT_EQ(tn_cleanup_push(self, marks_it, "a"), TN_OK);
    EXPECT_EQ(tn_cleanup_push(self, marks_it, "b"), TN_OK);
    EXPECT_EQ(tn_cleanup_push(self, marks_it, "c"), TN_OK);
    tn_cleanup_pop(self, true);
    mark('.');
    tn_cleanup_pop(self, false);
    mark('.');
}

CONTRACT(handlers_may_be_taken_back_and_called) {
    tn_task(takes_handlers_back) task = tn_spawn(takes_handlers_back);
    tn_await(takes_handlers_back, task);
    EXPECT_MARKS("c..a");
}

// then it leaves the tree, its waiters wake,
LEVEL_FRAME(void, joins, (struct tn_frame *, frame)) {
    begun++;
    EXPECT_EQ(tn_wait(self, tn_of_frame(frame)), TN_REMOVED);
    EXPECT(tn_frame_has_ended(frame));
    mark('j');
}

CONTRACT(who_waits_for_a_frame_wakes_after_its_handlers) {
    tn_task(cleans_up_slowly) task = tn_spawn(cleans_up_slowly, true);
    struct tn_frame *frame = tn_share(task);
    tn_task(joins) join = tn_spawn(joins, frame);
    (void)tn_share(join);
    wait_until_begun(self, 2);
    EXPECT(tn_remove(self, frame));
    tn_await(joins, join);
    EXPECT_MARKS("f2h1hj");
}

// ---- the end of a run ------------------------------------------------------------------------

LEVEL_FRAME(void, cleans_up_and_holds, (char, tag)) {
    static const char letters[] = "abcdefghij";
    EXPECT_EQ(tn_cleanup_push(self, marks_it, (void *)(uintptr_t)strchr(letters, tag)), TN_OK);
    if (tag != 'c') {
        tn_task(cleans_up_and_holds) child = tn_spawn(cleans_up_and_holds, (char)(tag + 1));
        (void)tn_share(child);
    }
    begun++;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
}

LEVEL_FRAME(void, fails, (int, code)) {
    TN_FAIL(self, code, "as asked");
}

// When a run ends by an unhandled error, the *whole* tree is removed in the same order with its
// cleanup.
CONTRACT(an_unhandled_failure_removes_the_whole_tree_with_its_cleanup, .code = -5) {
    EXPECT_EQ(tn_cleanup_push(self, marks_it, "r"), TN_OK);
    tn_task(cleans_up_and_holds) branch = tn_spawn(cleans_up_and_holds, 'a');
    (void)tn_share(branch);
    wait_until_begun(self, 3);
    tn_task(fails) task = tn_spawn(fails, -5);
    (void)tn_try_await(fails, task, NULL);
    EXPECT_EQ(tn_sleep(self, 1), TN_CANCELLED);
    EXPECT_MARKS("cba");
}

// ---- what is left to a frame that has to end -------------------------------------------------

LEVEL_FRAME(void, never_runs) {
    mark('!');
}

LEVEL_FRAME(void, spawns_while_it_unwinds) {
    begun++;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    for (int i = 0; i < 3; i++) {
        tn_task(never_runs) task = tn_spawn(never_runs);
        tn_task(never_runs) other = tn_spawn_with(TN_OPTIONS(.name = "other"), never_runs);
        EXPECT_EQ(tn_try_await(never_runs, task, NULL), TN_CANCELLED);
        EXPECT_EQ(tn_try_await(never_runs, other, NULL), TN_CANCELLED);
    }
    mark('x');
}

// (A frame that is being removed has no more children.)
CONTRACT(what_a_removed_frame_spawns_never_runs) {
    tn_task(spawns_while_it_unwinds) task = tn_spawn(spawns_while_it_unwinds);
    struct tn_frame *frame = tn_share(task);
    wait_until_begun(self, 1);
    EXPECT(tn_remove(self, frame));
    EXPECT_MARKS("x");
}

static void fails_in_cleanup(struct tn_self *self, void *data) {
    mark('c');
    TN_FAIL(self, *(int *)data, "as asked");
}

LEVEL_FRAME(int, fails_at_its_end) {
    static int code = -9;
    EXPECT_EQ(tn_cleanup_push(self, marks_it, "d"), TN_OK);
    EXPECT_EQ(tn_cleanup_push(self, fails_in_cleanup, &code), TN_OK);
    return 5;
}

// (A failure in a cleanup handler is the frame's; the others run all the same.)
CONTRACT(a_failure_in_a_cleanup_handler_goes_up_from_the_frame, .code = -9) {
    tn_task(fails_at_its_end) task = tn_spawn(fails_at_its_end);
    const int code =
        tn_try_await(fails_at_its_end, task, NULL); // nobody absorbs: root may go first
    EXPECT(code == -9 || code == TN_CANCELLED);
    EXPECT_MARKS("cd");
}

LEVEL_FRAME(int, cleans_up_in_place, (int, depth)) {
    static const char letters[] = "abcdefgh";
    EXPECT_EQ(tn_cleanup_push(self, marks_it, (void *)(uintptr_t)&letters[depth]), TN_OK);
    if (depth == 0) {
        begun++;
        const int code = tn_hold(self);
        EXPECT_EQ(code, TN_CANCELLED);
        return code;
    }
    tn_task(cleans_up_in_place) task = tn_spawn(cleans_up_in_place, depth - 1);
    return tn_await(cleans_up_in_place, task);
}

// (Frames that run in place on the stack of their parent unwind in turn.)
CONTRACT(frames_that_await_one_another_clean_up_from_the_inside) {
    tn_task(cleans_up_in_place) task = tn_spawn(cleans_up_in_place, 3);
    struct tn_frame *frame = tn_share(task);
    wait_until_begun(self, 1);
    EXPECT(tn_remove(self, frame));
    EXPECT_MARKS("abcd");
}
