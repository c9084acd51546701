// measure.c - how much of a stack was used, and whether the set's books are right. See stack.h.
//
// Invariant: nothing here changes a stack's contents but stack_forget.
// Start reading at stack_touched_bytes.
#include "base/check.h"
#include "context/sanitizer.h"
#include "stack/slab.h"
#include "stack/stack.h"

// The memory of calls that are over; a sanitizer has marked parts of it.
SANITIZER_BLIND size_t stack_touched_bytes(const struct stack *stack) {
    size_t untouched = os_untouched_bytes(stack->low, stack->bytes);
    const char *top = (const char *)stack;
    const uint64_t *word = (const uint64_t *)(const void *)(stack->low + untouched);
    while ((const char *)word < top && *word == 0) {
        word++;
    }
    return (size_t)(top - (const char *)word);
}

// Volatile, or it would become a call of memset, which sanitizers watch.
SANITIZER_BLIND static void clear(volatile char *from, const char *to) {
    while (from < to) {
        *from++ = 0;
    }
}

void stack_forget(struct stack *stack) {
    char *header_page = (char *)bits_round_down((uintptr_t)stack, os_page_bytes());
    if (header_page > stack->low) {
        os_discard(stack->low, (size_t)(header_page - stack->low));
        clear(header_page, (char *)stack);
    } else {
        clear(stack->low, (char *)stack);
    }
}

static void check_header(const struct stack *stack, enum stack_class size_class) {
    REQUIRE(stack->size_class == size_class && stack->low + stack->bytes == (const char *)stack,
            "a stack's header was overwritten");
}

static size_t count_list(const struct stack *stack, enum stack_class size_class) {
    size_t count = 0;
    for (; stack != NULL; stack = stack->next) {
        check_header(stack, size_class);
        count++;
    }
    return count;
}

static size_t count_marked(const struct slab *slab, enum stack_class size_class) {
    size_t count = 0;
    for (uint32_t slot = 0; slot < atomic_load_relaxed(&slab->made); slot++) {
        if (slab_is_marked(slab, slot)) {
            check_header(slab_stack(slab, slot), size_class);
            count++;
        }
    }
    REQUIRE(count == slab->mark_count, "a slab counts its marks wrongly");
    return count;
}

static size_t check_store(const struct stack_set *set, enum stack_class size_class) {
    const struct stack_store *store = &set->stores[size_class];
    uint64_t in_use = store->acquired - store->released;
    size_t pooled = 0;
    LIST_EACH(&set->pools, node) {
        struct stack_pool *pool = container_of(node, struct stack_pool, in_set);
        const struct stack_shelf *shelf = &pool->shelves[size_class];
        REQUIRE(count_list(shelf->top, size_class) == shelf->count, "a pool counts wrongly");
        pooled += shelf->count;
        in_use += shelf->acquired - shelf->released;
    }
    size_t made = 0;
    size_t cold = 0;
    size_t warm = 0;
    LIST_EACH(&store->slabs, node) {
        struct slab *slab = container_of(node, struct slab, in_store);
        REQUIRE(slab->cold_count <= atomic_load_relaxed(&slab->made), "a slab counts wrongly");
        made += atomic_load_relaxed(&slab->made);
        cold += slab->cold_count;
        warm += count_marked(slab, size_class);
    }
    REQUIRE(warm == store->warm_count, "a set counts wrongly");
    REQUIRE(made == store->made && cold == store->cold_count, "a set and its slabs differ");
    REQUIRE(made == in_use + pooled + store->warm_count + cold, "a stack was lost or came twice");
    return made;
}

size_t stack_set_check(struct stack_set *set) {
    size_t made = 0;
    os_lock_acquire(&set->lock);
    for (int size_class = 0; size_class < STACK_CLASSES; size_class++) {
        made += check_store(set, (enum stack_class)size_class);
    }
    os_lock_release(&set->lock);
    return made;
}
