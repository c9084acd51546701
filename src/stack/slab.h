// slab.h - one mapping that holds many stacks of a class, private to src/stack.
//
// Invariant: made <= guarded <= slots. Slots [0, made) were handed out at least once and have a
// guard; of them cold_count are linked from cold_first, and their memory reads as zero. Slots from
// made on are untouched. A struct slab is never freed, only used again for another mapping: a
// signal handler may walk all of them at any moment. Everything but slab_find is called under the
// set's lock. Marks lie in words of 64 slots each; their number is mark_count. Start reading at
// slab_create.
#ifndef TENON_STACK_SLAB_H
#define TENON_STACK_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "stack/stack.h"

// What must outlive the memory of a stack, which the system may take.
struct slab_slot {
    uint64_t generation;
    uint32_t cold_next;
    unsigned int number; // from sanitizer_stack_added
};

// All a slab needs to know to be made.
struct slab_shape {
    enum stack_class size_class;
    size_t header_bytes;
    size_t guard_bytes;
    size_t below_bytes; // of each slot, below its guard
};

struct slab {
    // Read by the signal handler; low is 0 while the slab is not in use.
    _Atomic uintptr_t low;
    _Atomic uint32_t made;
    struct slab *before; // the one created before this one, for good
    struct slab_shape shape;
    size_t stride;
    uint32_t slots;

    uint64_t *marks; // of those that the set keeps warm, one bit for each slot; behind the table
    uint32_t mark_count; // how many
    uint32_t mark_next;  // no word of them below holds one
    uint32_t guarded;    // slots that have their guard
    uint32_t cold_count;
    uint32_t cold_first;
    struct slab_slot *table; // lies behind the slots, in the same mapping
    size_t bytes;
    struct list_node in_store;
};

// Maps room for `slots` stacks, or for fewer when the system does not give that much. NULL when it
// does not give room for one.
struct slab *slab_create(const struct slab_shape *shape, uint32_t slots);

// Unmaps it; every slot must be unused.
void slab_destroy(struct slab *slab);

// Why there is no stack.
enum stack_failure slab_make(struct slab *slab, struct stack **made);

// A slot whose memory was given back becomes a stack again. cold_count must not be 0.
struct stack *slab_warm(struct slab *slab);

// `count` stacks in neighbouring slots from `first` on: gives their memory to the system. Their
// generations are kept in the slab's table. Called without the set's lock: the stacks are the
// caller's. slab_add_cold then, under the lock, makes them known.
void slab_chill(struct stack *first, uint32_t count);
void slab_add_cold(struct slab *slab, uint32_t slot);

// The stack in a slot that was made and is not cold.
struct stack *slab_stack(const struct slab *slab, uint32_t slot);

// Marks the slot of a stack, which nobody has; and takes the lowest mark off, of which there is
// one.
void slab_mark(const struct stack *stack);
struct stack *slab_unmark(struct slab *slab);
bool slab_is_marked(const struct slab *slab, uint32_t slot);

// Takes off the marks of the lowest run of at least `least` neighbours from *slot on, or of the
// first `most` of them, and moves *slot behind them: their first stack and how many there are, or
// NULL: there is no such run.
struct stack *slab_unmark_run(struct slab *slab, uint32_t *slot, uint32_t least, uint32_t most,
                              uint32_t *count);

// Whether the header of one of its stacks lies there.
bool slab_has(const struct slab *slab, const void *header);

// The stack in whose guard the address lies, or NULL. From a signal handler, too.
struct stack *slab_find(uintptr_t address);

// The limit of the system on mappings (vm.max_map_count), or 0 when unknown.
size_t slab_mappings_max(void);

#endif
