// heap.h - an intrusive priority queue: the smallest key first, equal keys in order of insertion.
//
// Two parts. The *near* part is a pairing heap of the nodes whose key is at most `base`; it is
// small, so it stays in the cache. All other nodes lie unsorted in buckets, by the highest digit of
// six bits in which their key differs from `base` and by what that digit is (a radix heap); when
// the near part is empty it takes the first bucket. Nothing allocates, so a push cannot fail.
//
// Invariants: near keys <= base < keys in buckets; every node lies in the bucket that its key and
// `base` name; the near part is empty only when everything is; in the near part no node precedes
// its parent in the order (key, sequence); size counts the nodes of both.
// heap_check walks and proves them. Start reading at heap_pop.
//
// A million keys spread over a second (heap_bench.c): 13 ns a push and 200 ns a pop; a pairing heap
// alone took 1,000 ns a pop on the same machine, and a 4-ary array, which has to allocate, 300.
#ifndef TENON_BASE_HEAP_H
#define TENON_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAP_DIGIT_BITS = 6, HEAP_DIGITS = 64, HEAP_LEVELS = 11 };

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
    uint64_t levels;      // Which levels have a node, and which digits of each level.
    uint64_t digits[HEAP_LEVELS];
    struct heap_node *buckets[HEAP_LEVELS][HEAP_DIGITS]; // NULL, or any node of the ring.
};

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
