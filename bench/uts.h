// uts.h - the trees of the Unbalanced Tree Search benchmark: how many children a node has, and
// what they are, follows from a hash of its parent. Shared by bench/uts.c and its peers.
//
// After S. Olivier and others, "UTS: An Unbalanced Tree Search Benchmark" (LCPC 2006): a node is a
// SHA-1 digest and its depth; child i hashes its parent's digest with i; the last four bytes are
// the node's random number. The sizes of T1 and T3 are those published with it.
// Start reading at uts_children.
#ifndef BENCH_UTS_H
#define BENCH_UTS_H

#include <math.h>

#include "sha1.h"

struct uts_tree {
    const char *name;
    unsigned seed;
    int depth_max;        // above 0: geometric, of constant expectation down to this depth
    double root_children; // geometric: the expectation everywhere
    double probability;   // binomial: that a node which is not the root has `children`
    int children;
    long nodes;
};

static const struct uts_tree uts_t1 = {"T1", 19, 10, 4, 0, 0, 4130071};
static const struct uts_tree uts_t3 = {"T3", 42, 0, 2000, 0.124875, 8, 4112897};

enum { UTS_CHILDREN_MAX = 100 };

struct uts_node {
    uint8_t state[SHA1_BYTES];
    int depth;
};

static inline void uts_store(uint8_t *at, unsigned number) {
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(number >> (24 - 8 * i));
    }
}

static inline struct uts_node uts_root(const struct uts_tree *tree) {
    struct uts_node root = {.depth = 0};
    uint8_t message[SHA1_BYTES] = {0};
    uts_store(message + 16, tree->seed);
    sha1_of(message, sizeof message, root.state);
    return root;
}

static inline struct uts_node uts_child(const struct uts_node *parent, int index) {
    struct uts_node child = {.depth = parent->depth + 1};
    uint8_t message[SHA1_BYTES + 4];
    memcpy(message, parent->state, SHA1_BYTES);
    uts_store(message + SHA1_BYTES, (unsigned)index);
    sha1_of(message, sizeof message, child.state);
    return child;
}

// From 0 to 1, 1 excluded, in 31 bits.
static inline double uts_chance(const struct uts_node *node) {
    uint32_t number = 0;
    for (int i = 16; i < SHA1_BYTES; i++) {
        number = number << 8 | node->state[i];
    }
    return (number & 0x7fffffff) / 2147483648.0;
}

static inline int uts_children(const struct uts_tree *tree, const struct uts_node *node) {
    if (tree->depth_max == 0) {
        if (node->depth == 0) {
            return (int)tree->root_children;
        }
        return uts_chance(node) < tree->probability ? tree->children : 0;
    }
    const double expected = node->depth < tree->depth_max ? tree->root_children : 0;
    const double p = 1 / (1 + expected);
    const int children = (int)floor(log(1 - uts_chance(node)) / log(1 - p));
    return children < UTS_CHILDREN_MAX ? children : UTS_CHILDREN_MAX;
}

#endif
