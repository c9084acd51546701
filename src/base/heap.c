// heap.c - the two parts of heap.h: a pairing heap for the near keys, buckets for the others.
//
// Invariant: see heap.h. `base` moves up when the near part takes a bucket (refill) and down when
// too much has gathered in the near part (spill); both keep every node in the bucket that its key
// names. Start reading at heap_pop.
//
// Pairing heap: Fredman, Sedgewick, Sleator, Tarjan (1986). Radix heap: Ahuja, Mehlhorn, Orlin,
// Tarjan (1990); here a near part makes it take keys below those already popped.
#include "base/heap.h"

#include <string.h>

#include "base/bits.h"
#include "base/check.h"

enum {
    TAKE_MAX = 64,   // A bucket of at most so many goes into the near part whole.
    NEAR_MIN = 1024, // The near part grows at least to this before it spills.
};

void heap_init(struct heap *heap) {
    memset(heap, 0, sizeof *heap);
    heap->near_size_max = NEAR_MIN;
}

// ---- the near part: a pairing heap -------------------------------------------------------------

static bool is_before(const struct heap_node *one, const struct heap_node *other) {
    return one->key < other->key || (one->key == other->key && one->sequence < other->sequence);
}

// Both are roots; the later one becomes the first child of the earlier, which is returned.
static struct heap_node *meld(struct heap_node *one, struct heap_node *other) {
    struct heap_node *top = is_before(one, other) ? one : other;
    struct heap_node *below = top == one ? other : one;
    below->prev = top;
    below->next = top->child;
    if (top->child != NULL) {
        top->child->prev = below;
    }
    top->child = below;
    return top;
}

// Melds a list of siblings into one tree: in pairs from the left, then the pairs from the right.
// The pairs are kept in a stack through `next`, so there is no recursion at any size.
static struct heap_node *meld_siblings(struct heap_node *first) {
    struct heap_node *pairs = NULL;
    while (first != NULL) {
        struct heap_node *one = first;
        struct heap_node *other = one->next;
        first = other == NULL ? NULL : other->next;
        struct heap_node *pair = other == NULL ? one : meld(one, other);
        pair->next = pairs;
        pairs = pair;
    }
    struct heap_node *root = pairs;
    if (root != NULL) {
        pairs = root->next;
    }
    while (pairs != NULL) {
        struct heap_node *pair = pairs;
        pairs = pair->next;
        root = meld(root, pair);
    }
    return root;
}

static void make_root(struct heap *heap, struct heap_node *root) {
    heap->root = root;
    if (root != NULL) {
        root->prev = NULL;
        root->next = NULL;
    }
}

static void near_push(struct heap *heap, struct heap_node *node) {
    node->child = NULL;
    node->next = NULL;
    node->prev = NULL;
    heap->near_size++;
    make_root(heap, heap->root == NULL ? node : meld(heap->root, node));
}

static void near_remove(struct heap *heap, struct heap_node *node) {
    struct heap_node *orphans = meld_siblings(node->child);
    heap->near_size--;
    if (node == heap->root) {
        make_root(heap, orphans);
        return;
    }
    if (node->prev->child == node) {
        node->prev->child = node->next;
    } else {
        node->prev->next = node->next;
    }
    if (node->next != NULL) {
        node->next->prev = node->prev;
    }
    if (orphans != NULL) {
        make_root(heap, meld(heap->root, orphans));
    }
}

// ---- the buckets -------------------------------------------------------------------------------

// A node in a bucket is marked by being its own child, which no node of a tree is.
static bool is_in_bucket(const struct heap_node *node) {
    return node->child == node;
}

static struct heap_place place_of(const struct heap *heap, uint64_t key) {
    return heap_place(key, bits_log2(key ^ heap->base));
}

static void bucket_set(struct heap *heap, unsigned int group, unsigned int digit,
                       struct heap_node *ring) {
    uint64_t bit = UINT64_C(1) << digit;
    uint64_t *digits = &heap->digits[group];
    uint64_t *groups = &heap->groups[group / 64];
    heap->buckets[group][digit] = ring;
    *digits = ring == NULL ? *digits & ~bit : *digits | bit;
    bit = UINT64_C(1) << group % 64;
    *groups = *digits == 0 ? *groups & ~bit : *groups | bit;
}

// HEAP_GROUPS: there is no node in any.
static unsigned int first_group(const struct heap *heap) {
    if (heap->groups[0] != 0) {
        return bits_lowest(heap->groups[0]);
    }
    return heap->groups[1] != 0 ? 64 + bits_lowest(heap->groups[1]) : HEAP_GROUPS;
}

// The first bucket of a group that has one, emptied.
static struct heap_node *bucket_take(struct heap *heap, unsigned int group) {
    const unsigned int digit = bits_lowest(heap->digits[group]);
    struct heap_node *ring = heap->buckets[group][digit];
    bucket_set(heap, group, digit, NULL);
    return ring;
}

// Joins two rings into one.
static void splice(struct heap_node *one, struct heap_node *other) {
    struct heap_node *last = one->prev;
    one->prev = other->prev;
    other->prev->next = one;
    other->prev = last;
    last->next = other;
}

static void bucket_push(struct heap *heap, struct heap_node *node) {
    const struct heap_place place = place_of(heap, node->key);
    struct heap_node *ring = heap->buckets[place.group][place.digit];
    node->child = node;
    node->next = node;
    node->prev = node;
    if (ring == NULL) {
        bucket_set(heap, place.group, place.digit, node);
    } else {
        splice(ring, node);
    }
}

static void bucket_remove(struct heap *heap, struct heap_node *node) {
    const struct heap_place place = place_of(heap, node->key);
    if (node->next == node) {
        bucket_set(heap, place.group, place.digit, NULL);
        return;
    }
    node->prev->next = node->next;
    node->next->prev = node->prev;
    heap->buckets[place.group][place.digit] = node->next;
}

// From both ends, as sort_in.
static bool is_at_most(const struct heap_node *ring, size_t count) {
    const struct heap_node *front = ring;
    const struct heap_node *back = ring->prev;
    for (size_t seen = 2; seen <= count + 1; seen += 2) {
        if (front == back || front->next == back) {
            return true;
        }
        front = front->next;
        back = back->prev;
    }
    return false;
}

static void put(struct heap *heap, struct heap_node *node) {
    if (node->key <= heap->base) {
        near_push(heap, node);
    } else {
        bucket_push(heap, node);
    }
}

// Puts each node of a ring where it belongs now that `base` has changed. From both ends in turn:
// nodes far apart in memory are in no cache, and so the next of either end comes from there while
// the other end is looked at.
static void sort_in(struct heap *heap, struct heap_node *ring) {
    struct heap_node *ends[2] = {ring, ring->prev};
    bool is_last = false;
    for (int end = 0; !is_last; end = 1 - end) {
        struct heap_node *node = ends[end];
        is_last = ends[0] == ends[1];
        ends[end] = end == 0 ? node->next : node->prev;
        __builtin_prefetch(ends[end], 1);
        put(heap, node);
    }
}

// ---- moving between them -----------------------------------------------------------------------

// The near part is empty: it takes the first bucket, which is split first while it is large. The
// new base keeps the digits above that bucket's level, so that all other nodes stay where they are;
// the levels below are empty.
static void refill(struct heap *heap) {
    heap->near_size_max = NEAR_MIN;
    unsigned int group;
    while (heap->root == NULL && (group = first_group(heap)) != HEAP_GROUPS) {
        struct heap_node *ring = bucket_take(heap, group);
        const unsigned int shift = place_of(heap, ring->key).shift;
        const uint64_t last_of_digit = (UINT64_C(1) << shift) - 1;
        heap->base = is_at_most(ring, TAKE_MAX) ? ring->key | last_of_digit
                                                : ring->key & ~last_of_digit;
        sort_in(heap, ring);
    }
}

// Takes the near part apart into a ring of its nodes, and empties it.
static struct heap_node *take_near(struct heap *heap) {
    struct heap_node *ring = heap->root;
    struct heap_node *node = ring;
    // Each node in turn appends its children, so the list grows ahead of the walk.
    struct heap_node *last = ring;
    while (node != NULL) {
        last->next = node->child;
        while (last->next != NULL) {
            last->next->prev = last;
            last = last->next;
        }
        node = node->next;
    }
    last->next = ring;
    ring->prev = last;
    heap->root = NULL;
    heap->near_size = 0;
    return ring;
}

// Too much has gathered in the near part: `base` comes down to the first key. Nodes that differ
// from the old base only below the digit in which the new one differs now all differ in that digit.
static void spill(struct heap *heap) {
    uint64_t old = heap->base;
    uint64_t base = heap->root->key;
    if (base != old) {
        const struct heap_place place = heap_place(old, bits_log2(base ^ old));
        struct heap_node *gathered = NULL;
        unsigned int group;
        while ((group = first_group(heap)) < place.lower) {
            struct heap_node *ring = bucket_take(heap, group);
            if (gathered != NULL) {
                splice(gathered, ring);
            }
            gathered = ring;
        }
        heap->base = base;
        if (gathered != NULL) {
            ASSERT(heap->buckets[place.group][place.digit] == NULL);
            bucket_set(heap, place.group, place.digit, gathered);
        }
        sort_in(heap, take_near(heap));
    }
    // What has one and the same key cannot be spread.
    heap->near_size_max = heap->near_size * 2 > NEAR_MIN ? heap->near_size * 2 : NEAR_MIN;
}

void heap_push(struct heap *heap, struct heap_node *node, uint64_t key) {
    node->key = key;
    node->sequence = heap->pushed++;
    if (heap->root == NULL) {
        heap->base = key;
    }
    heap->size++;
    if (key > heap->base) {
        bucket_push(heap, node);
        return;
    }
    near_push(heap, node);
    if (UNLIKELY(heap->near_size > heap->near_size_max)) {
        spill(heap);
    }
}

struct heap_node *heap_pop(struct heap *heap) {
    struct heap_node *node = heap->root;
    if (node != NULL) {
        heap_remove(heap, node);
    }
    return node;
}

void heap_remove(struct heap *heap, struct heap_node *node) {
    ASSERT(heap->size > 0);
    heap->size--;
    if (is_in_bucket(node)) {
        bucket_remove(heap, node);
    } else {
        near_remove(heap, node);
        if (heap->root == NULL) {
            refill(heap);
        }
    }
    node->child = NULL;
    node->next = NULL;
    node->prev = NULL;
}
