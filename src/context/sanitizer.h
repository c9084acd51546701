// sanitizer.h - what AddressSanitizer, ThreadSanitizer, LeakSanitizer and Valgrind are told.
//
// Invariant: in a build without them every function here is empty and struct sanitizer_fiber has
// no size. A stack layer calls sanitizer_stack_added once per stack memory it makes; contexts do
// the rest by themselves.
//
// ThreadSanitizer: when the runtime itself is instrumented (the ordinary tsan build), a switch
// orders what happened before it with what comes after, because the runtime hands things over by
// switching. When only the program is instrumented (runtime built plain, with -DTENON_TSAN=1), a
// switch orders nothing, and races between frames of one worker are found too. Nothing the runtime
// does is seen then, so every point where one frame orders another says so by sanitizer_hand_over
// and sanitizer_take_over (docs/internals/sanitizers.md has the list). What stays unseen: a race
// between two frames of which one began on the very stack on which the other had ended.
// Live fibers are few: 8128 at most with gcc's runtime, 0.9 MB each.
// Start reading in sanitizer.c at context_init.
#ifndef TENON_CONTEXT_SANITIZER_H
#define TENON_CONTEXT_SANITIZER_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define CONTEXT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CONTEXT_ASAN 1
#endif
#endif
#ifndef CONTEXT_ASAN
#define CONTEXT_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define CONTEXT_TSAN_INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CONTEXT_TSAN_INSTRUMENTED 1
#endif
#endif
#ifndef CONTEXT_TSAN_INSTRUMENTED
#define CONTEXT_TSAN_INSTRUMENTED 0
#endif

#if CONTEXT_TSAN_INSTRUMENTED || TENON_TSAN
#define CONTEXT_TSAN 1
#else
#define CONTEXT_TSAN 0
#endif

// The program is instrumented, this code is not.
#define CONTEXT_TSAN_OUTSIDE (CONTEXT_TSAN && !CONTEXT_TSAN_INSTRUMENTED)

#define CONTEXT_SANITIZED (CONTEXT_ASAN || CONTEXT_TSAN)

// Before a function that reads memory of calls that are over.
#define SANITIZER_BLIND __attribute__((no_sanitize("address", "thread")))

struct sanitizer_fiber {
#if CONTEXT_SANITIZED
    const void *stack_low; // learned at each switch away when the stack is a thread's own
    size_t stack_bytes;
    void *fake_stack; // AddressSanitizer's own locals of this context while suspended
    void *thread;     // ThreadSanitizer's idea of it
    struct sanitizer_fiber *resumer;
    void (*entry)(void *argument);
    void *argument;
    unsigned int lives; // contexts that `thread` has stood for; 0 when it is not ours
#endif
};

// Announces stack memory: leaks are also looked for in pointers that lie there (LeakSanitizer), and
// moving the stack pointer into it is a switch, not a huge local (Valgrind). Returns a number to
// give to sanitizer_stack_removed. Costs nothing measurable outside of these tools.
unsigned int sanitizer_stack_added(void *low, size_t bytes);
void sanitizer_stack_removed(void *low, size_t bytes, unsigned int number);

#if CONTEXT_SANITIZED

void sanitizer_fiber_init_thread(struct sanitizer_fiber *fiber);
void sanitizer_fiber_deinit(struct sanitizer_fiber *fiber);

// What the caller did before sanitizer_release(at) is ordered before what follows a later
// sanitizer_acquire(at).
void sanitizer_release(void *at);
void sanitizer_acquire(void *at);

#else

static inline void sanitizer_fiber_init_thread(struct sanitizer_fiber *fiber) {
    (void)fiber;
}

static inline void sanitizer_fiber_deinit(struct sanitizer_fiber *fiber) {
    (void)fiber;
}

static inline void sanitizer_release(void *at) {
    (void)at;
}

static inline void sanitizer_acquire(void *at) {
    (void)at;
}

#endif

#if CONTEXT_TSAN_OUTSIDE

// What the running frame did before sanitizer_hand_over(at) is ordered before what another does
// after a later sanitizer_take_over(at). Each on the frame's own stack: the loop of a worker knows
// nothing of what its frames did.
void sanitizer_hand_over(void *at);
void sanitizer_take_over(void *at);

// Whoever takes over at `to` from now on has also taken over at `from`. From anywhere.
void sanitizer_pass_on(void *from, void *to);

// In between, memory comes and goes without a story: it is the runtime's own.
void sanitizer_hide_begin(void);
void sanitizer_hide_end(void);

#else

static inline void sanitizer_hand_over(void *at) {
    (void)at;
}

static inline void sanitizer_take_over(void *at) {
    (void)at;
}

static inline void sanitizer_pass_on(void *from, void *to) {
    (void)from;
    (void)to;
}

static inline void sanitizer_hide_begin(void) {
}

static inline void sanitizer_hide_end(void) {
}

#endif

#endif
