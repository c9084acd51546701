// trim.c - giving memory back in runs of neighbours. See trim.h.
//
// Invariant: a stack that is being given back is on no list that others see. One thread at a time
// trims a store, and the marks are its own.
// Start reading at trim_store.
#include "stack/trim.h"

#include <stdbool.h>

#include "base/check.h"
#include "stack/slab.h"

const uint16_t trim_warm_max[STACK_CLASSES] = {4096, 4096, 1024, 128, 16};

// The shortest run worth a system call.
static const uint16_t run_min[STACK_CLASSES] = {16, 16, 4, 1, 1};

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

// Marks each stack of the list in its slab: sorting them would mean to visit each again and again,
// all over the memory.
static void mark(struct stack *list) {
    for (struct stack *stack = list; stack != NULL; stack = stack->next) {
        slab_mark(stack);
    }
}

static void keep(struct stack **kept, size_t *kept_count, struct stack *first, uint32_t count) {
    struct slab *slab = first->slab;
    const uint32_t slot = first->slot;
    for (uint32_t i = 0; i < count; i++) {
        struct stack *stack = slab_stack(slab, slot + i);
        stack->next = *kept;
        *kept = stack;
        (*kept_count)++;
    }
}

// One list of the store's slabs as it is now: more may come at its front meanwhile, none goes.
static struct slab *newest_slab(struct stack_set *set, struct stack_store *store) {
    os_lock_acquire(&set->lock);
    struct list_node *first = list_first(&store->slabs);
    os_lock_release(&set->lock);
    return first == NULL ? NULL : container_of(first, struct slab, in_store);
}

static struct slab *next_slab(struct stack_set *set, struct stack_store *store,
                              const struct slab *slab) {
    os_lock_acquire(&set->lock);
    struct list_node *next = slab->in_store.next;
    os_lock_release(&set->lock);
    return next == &store->slabs.head ? NULL : container_of(next, struct slab, in_store);
}

// What was kept goes below what others have released meanwhile, which is newer. The next look is
// when as many more have come: so each stack is looked at once on average.
static void put_back(struct stack_set *set, enum stack_class size_class, struct stack *kept,
                     size_t kept_count) {
    struct stack_store *store = &set->stores[size_class];
    os_lock_acquire(&set->lock);
    struct stack **link = &store->warm;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = kept;
    store->warm_count += kept_count;
    store->trim_at = 2 * store->warm_count;
    if (store->trim_at < trim_warm_max[size_class]) {
        store->trim_at = trim_warm_max[size_class];
    }
    store->is_trimming = false;
    os_lock_release(&set->lock);
}

void trim_store(struct stack_set *set, enum stack_class size_class) {
    struct stack_store *store = &set->stores[size_class];
    os_lock_acquire(&set->lock);
    const bool is_alone = !store->is_trimming;
    struct stack *list = is_alone ? cut_oldest(store, trim_warm_max[size_class] / 2) : NULL;
    store->is_trimming = true;
    os_lock_release(&set->lock);
    if (!is_alone) {
        return;
    }
    mark(list);
    struct stack *kept = NULL;
    size_t kept_count = 0;
    for (struct slab *slab = newest_slab(set, store); slab != NULL;
         slab = next_slab(set, store, slab)) {
        uint32_t count;
        for (struct stack *first; (first = slab_unmark_run(slab, &count)) != NULL;) {
            if (count >= run_min[size_class]) {
                give_back(set, store, first, count);
            } else {
                keep(&kept, &kept_count, first, count);
            }
        }
    }
    put_back(set, size_class, kept, kept_count);
}
