// trim.c - giving memory back in runs of neighbours. See trim.h.
//
// Invariant: a stack that is being given back has no mark and is on no list that others see. One
// thread at a time trims a store. No stack is looked at, only its mark: of very many each lies in a
// page that is in no cache.
// Start reading at trim_store.
#include "stack/trim.h"

#include <stdbool.h>

#include "base/check.h"
#include "stack/slab.h"

const uint16_t trim_warm_max[STACK_CLASSES] = {4096, 4096, 1024, 128, 16};

// The shortest run worth a system call.
static const uint16_t run_min[STACK_CLASSES] = {16, 16, 4, 1, 1};

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

// A run of warm ones that are too many, from *slot on, taken out; NULL: there is none.
static struct stack *take_run(struct stack_set *set, enum stack_class size_class, struct slab *slab,
                              uint32_t *slot, uint32_t *count) {
    struct stack_store *store = &set->stores[size_class];
    const size_t kept = trim_warm_max[size_class] / 2;
    struct stack *first = NULL;
    os_lock_acquire(&set->lock);
    if (store->warm_count > kept) {
        const uint32_t most = (uint32_t)(store->warm_count - kept);
        first = slab_unmark_run(slab, slot, run_min[size_class], most, count);
        store->warm_count -= first == NULL ? 0 : *count;
    }
    os_lock_release(&set->lock);
    return first;
}

// The next look is when as many more have come: so each stack is looked at once on average.
static void end_trimming(struct stack_set *set, enum stack_class size_class) {
    struct stack_store *store = &set->stores[size_class];
    os_lock_acquire(&set->lock);
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
    store->is_trimming = true;
    os_lock_release(&set->lock);
    if (!is_alone) {
        return;
    }
    for (struct slab *slab = newest_slab(set, store); slab != NULL;
         slab = next_slab(set, store, slab)) {
        uint32_t slot = 0;
        uint32_t count;
        for (struct stack *first;
             (first = take_run(set, size_class, slab, &slot, &count)) != NULL;) {
            give_back(set, store, first, count);
        }
    }
    end_trimming(set, size_class);
}
