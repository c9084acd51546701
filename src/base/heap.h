// heap.h - an intrusive priority queue: the smallest key first, equal keys in order of insertion.
//
// A pairing heap: a node's children form a list through `next`, and `prev` of the first child is
// its parent, of every other child the sibling before it. Nothing allocates, so a push cannot fail.
//
// Invariant: no node precedes its parent in the order (key, sequence); size counts the nodes.
// A node in no heap has prev == NULL and is not the root. Start reading at heap_pop.
//
// Cost: push and first are constant, pop and remove O(log n) amortised. heap_test.c measures.
#ifndef TENON_BASE_HEAP_H
#define TENON_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    uint64_t key;
    uint64_t sequence; // Given by heap_push; breaks ties, so that equal keys stay in order.
    struct heap_node *child;
    struct heap_node *next;
    struct heap_node *prev;
};

struct heap {
    struct heap_node *root;
    uint64_t pushed; // How many nodes were ever pushed: the next sequence number.
    size_t size;
};

static inline void heap_init(struct heap *heap) {
    heap->root = NULL;
    heap->pushed = 0;
    heap->size = 0;
}

static inline bool heap_is_empty(const struct heap *heap) {
    return heap->root == NULL;
}

// The node with the smallest key, which stays in the heap; NULL when empty.
static inline struct heap_node *heap_first(const struct heap *heap) {
    return heap->root;
}

// Puts `node`, which is in no heap, in under `key`. The caller keeps it alive and unchanged until
// it is popped or removed.
void heap_push(struct heap *heap, struct heap_node *node, uint64_t key);

// Takes the first node out and returns it; NULL when empty.
struct heap_node *heap_pop(struct heap *heap);

// Takes out `node`, which must be in this heap, wherever it is.
void heap_remove(struct heap *heap, struct heap_node *node);

// Walks everything, panics where the invariant is broken, returns the number of nodes.
size_t heap_check(const struct heap *heap);

#endif
