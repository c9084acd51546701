// os_test.c - the contract of os.h, held against whichever os this build has.
//
// Invariant: nothing here knows os/linux or os/sim; threads are made by os_thread_start alone.
#include "os/os.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "context/sanitizer.h"
#include "support/test.h"

enum { THREADS = 4, ROUNDS = 2000, MS = 1000000 };

struct visit {
    struct os_thread thread;
    uint64_t id;
    void *local_at_first;
    void *local_at_last;
    int plain;
};

static void visit(void *argument) {
    struct visit *self = argument;
    self->id = os_thread_id();
    self->local_at_first = os_thread_local();
    os_thread_local_set(self);
    os_thread_yield();
    os_thread_sleep(MS);
    self->local_at_last = os_thread_local();
    self->plain++;
}

static void linger(void *argument) {
    (void)argument;
    os_thread_sleep(20 * MS);
}

TEST(threads_are_counted_while_they_live) {
    struct os_thread first, threads[2];
    // A sanitizer starts a thread of its own with the first; one that is joined is listed a little
    // longer.
    EXPECT_EQ(os_thread_start(&first, linger, NULL, "lingers"), OS_OK);
    os_thread_join(&first);
    os_thread_sleep(20 * MS);
    const int before = os_thread_count();
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(os_thread_start(&threads[i], linger, NULL, "lingers"), OS_OK);
    }
    const int between = os_thread_count();
    for (int i = 0; i < 2; i++) {
        os_thread_join(&threads[i]);
    }
    EXPECT(before >= 1);
    EXPECT_EQ(between, before + 2);
}

TEST(threads_have_their_own_ids_and_their_own_pointer) {
    struct visit visits[THREADS];
    memset(visits, 0, sizeof visits);
    os_thread_local_set(visits);
    for (int i = 0; i < THREADS; i++) {
        visits[i].plain = i;
        EXPECT_EQ(os_thread_start(&visits[i].thread, visit, &visits[i], "a visitor by name"), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        os_thread_join(&visits[i].thread);
        EXPECT(visits[i].id != 0 && visits[i].id != os_thread_id());
        EXPECT(visits[i].local_at_first == NULL && visits[i].local_at_last == &visits[i]);
        EXPECT_EQ(visits[i].plain, i + 1);
        for (int j = 0; j < i; j++) {
            EXPECT(visits[i].id != visits[j].id);
        }
    }
    EXPECT(os_thread_local() == visits);
    os_thread_local_set(NULL);
    EXPECT(os_thread_local() == NULL);
}

struct keepsake {
    struct os_keepsake keepsake;
    int dropped;
};

static void drop(struct os_keepsake *keepsake) {
    container_of(keepsake, struct keepsake, keepsake)->dropped++;
}

static void keep_two(void *argument) {
    struct keepsake *keepsakes = argument;
    EXPECT(os_thread_kept() == NULL);
    os_thread_keep(&keepsakes[0].keepsake);
    os_thread_keep(&keepsakes[1].keepsake);
    EXPECT(os_thread_kept() == &keepsakes[1].keepsake);
}

TEST(a_thread_drops_what_it_keeps_at_its_end) {
    struct keepsake keepsakes[2] = {{{drop}, 0}, {{drop}, 0}};
    struct os_thread thread;
    EXPECT_EQ(os_thread_start(&thread, keep_two, keepsakes, "keeper"), 0);
    os_thread_join(&thread);
    EXPECT_EQ(keepsakes[0].dropped, 0);
    EXPECT_EQ(keepsakes[1].dropped, 1);
    EXPECT(os_thread_kept() == NULL);
}

TEST(waiting_on_a_word_that_differs_returns_at_once) {
    _Atomic uint32_t word = 1;
    EXPECT_EQ(os_wait_word(&word, 2, OS_NEVER), OS_OK);
    os_wake_word(&word, INT_MAX);
}

TEST(waiting_ends_at_its_deadline_and_not_before) {
    _Atomic uint32_t word = 1;
    uint64_t deadline = os_now_ns() + 3 * MS;
    int code = OS_OK;
    while (code == OS_OK) {
        code = os_wait_word(&word, 1, deadline);
    }
    EXPECT_EQ(code, OS_TIMED_OUT);
    EXPECT(os_now_ns() >= deadline);
    while ((code = os_wait_word(&word, 1, 0)) == OS_OK) {
    }
    EXPECT_EQ(code, OS_TIMED_OUT);
}

struct game {
    _Atomic uint32_t turn;
    uint64_t plain;
};

static void play(struct game *game, uint32_t first) {
    for (uint32_t turn = first; turn < 2 * ROUNDS; turn += 2) {
        uint32_t now;
        // pairs with the store of the other player, below
        while ((now = atomic_load_acquire(&game->turn)) != turn) {
            EXPECT_EQ(os_wait_word(&game->turn, now, OS_NEVER), OS_OK);
        }
        game->plain++;
        atomic_store_release(&game->turn, turn + 1); // pairs with the load of the other, above
        os_wake_word(&game->turn, 1);
    }
}

static void play_second(void *game) {
    play(game, 1);
}

TEST(no_wake_after_a_change_is_lost, .seconds = 60) {
    struct game game = {.turn = 0, .plain = 0};
    struct os_thread thread;
    EXPECT_EQ(os_thread_start(&thread, play_second, &game, "second"), 0);
    play(&game, 0);
    os_thread_join(&thread);
    EXPECT_EQ(game.plain, 2 * ROUNDS);
}

struct gate {
    _Atomic uint32_t open;
    _Atomic uint32_t passed;
};

static void pass_gate(void *argument) {
    struct gate *gate = argument;
    while (atomic_load_relaxed(&gate->open) == 0) {
        (void)os_wait_word(&gate->open, 0, OS_NEVER);
    }
    atomic_fetch_add_relaxed(&gate->passed, 1);
}

TEST(one_wake_of_all_lets_every_waiter_go) {
    struct gate gate = {.open = 0, .passed = 0};
    struct os_thread threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        EXPECT_EQ(os_thread_start(&threads[i], pass_gate, &gate, "waiter"), 0);
    }
    os_thread_sleep(2 * MS);
    EXPECT_EQ(atomic_load_relaxed(&gate.passed), 0);
    atomic_store_relaxed(&gate.open, 1);
    os_wake_word(&gate.open, INT_MAX);
    for (int i = 0; i < THREADS; i++) {
        os_thread_join(&threads[i]);
    }
    EXPECT_EQ(atomic_load_relaxed(&gate.passed), THREADS);
}

struct counter {
    struct os_lock lock;
    uint64_t plain;
};

static void count_up(void *argument) {
    struct counter *counter = argument;
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 8 != 0 || !os_lock_try(&counter->lock)) {
            os_lock_acquire(&counter->lock);
        }
        uint64_t seen = counter->plain;
        if (i % 64 == 0) {
            os_thread_yield();
        }
        counter->plain = seen + 1;
        os_lock_release(&counter->lock);
    }
}

TEST(a_lock_lets_one_thread_in_at_a_time, .seconds = 60) {
    struct counter counter = {.lock = OS_LOCK_INIT, .plain = 0};
    struct os_thread threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        EXPECT_EQ(os_thread_start(&threads[i], count_up, &counter, "counter"), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        os_thread_join(&threads[i]);
    }
    EXPECT_EQ(counter.plain, (uint64_t)THREADS * ROUNDS);
    EXPECT(os_lock_try(&counter.lock));
    EXPECT(!os_lock_try(&counter.lock));
    os_lock_release(&counter.lock);
}

TEST(heap_memory_is_aligned_as_asked) {
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        unsigned char *memory = os_allocate_aligned(100, alignment);
        EXPECT(memory != NULL && (uintptr_t)memory % alignment == 0);
        memset(memory, 1, 100);
        os_free(memory);
    }
    void *memory = os_allocate(1);
    EXPECT(memory != NULL && (uintptr_t)memory % _Alignof(max_align_t) == 0);
    os_free(memory);
    os_free(NULL);
}

static bool is_zero(const unsigned char *memory, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        if (memory[i] != 0) {
            return false;
        }
    }
    return true;
}

TEST(mapped_memory_is_zero_at_first_and_after_it_was_discarded) {
    size_t page = os_page_bytes();
    unsigned char *memory = os_map(8 * page);
    EXPECT(memory != NULL && (uintptr_t)memory % page == 0);
    EXPECT(is_zero(memory, 8 * page));
    memset(memory, 1, 8 * page);
    os_discard(memory + 2 * page, 2 * page);
    EXPECT(is_zero(memory + 2 * page, 2 * page));
    EXPECT(memory[2 * page - 1] == 1 && memory[4 * page] == 1);
    os_unmap(memory, 8 * page);
}

TEST(reserving_far_more_than_there_is_costs_nothing) {
    size_t bytes = (size_t)64 << 30;
    unsigned char *memory = os_map(bytes);
    EXPECT(memory != NULL);
    memory[bytes / 2] = 1;
    os_unmap(memory, bytes);
}

// Touches the second of three pages, which is guarded.
static void touch_guard(void *forced) {
    if (forced != NULL) {
        setenv("TENON_GUARD", forced, 1);
        EXPECT(!os_guard_is_verified());
    }
    size_t page = os_page_bytes();
    unsigned char *memory = os_map(3 * page);
    EXPECT(memory != NULL);
    EXPECT_EQ(os_guard(memory + page, page), 0);
    memory[page - 1] = 1;
    memory[2 * page] = 1;
    os_discard(memory, 3 * page);
    memory[0] = 1;
    os_write_error("the neighbours are fine\n");
    *(volatile unsigned char *)(memory + 2 * page - 1) = 1;
}

TEST(a_guard_faults_and_its_neighbours_do_not) {
    if (CONTEXT_SANITIZED) {
        TEST_SKIP("the sanitizer handles the fault itself");
    }
    EXPECT_DIES(touch_guard, NULL, SIGSEGV, "the neighbours are fine");
}

TEST(a_guard_made_by_protection_faults_too) {
    if (CONTEXT_SANITIZED) {
        TEST_SKIP("the sanitizer handles the fault itself");
    }
    EXPECT_DIES(touch_guard, (void *)"mprotect", SIGSEGV, "the neighbours are fine");
}

TEST_DIES(guarding_half_a_page_is_refused, SIGABRT, "os_guard wants whole pages") {
    unsigned char *memory = os_map(os_page_bytes());
    (void)!os_guard(memory, os_page_bytes() / 2);
}

TEST(at_least_one_cpu_is_usable) {
    EXPECT(os_usable_cpus() >= 1);
}

TEST(random_bytes_fill_the_memory_and_nothing_else) {
    unsigned char bytes[66] = {0};
    int different = 0;
    os_random(bytes + 1, 64);
    for (int i = 1; i < 64; i++) {
        different += bytes[i] != bytes[i + 1];
    }
    EXPECT(different > 32);
    EXPECT(bytes[0] == 0 && bytes[65] == 0);
}

TEST(environment_variables_are_read) {
    setenv("TENON_OS_TEST", "yes", 1);
    EXPECT_STR(os_environment("TENON_OS_TEST"), "yes");
    unsetenv("TENON_OS_TEST");
    EXPECT(os_environment("TENON_OS_TEST") == NULL);
}

TEST_DIES(errors_are_written_whole_to_standard_error, TEST_EXIT(3), "of one and another part\n") {
    os_write_error("a sentence ");
    os_write_error("of one and another part\n");
    _Exit(3);
}

// ---- a barrier of all threads ----------------------------------------------------------------

static struct {
    _Atomic uint32_t round; // of the one with a barrier
    _Atomic uint32_t come;  // the round that the other has come to
    _Atomic uint32_t x, y;
    _Atomic uint32_t seen; // of x and y, by the one without
} dekker;

static void look_without_barrier(void *argument) {
    (void)argument;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        while (atomic_load_acquire(&dekker.round) != round) { // pairs with the test
            cpu_pause();
        }
        atomic_store_relaxed(&dekker.x, round);
        compiler_fence();
        atomic_store_relaxed(&dekker.seen, atomic_load_relaxed(&dekker.y));
        atomic_store_release(&dekker.come, round); // pairs with the test
    }
}

// Each stores and looks whether the other has stored: one of them sees the other.
TEST(a_barrier_of_all_threads_stands_for_one_in_each, .seconds = 60) {
    struct os_thread thread;
    EXPECT_EQ(os_thread_start(&thread, look_without_barrier, NULL, "dekker"), OS_OK);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        // pairs with look_without_barrier
        atomic_store_release(&dekker.round, round);
        for (uint32_t i = round % 64; i > 0; i--) {
            compiler_fence();
        }
        atomic_store_relaxed(&dekker.y, round);
        os_barrier_all();
        const bool has_seen = atomic_load_relaxed(&dekker.x) == round;
        while (atomic_load_acquire(&dekker.come) != round) { // pairs with look_without_barrier
            cpu_pause();
        }
        EXPECT(has_seen || atomic_load_relaxed(&dekker.seen) == round);
    }
    os_thread_join(&thread);
}
