// That a lazy PFrame costs no memory: malloc and its kin are replaced by ones that count, and very
// many spawns with their awaits leave the counts and the resident memory where they were.
//
// Invariant: the counting functions call the C library's own, so every allocation of the program
// and of the library in it is counted. How many PFrames: 20 million, or TENON_TEST_SPAWNS (a
// thousand million takes some seconds).
// Start reading at spawn_very_many.
#include <tenon/run.h>
#include <tenon/time.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"

// The sanitizers replace these functions themselves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_COUNT 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CAN_COUNT 0
#endif
#endif
#ifndef CAN_COUNT
#define CAN_COUNT 1
#endif

#if !CAN_COUNT

TEST(allocations_are_counted_without_sanitizers) {
    TEST_SKIP("a sanitizer has replaced malloc");
}

#else

// An emulator adds some pages for what it translates; one byte for each PFrame would be thousands.
enum { BATCH = 1000, PAGES_OF_OTHERS_MAX = 64 };

static _Atomic long allocations;

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

void *malloc(size_t bytes) {
    allocations++;
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes) {
    allocations++;
    return __libc_calloc(count, bytes);
}

void *realloc(void *memory, size_t bytes) {
    allocations++;
    return __libc_realloc(memory, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    allocations++;
    return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    return memalign(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    *memory = memalign(alignment, bytes);
    return *memory == NULL ? ENOMEM : 0;
}

// Resident memory that no file is behind. Without stdio, which allocates.
static long resident_pages(void) {
    char text[128] = "";
    const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    const ssize_t bytes = read(file, text, sizeof text - 1);
    EXPECT(bytes > 0);
    close(file);
    char *at = text;
    (void)strtol(at, &at, 10); // the whole address space
    const long resident = strtol(at, &at, 10);
    return resident - strtol(at, NULL, 10);
}

static long spawns_wanted(void) {
    const char *text = getenv("TENON_TEST_SPAWNS");
    return text != NULL ? atol(text) : 20000000 / test_slowness();
}

struct growth {
    long spawns;
    long allocations;
    long pages;
};

TN_PFRAME(long, add_one, (long, to)) {
    return to + 1;
}

// Half of the awaits in the order of the spawns, half against it.
static long spawn_batch(struct tn_self *self, long sum) {
    for (int i = 0; i < BATCH; i += 4) {
        tn_task(add_one) first = tn_spawn(add_one, sum);
        tn_task(add_one) second = tn_spawn(add_one, 0);
        sum = tn_await(add_one, first) + tn_await(add_one, second);
        tn_task(add_one) third = tn_spawn(add_one, sum);
        tn_task(add_one) fourth = tn_spawn(add_one, 0);
        const long one = tn_await(add_one, fourth);
        sum = tn_await(add_one, third) + one;
    }
    return sum;
}

TN_PFRAME(struct growth, spawn_very_many, (long, wanted)) {
    long sum = spawn_batch(self, 0); // What is made once is made here.
    const long pages = resident_pages();
    const long before = allocations;
    long spawns = 0;
    for (; spawns < wanted; spawns += BATCH) {
        sum = spawn_batch(self, sum);
    }
    const struct growth growth = {spawns, allocations - before, resident_pages() - pages};
    EXPECT_EQ(sum, spawns + BATCH);
    return growth;
}

static void expect_no_growth(const struct growth *growth) {
    TEST_NOTE("%ld PFrames: %ld allocations, %ld pages more", growth->spawns, growth->allocations,
              growth->pages);
    EXPECT_EQ(growth->allocations, 0);
    EXPECT(growth->pages <= PAGES_OF_OTHERS_MAX);
}

TEST(very_many_lazy_pframes_allocate_nothing, .seconds = 60) {
    struct growth growth;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), spawn_very_many, &growth, spawns_wanted()),
              TN_OK);
    expect_no_growth(&growth);
}

// The same as a tree: each PFrame spawns two, and runs in the place of its parent.
TN_PFRAME(long, tree, (int, depth)) {
    if (depth == 0) {
        return 1;
    }
    tn_task(tree) left = tn_spawn(tree, depth - 1);
    tn_task(tree) right = tn_spawn(tree, depth - 1);
    const long of_right = tn_await(tree, right);
    return tn_await(tree, left) + of_right + 1;
}

TN_PFRAME(struct growth, spawn_trees, (long, wanted)) {
    enum { DEPTH = 16, NODES = (2 << DEPTH) - 1 };
    EXPECT_EQ(tree(self, DEPTH), NODES);
    const long pages = resident_pages();
    const long before = allocations;
    long spawns = 0;
    for (; spawns < wanted; spawns += NODES - 1) {
        EXPECT_EQ(tree(self, DEPTH), NODES);
    }
    return (struct growth){spawns, allocations - before, resident_pages() - pages};
}

TEST(very_many_lazy_pframes_of_trees_allocate_nothing, .seconds = 60) {
    const char *hard = getenv("TENON_HARD");
    if (hard != NULL && strstr(hard, "park") != NULL) {
        TEST_SKIP("awaits leave their stack, so its tasks may become frames meanwhile");
    }
    struct growth growth;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), spawn_trees, &growth, spawns_wanted()), TN_OK);
    expect_no_growth(&growth);
}

// What a thief takes becomes a frame with a stack of its own; few are taken, and what they used is
// used again.
TEST(with_a_thief_memory_does_not_grow_with_the_number_of_pframes, .seconds = 60) {
    struct growth growth;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 2), spawn_trees, &growth, spawns_wanted()), TN_OK);
    TEST_NOTE("%ld PFrames on two threads: %ld allocations, %ld pages more", growth.spawns,
              growth.allocations, growth.pages);
    EXPECT(growth.allocations <= growth.spawns / 1000);
    EXPECT(growth.pages <= 1000);
}

TN_FRAME(int, sleeper) {
    return tn_sleep(self, 0);
}

TN_FRAME(long, spawn_frames) {
    const long before = allocations;
    for (int i = 0; i < BATCH; i++) {
        tn_task(sleeper) child = tn_spawn(sleeper);
        EXPECT_EQ(tn_await(sleeper, child), TN_OK);
    }
    return allocations - before;
}

TEST(the_allocations_of_the_library_are_counted) {
    long before = allocations;
    void *volatile memory = malloc(100);
    EXPECT_EQ(allocations - before, 1);
    free(memory);
    before = allocations;
    long of_frames = 0;
    EXPECT_EQ(tn_run_with(TN_RUN(.num_threads = 1), spawn_frames, &of_frames), TN_OK);
    TEST_NOTE("%d Frames: %ld allocations; with starting the run: %ld", BATCH, of_frames,
              allocations - before);
    EXPECT(allocations - before > 0);
}

#endif
