// Tests of what sanitizers find in contexts: nothing that is right, and each planted mistake. In a
// build without them there is one test, which only says so.
// Start reading at an_overrun_local_is_found_inside_a_context.
#include "context/context.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "support/test.h"

#if CONTEXT_ASAN
#include <sanitizer/lsan_interface.h>
#endif

#if CONTEXT_SANITIZED

enum { STACK_BYTES = 64 << 10 };

#else

TEST(sanitizers_are_tested_in_their_own_builds) {
    TEST_SKIP("this build has no sanitizer");
}

#endif

#if CONTEXT_ASAN

static struct context home;
static struct context away;

__attribute__((noinline)) static void write_past_the_end(volatile int *index) {
    char local[16];
    volatile char *at = local;
    __asm__ volatile("" : "+r"(at)); // or the compiler would see the mistake, too
    at[*index] = 1;
}

static void overrun(void *argument) {
    write_past_the_end(argument);
    context_switch_last(&away, &home);
}

TEST_DIES(an_overrun_local_is_found_inside_a_context, TEST_EXIT(1), "stack-buffer-overflow") {
    static char stack[STACK_BYTES];
    volatile int index = 16;
    context_init_thread(&home);
    context_init(&away, stack, sizeof stack, overrun, (void *)(uintptr_t)&index);
    context_switch(&home, &away);
    EXPECT(false);
}

static void hold_memory(void *argument) {
    (void)argument;
    char *volatile memory = malloc(1234);
    memory[0] = 1;
    for (;;) {
        context_switch(&away, &home);
    }
}

// Overwrites what is left of earlier calls, which could still point to the memory.
__attribute__((noinline)) static void overwrite_stack(void) {
    volatile char local[4096];
    memset((char *)local, 0, sizeof local);
}

// A context on announced memory that alone knows of 1234 bytes; returns the number to give back.
static unsigned int suspend_with_memory(void *memory) {
    unsigned int number = sanitizer_stack_added(memory, STACK_BYTES);
    context_init_thread(&home);
    context_init(&away, memory, STACK_BYTES, hold_memory, NULL);
    context_switch(&home, &away);
    context_switch(&home, &away);
    overwrite_stack();
    return number;
}

static void *map_stack(void) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void *memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
    EXPECT(memory != MAP_FAILED);
    return memory;
}

TEST(what_a_suspended_context_holds_is_no_leak) {
    (void)suspend_with_memory(map_stack());
    EXPECT_EQ(__lsan_do_recoverable_leak_check(), 0);
}

TEST_DIES(what_a_context_held_on_a_removed_stack_is_a_leak, TEST_EXIT(1), "1234 byte(s) leaked") {
    void *memory = map_stack();
    unsigned int number = suspend_with_memory(memory);
    sanitizer_stack_removed(memory, STACK_BYTES, number);
    away = (struct context){0}; // its saved registers may hold the pointer, too
    EXPECT(__lsan_do_recoverable_leak_check() != 0);
}

#endif

#if CONTEXT_TSAN_INSTRUMENTED

static long unprotected;

static void *race(void *argument) {
    struct context *contexts = argument;
    context_init_thread(&contexts[0]);
    context_switch(&contexts[0], &contexts[1]);
    return NULL;
}

static void increment(void *argument) {
    struct context *contexts = argument;
    for (int i = 0; i < 1000; i++) {
        unprotected++;
    }
    context_switch_last(&contexts[1], &contexts[0]);
}

TEST_DIES(a_race_between_contexts_on_two_threads_is_found, TEST_EXIT(66), "data race") {
    static char stacks[2][STACK_BYTES];
    static struct context contexts[2][2];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        context_init(&contexts[i][1], stacks[i], STACK_BYTES, increment, contexts[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, race, contexts[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    EXPECT_EQ(unprotected, unprotected);
    exit(0);
}

#endif
