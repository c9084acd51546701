// allocate.c - heap memory on Linux: the C library's.
//
// Invariant: never returns memory that os_free cannot take. Start reading at os_allocate.
#include <stdlib.h>
#include <sys/mman.h>

#include "base/bits.h"
#include "base/check.h"
#include "context/sanitizer.h"
#include "os/fault.h"
#include "os/os.h"

enum { HUGE_BYTES = 2 << 20, LONG_BYTES = 4 * HUGE_BYTES };

// What is that long is written to from end to end: many small pages would cost more than its copy.
static void ask_for_huge_pages(void *memory, size_t bytes) {
    const uintptr_t begin = bits_round_up((uintptr_t)memory, HUGE_BYTES);
    const uintptr_t end = bits_round_down((uintptr_t)memory + bytes, HUGE_BYTES);
    if (end > begin) {
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    }
}

void *os_allocate(size_t bytes) {
    ASSERT(bytes != 0);
    if (fault_allocation()) {
        return NULL;
    }
    sanitizer_hide_begin();
    void *memory = malloc(bytes);
    sanitizer_hide_end();
    if (bytes >= LONG_BYTES && memory != NULL) {
        ask_for_huge_pages(memory, bytes);
    }
    return memory;
}

void *os_allocate_aligned(size_t bytes, size_t alignment) {
    REQUIRE(bits_is_power(alignment), "an alignment is a power of two");
    if (fault_allocation()) {
        return NULL;
    }
    void *memory = NULL;
    size_t least = alignment < sizeof(void *) ? sizeof(void *) : alignment;
    sanitizer_hide_begin();
    const int error = posix_memalign(&memory, least, bytes);
    sanitizer_hide_end();
    return error == 0 ? memory : NULL;
}

void os_free(void *memory) {
    sanitizer_hide_begin();
    free(memory);
    sanitizer_hide_end();
}
