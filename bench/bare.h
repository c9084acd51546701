// bare.h - what pages and memory cost of a million stacks, without Tenon: the least that
// bench_million could come to on this machine, however little everything else cost.
//
// Neither has a frame, a stack to switch to, a guard, a queue or a lock. Start reading at
// bare_sleeps_cpu_s.
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"

// As far apart as stacks of 64 KiB with their guards lie.
#define BARE_STRIDE ((size_t)68 << 10)

static double bare_cpu_s(clock_t before) {
    return (double)(clock() - before) / CLOCKS_PER_SEC;
}

static char *bare_map(size_t count) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    char *pages = mmap(NULL, count * BARE_STRIDE, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (pages == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return pages;
}

// CPU time of a page at its first touch, and when it is taken back.
static double bare_page_us(size_t count) {
    const clock_t before = clock();
    char *pages = bare_map(count);
    for (size_t i = 0; i < count; i++) {
        *(volatile char *)(pages + i * BARE_STRIDE) = 1;
    }
    (void)munmap(pages, count * BARE_STRIDE);
    return bare_cpu_s(before) / (double)count * 1e6;
}

// ---- sleeps ----------------------------------------------------------------------------------

enum { BARE_TICKS = 4096, BARE_AHEAD = 64, BARE_AT_ONCE = 32 };
#define BARE_TICK_NS UINT64_C(1000000)

// Who sleeps until one tick: numbers of pages.
struct bare_bucket {
    uint32_t *pages;
    size_t count, room;
};

struct bare {
    char *pages;
    uint32_t *free; // the one given back last is taken next
    size_t free_count, made;
    int self;
    struct bare_bucket buckets[BARE_TICKS];
};

// The cheapest way that there is to many pages: all at once.
static void bare_make(struct bare *bare) {
    struct iovec ahead[BARE_AHEAD];
    for (size_t i = 0; i < BARE_AHEAD; i++) {
        ahead[i] = (struct iovec){bare->pages + (bare->made + i) * BARE_STRIDE, 4096};
        bare->free[bare->free_count++] = (uint32_t)(bare->made + BARE_AHEAD - 1 - i);
    }
    enum { POPULATE_WRITE = 23 }; // MADV_POPULATE_WRITE; without it they come at their first touch
    (void)syscall(SYS_process_madvise, bare->self, ahead, BARE_AHEAD, POPULATE_WRITE, 0);
    bare->made += BARE_AHEAD;
}

static void bare_touch(struct bare *bare, uint32_t page) {
    ++*(volatile uint64_t *)(bare->pages + page * BARE_STRIDE);
}

static void bare_sleep(struct bare *bare, uint64_t until_ns) {
    if (bare->free_count == 0) {
        bare_make(bare);
    }
    const uint32_t page = bare->free[--bare->free_count];
    struct bare_bucket *bucket = &bare->buckets[until_ns / BARE_TICK_NS % BARE_TICKS];
    bare_touch(bare, page);
    if (bucket->count == bucket->room) {
        bucket->room = bucket->room == 0 ? 64 : 2 * bucket->room;
        bucket->pages = realloc(bucket->pages, bucket->room * sizeof *bucket->pages);
    }
    bucket->pages[bucket->count++] = page;
}

static size_t bare_wake(struct bare *bare, uint64_t tick) {
    struct bare_bucket *bucket = &bare->buckets[tick % BARE_TICKS];
    const size_t count = bucket->count;
    for (size_t i = 0; i < count; i++) {
        bare_touch(bare, bucket->pages[i]);
        bare->free[bare->free_count++] = bucket->pages[i];
    }
    bucket->count = 0;
    return count;
}

static uint64_t bare_now_ns(void) {
    return (uint64_t)(measure_now() * 1e9);
}

// CPU seconds of `count` sleeps at random of 0 to seconds_max (4 at most), one after another begun
// as quickly as that goes: each has a page while it sleeps, written when it begins and when its
// time has come, and one that was given back is used again. *at_once: how many pages there were.
static double bare_sleeps_cpu_s(size_t count, double seconds_max, size_t *at_once) {
    struct bare *bare = calloc(1, sizeof *bare);
    const clock_t before = clock();
    bare->pages = bare_map(count + BARE_AHEAD);
    bare->free = malloc((count + BARE_AHEAD) * sizeof *bare->free);
    bare->self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    uint64_t tick = bare_now_ns() / BARE_TICK_NS;
    uint32_t random = 1;
    for (size_t begun = 0, woken = 0; woken < count;) {
        for (int i = 0; i < BARE_AT_ONCE && begun < count; i++, begun++) {
            random = random * 1664525u + 1013904223u;
            const double seconds = random / 4294967296.0 * seconds_max;
            bare_sleep(bare, bare_now_ns() + (uint64_t)(seconds * 1e9));
        }
        if (begun == count && bare_now_ns() / BARE_TICK_NS == tick) {
            (void)usleep(500);
        }
        for (const uint64_t now = bare_now_ns() / BARE_TICK_NS; tick < now; tick++) {
            woken += bare_wake(bare, tick);
        }
    }
    const double cpu_s = bare_cpu_s(before);
    *at_once = bare->made;
    (void)munmap(bare->pages, (count + BARE_AHEAD) * BARE_STRIDE);
    (void)close(bare->self);
    for (int i = 0; i < BARE_TICKS; i++) {
        free(bare->buckets[i].pages);
    }
    free(bare->free);
    free(bare);
    return cpu_s;
}

#endif
