// atomic_test.c - the names of atomic.h do what C11 says: values first, then two real threads.
//
// Invariant: orderings are not provable by running; tests/model explores those.
#include "base/atomic.h"

#include <pthread.h>

#include "support/test.h"

enum { ROUNDS = 20000 };

TEST(every_operation_returns_and_leaves_the_documented_value) {
    _Atomic uint32_t word = 5;
    EXPECT_EQ(atomic_load_relaxed(&word), 5);
    atomic_store_relaxed(&word, 6);
    EXPECT_EQ(atomic_exchange_relaxed(&word, 7), 6);
    EXPECT_EQ(atomic_fetch_add_relaxed(&word, 3), 7);
    EXPECT_EQ(atomic_fetch_sub_relaxed(&word, 2), 10);
    EXPECT_EQ(atomic_fetch_or_relaxed(&word, 0x10), 8);
    EXPECT_EQ(atomic_fetch_and_relaxed(&word, 0x11), 0x18);
    EXPECT_EQ(atomic_load_relaxed(&word), 0x10);
}

TEST(a_failed_exchange_tells_what_it_found) {
    _Atomic uint64_t word = UINT64_C(1) << 40;
    uint64_t expected = 1;
    EXPECT(!atomic_cas_relaxed(&word, &expected, 2));
    EXPECT(expected == UINT64_C(1) << 40);
    EXPECT(atomic_cas_relaxed(&word, &expected, 2));
    EXPECT_EQ(atomic_load_relaxed(&word), 2);
}

TEST(pointers_and_flags_are_atomic_objects_too) {
    int thing = 0;
    int *_Atomic pointer = NULL;
    _Atomic bool flag = false;
    atomic_store_relaxed(&pointer, &thing);
    EXPECT(atomic_exchange_relaxed(&pointer, NULL) == &thing);
    EXPECT(!atomic_exchange_relaxed(&flag, true));
    EXPECT(atomic_load_relaxed(&flag));
}

struct shared {
    _Atomic uint32_t turn;
    uint64_t plain;
};

// Even turns belong to the test's thread, odd ones to this.
static void *take_odd_turns(void *argument) {
    struct shared *shared = argument;
    for (uint32_t turn = 1; turn < 2 * ROUNDS; turn += 2) {
        // pairs with itself on the other thread: each hands `plain` over by its release store.
        while (atomic_load_acquire(&shared->turn) != turn) {
            cpu_pause();
            sched_yield();
        }
        shared->plain++;
        atomic_store_release(&shared->turn, turn + 1); // pairs with the test's acquire load
    }
    return NULL;
}

TEST(two_threads_hand_a_plain_variable_to_each_other, .seconds = 60) {
    struct shared shared = {.turn = 0, .plain = 0};
    pthread_t thread;
    EXPECT_EQ(pthread_create(&thread, NULL, take_odd_turns, &shared), 0);
    for (uint32_t turn = 0; turn < 2 * ROUNDS; turn += 2) {
        // pairs with take_odd_turns
        while (atomic_load_acquire(&shared.turn) != turn) {
            cpu_pause();
            sched_yield();
        }
        shared.plain++;
        atomic_store_release(&shared.turn, turn + 1); // pairs with take_odd_turns
    }
    pthread_join(thread, NULL);
    EXPECT_EQ(shared.plain, 2 * ROUNDS);
}
