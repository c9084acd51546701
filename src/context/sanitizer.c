// sanitizer.c - contexts under AddressSanitizer and ThreadSanitizer. See sanitizer.h.
//
// Invariant: the sanitizer's idea of the current stack changes in the same function as the stack
// itself, and neither that function nor the first one on a new stack is instrumented: their
// bookkeeping of calls would otherwise be split between two stacks.
// Start reading at context_init (sanitizer builds); other builds have only the two functions at
// the end of this file.
#include "context/context.h"

#if CONTEXT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#if CONTEXT_TSAN
#include "base/atomic.h"
#endif
#if defined(__has_include) && !defined(NVALGRIND)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define HAS_VALGRIND 1
#endif
#endif
#ifndef HAS_VALGRIND
#define HAS_VALGRIND 0
#endif

#if CONTEXT_SANITIZED

#define UNINSTRUMENTED __attribute__((noinline, no_sanitize("address", "thread")))

#if CONTEXT_TSAN

// From the sanitizer's runtime; gcc ships no header that declares them.
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned int flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned int flags);
void __tsan_acquire(void *at);
void __tsan_release(void *at);

// Does a switch order? See sanitizer.h.
enum { SWITCH_FLAGS = CONTEXT_TSAN_INSTRUMENTED ? 0 : 1 };

// Fibers cost 50 to 2000 us to make, so they outlive contexts. Each life leaves the calls that were
// open at its last switch on the fiber's list of calls, which has room for 65,536: a fiber is
// replaced long before that. But two lives of one fiber count as ordered, so where switches order
// nothing each context has a fiber of its own.
enum { SPARES_MAX = 4096, LIVES_MAX = CONTEXT_TSAN_OUTSIDE ? 1 : 500 };

static struct {
    _Atomic uint32_t locked;
    uint32_t count;
    struct {
        void *thread;
        unsigned int lives;
    } list[SPARES_MAX];
} spares;

UNINSTRUMENTED static void lock_spares(void) {
    // pairs with unlock_spares
    while (atomic_exchange_acquire(&spares.locked, 1) != 0) {
        cpu_pause();
    }
}

UNINSTRUMENTED static void unlock_spares(void) {
    atomic_store_release(&spares.locked, 0); // pairs with lock_spares
}

UNINSTRUMENTED static void take_thread(struct sanitizer_fiber *fiber) {
    fiber->thread = NULL;
    lock_spares();
    if (spares.count > 0) {
        spares.count--;
        fiber->thread = spares.list[spares.count].thread;
        fiber->lives = spares.list[spares.count].lives + 1;
    }
    unlock_spares();
    if (fiber->thread == NULL) {
        fiber->thread = __tsan_create_fiber(0);
        fiber->lives = 1;
    }
    __tsan_release(fiber); // pairs with begin: the new life comes after its making
}

UNINSTRUMENTED static void drop_thread(struct sanitizer_fiber *fiber) {
    if (!CONTEXT_TSAN_OUTSIDE) { // else begin does it, when the stack is used again
        __tsan_acquire(fiber);   // pairs with context_switch_last: what follows comes after it
    }
    bool kept = false;
    lock_spares();
    if (fiber->lives < LIVES_MAX && spares.count < SPARES_MAX) {
        spares.list[spares.count].thread = fiber->thread;
        spares.list[spares.count].lives = fiber->lives;
        spares.count++;
        kept = true;
    }
    unlock_spares();
    if (!kept) {
        __tsan_destroy_fiber(fiber->thread);
    }
}

void sanitizer_release(void *at) {
    __tsan_release(at);
}

void sanitizer_acquire(void *at) {
    __tsan_acquire(at);
}

#if CONTEXT_TSAN_OUTSIDE

void sanitizer_hand_over(void *at) {
    __tsan_release(at);
}

void sanitizer_take_over(void *at) {
    __tsan_acquire(at);
}

// By a fiber made for it: whoever runs here must not learn it.
void sanitizer_pass_on(void *from, void *to) {
    void *self = __tsan_get_current_fiber();
    void *courier = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(courier, SWITCH_FLAGS);
    __tsan_acquire(from); // pairs with sanitizer_hand_over
    __tsan_release(to);   // pairs with sanitizer_take_over
    __tsan_switch_to_fiber(self, SWITCH_FLAGS);
    __tsan_destroy_fiber(courier);
}

void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

void sanitizer_hide_begin(void) {
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

void sanitizer_hide_end(void) {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
}

// The sanitizer watches what is copied by the C library, whoever calls it. These take its place in
// this library only: their names are hidden. The barriers keep the loops from becoming calls.
__attribute__((visibility("hidden"))) void *memcpy(void *to, const void *from, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        ((char *)to)[i] = ((const char *)from)[i];
        __asm__ volatile("" ::: "memory");
    }
    return to;
}

__attribute__((visibility("hidden"))) void *memset(void *to, int value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        ((char *)to)[i] = (char)value;
        __asm__ volatile("" ::: "memory");
    }
    return to;
}

#endif

#else

void sanitizer_release(void *at) {
    (void)at;
}

void sanitizer_acquire(void *at) {
    (void)at;
}

#endif

// Tells both that the stack of `to` comes next. `from` is NULL when it ends here.
#define ANNOUNCE_SWITCH(from, to)                                                                  \
    do {                                                                                           \
        (to)->resumer = (from);                                                                    \
        ANNOUNCE_THREAD(from, to);                                                                 \
        ANNOUNCE_STACK(from, to);                                                                  \
    } while (0)

#if CONTEXT_TSAN
#define ANNOUNCE_THREAD(from, to) __tsan_switch_to_fiber((to)->thread, SWITCH_FLAGS)
#else
#define ANNOUNCE_THREAD(from, to) ((void)0)
#endif

#if CONTEXT_ASAN
#define ANNOUNCE_STACK(from, to)                                                                   \
    __sanitizer_start_switch_fiber((from) != NULL ? &(from)->fake_stack : NULL, (to)->stack_low,   \
                                   (to)->stack_bytes)
#else
#define ANNOUNCE_STACK(from, to) ((void)0)
#endif

// The other half, on the stack of `self`: also learns where the stack lies that was left.
UNINSTRUMENTED static void finish_switch(struct sanitizer_fiber *self) {
#if CONTEXT_ASAN
    const void *low = NULL;
    size_t bytes = 0;
    __sanitizer_finish_switch_fiber(self->fake_stack, &low, &bytes);
    if (self->resumer != NULL) {
        self->resumer->stack_low = low;
        self->resumer->stack_bytes = bytes;
    }
#else
    (void)self;
#endif
}

UNINSTRUMENTED static void begin(void *argument) {
    struct sanitizer_fiber *self = argument;
    finish_switch(self);
#if CONTEXT_TSAN
    __tsan_acquire(self); // pairs with take_thread
#endif
    self->entry(self->argument);
    UNREACHABLE("the entry of a context returned");
}

UNINSTRUMENTED void context_init(struct context *c, void *stack_low, size_t stack_bytes,
                                 void (*entry)(void *argument), void *argument) {
    ASSERT(stack_bytes >= CONTEXT_STACK_BYTES_MIN);
    c->fiber = (struct sanitizer_fiber){
        .stack_low = stack_low, .stack_bytes = stack_bytes, .entry = entry, .argument = argument};
#if CONTEXT_ASAN
    // The last life may have ended in the middle of calls, whose red zones are still marked.
    __asan_unpoison_memory_region(stack_low, stack_bytes);
#endif
#if CONTEXT_TSAN
    take_thread(&c->fiber);
#endif
    machine_init(&c->machine, stack_low, stack_bytes, begin, &c->fiber);
}

void sanitizer_fiber_init_thread(struct sanitizer_fiber *fiber) {
    *fiber = (struct sanitizer_fiber){0};
}

void sanitizer_fiber_deinit(struct sanitizer_fiber *fiber) {
#if CONTEXT_TSAN
    if (fiber->lives > 0) {
        drop_thread(fiber);
    }
#endif
    *fiber = (struct sanitizer_fiber){0};
}

UNINSTRUMENTED void context_switch(struct context *from, struct context *to) {
#if CONTEXT_TSAN
    from->fiber.thread = __tsan_get_current_fiber();
#endif
    ANNOUNCE_SWITCH(&from->fiber, &to->fiber);
    machine_switch(&from->machine, &to->machine);
    finish_switch(&from->fiber);
}

UNINSTRUMENTED void context_switch_last(struct context *from, struct context *to) {
#if CONTEXT_TSAN
    __tsan_release(&from->fiber); // pairs with drop_thread
#else
    (void)from;
#endif
    struct sanitizer_fiber *nobody = NULL;
    ANNOUNCE_SWITCH(nobody, &to->fiber);
    machine_leave(&to->machine);
}

#endif

unsigned int sanitizer_stack_added(void *low, size_t bytes) {
#if CONTEXT_ASAN
    __lsan_register_root_region(low, bytes);
#endif
#if HAS_VALGRIND
    return (unsigned int)VALGRIND_STACK_REGISTER(low, (char *)low + bytes);
#else
    (void)low;
    (void)bytes;
    return 0;
#endif
}

void sanitizer_stack_removed(void *low, size_t bytes, unsigned int number) {
#if CONTEXT_ASAN
    __lsan_unregister_root_region(low, bytes);
#endif
#if HAS_VALGRIND
    VALGRIND_STACK_DEREGISTER(number);
#endif
    (void)low;
    (void)bytes;
    (void)number;
}
