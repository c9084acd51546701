// stack.h - memory to run on: slabs of guarded stacks, one pool per worker over a shared set.
//
// A stack is one slot of a slab (a mapping of many):
//
//   low address                                                                    high address
//   | below | guard | C stack, grows down <---------- | struct stack + caller's header | colour |
//   ^ stack->below  ^ stack->low                      ^ stack (multiple of 64)
//
// What lies below the guard is the caller's (stack_set_share; nothing unless asked for): a C stack
// that grows too far meets the guard before it.
// The header lies at the top so that it shares its page with the first C frames: a suspended frame
// then costs one page. The colour (0 to 7 times 256 bytes) keeps the headers of many stacks from
// meeting in the same cache sets.
//
// Invariant (stack_set_check), for every size class, at a moment when nobody is inside a call:
//
//   made == acquired + pooled + shared + cold
//
// where acquired are in their callers' hands, pooled lie in pools of workers, shared in the set,
// and cold are those whose memory was given back to the system. made never falls before
// stack_set_deinit: memory is type-stable, so a stale pointer to a struct stack may be read at any
// time until then (see generation).
//
// Start reading at stack_pool_acquire; the slow halves are in set.c, slabs in slab.c, the
// message for a frame that ran over its guard in overflow.h, giving memory back in trim.c.
#ifndef TENON_STACK_STACK_H
#define TENON_STACK_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/check.h"
#include "base/list.h"
#include "context/sanitizer.h"
#include "os/os.h"

struct slab;

// Sizes of the C stack, header and what is below together; the guard comes on top.
enum stack_class {
    STACK_16K,
    STACK_64K, // the default
    STACK_256K,
    STACK_1M,
    STACK_8M,
    STACK_CLASSES, // how many there are; also "too large" from stack_class_for
};

// The first member of whatever the caller keeps at the top of each stack.
struct stack {
    char *low;          // the lowest byte above the guard
    size_t bytes;       // from low up to this struct: what context_init is to be given
    char *below;        // whole pages on the other side of the guard, for the caller's own use
    size_t below_bytes; // 0 unless stack_set_share asked for them
    struct stack *next; // while nobody has it: the one below in its pool
    // How many lives this memory had, the current one included. It grows by one at each acquire, so
    // a handle that remembers the number it saw knows its frame to be gone when the number has
    // changed. 0 while the memory is with the system. Any thread may read it at any time.
    _Atomic uint64_t generation;
    uint32_t slot; // in its slab
    enum stack_class size_class;
    struct slab *slab;
};

// What a worker keeps warm: last in, first out. Only its owner touches it; no atomics.
struct stack_shelf {
    struct stack *top;
    uint32_t count;
    uint64_t acquired; // ever, from this pool; a stack may be released to another pool
    uint64_t released;
};

struct stack_pool {
    struct stack_shelf shelves[STACK_CLASSES];
    struct stack_set *set;
    struct list_node in_set;
};

// Why an acquire failed.
enum stack_failure {
    STACK_NO_FAILURE,
    STACK_NO_MAPPINGS, // each guard is a mapping of its own, and the system allows no more of them
    STACK_NO_MEMORY,   // the system refused address space
};

// What the set knows of one class. Guarded by the set's lock.
struct stack_store {
    size_t warm_count; // shared: marked in their slabs
    size_t trim_at;    // when this many are warm, some are given back to the system
    bool is_trimming;  // somebody is about it
    size_t cold_count;
    size_t made;
    uint64_t acquired; // through pools that are gone
    uint64_t released;
    struct list slabs; // newest first: only the first one may have slots never made
};

// All stacks of one run.
struct stack_set {
    size_t header_bytes;
    size_t guard_bytes;
    size_t below_share;
    struct os_lock lock;
    struct stack_store stores[STACK_CLASSES];
    struct list pools;
    enum stack_failure failure; // of the last acquire that failed
};

// Bytes of a class: 16384 for STACK_16K and so on.
size_t stack_class_bytes(enum stack_class size_class);

// The smallest class of at least `bytes`; STACK_CLASSES when there is none that large.
enum stack_class stack_class_for(size_t bytes);

// header_bytes is the size of the caller's struct of which struct stack is the first member; at
// most 2560, so that it shares its page with C frames. Allocates nothing yet; cannot fail.
void stack_set_init(struct stack_set *set, size_t header_bytes);

// From now on one part in `share` of each stack, in whole pages, lies below its guard. Before the
// first acquire.
void stack_set_share(struct stack_set *set, size_t share);

// Gives all memory back to the system. Every pool must be deinitialised and every stack released.
void stack_set_deinit(struct stack_set *set);

// A pool belongs to one thread at a time. deinit hands what it holds to the set.
void stack_pool_init(struct stack_pool *pool, struct stack_set *set);
void stack_pool_deinit(struct stack_pool *pool);

// The slow halves of acquire and release: fetch some from the set, hand some to it.
struct stack *stack_pool_acquire_slow(struct stack_pool *pool, enum stack_class size_class);
void stack_pool_spill_slow(struct stack_pool *pool, enum stack_class size_class);

// More than this many of a class in one pool, and half go to the set.
extern const uint16_t stack_pool_max[STACK_CLASSES];

// A stack of that class, or NULL when the system has no more (stack_set_explain says why). Fields
// of struct stack are set; the caller's header behind them holds what its last user left, or zero
// when the memory is new or came back from the system. Warm, about 6 ns together with release.
OS_MUST_USE static inline struct stack *stack_pool_acquire(struct stack_pool *pool,
                                                           enum stack_class size_class) {
    ASSERT(size_class < STACK_CLASSES);
    struct stack_shelf *shelf = &pool->shelves[size_class];
    struct stack *stack = shelf->top;
    if (UNLIKELY(stack == NULL)) {
        return stack_pool_acquire_slow(pool, size_class);
    }
    shelf->top = stack->next;
    shelf->count--;
    shelf->acquired++;
    sanitizer_acquire(stack);
    // Only the owner writes; readers elsewhere need the number alone, and order nothing by it.
    atomic_store_relaxed(&stack->generation, atomic_load_relaxed(&stack->generation) + 1);
    return stack;
}

// Gives a stack back, from any worker to its own pool, on another stack than this one. Whatever ran
// on it has finished, and the release happens after its last switch.
static inline void stack_pool_release(struct stack_pool *pool, struct stack *stack) {
    struct stack_shelf *shelf = &pool->shelves[stack->size_class];
    sanitizer_release(stack);
    stack->next = shelf->top;
    shelf->top = stack;
    shelf->released++;
    if (UNLIKELY(++shelf->count > stack_pool_max[stack->size_class])) {
        stack_pool_spill_slow(pool, stack->size_class);
    }
}

// The same from any thread, to the set itself: slower, and for those who have no pool.
void stack_set_release(struct stack_set *set, struct stack *stack);

// Writes a sentence about the last acquire of the set that returned NULL: what ran out, how many
// stacks there are, and what to change (vm.max_map_count by name, when that is it).
void stack_set_explain(struct stack_set *set, char *text, size_t text_bytes);

// How many bytes of the stack, header not counted, were ever written: from the top down to the
// lowest byte that is not zero. Since the memory was made or last given back (stack_forget).
// Microseconds. The stack must not be running, or be the caller's own.
size_t stack_touched_bytes(const struct stack *stack);

// Gives the pages below the header's page back, so that stack_touched_bytes counts from now. The
// stack must be acquired and nothing may live on it.
void stack_forget(struct stack *stack);

// True when `header` is where the header of a stack of this set lies, whoever has that now: then it
// may be read, until the set ends. Any address may be asked for, from any thread.
bool stack_set_has(struct stack_set *set, const void *header);

// Walks everything and checks the invariant above; nobody may be inside a call meanwhile. Returns
// the number of stacks made.
size_t stack_set_check(struct stack_set *set);

#endif
