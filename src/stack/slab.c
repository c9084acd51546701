// slab.c - mappings of many stacks. See slab.h.
//
// Invariant: a guard is in place before its stack is handed out. Start reading at slab_make.
#include "stack/slab.h"

#include <stdio.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/check.h"
#include "context/sanitizer.h"
#include "os/os.h"

// Headers start at this many different places within a page, this far apart.
enum { COLOURS = 8, COLOUR_BYTES = 256, HEADER_ALIGNMENT = 64 };

// A slab makes so many stacks ready ahead of their use: one for each AHEAD_SHARE that it has.
enum { AHEAD_SHARE = 8, AHEAD_MAX = 64 };

// Where guards are mappings, this many are left to the rest of the program: at the limit itself
// malloc and fopen fail too.
enum { MAPPINGS_SPARED = 2048 };

static struct os_lock ever_lock = OS_LOCK_INIT;
static _Atomic(struct slab *) newest_ever;
static _Atomic size_t protected_guards;

static uintptr_t low_of(const struct slab *slab) {
    return atomic_load_relaxed(&slab->low);
}

static char *slot_low(const struct slab *slab, uint32_t slot) {
    return (char *)low_of(slab) + (size_t)slot * slab->stride;
}

static char *slot_guard(const struct slab *slab, uint32_t slot) {
    return slot_low(slab, slot) + slab->shape.below_bytes;
}

// Where the header of a slot lies, in a slab that starts at `low`.
static struct stack *stack_of(const struct slab *slab, uintptr_t low, uint32_t slot) {
    uintptr_t top = low + ((size_t)slot + 1) * slab->stride;
    top -= (slot % COLOURS) * COLOUR_BYTES + slab->shape.header_bytes;
    return (struct stack *)bits_round_down(top, HEADER_ALIGNMENT);
}

static struct stack *set_up_stack(struct slab *slab, uint32_t slot) {
    struct stack *stack = stack_of(slab, low_of(slab), slot);
    stack->low = slot_guard(slab, slot) + slab->shape.guard_bytes;
    stack->bytes = (size_t)((char *)stack - stack->low);
    stack->below = slot_low(slab, slot);
    stack->below_bytes = slab->shape.below_bytes;
    stack->next = NULL;
    stack->slot = slot;
    stack->size_class = slab->shape.size_class;
    stack->slab = slab;
    return stack;
}

bool slab_has(const struct slab *slab, const void *header) {
    const uintptr_t low = low_of(slab);
    const uintptr_t at = (uintptr_t)header;
    const size_t slot = at < low ? SIZE_MAX : (at - low) / slab->stride;
    return slot < atomic_load_relaxed((_Atomic uint32_t *)(uintptr_t)&slab->made) &&
           stack_of(slab, low, (uint32_t)slot) == header;
}

// A descriptor that no mapping uses, old or new; NULL when there is no memory for a new one.
static struct slab *take_descriptor(void) {
    struct slab *slab = atomic_load_relaxed(&newest_ever);
    while (slab != NULL && slab->slots != 0) {
        slab = slab->before;
    }
    if (slab != NULL) {
        return slab;
    }
    slab = os_allocate(sizeof *slab);
    if (slab != NULL) {
        struct slab *const before = atomic_load_relaxed(&newest_ever);
        *slab = (struct slab){.before = before};  // gcc 11 takes a call in here for a mistake
        atomic_store_release(&newest_ever, slab); // pairs with slab_find
    }
    return slab;
}

static size_t mark_bytes(uint32_t slots) {
    return bits_round_up(slots, 64) / 8;
}

struct slab *slab_create(const struct slab_shape *shape, uint32_t slots) {
    size_t page = os_page_bytes();
    size_t stride = stack_class_bytes(shape->size_class) + shape->guard_bytes;
    void *low = NULL;
    size_t bytes = 0;
    for (slots *= 2; low == NULL && slots > 1;) {
        slots /= 2;
        bytes = slots * (stride + sizeof(struct slab_slot)) + mark_bytes(slots);
        bytes = bits_round_up(bytes, page);
        low = os_map(bytes);
    }
    if (low == NULL) {
        return NULL;
    }
    os_lock_acquire(&ever_lock);
    struct slab *slab = take_descriptor();
    if (slab != NULL) {
        slab->slots = slots;
    }
    os_lock_release(&ever_lock);
    if (slab == NULL) {
        os_unmap(low, bytes);
        return NULL;
    }
    slab->shape = *shape;
    slab->stride = stride;
    slab->guarded = 0;
    slab->cold_count = 0;
    slab->table = (struct slab_slot *)(void *)((char *)low + slots * stride);
    slab->marks = (uint64_t *)(void *)(slab->table + slots);
    slab->mark_count = 0;
    slab->mark_next = 0;
    slab->bytes = bytes;
    atomic_store_relaxed(&slab->made, 0);
    atomic_store_release(&slab->low, (uintptr_t)low); // pairs with slab_find
    return slab;
}

void slab_destroy(struct slab *slab) {
    uint32_t made = atomic_load_relaxed(&slab->made);
    for (uint32_t slot = made; slot-- > 0;) {
        struct stack *stack = stack_of(slab, low_of(slab), slot);
        char *low = slot_guard(slab, slot) + slab->shape.guard_bytes;
        sanitizer_stack_removed(low, (size_t)((char *)stack - low) + slab->shape.header_bytes,
                                slab->table[slot].number);
    }
    if (!os_guard_is_verified()) {
        atomic_fetch_sub_relaxed(&protected_guards, made);
    }
    void *low = (void *)atomic_load_relaxed(&slab->low);
    atomic_store_relaxed(&slab->low, 0);
    os_unmap(low, slab->bytes);
    os_lock_acquire(&ever_lock);
    slab->slots = 0;
    os_lock_release(&ever_lock);
}

size_t slab_mappings_max(void) {
    size_t limit = 0;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    if (file != NULL) {
        if (fscanf(file, "%zu", &limit) != 1) {
            limit = 0;
        }
        fclose(file);
    }
    return limit;
}

// Whether one more guard may be a mapping of its own: each makes two of the one it splits.
static bool may_protect(void) {
    static _Atomic size_t guards_max;
    size_t limit = atomic_load_relaxed(&guards_max);
    if (UNLIKELY(limit == 0)) {
        size_t mappings = slab_mappings_max();
        limit = mappings == 0                     ? SIZE_MAX
                : mappings <= 2 * MAPPINGS_SPARED ? mappings / 4
                                                  : (mappings - MAPPINGS_SPARED) / 2;
        atomic_store_relaxed(&guards_max, limit);
    }
    return atomic_load_relaxed(&protected_guards) < limit;
}

// Guards for the next slots: more of them at once the more there are already, and the pages of
// their headers with them, which is cheaper than a call and a fault for each.
static bool guard_more(struct slab *slab, bool markers) {
    const uint32_t slot = slab->guarded;
    uint32_t count = markers ? slot / AHEAD_SHARE : 1;
    count = count < 1 ? 1 : count > AHEAD_MAX ? AHEAD_MAX : count;
    count = count < slab->slots - slot ? count : slab->slots - slot;
    if (os_guard_each(slot_guard(slab, slot), slab->shape.guard_bytes, slab->stride, count) != 0) {
        return false;
    }
    if (count > 1) {
        const size_t page = os_page_bytes();
        os_touch_each(slot_low(slab, slot + 1) - page, page, slab->stride, count);
    }
    slab->guarded = slot + count;
    return true;
}

enum stack_failure slab_make(struct slab *slab, struct stack **made) {
    bool markers = os_guard_is_verified();
    if (!markers && !may_protect()) {
        return STACK_NO_MAPPINGS;
    }
    uint32_t slot = atomic_load_relaxed(&slab->made);
    ASSERT(slot < slab->slots);
    if (slot == slab->guarded && !guard_more(slab, markers)) {
        return STACK_NO_MAPPINGS;
    }
    if (!markers) {
        atomic_fetch_add_relaxed(&protected_guards, 1);
    }
    atomic_store_relaxed(&slab->made, slot + 1);
    struct stack *stack = set_up_stack(slab, slot);
    unsigned int number =
        sanitizer_stack_added(stack->low, stack->bytes + slab->shape.header_bytes);
    if (number != 0) {
        slab->table[slot].number = number; // a page of the table is touched only for Valgrind
    }
    *made = stack;
    return STACK_NO_FAILURE;
}

struct stack *slab_warm(struct slab *slab) {
    ASSERT(slab->cold_count > 0);
    uint32_t slot = slab->cold_first;
    slab->cold_first = slab->table[slot].cold_next;
    slab->cold_count--;
    struct stack *stack = set_up_stack(slab, slot);
    atomic_store_relaxed(&stack->generation, slab->table[slot].generation);
    return stack;
}

void slab_chill(struct stack *first, uint32_t count) {
    struct slab *slab = first->slab;
    uint32_t slot = first->slot;
    for (uint32_t i = 0; i < count; i++) {
        slab->table[slot + i].generation =
            atomic_load_relaxed(&stack_of(slab, low_of(slab), slot + i)->generation);
    }
    // Guards between them stay: giving pages back does not lift them.
    char *low = first->below_bytes > 0 ? first->below : first->low;
    os_discard(low, (size_t)(slot_low(slab, slot + count) - low));
}

struct stack *slab_stack(const struct slab *slab, uint32_t slot) {
    return stack_of(slab, low_of(slab), slot);
}

void slab_mark(const struct stack *stack) {
    struct slab *slab = stack->slab;
    const uint32_t word = stack->slot / 64;
    slab->marks[word] |= UINT64_C(1) << stack->slot % 64;
    slab->mark_count++;
    slab->mark_next = word < slab->mark_next ? word : slab->mark_next;
}

struct stack *slab_unmark(struct slab *slab) {
    ASSERT(slab->mark_count > 0);
    while (slab->marks[slab->mark_next] == 0) {
        slab->mark_next++;
    }
    const uint32_t slot = slab->mark_next * 64 + bits_lowest(slab->marks[slab->mark_next]);
    slab->marks[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    slab->mark_count--;
    return slab_stack(slab, slot);
}

bool slab_is_marked(const struct slab *slab, uint32_t slot) {
    return (slab->marks[slot / 64] >> slot % 64 & 1) != 0;
}

static void unmark(struct slab *slab, uint32_t slot, uint32_t count) {
    for (uint32_t at = slot; at < slot + count; at++) {
        slab->marks[at / 64] &= ~(UINT64_C(1) << at % 64);
    }
    slab->mark_count -= count;
}

struct stack *slab_unmark_run(struct slab *slab, uint32_t *slot, uint32_t least, uint32_t most,
                              uint32_t *count) {
    // The marks of slots that were never made lie in pages that need not be touched.
    const uint32_t made = atomic_load_relaxed(&slab->made);
    while (*slot < made) {
        const uint64_t rest = slab->marks[*slot / 64] >> *slot % 64;
        if (rest == 0) {
            *slot = (*slot / 64 + 1) * 64;
            continue;
        }
        const uint32_t first = *slot + bits_lowest(rest);
        for (*slot = first; *slot < made && *slot - first < most && slab_is_marked(slab, *slot);) {
            ++*slot;
        }
        *count = *slot - first;
        if (*count >= least) {
            unmark(slab, first, *count);
            return slab_stack(slab, first);
        }
    }
    return NULL;
}

void slab_add_cold(struct slab *slab, uint32_t slot) {
    slab->table[slot].cold_next = slab->cold_first;
    slab->cold_first = slot;
    slab->cold_count++;
}

// Plain C11 loads: a signal handler is no place for os/sim to switch threads in.
struct stack *slab_find(uintptr_t address) {
    // pairs with take_descriptor
    struct slab *slab = atomic_load_explicit(&newest_ever, memory_order_acquire);
    for (; slab != NULL; slab = slab->before) {
        // pairs with slab_create
        uintptr_t low = atomic_load_explicit(&slab->low, memory_order_acquire);
        uint32_t made = atomic_load_explicit(&slab->made, memory_order_relaxed);
        if (low == 0 || address < low || address - low >= made * slab->stride) {
            continue;
        }
        size_t offset = (address - low) % slab->stride - slab->shape.below_bytes;
        uint32_t slot = (uint32_t)((address - low) / slab->stride);
        // Below the guard the offset has wrapped round.
        return offset < slab->shape.guard_bytes ? stack_of(slab, low, slot) : NULL;
    }
    return NULL;
}
