// allocate.c - heap memory in the simulation: the C library's, unless this call is to fail.
//
// Invariant: fresh memory is filled with rubbish, so that nobody relies on zeros; the rubbish is
// the same in every run. Start reading at os_allocate.
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "os/fault.h"
#include "os/os.h"

enum { RUBBISH = 0xa5, RUBBISH_BYTES_MAX = 1 << 16 };

static void *fill(void *memory, size_t bytes) {
    if (memory != NULL) {
        memset(memory, RUBBISH, bytes < RUBBISH_BYTES_MAX ? bytes : RUBBISH_BYTES_MAX);
    }
    return memory;
}

void *os_allocate(size_t bytes) {
    ASSERT(bytes != 0);
    return fault_allocation() ? NULL : fill(malloc(bytes), bytes);
}

void *os_allocate_aligned(size_t bytes, size_t alignment) {
    REQUIRE(bits_is_power(alignment), "an alignment is a power of two");
    void *memory = NULL;
    size_t least = alignment < sizeof(void *) ? sizeof(void *) : alignment;
    if (fault_allocation() || posix_memalign(&memory, least, bytes) != 0) {
        return NULL;
    }
    return fill(memory, bytes);
}

void os_free(void *memory) {
    free(memory);
}
