// Section 1 of the contract, the model: the tree, levels as freedoms, threads. What frames carry
// is in 01_model_classes.c and 01_model_locals.c.
#include "contract/contract.h"

#include <string.h>

// ---- one tree --------------------------------------------------------------------------------

static void expect_path(struct tn_self *self, const char *end) {
    char path[256];
    const size_t length = tn_frame_path(tn_this(self), path, sizeof path);
    EXPECT_EQ(length, strlen(path));
    EXPECT(length >= strlen(end));
    EXPECT_STR(path + length - strlen(end), end);
}

LEVEL_FRAME(void, grandchild) {
    expect_path(self, "tree_root/child/grandchild");
}

static void helper_that_spawns(struct tn_self *self) {
    tn_task(grandchild) task = tn_spawn(grandchild);
    tn_await(grandchild, task);
}

LEVEL_FRAME(void, child) {
    expect_path(self, "tree_root/child");
    helper_that_spawns(self);
    tn_yield(self);
    helper_that_spawns(self);
}

LEVEL_FRAME(int, tree_root) {
    expect_path(self, "/tree_root");
    tn_task(child) first = tn_spawn(child);
    tn_task(child) second = tn_spawn(child);
    tn_await(child, second);
    tn_await(child, first);
    return 1;
}

// A program is one dynamic tree of *frames* with exactly one *root*. [...] it is created by the
// frame that is current at that moment (its *parent*)
CONTRACT_OUTSIDE(the_parent_of_a_frame_is_the_one_that_was_current) {
    int answer = 0;
    EXPECT_EQ(contract_run(tree_root, &answer), TN_OK);
    EXPECT_EQ(answer, 1);
}

static _Atomic int alive;
static _Atomic int begun;

LEVEL_FRAME(void, lives_on, (int, depth)) {
    alive++;
    begun++;
    if (depth > 0) {
        tn_task(lives_on) below = tn_spawn(lives_on, depth - 1);
        tn_await(lives_on, below);
    }
    (void)tn_hold(self);
    alive--;
}

LEVEL_FRAME(void, leaves_children_behind) {
    for (int i = 0; i < 3; i++) {
        tn_task(lives_on) task = tn_spawn(lives_on, 2);
        tn_forget(task);
    }
    WAIT_UNTIL(begun == 9);
}

// [...] runs, waits, ends, and everything below it in the tree ends with it. Nothing outlives its
// parent.
CONTRACT(nothing_outlives_its_parent) {
    tn_task(leaves_children_behind) task = tn_spawn(leaves_children_behind);
    tn_await(leaves_children_behind, task);
    EXPECT_EQ(begun, 9);
    EXPECT_EQ(alive, 0);
}

// ---- levels ----------------------------------------------------------------------------------

TN_FRAME(long, bound_fib, (int, n)) {
    if (n < 2) {
        return n;
    }
    tn_task(bound_fib) left = tn_spawn(bound_fib, n - 1);
    const long right = bound_fib(self, n - 2);
    return tn_await(bound_fib, left) + right;
}

TN_PFRAME(long, free_fib, (int, n)) {
    if (n < 2) {
        return n;
    }
    tn_task(free_fib) left = tn_spawn(free_fib, n - 1);
    const long right = free_fib(self, n - 2);
    return tn_await(free_fib, left) + right;
}

// Promotion and demotion change one word in the declaration and nothing else in the program.
CONTRACT(moving_between_levels_changes_one_word) {
    tn_task(bound_fib) bound = tn_spawn(bound_fib, 12);
    tn_task(free_fib) free = tn_spawn(free_fib, 12);
    EXPECT_EQ(tn_await(free_fib, free), 144);
    EXPECT_EQ(tn_await(bound_fib, bound), 144);
}

TN_PFRAME(int, where_am_i) {
    return tn_thread_index();
}

// A higher level is a freedom given to the scheduler, never an order: a PFrame may run on its
// parent's thread
CONTRACT(a_pframe_may_run_on_its_parents_thread, .threads = {1}) {
    tn_task(where_am_i) task = tn_spawn(where_am_i);
    EXPECT_EQ(tn_await(where_am_i, task), tn_thread_index());
}

// The scheduler may move a PFrame to another thread at any await. A plain Frame never moves.
TN_FRAME(void, stays) {
    const int index = tn_thread_index();
    for (int i = 0; i < 20; i++) {
        if (i % 3 == 0) {
            tn_sleep(self, 0.0001);
        } else {
            tn_yield(self);
        }
        EXPECT_EQ(tn_thread_index(), index);
    }
}

CONTRACT(a_plain_frame_never_moves) {
    tn_task(stays) each[8];
    for (int i = 0; i < 8; i++) {
        each[i] = tn_spawn(stays);
    }
    for (int i = 0; i < 8; i++) {
        tn_await(stays, each[i]);
    }
}

// ---- threads ---------------------------------------------------------------------------------

TN_FRAME(void, is_bound_to, (int, index)) {
    EXPECT_EQ(tn_thread_index(), index);
    tn_sleep(self, 0.0005);
    EXPECT_EQ(tn_thread_index(), index);
    tn_task(stays) below = tn_spawn(stays);
    tn_await(stays, below);
    EXPECT_EQ(tn_thread_index(), index);
}

TN_PFRAME(void, makes_frames_where_it_is) {
    tn_task(is_bound_to) each[6];
    for (int i = 0; i < 6; i++) {
        each[i] = tn_spawn(is_bound_to, tn_thread_index());
        tn_yield(self); // and is on another thread, maybe
    }
    for (int i = 0; i < 6; i++) {
        tn_await(is_bound_to, each[i]);
    }
}

// A Frame created by a PFrame is bound to the thread that the PFrame was on at that moment; so one
// program can have several single-threaded parts (a user interface on one thread, a single-threaded
// database library on another).
CONTRACT(a_frame_of_a_pframe_is_bound_to_the_thread_it_was_made_on) {
    tn_task(makes_frames_where_it_is) each[4];
    for (int i = 0; i < 4; i++) {
        each[i] = tn_spawn(makes_frames_where_it_is);
    }
    for (int i = 0; i < 4; i++) {
        tn_await(makes_frames_where_it_is, each[i]);
    }
}

static _Thread_local char of_this_thread;

static __attribute__((noinline)) const void *this_thread(void) {
    return &of_this_thread;
}

LEVEL_FRAME(int, is_on, (const void *, thread)) {
    EXPECT(this_thread() == thread);
    EXPECT_EQ(tn_thread_index(), 0);
    tn_sleep(self, 0.001);
    EXPECT(this_thread() == thread);
    return 1;
}

static void run_here(void *options) {
    int answer = 0;
    EXPECT_EQ(tn_run_with((const struct tn_run_options *)options, is_on, &answer, this_thread()),
              TN_OK);
    EXPECT_EQ(answer, 1);
}

// There is no master thread: root runs on the thread that called run. (A PFrame as root may move,
// as any other.)
CONTRACT_OUTSIDE(root_runs_on_the_thread_that_called_run, .only = TN_LEVEL_FRAME) {
    run_here((void *)(uintptr_t)contract_options());
    foreign_join(foreign_start(run_here, (void *)(uintptr_t)contract_options()));
}
