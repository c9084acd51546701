// trim.c - giving memory back in runs of neighbours. See trim.h.
//
// Invariant: a stack that is being given back is on no list that others see.
// Start reading at trim_store.
#include "stack/trim.h"

#include <stdbool.h>

#include "base/check.h"
#include "stack/slab.h"

const uint16_t trim_warm_max[STACK_CLASSES] = {4096, 4096, 1024, 128, 16};

// The shortest run worth a system call.
static const uint16_t run_min[STACK_CLASSES] = {16, 16, 4, 1, 1};

// Two sorted lists become one.
static struct stack *merge(struct stack *a, struct stack *b) {
    struct stack *first = NULL;
    struct stack **link = &first;
    while (a != NULL && b != NULL) {
        struct stack **lower = a < b ? &a : &b;
        *link = *lower;
        link = &(*lower)->next;
        *lower = (*lower)->next;
    }
    *link = a != NULL ? a : b;
    return first;
}

// Sorts by address: lists of 1, 2, 4, … elements are merged as digits of a counter carry.
static struct stack *sort(struct stack *list) {
    enum { DIGITS = 48 };
    struct stack *digits[DIGITS] = {NULL};
    while (list != NULL) {
        struct stack *carry = list;
        list = list->next;
        carry->next = NULL;
        int i = 0;
        for (; digits[i] != NULL; i++) {
            carry = merge(digits[i], carry);
            digits[i] = NULL;
        }
        digits[i] = carry;
    }
    struct stack *sorted = NULL;
    for (int i = 0; i < DIGITS; i++) {
        sorted = merge(digits[i], sorted);
    }
    return sorted;
}

// The length of the run of neighbours that starts at `first`; *after is what follows it.
static uint32_t measure_run(struct stack *first, struct stack **after) {
    uint32_t count = 1;
    struct stack *last = first;
    while (last->next != NULL && last->next->slab == first->slab &&
           last->next->slot == first->slot + count) {
        last = last->next;
        count++;
    }
    *after = last->next;
    return count;
}

// Cuts everything but the newest `kept` off the store's warm list. The lock is held.
static struct stack *cut_oldest(struct stack_store *store, size_t kept) {
    if (store->warm_count <= kept) {
        return NULL;
    }
    struct stack **link = &store->warm;
    for (size_t i = 0; i < kept; i++) {
        link = &(*link)->next;
    }
    struct stack *oldest = *link;
    *link = NULL;
    store->warm_count = kept;
    return oldest;
}

static void give_back(struct stack_set *set, struct stack_store *store, struct stack *first,
                      uint32_t count) {
    struct slab *slab = first->slab;
    uint32_t slot = first->slot;
    slab_chill(first, count);
    os_lock_acquire(&set->lock);
    for (uint32_t i = count; i-- > 0;) {
        slab_add_cold(slab, slot + i);
    }
    store->cold_count += count;
    os_lock_release(&set->lock);
}

void trim_store(struct stack_set *set, enum stack_class size_class) {
    struct stack_store *store = &set->stores[size_class];
    os_lock_acquire(&set->lock);
    struct stack *list = cut_oldest(store, trim_warm_max[size_class] / 2);
    os_lock_release(&set->lock);

    struct stack *kept = NULL;
    size_t kept_count = 0;
    for (struct stack *first = sort(list), *after = NULL; first != NULL; first = after) {
        uint32_t count = measure_run(first, &after);
        if (count >= run_min[size_class]) {
            give_back(set, store, first, count);
            continue;
        }
        for (struct stack *next = NULL; first != after; first = next) {
            next = first->next;
            first->next = kept;
            kept = first;
            kept_count++;
        }
    }

    os_lock_acquire(&set->lock);
    struct stack **link = &store->warm; // what others released meanwhile is newer
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = kept;
    store->warm_count += kept_count;
    // Single stacks are not worth looking at again until as many more have come: so the sorting is
    // paid once per stack on average, in whatever order they end.
    store->trim_at = 2 * store->warm_count;
    if (store->trim_at < trim_warm_max[size_class]) {
        store->trim_at = trim_warm_max[size_class];
    }
    os_lock_release(&set->lock);
}
