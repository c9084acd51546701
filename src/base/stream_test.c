// Streamed words are where they belong, and whoever has acquired what was released finds them.
#include "base/stream.h"

#include <pthread.h>

#include "base/atomic.h"
#include "support/test.h"

enum { WORDS = 1000, ROUNDS = 300 };

static uint64_t words[WORDS + 2];
static _Atomic int written, seen;

static uint64_t word_of(int round, int i) {
    return (uint64_t)round << 32 | (uint64_t)i;
}

static void stream_round(int round) {
    for (int i = 0; i < WORDS; i++) {
        stream_word(&words[i + 1], word_of(round, i));
    }
    stream_end();
}

static int count_wrong(int round) {
    int wrong = 0;
    for (int i = 0; i < WORDS; i++) {
        wrong += words[i + 1] != word_of(round, i);
    }
    return wrong;
}

TEST(each_streamed_word_lies_where_it_was_put) {
    stream_round(7);
    EXPECT_EQ(count_wrong(7), 0);
    EXPECT_EQ(words[0], 0);
    EXPECT_EQ(words[WORDS + 1], 0);
}

static void *stream_all(void *argument) {
    for (int round = 1; round <= ROUNDS; round++) {
        // acquire: pairs with another_thread_finds_what_was_streamed.
        while (atomic_load_acquire(&seen) != round - 1) {
            sched_yield();
        }
        stream_round(round);
        // release: pairs with another_thread_finds_what_was_streamed.
        atomic_store_release(&written, round);
    }
    return argument;
}

TEST(another_thread_finds_what_was_streamed) {
    pthread_t other;
    EXPECT_EQ(pthread_create(&other, NULL, stream_all, NULL), 0);
    for (int round = 1; round <= ROUNDS; round++) {
        // acquire: pairs with stream_all.
        while (atomic_load_acquire(&written) != round) {
            sched_yield();
        }
        EXPECT_EQ(count_wrong(round), 0);
        // release: pairs with stream_all.
        atomic_store_release(&seen, round);
    }
    pthread_join(other, NULL);
}
