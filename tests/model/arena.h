// arena.h - memory that a model allocates, all given back at once when its execution ends.
//
// Invariant: the same requests get the same addresses in every execution.
// Start reading at arena_allocate.
#ifndef MODEL_ARENA_H
#define MODEL_ARENA_H

#include <stddef.h>

void *arena_allocate(size_t bytes, size_t alignment);
void arena_reset(void);

#endif
