// stream.h - stores that go past the caches, for what another thread will read.
//
// A plain store to memory that another core has read has to take each line back from there first,
// one after the other: 30 ns a line where this was measured, however early it is asked for. One
// that goes past the caches does not wait, and who reads the lines in a row finds them in time.
// Invariant: what was streamed is visible to whoever acquires what is released after stream_end.
// Start reading at stream_word.
#ifndef TENON_BASE_STREAM_H
#define TENON_BASE_STREAM_H

#include <stdint.h>

#if defined(__x86_64__) && !defined(__ILP32__)

#include <emmintrin.h>

static inline void stream_word(void *to, uint64_t word) {
    _mm_stream_si64(to, (long long)word);
}

// Before what was streamed is handed over.
static inline void stream_end(void) {
    _mm_sfence();
}

#else

static inline void stream_word(void *to, uint64_t word) {
    *(uint64_t *)to = word;
}

static inline void stream_end(void) {
}

#endif

#endif
