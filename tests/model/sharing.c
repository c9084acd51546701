// sharing.c - see sharing.h: a table by address, kept from one execution to the next. Models put
// the same objects at the same addresses each time; one too many counted as shared does no harm.
//
// Invariant: see sharing.h. Start reading at sharing_note.
#include "model/sharing.h"

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

enum { ENTRIES = 1024 };

struct entry {
    const volatile void *at;
    int thread; // The first that used it.
    bool is_written;
    bool has_others;
};

static struct entry entries[ENTRIES];
static int count;
static bool is_surprised;

static struct entry *find(const volatile void *at) {
    size_t place = (uintptr_t)at * UINT64_C(0x9e3779b97f4a7c15) >> 54;
    while (entries[place].at != NULL && entries[place].at != at) {
        place = (place + 1) % ENTRIES;
    }
    return &entries[place];
}

bool sharing_note(const volatile void *at, int thread, bool is_write) {
    struct entry *entry = find(at);
    if (entry->at == NULL) {
        MODEL_EXPECT(count < ENTRIES / 2);
        count++;
        *entry = (struct entry){at, thread, false, false};
    }
    const bool was_shared = entry->is_written && entry->has_others;
    entry->is_written |= is_write;
    entry->has_others |= entry->thread != thread;
    const bool is_shared = entry->is_written && entry->has_others;
    is_surprised |= is_shared != was_shared;
    return is_shared;
}

bool sharing_take_surprise(void) {
    const bool was_surprised = is_surprised;
    is_surprised = false;
    return was_surprised;
}
