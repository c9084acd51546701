// litmus_model.c - the explorer on programs whose outcomes are known.
//
// Invariant: an outcome that C11 allows (without load buffering) is found, and one that it forbids
// is not. Each test counts which of the outcomes were seen. Start reading at see_outcomes.
#include <stddef.h>
#include <string.h>

#include "base/atomic.h"
#include "model/model.h"
#include "os/os.h"

static _Atomic int x;
static _Atomic int y;
static int plain;
static int read_by[3];
static unsigned int outcomes; // Bit 2 * read_by[0] + read_by[1] for each that was seen.

static void set_up(void) {
    atomic_store_relaxed(&x, 0);
    atomic_store_relaxed(&y, 0);
    plain = 0;
    memset(read_by, 0, sizeof read_by);
}

static void note_outcome(void) {
    outcomes |= 1u << (2 * read_by[0] + read_by[1]);
}

// Explores twice: as always, and with a bound on preemptions that is never reached, which turns off
// the leaving out of equivalent orders. Both must see the same.
static struct model_result see_outcomes(void (*one)(void), void (*other)(void)) {
    struct model model = {.threads = 2, .setup = set_up, .thread = {one, other},
                          .finish = note_outcome, .preemptions_max = 1000};
    static struct model_result all;
    static struct model_result result;
    outcomes = 0;
    model_explore(&model, NULL, NULL, &all);
    EXPECT(all.is_complete || all.failed);
    unsigned int all_outcomes = outcomes;
    outcomes = 0;
    model.preemptions_max = 0;
    model_explore(&model, NULL, NULL, &result);
    TEST_NOTE("%llu executions stand for %llu", (unsigned long long)result.executions,
              (unsigned long long)all.executions);
    EXPECT_EQ(outcomes, all_outcomes);
    EXPECT_EQ(result.failed, all.failed);
    EXPECT_EQ(result.is_complete, all.is_complete);
    return result;
}

enum { BOTH_ZERO = 1, FIRST_ZERO = 2, SECOND_ZERO = 4, BOTH_ONE = 8 };

static void store_x_load_y(void) {
    atomic_store_relaxed(&x, 1);
    read_by[0] = atomic_load_relaxed(&y);
}

static void store_y_load_x(void) {
    atomic_store_relaxed(&y, 1);
    read_by[1] = atomic_load_relaxed(&x);
}

static void store_x_fence_load_y(void) {
    atomic_store_relaxed(&x, 1);
    atomic_fence_seq_cst(); // pairs with store_y_fence_load_x
    read_by[0] = atomic_load_relaxed(&y);
}

static void store_y_fence_load_x(void) {
    atomic_store_relaxed(&y, 1);
    atomic_fence_seq_cst(); // pairs with store_x_fence_load_y
    read_by[1] = atomic_load_relaxed(&x);
}

TEST(store_buffering_shows_both_old_values_without_fences) {
    see_outcomes(store_x_load_y, store_y_load_x);
    EXPECT_EQ(outcomes, BOTH_ZERO | FIRST_ZERO | SECOND_ZERO | BOTH_ONE);
}

TEST(one_fence_does_not_forbid_store_buffering) {
    see_outcomes(store_x_fence_load_y, store_y_load_x);
    EXPECT_EQ(outcomes, BOTH_ZERO | FIRST_ZERO | SECOND_ZERO | BOTH_ONE);
}

TEST(two_fences_forbid_store_buffering) {
    see_outcomes(store_x_fence_load_y, store_y_fence_load_x);
    EXPECT_EQ(outcomes, FIRST_ZERO | SECOND_ZERO | BOTH_ONE);
}

static void store_x_load_y_consistent(void) {
    atomic_store_seq_cst(&x, 1); // pairs with store_y_load_x_consistent
    read_by[0] = atomic_load_seq_cst(&y); // pairs with store_y_load_x_consistent
}

static void store_y_load_x_consistent(void) {
    atomic_store_seq_cst(&y, 1); // pairs with store_x_load_y_consistent
    read_by[1] = atomic_load_seq_cst(&x); // pairs with store_x_load_y_consistent
}

static void store_x_load_y_released(void) {
    atomic_store_release(&x, 1); // pairs with nothing: shows that it does not suffice
    read_by[0] = atomic_load_acquire(&y); // pairs with nothing either
}

TEST(consistent_accesses_forbid_store_buffering) {
    see_outcomes(store_x_load_y_consistent, store_y_load_x_consistent);
    EXPECT_EQ(outcomes, FIRST_ZERO | SECOND_ZERO | BOTH_ONE);
}

TEST(a_fence_works_against_consistent_accesses) {
    see_outcomes(store_x_fence_load_y, store_y_load_x_consistent);
    EXPECT_EQ(outcomes, FIRST_ZERO | SECOND_ZERO | BOTH_ONE);
}

TEST(release_and_acquire_do_not_forbid_store_buffering) {
    see_outcomes(store_x_load_y_released, store_y_load_x_consistent);
    EXPECT((outcomes & BOTH_ZERO) != 0);
}

// Message passing: x is the data, y the flag. Reads: [0] the flag, [1] the data.
static void send_relaxed(void) {
    atomic_store_relaxed(&x, 1);
    atomic_store_relaxed(&y, 1);
}

static void send_released(void) {
    atomic_store_relaxed(&x, 1);
    atomic_store_release(&y, 1); // pairs with receive_acquired
}

static void send_after_fence(void) {
    atomic_store_relaxed(&x, 1);
    atomic_fence_release(); // pairs with receive_before_fence
    atomic_store_relaxed(&y, 1);
}

static void receive_relaxed(void) {
    read_by[0] = atomic_load_relaxed(&y);
    read_by[1] = atomic_load_relaxed(&x);
}

static void receive_acquired(void) {
    read_by[0] = atomic_load_acquire(&y); // pairs with send_released
    read_by[1] = atomic_load_relaxed(&x);
}

static void receive_before_fence(void) {
    read_by[0] = atomic_load_relaxed(&y);
    atomic_fence_acquire(); // pairs with send_after_fence
    read_by[1] = atomic_load_relaxed(&x);
}

// In this litmus test the flag without the data is the outcome 1, 0.
enum { FLAG_WITHOUT_DATA = SECOND_ZERO };

TEST(a_released_message_arrives_with_its_data) {
    see_outcomes(send_released, receive_acquired);
    EXPECT_EQ(outcomes, BOTH_ZERO | FIRST_ZERO | BOTH_ONE);
}

TEST(fences_release_and_acquire_a_message_too) {
    see_outcomes(send_after_fence, receive_before_fence);
    EXPECT_EQ(outcomes, BOTH_ZERO | FIRST_ZERO | BOTH_ONE);
    see_outcomes(send_after_fence, receive_acquired);
    EXPECT_EQ(outcomes, BOTH_ZERO | FIRST_ZERO | BOTH_ONE);
}

TEST(a_relaxed_store_of_the_flag_loses_the_data) {
    see_outcomes(send_relaxed, receive_acquired);
    EXPECT((outcomes & FLAG_WITHOUT_DATA) != 0);
}

TEST(a_relaxed_load_of_the_flag_loses_the_data) {
    see_outcomes(send_released, receive_relaxed);
    EXPECT((outcomes & FLAG_WITHOUT_DATA) != 0);
    see_outcomes(send_after_fence, receive_relaxed);
    EXPECT((outcomes & FLAG_WITHOUT_DATA) != 0);
}

// Coherence: two reads of one object never go back.
static void store_x_twice(void) {
    atomic_store_relaxed(&x, 1);
    atomic_store_relaxed(&x, 2);
}

static void load_x_twice(void) {
    int first = atomic_load_relaxed(&x);
    int second = atomic_load_relaxed(&x);
    MODEL_EXPECT(second >= first);
    read_by[0] = first == 0;
    read_by[1] = second == 2;
}

TEST(one_object_is_never_seen_to_go_back) {
    struct model_result result = see_outcomes(store_x_twice, load_x_twice);
    EXPECT(!result.failed);
    EXPECT_EQ(outcomes, BOTH_ZERO | FIRST_ZERO | SECOND_ZERO | BOTH_ONE);
}

// Two increments never get lost; two loads and stores may.
static void add_to_x(void) {
    atomic_fetch_add_relaxed(&x, 1);
}

static void add_to_x_badly(void) {
    atomic_store_relaxed(&x, atomic_load_relaxed(&x) + 1);
}

static void expect_two(void) {
    MODEL_EXPECT(atomic_load_relaxed(&x) == 2);
}

TEST(a_lost_update_is_found_and_an_atomic_one_is_not_lost) {
    struct model model = {.threads = 2, .setup = set_up, .thread = {add_to_x, add_to_x},
                          .finish = expect_two};
    static struct model_result result;
    model_explore(&model, NULL, NULL, &result);
    EXPECT(result.is_complete);
    model.thread[1] = add_to_x_badly;
    model_explore(&model, NULL, NULL, &result);
    EXPECT(result.failed);
    EXPECT(strstr(result.trace, "update relaxed") != NULL);
}

// Plain data behind a flag.
static void write_plain(void) {
    plain_write(&plain, 7);
    atomic_store_release(&y, 1); // pairs with read_plain
}

static void write_plain_relaxed(void) {
    plain_write(&plain, 7);
    atomic_store_relaxed(&y, 1);
}

static void read_plain(void) {
    if (atomic_load_acquire(&y) == 1) { // pairs with write_plain
        MODEL_EXPECT(plain_read(&plain) == 7);
    }
}

TEST(a_race_between_plain_accesses_is_found) {
    struct model_result result = see_outcomes(write_plain, read_plain);
    EXPECT(!result.failed);
    result = see_outcomes(write_plain_relaxed, read_plain);
    EXPECT(result.failed && strstr(result.failure, "a race between plain accesses") != NULL);
}

// Waiting: a spinning loop ends, and a wake without a change of the word is lost.
static void spin_until_y(void) {
    while (atomic_load_acquire(&y) == 0) { // pairs with write_plain
        cpu_pause();
    }
    MODEL_EXPECT(plain_read(&plain) == 7);
}

TEST(a_waiting_loop_is_explored_to_its_end) {
    struct model_result result = see_outcomes(write_plain, spin_until_y);
    EXPECT(result.is_complete && result.executions > 0);
    result = see_outcomes(spin_until_y, read_plain);
    EXPECT(result.failed && strstr(result.failure, "no thread can go on") != NULL);
}

static _Atomic uint32_t word;

static void set_up_word(void) {
    atomic_store_relaxed(&word, 0);
}

static void wait_for_word(void) {
    while (atomic_load_relaxed(&word) == 0) {
        (void)os_wait_word(&word, 0, OS_NEVER);
    }
}

static void set_and_wake(void) {
    atomic_store_relaxed(&word, 1);
    os_wake_word(&word, 1);
}

static void wake_and_set(void) {
    os_wake_word(&word, 1);
    atomic_store_relaxed(&word, 1);
}

TEST(a_wake_before_the_change_is_found_to_be_lost) {
    struct model model = {.threads = 2, .setup = set_up_word,
                          .thread = {wait_for_word, set_and_wake}};
    static struct model_result result;
    model_explore(&model, NULL, NULL, &result);
    EXPECT(result.is_complete);
    model.thread[1] = wake_and_set;
    model_explore(&model, NULL, NULL, &result);
    EXPECT(result.failed && strstr(result.failure, "no thread can go on") != NULL);
}

// Three threads: what one saw of another's store, a third sees after both.
static void store_x(void) {
    atomic_store_relaxed(&x, 1);
}

static void pass_on(void) {
    if (atomic_load_relaxed(&x) == 1) {
        atomic_store_release(&y, 1); // pairs with receive_acquired
    }
}

TEST(what_was_seen_is_passed_on_with_a_release) {
    struct model model = {.threads = 3, .setup = set_up,
                          .thread = {store_x, pass_on, receive_acquired}, .finish = note_outcome};
    static struct model_result result;
    outcomes = 0;
    model_explore(&model, NULL, NULL, &result);
    EXPECT(result.is_complete);
    EXPECT_EQ(outcomes, BOTH_ZERO | FIRST_ZERO | BOTH_ONE);
    TEST_NOTE("%llu executions", (unsigned long long)result.executions);
}
