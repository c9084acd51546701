// heap.c - the pairing heap behind heap.h.
//
// Invariant: see heap.h. Every change is made of one operation, meld: of two roots the later one
// becomes the first child of the earlier. Start reading at heap_pop.
//
// The algorithm is the two-pass pairing heap of Fredman, Sedgewick, Sleator and Tarjan (1986).
#include "base/heap.h"

#include "base/check.h"

static bool is_before(const struct heap_node *one, const struct heap_node *other) {
    return one->key < other->key || (one->key == other->key && one->sequence < other->sequence);
}

// Both are roots (no siblings); returns the one that stays root.
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
        if (first != NULL) {
            // The siblings lie anywhere in memory: ask for the next pair while this one is melded.
            __builtin_prefetch(first->next);
        }
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

void heap_push(struct heap *heap, struct heap_node *node, uint64_t key) {
    node->key = key;
    node->sequence = heap->pushed++;
    node->child = NULL;
    node->next = NULL;
    node->prev = NULL;
    heap->size++;
    make_root(heap, heap->root == NULL ? node : meld(heap->root, node));
}

struct heap_node *heap_pop(struct heap *heap) {
    struct heap_node *node = heap->root;
    if (node != NULL) {
        make_root(heap, meld_siblings(node->child));
        node->child = NULL;
        heap->size--;
    }
    return node;
}

void heap_remove(struct heap *heap, struct heap_node *node) {
    if (node == heap->root) {
        heap_pop(heap);
        return;
    }
    ASSERT(node->prev != NULL && heap->size > 1);
    if (node->prev->child == node) {
        node->prev->child = node->next;
    } else {
        node->prev->next = node->next;
    }
    if (node->next != NULL) {
        node->next->prev = node->prev;
    }
    struct heap_node *orphans = meld_siblings(node->child);
    if (orphans != NULL) {
        make_root(heap, meld(heap->root, orphans));
    }
    node->child = NULL;
    node->next = NULL;
    node->prev = NULL;
    heap->size--;
}

// Pre-order, climbing back through prev, so that a deep heap needs no stack.
size_t heap_check(const struct heap *heap) {
    size_t count = 0;
    const struct heap_node *node = heap->root;
    while (node != NULL) {
        count++;
        const struct heap_node *child = node->child;
        for (const struct heap_node *each = child; each != NULL; each = each->next) {
            REQUIRE(is_before(node, each), "a child precedes its parent in the heap");
            REQUIRE(each->prev != NULL, "a child of the heap has lost its way up");
        }
        if (child != NULL) {
            REQUIRE(child->prev == node, "the first child does not know its parent");
            node = child;
            continue;
        }
        while (node != NULL && node->next == NULL) {
            // Back to the first sibling, whose prev is the parent (NULL at the root).
            while (node->prev != NULL && node->prev->child != node) {
                node = node->prev;
            }
            node = node->prev;
        }
        node = node == NULL ? NULL : node->next;
    }
    REQUIRE(count == heap->size, "the heap has lost count");
    return count;
}
