// arena.c - see arena.h: one block, handed out from its beginning.
//
// Invariant: used <= ARENA_BYTES. Start reading at arena_allocate.
#include "model/arena.h"

#include <string.h>

enum { ARENA_BYTES = 1 << 18, RUBBISH = 0xa5 };

static size_t used;
static _Alignas(4096) unsigned char arena[ARENA_BYTES];

void *arena_allocate(size_t bytes, size_t alignment) {
    size_t at = (used + alignment - 1) & ~(alignment - 1);
    if (bytes > ARENA_BYTES - at) {
        return NULL;
    }
    used = at + bytes;
    return memset(&arena[at], RUBBISH, bytes);
}

void arena_reset(void) {
    used = 0;
}
