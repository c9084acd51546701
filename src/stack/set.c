// set.c - all stacks of a run, and the slow halves of the pools. See stack.h.
//
// Invariant: stack.h's equation holds whenever the set's lock is free and no slow call is under
// way. Start reading at stack_pool_acquire_slow.
#include <stdbool.h>
#include <stdio.h>

#include "base/check.h"
#include "context/machine.h"
#include "stack/slab.h"
#include "stack/stack.h"
#include "stack/trim.h"

enum { HEADER_BYTES_MAX = 2560 };

// A slab holds as many stacks as exist already, between these: few mappings, and little address
// space for a small program.
static const uint16_t slots_min[STACK_CLASSES] = {256, 64, 16, 8, 4};
static const uint16_t slots_max[STACK_CLASSES] = {32768, 16384, 4096, 1024, 128};

const uint16_t stack_pool_max[STACK_CLASSES] = {128, 128, 32, 16, 4};

size_t stack_class_bytes(enum stack_class size_class) {
    static const size_t bytes[STACK_CLASSES] = {
        16 << 10, 64 << 10, 256 << 10, 1 << 20, 8 << 20,
    };
    REQUIRE(size_class < STACK_CLASSES, "there is no such class of stacks");
    return bytes[size_class];
}

enum stack_class stack_class_for(size_t bytes) {
    enum stack_class size_class = STACK_16K;
    while (size_class < STACK_CLASSES && stack_class_bytes(size_class) < bytes) {
        size_class++;
    }
    return size_class;
}

void stack_set_init(struct stack_set *set, size_t header_bytes) {
    REQUIRE(header_bytes >= sizeof(struct stack) && header_bytes <= HEADER_BYTES_MAX,
            "the header of a stack has a size of its own");
    *set = (struct stack_set){
        .header_bytes = header_bytes,
        .guard_bytes = bits_round_up(MACHINE_GUARD_BYTES, os_page_bytes()),
        .lock = OS_LOCK_INIT,
    };
    list_init(&set->pools);
    for (int size_class = 0; size_class < STACK_CLASSES; size_class++) {
        list_init(&set->stores[size_class].slabs);
        set->stores[size_class].trim_at = trim_warm_max[size_class];
    }
}

void stack_set_share(struct stack_set *set, size_t share) {
    set->below_share = share;
}

void stack_set_deinit(struct stack_set *set) {
    REQUIRE(list_is_empty(&set->pools), "a pool of these stacks is still in use");
    for (int size_class = 0; size_class < STACK_CLASSES; size_class++) {
        struct stack_store *store = &set->stores[size_class];
        REQUIRE(store->made == store->warm_count + store->cold_count,
                "a stack was not released before its set ended");
        while (!list_is_empty(&store->slabs)) {
            slab_destroy(container_of(list_pop_front(&store->slabs), struct slab, in_store));
        }
    }
}

void stack_pool_init(struct stack_pool *pool, struct stack_set *set) {
    *pool = (struct stack_pool){.set = set};
    os_lock_acquire(&set->lock);
    list_push_back(&set->pools, &pool->in_set);
    os_lock_release(&set->lock);
}

// Moves up to `count` from the top of the shelf to the store. The lock is held.
static void hand_over(struct stack_shelf *shelf, struct stack_store *store, size_t count) {
    for (; count > 0 && shelf->top != NULL; count--) {
        struct stack *stack = shelf->top;
        shelf->top = stack->next;
        shelf->count--;
        slab_mark(stack);
        store->warm_count++;
    }
}

void stack_pool_deinit(struct stack_pool *pool) {
    struct stack_set *set = pool->set;
    os_lock_acquire(&set->lock);
    list_remove(&pool->in_set);
    for (int size_class = 0; size_class < STACK_CLASSES; size_class++) {
        struct stack_shelf *shelf = &pool->shelves[size_class];
        struct stack_store *store = &set->stores[size_class];
        hand_over(shelf, store, shelf->count);
        store->acquired += shelf->acquired;
        store->released += shelf->released;
    }
    os_lock_release(&set->lock);
}

void stack_pool_spill_slow(struct stack_pool *pool, enum stack_class size_class) {
    struct stack_set *set = pool->set;
    struct stack_store *store = &set->stores[size_class];
    // The half that was used longest ago lies at the bottom; cutting it off there keeps the warm
    // half here and costs one walk.
    struct stack_shelf *shelf = &pool->shelves[size_class];
    struct stack *last_kept = shelf->top;
    uint32_t kept = shelf->count / 2 + 1;
    for (uint32_t i = 1; i < kept; i++) {
        last_kept = last_kept->next;
    }
    struct stack_shelf rest = {.top = last_kept->next, .count = shelf->count - kept};
    last_kept->next = NULL;
    shelf->count = kept;
    os_lock_acquire(&set->lock);
    hand_over(&rest, store, rest.count);
    bool is_much = store->warm_count >= store->trim_at;
    os_lock_release(&set->lock);
    if (is_much) {
        trim_store(set, size_class);
    }
}

void stack_set_release(struct stack_set *set, struct stack *stack) {
    struct stack_store *store = &set->stores[stack->size_class];
    sanitizer_release(stack);
    os_lock_acquire(&set->lock);
    slab_mark(stack);
    store->warm_count++;
    store->released++;
    os_lock_release(&set->lock);
}

// One that exists already but whose memory is with the system, or NULL. The lock is held.
static struct stack *take_cold(struct stack_store *store) {
    if (store->cold_count == 0) {
        return NULL;
    }
    LIST_EACH(&store->slabs, node) {
        struct slab *slab = container_of(node, struct slab, in_store);
        if (slab->cold_count > 0) {
            store->cold_count--;
            return slab_warm(slab);
        }
    }
    UNREACHABLE("the cold stacks of a set are in none of its slabs");
}

// The slab that has room for another stack, made when there is none. The lock is held.
static struct slab *slab_with_room(struct stack_set *set, enum stack_class size_class) {
    struct stack_store *store = &set->stores[size_class];
    struct list_node *first = list_first(&store->slabs);
    if (first != NULL) {
        struct slab *slab = container_of(first, struct slab, in_store);
        if (atomic_load_relaxed(&slab->made) < slab->slots) {
            return slab;
        }
    }
    size_t slots = store->made < slots_min[size_class]   ? slots_min[size_class]
                   : store->made > slots_max[size_class] ? slots_max[size_class]
                                                         : store->made;
    struct slab_shape shape = {size_class, set->header_bytes, set->guard_bytes, 0};
    if (set->below_share > 0) {
        shape.below_bytes =
            bits_round_down(stack_class_bytes(size_class) / set->below_share, os_page_bytes());
    }
    struct slab *slab = slab_create(&shape, (uint32_t)slots);
    if (slab != NULL) {
        list_push_front(&store->slabs, &slab->in_store);
    }
    return slab;
}

static struct stack *make_new(struct stack_set *set, enum stack_class size_class) {
    struct slab *slab = slab_with_room(set, size_class);
    if (slab == NULL) {
        set->failure = STACK_NO_MEMORY;
        return NULL;
    }
    struct stack *stack = NULL;
    enum stack_failure failure = slab_make(slab, &stack);
    if (failure != STACK_NO_FAILURE) {
        set->failure = failure;
        return NULL;
    }
    set->stores[size_class].made++;
    return stack;
}

// Moves up to `count` to the shelf. The lock is held.
static void take_warm(struct stack_store *store, struct stack_shelf *shelf, uint32_t count) {
    LIST_EACH(&store->slabs, node) {
        struct slab *slab = container_of(node, struct slab, in_store);
        for (; count > 0 && slab->mark_count > 0; count--) {
            struct stack *stack = slab_unmark(slab);
            store->warm_count--;
            stack->next = shelf->top;
            shelf->top = stack;
            shelf->count++;
        }
        if (store->warm_count == 0 || count == 0) {
            return;
        }
    }
}

struct stack *stack_pool_acquire_slow(struct stack_pool *pool, enum stack_class size_class) {
    REQUIRE(size_class < STACK_CLASSES, "there is no such class of stacks");
    struct stack_set *set = pool->set;
    struct stack_store *store = &set->stores[size_class];
    struct stack_shelf *shelf = &pool->shelves[size_class];
    os_lock_acquire(&set->lock);
    take_warm(store, shelf, stack_pool_max[size_class] / 2);
    struct stack *stack = shelf->top;
    if (stack != NULL) {
        shelf->top = stack->next;
        shelf->count--;
    } else {
        stack = take_cold(store);
        if (stack == NULL) {
            stack = make_new(set, size_class);
        }
    }
    os_lock_release(&set->lock);
    if (stack != NULL) {
        shelf->acquired++;
        sanitizer_acquire(stack);
        atomic_store_relaxed(&stack->generation, atomic_load_relaxed(&stack->generation) + 1);
    }
    return stack;
}

bool stack_set_has(struct stack_set *set, const void *header) {
    bool has = false;
    os_lock_acquire(&set->lock);
    for (int size_class = 0; size_class < STACK_CLASSES && !has; size_class++) {
        LIST_EACH(&set->stores[size_class].slabs, node) {
            has = has || slab_has(container_of(node, struct slab, in_store), header);
        }
    }
    os_lock_release(&set->lock);
    return has;
}

void stack_set_explain(struct stack_set *set, char *text, size_t text_bytes) {
    size_t made = 0;
    os_lock_acquire(&set->lock);
    for (int size_class = 0; size_class < STACK_CLASSES; size_class++) {
        made += set->stores[size_class].made;
    }
    enum stack_failure failure = set->failure;
    os_lock_release(&set->lock);
    if (failure == STACK_NO_MAPPINGS) {
        snprintf(text, text_bytes,
                 "no more stacks: %zu exist, the guard of each is a mapping of its own, and the "
                 "system allows %zu mappings; raise vm.max_map_count (sysctl -w "
                 "vm.max_map_count=1048576), or use Linux 6.13 or later, where guards need none",
                 made, slab_mappings_max());
    } else if (failure == STACK_NO_MEMORY) {
        snprintf(text, text_bytes,
                 "no more stacks: %zu exist and the system refused memory for another; see "
                 "ulimit -v and vm.overcommit_memory",
                 made);
    } else {
        snprintf(text, text_bytes, "no acquire of a stack has failed");
    }
}
