// pool_model.c - stacks between two pools and the set they share, explored.
// sources: src/stack/set.c src/os/lock.c
//
// The largest class, because its pools hold the fewest; no memory of the system is behind it here.
//
// Invariant: a stack is in the hands of one at a time, who sees all that the one before did; at the
// end the set has every stack, once. Start reading at use_one.
#include <string.h>

#include "base/atomic.h"
#include "model/model.h"
#include "stack/slab.h"
#include "stack/stack.h"
#include "stack/trim.h"

#define CLASS STACK_8M
enum { STACKS = 6, POOLS = 3 };

const uint16_t trim_warm_max[STACK_CLASSES] = {100, 100, 100, 100, 100};

static struct stack_set set;
static struct stack_pool pools[POOLS];
static struct stack *held[POOLS];
static struct stack stacks[STACKS];
static int uses[STACKS];
static struct slab slab;
static bool marks[STACKS];

size_t os_page_bytes(void) {
    return 4096;
}

struct slab *slab_create(const struct slab_shape *shape, uint32_t slots) {
    (void)shape;
    (void)slots;
    return NULL; // The system has no more.
}

void slab_mark(const struct stack *stack) {
    MODEL_EXPECT(!plain_read(&marks[stack->slot]));
    plain_write(&marks[stack->slot], true);
    slab.mark_count++;
}

struct stack *slab_unmark(struct slab *from) {
    int slot = 0;
    while (!plain_read(&marks[slot])) {
        slot++;
    }
    plain_write(&marks[slot], false);
    from->mark_count--;
    return &stacks[slot];
}

static void make_stacks(bool are_shared) {
    memset(uses, 0, sizeof uses);
    memset(stacks, 0, sizeof stacks);
    memset(marks, 0, sizeof marks);
    slab.mark_count = 0;
    stack_set_init(&set, sizeof(struct stack));
    for (int i = 0; i < POOLS; i++) {
        stack_pool_init(&pools[i], &set);
        held[i] = NULL;
    }
    struct stack_store *store = &set.stores[CLASS];
    store->made = STACKS;
    list_push_back(&store->slabs, &slab.in_store);
    for (int i = 0; i < STACKS; i++) {
        struct stack *stack = &stacks[i];
        stack->size_class = CLASS;
        stack->slot = (uint32_t)i;
        stack->slab = &slab;
        if (are_shared) {
            slab_mark(stack);
            store->warm_count++;
        }
    }
}

static void use(const struct stack *stack) {
    const long number = stack - stacks;
    plain_write(&uses[number], plain_read(&uses[number]) + 1);
}

static void use_one(struct stack_pool *pool) {
    struct stack *stack = stack_pool_acquire(pool, CLASS);
    if (stack != NULL) {
        use(stack);
        stack_pool_release(pool, stack);
    }
    stack_pool_deinit(pool);
}

// Three threads are few steps each: what they hold goes back when they have ended.
static void hold_one(int number) {
    held[number] = stack_pool_acquire(&pools[number], CLASS);
    if (held[number] != NULL) {
        use(held[number]);
    }
}

static void hold_one_in_second(void) {
    hold_one(1);
}

static void hold_one_in_third(void) {
    hold_one(2);
}

static void use_one_in_first(void) {
    use_one(&pools[0]);
}

static void use_one_in_second(void) {
    use_one(&pools[1]);
}

// More than a pool keeps: the rest goes to the set while another looks there.
static void release_all(void) {
    for (int i = 0; i < STACKS; i++) {
        use(&stacks[i]);
        stack_pool_release(&pools[0], &stacks[i]);
    }
}

static void release_many(void) {
    release_all();
    use_one(&pools[0]);
}

static void set_up_all_shared(void) {
    make_stacks(true);
}

static void set_up_none_shared(void) {
    make_stacks(false);
}

static void deinit_pools(void) {
    for (int i = 0; i < POOLS; i++) {
        if (held[i] != NULL) {
            stack_pool_release(&pools[i], held[i]);
        }
        if (list_is_linked(&pools[i].in_set)) {
            stack_pool_deinit(&pools[i]);
        }
    }
}

static void expect_all_back(void) {
    deinit_pools();
    const struct stack_store *store = &set.stores[CLASS];
    size_t count = 0;
    for (int i = 0; i < STACKS; i++) {
        count += marks[i];
    }
    MODEL_EXPECT(count == STACKS && store->warm_count == STACKS && store->made == STACKS);
    MODEL_EXPECT(list_is_empty(&set.pools));
}

MODEL(a_stack_is_used_by_one_at_a_time, .threads = 2, .setup = set_up_all_shared,
      .thread = {use_one_in_first, use_one_in_second}, .finish = expect_all_back)

MODEL(what_one_pool_spills_two_others_take, .threads = 3, .setup = set_up_none_shared,
      .thread = {release_all, hold_one_in_second, hold_one_in_third}, .finish = expect_all_back)

MODEL(what_one_pool_spills_another_takes, .threads = 2, .setup = set_up_none_shared,
      .thread = {release_many, use_one_in_second}, .finish = expect_all_back)
