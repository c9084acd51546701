// os.c - the part of os.h that protocols use, as the model's operations; and how they panic.
//
// Invariant: waiting and waking are what futex(2) does: each begins with a full barrier, and
// looking at the word and going to sleep are one step against a wake.
// Start reading at os_wait_word.
#include "os/os.h"

#include <stddef.h>
#include <stdio.h>

#include "base/atomic.h"
#include "base/check.h"
#include "model/arena.h"
#include "model/explore.h"
#include "model/memory.h"
#include "model/model.h"
#include "model/sharing.h"
#include "scheduler/hard.h"

static void *locals[MEMORY_THREADS_MAX];

// One step of the kernel, with the full barrier it begins with. Not a site that could be weakened.
static int arrive(_Atomic uint32_t *word, const char *site) {
    int location = memory_find(word, sizeof *word);
    (void)sharing_note(word, model_self(), true);
    memory_mark(location, false);
    explore_arrive((struct step){STEP_FENCE, location, true, false, false, site});
    memory_fence(model_self(), memory_order_seq_cst);
    return memory_find(word, sizeof *word);
}

int os_wait_word(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns) {
    int location = arrive(word, "os_wait_word");
    int self = model_self();
    uint8_t options[MEMORY_MESSAGES_MAX];
    int count = memory_options(self, location, memory_order_relaxed, false, 0, options);
    uint64_t value =
        memory_load(self, location, memory_order_relaxed, options[explore_choose(count)]);
    explore_note("wait on %p while %#x, is %#llx", (const void *)word, expected,
                 (unsigned long long)value);
    if (value != expected) {
        return OS_OK;
    }
    bool woken = explore_wait(location, deadline_ns != OS_NEVER, "os_wait_word");
    explore_note("%s", woken ? "woken" : "timed out");
    return woken ? OS_OK : OS_TIMED_OUT;
}

void os_wake_word(_Atomic uint32_t *word, int count) {
    int location = arrive(word, "os_wake_word");
    explore_note("wake %d at %p", count, (const void *)word);
    explore_wake(location, count);
}

void os_barrier_all(void) {
    explore_arrive((struct step){STEP_BARRIER, -1, true, false, false, "os_barrier_all"});
    memory_barrier_all();
    explore_note("barrier of all threads");
}

// Time stands still: a model has no durations, only orders.
uint64_t os_now_ns(void) {
    return UINT64_C(1000000000);
}

void os_thread_yield(void) {
    model_pause("os_thread_yield");
}

void *os_thread_local(void) {
    return locals[model_self()];
}

void os_thread_local_set(void *value) {
    locals[model_self()] = value;
}

uint64_t os_thread_id(void) {
    return (uint64_t)model_self() + 1;
}

void *os_allocate(size_t bytes) {
    return arena_allocate(bytes, _Alignof(max_align_t));
}

void *os_allocate_aligned(size_t bytes, size_t alignment) {
    return arena_allocate(bytes, alignment);
}

void os_free(void *memory) {
    (void)memory;
}

// The sources under test panic into the explorer.
void check_panic(const char *expression, const char *sentence, const char *file, int line) {
    char what[200];
    char site[200];
    snprintf(what, sizeof what, "%s (%s)", sentence, expression);
    snprintf(site, sizeof site, "%s:%d", file, line);
    model_fail(what, site);
}

// Hard modes are a choice of who runs what; the models make all of them.
bool hard_is_chosen(enum hard_mode mode) {
    (void)mode;
    return false;
}
