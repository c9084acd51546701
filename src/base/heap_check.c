// heap_check.c - walks a heap and proves what heap.h promises.
//
// Invariant: changes nothing, needs no memory of its own. Start reading at heap_check.
#include "base/bits.h"
#include "base/check.h"
#include "base/heap.h"

static void check_near_node(const struct heap *heap, const struct heap_node *node) {
    REQUIRE(node->key <= heap->base, "a node of the near part lies beyond its end");
    REQUIRE(node->child == NULL || node->child->prev == node, "a child does not know its parent");
    for (const struct heap_node *each = node->child; each != NULL; each = each->next) {
        bool in_order = node->key < each->key ||
                        (node->key == each->key && node->sequence < each->sequence);
        REQUIRE(in_order, "a child precedes its parent in the heap");
        REQUIRE(each->next == NULL || each->next->prev == each, "siblings disagree");
    }
}

// The next node in pre-order, climbing back through prev, so that a deep tree needs no stack.
static const struct heap_node *next_near(const struct heap_node *node) {
    if (node->child != NULL) {
        return node->child;
    }
    while (node != NULL && node->next == NULL) {
        // Back to the first sibling, whose prev is the parent (NULL at the root).
        while (node->prev != NULL && node->prev->child != node) {
            node = node->prev;
        }
        node = node->prev;
    }
    return node == NULL ? NULL : node->next;
}

static size_t check_bucket(const struct heap *heap, unsigned int group, unsigned int digit) {
    const struct heap_node *ring = heap->buckets[group][digit];
    bool is_marked = (heap->digits[group] >> digit & 1) != 0;
    REQUIRE(is_marked == (ring != NULL), "the map of the buckets is wrong");
    size_t count = 0;
    const struct heap_node *node = ring;
    while (count == 0 ? ring != NULL : node != ring) {
        REQUIRE(node->key > heap->base, "a node in a bucket belongs into the near part");
        const struct heap_place place = heap_place(node->key, bits_log2(node->key ^ heap->base));
        REQUIRE(place.group == group && place.digit == digit, "a node is in the wrong bucket");
        REQUIRE(node->child == node && node->next->prev == node, "a ring is broken");
        node = node->next;
        count++;
    }
    return count;
}

size_t heap_check(const struct heap *heap) {
    size_t count = 0;
    for (const struct heap_node *node = heap->root; node != NULL; node = next_near(node)) {
        check_near_node(heap, node);
        count++;
    }
    REQUIRE(count == heap->near_size, "the near part has lost count");
    for (unsigned int group = 0; group < HEAP_GROUPS; group++) {
        bool is_marked = (heap->groups[group / 64] >> group % 64 & 1) != 0;
        REQUIRE(is_marked == (heap->digits[group] != 0), "the map of the groups is wrong");
        for (unsigned int digit = 0; digit < HEAP_DIGITS; digit++) {
            count += check_bucket(heap, group, digit);
        }
    }
    REQUIRE(count == heap->size, "the heap has lost count");
    REQUIRE(heap->size == 0 || heap->root != NULL, "the near part is empty before the rest");
    return count;
}
