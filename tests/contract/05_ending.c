// Section 5 of the contract, ending: what ends a frame, and what becomes of its children.
#include "contract/holder.h"

#include <string.h>

// ---- what ends a frame -----------------------------------------------------------------------

LEVEL_FRAME(int, answers) {
    return 42;
}

// A frame ends when its function returns,
CONTRACT(a_frame_ends_when_its_function_returns) {
    tn_task(answers) task = tn_spawn(answers);
    struct tn_frame *frame = tn_share(task);
    int answer = 0;
    EXPECT_EQ(tn_join(answers, frame, &answer), TN_OK);
    EXPECT_EQ(answer, 42);
    EXPECT(tn_frame_has_ended(frame));
}

// when it or anyone removes it,
CONTRACT(a_frame_ends_when_anyone_removes_it) {
    struct tn_frame *frame = spawn_holder(self, 'x');
    wait_until_begun(self, 1);
    EXPECT(tn_remove(self, frame));
    EXPECT(tn_frame_has_ended(frame));
    EXPECT_EQ(tn_wait(self, tn_of_frame(frame)), TN_REMOVED);
    EXPECT_MARKS("x");
}

LEVEL_FRAME(int, removes_itself) {
    EXPECT(tn_remove(self, tn_this(self)));
    EXPECT_EQ(tn_yield(self), TN_CANCELLED);
    EXPECT_EQ(tn_sleep(self, 1), TN_CANCELLED);
    mark('x');
    return 1;
}

// (Removing itself: the call after it sees "cancelled" at once.)
CONTRACT(a_frame_that_removes_itself_is_cancelled_from_there_on) {
    tn_task(removes_itself) task = tn_spawn(removes_itself);
    EXPECT_EQ(tn_try_await(removes_itself, task, NULL), TN_REMOVED);
    EXPECT_MARKS("x");
}

LEVEL_FRAME(void, has_three_holders) {
    (void)spawn_holder(self, 'a');
    (void)spawn_holder(self, 'b');
    (void)spawn_holder(self, 'c');
    wait_until_begun(self, 3);
}

// or when its parent ends. A returning frame removes its children (FHM's rule); [...] children are
// removed last-created first.
CONTRACT(a_returning_frame_removes_its_children_last_created_first) {
    tn_task(has_three_holders) task = tn_spawn(has_three_holders);
    tn_await(has_three_holders, task);
    EXPECT_MARKS("cba");
}

// The same order where some began as tasks and some were shared later, out of turn.
TN_PFRAME(void, has_three_holders_shared_out_of_turn) {
    tn_task(holds) a = tn_spawn(holds, 'a');
    tn_task(holds) b = tn_spawn(holds, 'b');
    tn_task(holds) c = tn_spawn(holds, 'c');
    (void)tn_share(c);
    (void)tn_share(a);
    (void)tn_share(b);
    wait_until_begun(self, 3);
}

CONTRACT(the_order_of_removal_is_that_of_creation_and_not_of_sharing) {
    tn_task(has_three_holders_shared_out_of_turn) task =
        tn_spawn(has_three_holders_shared_out_of_turn);
    tn_await(has_three_holders_shared_out_of_turn, task);
    EXPECT_MARKS("cba");
}

// ---- waiting for children --------------------------------------------------------------------

LEVEL_FRAME(void, sleeps, (char, tag), (double, seconds)) {
    EXPECT_EQ(tn_sleep(self, seconds), TN_OK);
    mark(tag);
}

LEVEL_FRAME(void, has_three_sleepers, (bool, waits)) {
    tn_task(sleeps) a = tn_spawn(sleeps, 'a', 0.001);
    tn_task(sleeps) b = tn_spawn(sleeps, 'b', 0.002);
    tn_task(sleeps) c = tn_spawn(sleeps, 'c', 0.001);
    tn_forget(a);
    (void)b;
    (void)tn_share(c);
    if (waits) {
        EXPECT_EQ(tn_children_wait(self), TN_OK);
        mark('.');
    }
}

static void expect_three_then(const char *last) {
    EXPECT_EQ(strlen(marks()), 3 + strlen(last));
    EXPECT(strchr(marks(), 'a') != NULL && strchr(marks(), 'b') != NULL);
    EXPECT(strchr(marks(), 'c') != NULL);
    EXPECT_STR(marks() + 3, last);
}

// a frame that wants to wait for them says so in one call,
CONTRACT(a_frame_may_wait_for_its_children_in_one_call) {
    tn_task(has_three_sleepers) task = tn_spawn(has_three_sleepers, true);
    tn_await(has_three_sleepers, task);
    expect_three_then(".");
}

// or is declared to wait.
CONTRACT(a_frame_may_be_declared_to_wait_for_its_children) {
    tn_task(has_three_sleepers) task =
        tn_spawn_with(TN_OPTIONS(.waits_for_children = true), has_three_sleepers, false);
    tn_await(has_three_sleepers, task);
    expect_three_then("");
}

LEVEL_FRAME(void, leaves_two_holders) {
    (void)spawn_holder(self, 'a');
    (void)spawn_holder(self, 'b');
}

// (A removal cuts that wait, and removes them.)
CONTRACT(a_removal_ends_the_wait_for_children) {
    tn_task(leaves_two_holders) task =
        tn_spawn_with(TN_OPTIONS(.waits_for_children = true), leaves_two_holders);
    struct tn_frame *frame = tn_share(task);
    wait_until_begun(self, 2);
    EXPECT(!tn_frame_has_ended(frame));
    EXPECT(tn_remove(self, frame));
    EXPECT_EQ(tn_wait(self, tn_of_frame(frame)), TN_REMOVED);
    EXPECT_MARKS("ba");
}

// ---- who removes whom ------------------------------------------------------------------------

LEVEL_FRAME(void, removes_from_below, (struct tn_frame *, above)) {
    begun++;
    EXPECT(tn_remove(self, above));
    mark('b');
    EXPECT_EQ(tn_sleep(self, 1), TN_CANCELLED);
    mark('c');
}

LEVEL_FRAME(void, is_removed_from_below) {
    tn_task(removes_from_below) task = tn_spawn(removes_from_below, tn_this(self));
    EXPECT_EQ(tn_try_await(removes_from_below, task, NULL), TN_CANCELLED);
    mark('d');
}

// (A frame may remove one that it is in: it is told so at once, and ends with it.)
CONTRACT(a_frame_may_remove_one_that_it_is_in) {
    tn_task(is_removed_from_below) task = tn_spawn(is_removed_from_below);
    EXPECT_EQ(tn_try_await(is_removed_from_below, task, NULL), TN_REMOVED);
    EXPECT_MARKS("bcd");
}

LEVEL_FRAME(void, is_asked_to_go, (struct tn_frame *, other)) {
    begun++;
    EXPECT(tn_remove(self, other)); // cut short, but it goes on
    EXPECT_EQ(tn_yield(self), TN_CANCELLED);
    mark('r');
}

static void sleeps_a_little(struct tn_self *self, void *tag) {
    EXPECT_EQ(tn_sleep(self, 0.01), TN_OK);
    mark(*(const char *)tag);
}

LEVEL_FRAME(void, takes_its_time_at_the_end) {
    EXPECT_EQ(tn_cleanup_push(self, sleeps_a_little, "t"), TN_OK);
    begun++;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
}

// (A removal goes on when the one who asked for it is removed while waiting.)
CONTRACT(a_removal_goes_on_without_the_one_who_asked_for_it) {
    tn_task(takes_its_time_at_the_end) task = tn_spawn(takes_its_time_at_the_end);
    struct tn_frame *frame = tn_share(task);
    wait_until_begun(self, 1);
    tn_task(is_asked_to_go) remover = tn_spawn(is_asked_to_go, frame);
    struct tn_frame *asking = tn_share(remover);
    wait_until_begun(self, 2);
    EXPECT(tn_remove(self, asking));
    EXPECT_EQ(tn_wait(self, tn_of_frame(frame)), TN_REMOVED);
    EXPECT_MARKS("rt");
}

static struct tn_frame *_Atomic inner;

LEVEL_FRAME(void, tells_who_it_is) {
    inner = tn_this(self);
    begun++;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    mark('i');
}

LEVEL_FRAME(void, survives_its_child) {
    tn_task(tells_who_it_is) task = tn_spawn(tells_who_it_is);
    EXPECT_EQ(tn_try_await(tells_who_it_is, task, NULL), TN_REMOVED);
    EXPECT_EQ(tn_yield(self), TN_OK);
    mark('o');
}

// (Also one that runs in place on the stack of its parent, which goes on.)
CONTRACT(a_child_that_is_awaited_may_be_removed_alone) {
    tn_task(survives_its_child) task = tn_spawn(survives_its_child);
    (void)tn_share(task);
    wait_until_begun(self, 1);
    EXPECT(tn_remove(self, inner));
    tn_await(survives_its_child, task);
    EXPECT_MARKS("io");
}

// (And one whose result nobody wants.)
LEVEL_FRAME(void, waits_for_a_forgotten_one) {
    tn_task(tells_who_it_is) task = tn_spawn(tells_who_it_is);
    tn_forget(task);
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    mark('o');
}

CONTRACT(a_forgotten_child_may_be_removed) {
    tn_task(waits_for_a_forgotten_one) task = tn_spawn(waits_for_a_forgotten_one);
    (void)tn_share(task);
    wait_until_begun(self, 1);
    EXPECT(tn_remove(self, inner));
    tn_await(waits_for_a_forgotten_one, task);
    EXPECT_MARKS("io");
}
