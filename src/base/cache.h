// cache.h - which fields share a cache line.
//
// Invariant: fields written by different threads stand on different lines; a structure proves it
// with CACHE_APART beside its definition. Start reading at CACHE_ALIGNED.
#ifndef TENON_BASE_CACHE_H
#define TENON_BASE_CACHE_H

#include <stddef.h>

// 64 on every x86-64 and nearly every aarch64 that runs Linux. Where a machine has larger lines
// only speed is lost, never correctness.
#define CACHE_LINE 64

// Starts a new line: put it before the first field of a group that one thread writes.
#define CACHE_ALIGNED __attribute__((aligned(CACHE_LINE)))

// Has a line come into the cache by the time that it is read, or written.
static inline void cache_fetch(const void *at) {
    __builtin_prefetch(at);
}
static inline void cache_fetch_to_write(const void *at) {
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0" ::"m"(*(const char *)at));
#else
    __builtin_prefetch(at, 1);
#endif
}

// Proves at compile time that two fields of a structure never share a line.
#define CACHE_APART(type, first, second)                                                           \
    _Static_assert(offsetof(type, first) / CACHE_LINE != offsetof(type, second) / CACHE_LINE,      \
                   #first " and " #second " of " #type " share a cache line")

#endif
