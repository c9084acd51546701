// Section 2 of the contract, running: what a run returns, how many threads it has, who runs what.
#include "contract/contract.h"

#include <string.h>

// ---- what a run returns ----------------------------------------------------------------------

LEVEL_FRAME(long, adds, (long, a), (int, b)) {
    tn_sleep(self, 0.001);
    return a + b;
}

LEVEL_FRAME(long, fails, (int, code)) {
    TN_FAIL(self, code, "as asked");
    return 7;
}

// run(root, options) returns root's result or its error.
CONTRACT_OUTSIDE(a_run_returns_the_result_of_root_or_its_error) {
    long answer = 0;
    EXPECT_EQ(contract_run(adds, &answer, 40, 2), TN_OK);
    EXPECT_EQ(answer, 42);
    EXPECT_EQ(contract_run(fails, &answer, -5), -5);
    EXPECT_EQ(answer, 42);
    EXPECT_EQ(contract_run(adds, NULL, 1, 1), TN_OK);
}

// ---- how many threads ------------------------------------------------------------------------

// Meets `count` others of its kind, each on a thread of its own: nobody leaves before all are here.
static _Atomic int here;

TN_PFRAME(int, meets, (int, count)) {
    const int index = tn_thread_index();
    here++;
    for (int i = 0; i < 20000 && here < count; i++) {
        tn_block(0.0005);
    }
    EXPECT_EQ(here, count);
    return index;
}

// How many PFrames run at once where root is of the level under test: thread 0 takes none for a
// plain Frame, unless it is the only one.
static int threads_for_pframes(int threads) {
    return LEVEL == TN_LEVEL_FRAME && threads > 1 ? threads - 1 : threads;
}

static void expect_all_meet(struct tn_self *self, int count) {
    enum { COUNT_MAX = 64 };
    tn_task(meets) each[COUNT_MAX];
    bool seen[COUNT_MAX + 1] = {false};
    EXPECT(count <= COUNT_MAX);
    here = 0;
    for (int i = 0; i < count; i++) {
        each[i] = tn_spawn(meets, count);
    }
    for (int i = 0; i < count; i++) {
        const int index = tn_await(meets, each[i]);
        EXPECT(index >= 0 && index < tn_thread_count() && !seen[index]);
        seen[index] = true;
    }
}

LEVEL_FRAME(int, meets_on_all_threads) {
    const int threads = tn_thread_count();
    const bool has_spare = LEVEL == TN_LEVEL_FRAME;
    expect_all_meet(self, has_spare ? threads - 1 : threads);
    return threads;
}

// `num_threads` = 0 (default) means "as many as this process may use": affinity mask and cgroup CPU
// quota, the quota of every ancestor cgroup included. (That these are read as they should be is
// tested beside os/linux; here, that a run by default is as wide as one of the number that it says
// it has. A plain root has one thread more, which works while its own is idle.)
CONTRACT_OUTSIDE(by_default_a_run_uses_all_cpus_of_the_process, .threads = {1}) {
    int answer = 0;
    EXPECT_EQ(tn_run(meets_on_all_threads, &answer), TN_OK);
    EXPECT(answer >= (LEVEL == TN_LEVEL_FRAME ? 2 : 1));
}

// n = exactly n threads.
CONTRACT(a_run_of_n_has_exactly_n_threads, .threads = {1, 2, 4, 7}) {
    EXPECT_EQ(tn_thread_count(), contract_threads());
    expect_all_meet(self, threads_for_pframes(contract_threads()));
}

TN_PFRAME(int, index_of_pframe) {
    tn_sleep(self, 0.0001);
    return tn_thread_index();
}

// 1 = no other thread is ever started, and PFrames and DFrames run on thread 0.
CONTRACT(with_one_thread_pframes_run_on_thread_0, .threads = {1}) {
    tn_task(index_of_pframe) each[10];
    for (int i = 0; i < 10; i++) {
        each[i] = tn_spawn(index_of_pframe);
    }
    EXPECT_EQ(tn_thread_count(), 1);
    for (int i = 0; i < 10; i++) {
        EXPECT_EQ(tn_await(index_of_pframe, each[i]), 0);
    }
}

LEVEL_FRAME(void, index_is_in_range) {
    for (int i = 0; i < 5; i++) {
        EXPECT(tn_thread_index() >= 0 && tn_thread_index() < contract_threads());
        tn_sleep(self, 0.0001);
    }
}

LEVEL_FRAME(void, indices_are_in_range) {
    tn_task(index_is_in_range) each[8];
    for (int i = 0; i < 8; i++) {
        each[i] = tn_spawn(index_is_in_range);
    }
    for (int i = 0; i < 8; i++) {
        tn_await(index_is_in_range, each[i]);
    }
}

static void index_is_none(void *argument) {
    (void)argument;
    EXPECT_EQ(tn_thread_index(), -1);
    EXPECT_EQ(tn_thread_count(), 0);
}

// Asking for the current thread's index gives 0..n-1 inside a run, and "none" outside.
CONTRACT_OUTSIDE(the_thread_index_is_below_n_inside_a_run_and_none_outside) {
    index_is_none(NULL);
    EXPECT_EQ(contract_run(indices_are_in_range, NULL), TN_OK);
    index_is_none(NULL);
    foreign_join(foreign_start(index_is_none, NULL));
}

// ---- runs in, beside and after runs ----------------------------------------------------------

// A second run on a thread that is already running one is refused;
CONTRACT(a_run_inside_of_a_run_is_refused) {
    long answer = 5;
    EXPECT_EQ(contract_run(adds, &answer, 1, 2), TN_RUNNING);
    EXPECT_EQ(answer, 5);
}

static void runs_on_its_own(void *argument) {
    const struct tn_run_options *options = argument;
    for (int i = 0; i < 3; i++) {
        long answer = 0;
        EXPECT_EQ(tn_run_with(options, adds, &answer, 100, i), TN_OK);
        EXPECT_EQ(answer, 100 + i);
        EXPECT_EQ(tn_run_with(options, indices_are_in_range, NULL), TN_OK);
    }
}

// two runs on two OS threads work side by side;
CONTRACT_OUTSIDE(two_threads_may_each_have_a_run) {
    struct foreign *foreign = foreign_start(runs_on_its_own, (void *)(uintptr_t)contract_options());
    runs_on_its_own((void *)(uintptr_t)contract_options());
    foreign_join(foreign);
}

// the same loop can be run again, also after an error.
CONTRACT_OUTSIDE(a_thread_may_run_again_also_after_an_error) {
    for (int i = 1; i <= 4; i++) {
        long answer = 0;
        EXPECT_EQ(contract_run(fails, &answer, -i), -i);
        EXPECT_EQ(answer, 0);
        EXPECT_EQ(contract_run(adds, &answer, i, i), TN_OK);
        EXPECT_EQ(answer, 2 * i);
    }
}

// ---- the end of a run ------------------------------------------------------------------------

static _Atomic int begun;
static _Atomic int unwound;

LEVEL_FRAME(void, runs_until_removed) {
    begun++;
    EXPECT_EQ(tn_hold(self), TN_CANCELLED);
    unwound++;
}

LEVEL_FRAME(void, never_starts) {
    mark('!');
}

LEVEL_FRAME(void, leaves_frames_behind) {
    tn_task(runs_until_removed) each[3];
    for (int i = 0; i < 3; i++) {
        each[i] = tn_spawn(runs_until_removed);
        (void)tn_share(each[i]); // so that it starts by itself, also on one thread
    }
    WAIT_UNTIL(begun == 3);
    // Whether it starts is only certain where it needs our thread.
    if (LEVEL == TN_LEVEL_FRAME || contract_threads() == 1) {
        tn_task(never_starts) late = tn_spawn(never_starts);
        (void)late;
    }
}

// When root ends, queued frames that never started are discarded, running ones are cancelled, and
// run returns after every frame below root has been removed and every worker joined.
CONTRACT_OUTSIDE(when_root_ends_nothing_below_it_is_left) {
    EXPECT_EQ(contract_run(leaves_frames_behind, NULL), TN_OK);
    EXPECT_EQ(begun, 3);
    EXPECT_EQ(unwound, 3);
    EXPECT_MARKS("");
    index_is_none(NULL);
}

TN_PFRAME(void, blocks, (double, seconds)) {
    begun++;
    tn_block(seconds);
    unwound++;
}

LEVEL_FRAME(void, ends_beside_a_blocker) {
    tn_task(blocks) child = tn_spawn(blocks, contract_seconds(1));
    (void)tn_share(child);
    WAIT_UNTIL(begun == 1);
}

// A blocking call in a PFrame is not interrupted unless the frame asked for that (see 6), and then
// delays the return.
CONTRACT_OUTSIDE(a_blocking_call_delays_the_return_of_a_run, .threads = {2, 4}) {
    const double start = tn_now();
    EXPECT_EQ(contract_run(ends_beside_a_blocker, NULL), TN_OK);
    EXPECT_EQ(unwound, 1);
    EXPECT_PASSED(start, contract_seconds(1));
}

// ---- which thread takes what -----------------------------------------------------------------

TN_PFRAME(int, blocks_and_tells, (double, seconds)) {
    const int index = tn_thread_index();
    tn_block(seconds);
    return index;
}

// Which thread takes what: with an explicit n and a plain-Frame root, thread 0 stays free for its
// Frames and takes no PFrame while it waits;
CONTRACT(thread_0_takes_no_pframe_below_a_plain_root, .only = TN_LEVEL_FRAME, .threads = {2, 4}) {
    tn_task(blocks_and_tells) each[12];
    const double start = tn_now();
    for (int i = 0; i < 12; i++) {
        each[i] = tn_spawn(blocks_and_tells, contract_seconds(0.1));
    }
    tn_sleep(self, contract_seconds(0.15)); // beside them, undisturbed
    EXPECT_PASSED(start, contract_seconds(0.15));
    for (int i = 0; i < 12; i++) {
        EXPECT(tn_await(blocks_and_tells, each[i]) > 0);
    }
}

TN_PFRAME(int, takes_its_thread, (char, letter)) {
    mark(letter);
    mark((char)('0' + tn_thread_index()));
    tn_block(contract_seconds(0.5));
    return 0;
}

// the oldest queued PFrame goes to the lowest-numbered idle worker.
CONTRACT(the_oldest_pframe_goes_to_the_lowest_idle_thread, .only = TN_LEVEL_FRAME,
         .threads = {2, 4}) {
    for (char letter = 'a'; letter < 'a' + contract_threads() - 1; letter++) {
        tn_task(takes_its_thread) child = tn_spawn(takes_its_thread, letter);
        tn_forget(child);
        tn_sleep(self, contract_seconds(0.1));
    }
    (void)tn_children_wait(self);
    EXPECT_MARKS(contract_threads() == 2 ? "a1" : "a1b2c3");
}

TN_PFRAME(int, blocks_briefly) {
    begun++;
    tn_block(contract_seconds(0.2));
    return 0;
}

TN_FRAME(void, lends_its_core) {
    const int cores = tn_thread_count() - 1;
    EXPECT(cores >= 1 && cores <= 64);
    tn_task(blocks_briefly) each[64];
    for (int i = 0; i < cores; i++) {
        each[i] = tn_spawn(blocks_briefly);
    }
    tn_sleep(self, contract_seconds(0.1)); // root's Frames all wait
    EXPECT_EQ(begun, cores);
    for (int i = 0; i < cores; i++) {
        tn_await(blocks_briefly, each[i]);
    }
}

// With the default n, no core idles while PFrames wait: a thread whose Frames are all waiting lends
// its core to a spare worker.
CONTRACT_OUTSIDE(by_default_no_core_idles_while_pframes_wait, .only = TN_LEVEL_FRAME,
                 .threads = {1}) {
    EXPECT_EQ(tn_run(lends_its_core, NULL), TN_OK);
}

// When root is a PFrame, every thread works.
CONTRACT(below_a_pframe_every_thread_works, .only = TN_LEVEL_PFRAME) {
    expect_all_meet(self, contract_threads());
}

// ---- the documented outputs ------------------------------------------------------------------

static char letters[10];
static char digits[10];
static _Atomic int printed;

static int counts(int number) {
    tn_block(contract_seconds(0.1) * number);
    for (int i = 0; i < 3; i++) {
        tn_block(contract_seconds(0.3));
        const int at = printed++;
        letters[at] = (char)('a' + number);
        digits[at] = (char)('0' + tn_thread_index());
    }
    return 0;
}

LEVEL_FRAME(int, counter, (int, number)) {
    return counts(number);
}

TN_FRAME(void, three_counters) {
    for (int i = 0; i < 3; i++) {
        tn_task(counter) child = tn_spawn(counter, i);
        tn_forget(child);
    }
    EXPECT_EQ(tn_children_wait(self), TN_OK);
}

// Counter i first blocks 0.1 s times i, then three times blocks 0.3 s and prints. As Frames:
// letters `aaabbbccc`, thread digits `000000000`. As PFrames with n=4: `abcabcabc` and `123123123`;
// with n=3: `abababccc` and `121212111`; with n=1: `aaabbbccc` and `000000000`. Every run prints
// exactly these.
CONTRACT_OUTSIDE(three_blocking_counters_print_what_is_documented, .threads = {1, 3, 4}) {
    const bool in_turn = LEVEL == TN_LEVEL_FRAME || contract_threads() == 1;
    const bool all_at_once = contract_threads() == 4;
    EXPECT_EQ(contract_run(three_counters, NULL), TN_OK);
    EXPECT_STR(letters, in_turn ? "aaabbbccc" : all_at_once ? "abcabcabc" : "abababccc");
    EXPECT_STR(digits, in_turn ? "000000000" : all_at_once ? "123123123" : "121212111");
}

// ---- timers and many frames ------------------------------------------------------------------

LEVEL_FRAME(void, sleeps, (double, seconds)) {
    const double start = tn_now();
    EXPECT_EQ(tn_sleep(self, seconds), TN_OK);
    EXPECT_PASSED(start, seconds);
}

// A timer never waits behind a busy worker. A worker that is inside a blocking call is not "idle".
CONTRACT(a_timer_does_not_wait_behind_a_busy_worker, .threads = {2, 4}) {
    const int free_threads = threads_for_pframes(contract_threads()) - (LEVEL == TN_LEVEL_PFRAME);
    tn_task(blocks) each[4];
    for (int i = 0; i < free_threads; i++) {
        each[i] = tn_spawn(blocks, contract_seconds(1));
        (void)tn_share(each[i]);
    }
    tn_task(sleeps) sleeper = tn_spawn(sleeps, contract_seconds(0.1));
    tn_await(sleeps, sleeper);
    sleeper = tn_spawn(sleeps, contract_seconds(0.1));
    tn_await(sleeps, sleeper);
    EXPECT_EQ(unwound, 0);
}

TN_PFRAME(void, blocks_a_moment) {
    tn_block(0.00001);
    begun++;
}

// The time to start as many as that, waiting for none.
static double start_many(struct tn_self *self, int count) {
    const double start = tn_now();
    for (int i = 0; i < count; i++) {
        tn_task(blocks_a_moment) child = tn_spawn(blocks_a_moment);
        tn_forget(child);
    }
    return tn_now() - start;
}

// Programs that start 10,000 blocking PFrames, or many frames per second, do not slow down with the
// number alive: starting a frame is O(1).
CONTRACT(starting_a_frame_takes_as_long_however_many_are_alive, .seconds = 30) {
    const int count = is_simulated() ? 60 : 5000;
    const double first = start_many(self, count);
    const double second = start_many(self, count);
    EXPECT(second < 20 * first + 0.05 * test_slowness());
    EXPECT_EQ(tn_children_wait(self), TN_OK);
    EXPECT_EQ(begun, 2 * count);
}
