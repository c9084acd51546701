// heap.h - an intrusive priority queue: the smallest key first, equal keys in order of insertion.
//
// Two parts. The *near* part is a pairing heap of the nodes whose key is at most `base`; it is
// small, so it stays in the cache. All other nodes lie unsorted in buckets, by the highest digit in
// which their key differs from `base` and by what that digit is (a radix heap); when the near part
// is empty it takes the first bucket. Nothing allocates, so a push cannot fail.
//
// A digit has six bits, but that from 17 ms to 69 s, where keys are nanoseconds, has twelve. What
// waits for seconds is taken out of memory once less then, and never all of it at one moment.
// Buckets come in groups of 64; the wide digit has 64 groups, the others one each. So the first
// bucket is the first one of the first group that has any.
//
// Invariants: near keys <= base < keys in buckets; every node lies in the bucket that its key and
// `base` name; the near part is empty only when everything is; in the near part no node precedes
// its parent in the order (key, sequence); size counts the nodes of both.
// heap_check walks and proves them. Start reading at heap_pop.
//
// A million keys spread over a second (heap_bench.c): 37 ns a push and 130 ns a pop; 250 with six
// bits for every digit and rings that were walked from one end only. On another machine, where that
// took 200, a pairing heap alone took 1,000, and a 4-ary array, which has to allocate, 300.
#ifndef TENON_BASE_HEAP_H
#define TENON_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAP_DIGIT_BITS = 6, HEAP_DIGITS = 64, HEAP_GROUPS = 4 + 64 + 5 };

struct heap_node {
    uint64_t key;
    uint64_t sequence;       // Given by heap_push; breaks ties, so that equal keys stay in order.
    struct heap_node *child; // Near: the first child. In a bucket: the node itself.
    struct heap_node *next;  // Near: the next sibling. In a bucket: a ring.
    struct heap_node *prev;  // Near: the sibling before, or the parent. In a bucket: the ring.
};

struct heap {
    struct heap_node *root; // Of the near part; the first of all.
    uint64_t base;
    uint64_t pushed; // How many nodes were ever pushed: the next sequence number.
    size_t size;
    size_t near_size;
    size_t near_size_max; // Beyond it the near part is sorted into buckets again.
    uint64_t groups[2];   // Which groups have a node, and which digits of each group.
    uint64_t digits[HEAP_GROUPS];
    struct heap_node *buckets[HEAP_GROUPS][HEAP_DIGITS]; // NULL, or any node of the ring.
};

// Where a key lies whose highest bit that differs from `base` is bit `top`.
struct heap_place {
    unsigned int shift; // Of the digit, within the key.
    unsigned int lower; // Groups before this one are those of lower digits.
    unsigned int group;
    unsigned int digit; // Within the group.
};

static inline struct heap_place heap_place(uint64_t key, unsigned int top) {
    enum { WIDE = 24, WIDE_END = 36, WIDE_FIRST = WIDE / HEAP_DIGIT_BITS };
    struct heap_place place;
    if (top >= WIDE && top < WIDE_END) {
        place.shift = WIDE;
        place.lower = WIDE_FIRST;
        place.group = WIDE_FIRST + (unsigned int)(key >> (WIDE + HEAP_DIGIT_BITS)) % HEAP_DIGITS;
    } else {
        place.shift = top / HEAP_DIGIT_BITS * HEAP_DIGIT_BITS;
        place.lower = top / HEAP_DIGIT_BITS + (top < WIDE ? 0 : HEAP_DIGITS - 2);
        place.group = place.lower;
    }
    place.digit = (unsigned int)(key >> place.shift) % HEAP_DIGITS;
    return place;
}

void heap_init(struct heap *heap);

static inline bool heap_is_empty(const struct heap *heap) {
    return heap->root == NULL;
}

// The first node, which stays in the heap; NULL when empty.
static inline struct heap_node *heap_first(const struct heap *heap) {
    return heap->root;
}

// Puts `node`, which is in no heap, in under `key`. The caller keeps it alive and unchanged until
// it is popped or removed. Constant time, amortised.
void heap_push(struct heap *heap, struct heap_node *node, uint64_t key);

// Takes the first node out and returns it; NULL when empty. O(log n), amortised.
struct heap_node *heap_pop(struct heap *heap);

// Takes out `node`, which must be in this heap, wherever it is.
void heap_remove(struct heap *heap, struct heap_node *node);

// Walks everything, panics where an invariant is broken, returns the number of nodes.
size_t heap_check(const struct heap *heap);

#endif
