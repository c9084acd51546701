// map.h - what a map consists of: map.c fills it, map_take.c empties it.
//
// Invariants: map.c. Start reading at struct tn_map.
#ifndef TENON_EXECUTOR_MAP_H
#define TENON_EXECUTOR_MAP_H

#include <tenon/map.h>

#include "base/bits.h"
#include "executor/crew.h"
#include "frame/object.h"

// There is always some work for others in a window that was given.
#define MAP_CHUNKS_IN_WINDOW 8
// And a free one is so wide that lanes seldom have to wait for who takes the results.
#define MAP_CHUNKS_AHEAD 32

struct room;

// An item of a chunk that failed.
struct oddity {
    struct oddity *next;
    size_t i;
    struct failure *failure;
};

// Items that follow one another, and what came of them.
struct chunk {
    struct chunk *later; // free, or ready
    struct chunk *left;  // left over
    size_t first;        // the number of its first item
    size_t count;
    size_t room; // how many it has room for
    size_t at;   // the next one to be run; or, taken, whose result was given last
    bool is_done;
    bool is_odd;       // not all outcomes so far are TN_OK: else there are none
    uint64_t began_ns; // when a lane took it
    struct oddity *oddities;
    struct room *rooms; // of the results, the newest first; taken, in the order of the items
    char *values;
    int *outcomes;
};

struct tn_map {
    struct object object; // first
    struct crew crew;
    const struct tn_type *type;
    struct tn_type bare; // the same without arguments: in_place.h
    unsigned line;
    struct tn_map_plan plan;
    enum crew_level level;
    enum tn_order order;
    bool is_window_fixed;
    bool is_chunk_fixed;
    size_t chunk_max;
    void *arguments; // of the first item, and zeros up to TN_PAYLOAD_BYTES
    size_t payload_bytes;
    bool is_plain_count; // the only argument is the one that counts, a word
    bool is_streamed;    // values are of a word, and go past the caches to who takes them: stream.h
    size_t stride;       // from one value to the next
    // Under the gate:
    size_t window;
    size_t chunk; // how many items the next one has
    size_t next;
    size_t started;
    struct chunk *free;
    struct chunk *ready_first;
    struct chunk *ready_last;
    struct chunk *left_over;
    int broken; // nothing is run any more: why
    // By who takes the results:
    struct chunk *taken; // NULL: none
    size_t given;
    int first_bad;
};

// Of an item that has been run.
static inline int chunk_outcome(const struct chunk *chunk, size_t i) {
    return LIKELY(!chunk->is_odd) ? TN_OK : chunk->outcomes[i];
}

extern const struct crew_kind map_kind;

// The failures and rooms of a chunk that nobody wants any more.
void chunk_empty(struct chunk *chunk);

#endif
