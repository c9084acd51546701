// Tests of the message about a stack that ran over, and of programs with handlers of their own.
// Start reading at an_overflow_names_the_frame_and_where_it_was_spawned.
#include "stack/overflow.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "context/context.h"
#include "support/test.h"

// Sanitizers have a handler of their own, which ours passes the fault on to.
#define DEATH (CONTEXT_ASAN ? TEST_EXIT(1) : CONTEXT_TSAN ? TEST_EXIT(66) : SIGSEGV)

struct header {
    struct stack stack;
    const char *name;
};

static struct stack_set set;
static struct stack_pool pool;
static struct overflow_thread thread;
static struct context home;
static struct context away;

static void describe(const struct stack *stack, struct overflow_story *story) {
    story->name = ((const struct header *)stack)->name;
    story->file = "tree.c";
    story->line = 42;
    story->advice = ".stack_bytes";
}

static struct stack *begin(void) {
    stack_set_init(&set, sizeof(struct header));
    stack_pool_init(&pool, &set);
    struct stack *stack = stack_pool_acquire(&pool, STACK_16K);
    EXPECT(stack != NULL);
    ((struct header *)stack)->name = "parser";
    EXPECT_EQ(overflow_install_thread(&thread), 0);
    return stack;
}

static void run_on(struct stack *stack, void (*entry)(void *)) {
    context_init_thread(&home);
    context_init(&away, stack->low, stack->bytes, entry, NULL);
    context_switch(&home, &away);
}

// Read at each call, so that no compiler sees where this ends.
static volatile int depth_max = 1 << 30;

__attribute__((noinline)) static int recurse(int depth) {
    volatile char local[200];
    local[0] = (char)depth;
    return depth < depth_max ? recurse(depth + 1) + local[0] : 0;
}

static void overflow(void *argument) {
    (void)argument;
    depth_max = recurse(0);
}

TEST_DIES(an_overflow_names_the_frame_and_where_it_was_spawned, DEATH,
          "tenon: stack overflow in frame parser (spawned at tree.c:42), stack of 16384 bytes, "
          "address 0x") {
    struct stack *stack = begin();
    overflow_set_describe(describe);
    run_on(stack, overflow);
}

TEST_DIES(an_overflow_says_what_to_do, DEATH,
          "in its guard; give it a larger one with .stack_bytes\n") {
    struct stack *stack = begin();
    overflow_set_describe(describe);
    run_on(stack, overflow);
}

TEST_DIES(an_overflow_of_which_nothing_is_known_is_still_told, DEATH,
          "tenon: stack overflow in a frame, stack of 16384 bytes") {
    run_on(begin(), overflow);
}

__attribute__((noinline)) static void use_much(void) {
    char local[100 << 10];
    __asm__ volatile("" : : "r"(local) : "memory"); // all of it must exist
    local[0] = 1;
    __asm__ volatile("" : : "r"(local) : "memory");
}

static void overflow_at_once(void *argument) {
    (void)argument;
    use_much();
    context_switch_last(&away, &home);
}

TEST_DIES(a_large_local_does_not_step_over_the_guard, DEATH, "tenon: stack overflow in frame") {
    struct stack *stack = begin();
    overflow_set_describe(describe);
    struct stack *between = stack_pool_acquire(&pool, STACK_16K); // something to step into
    struct stack *above = stack_pool_acquire(&pool, STACK_16K);
    EXPECT(above > between && between > stack);
    ((struct header *)above)->name = "large";
    run_on(above, overflow_at_once);
}

TEST_DIES(a_wild_write_to_a_guard_is_told_from_an_overflow, DEATH,
          "tenon: a wild access to the stack of frame parser") {
    struct stack *stack = begin();
    overflow_set_describe(describe);
    *(volatile char *)(stack->low - 8) = 1;
}

static void *overflow_in_thread(void *argument) {
    struct overflow_thread own;
    EXPECT_EQ(overflow_install_thread(&own), 0);
    run_on(argument, overflow);
    return NULL;
}

TEST_DIES(a_second_thread_tells_as_well, DEATH, "tenon: stack overflow in frame parser") {
    struct stack *stack = begin();
    overflow_set_describe(describe);
    pthread_t other;
    EXPECT_EQ(pthread_create(&other, NULL, overflow_in_thread, stack), 0);
    pthread_join(other, NULL);
}

// ---- programs with handlers of their own -------------------------------------------------------

static volatile char *page;
static volatile int handled;
static void *volatile handled_at;

// Repairs the page, as a program that traps writes would.
static void repair(int signal, siginfo_t *info, void *registers) {
    (void)signal;
    (void)registers;
    handled++;
    handled_at = info->si_addr;
    mprotect((void *)(uintptr_t)page, 4096, PROT_READ | PROT_WRITE);
}

static void protect_page(void) {
    if (page == NULL) {
        page = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        EXPECT(page != MAP_FAILED);
    }
    mprotect((void *)(uintptr_t)page, 4096, PROT_NONE);
}

TEST(a_handler_of_the_program_still_gets_its_faults) {
    struct sigaction action = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO};
    EXPECT_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    (void)begin();
    for (int i = 1; i <= 3; i++) {
        protect_page();
        page[i] = (char)i;
        EXPECT_EQ(handled, i);
        EXPECT_EQ((uintptr_t)handled_at, (uintptr_t)(page + i));
    }
    EXPECT_EQ(page[3], 3);
}

static sigjmp_buf escape;

static void jump_out(int signal) {
    (void)signal;
    handled++;
    siglongjmp(escape, 1);
}

TEST(a_handler_that_jumps_out_may_be_called_again) {
    struct sigaction action = {.sa_handler = jump_out};
    EXPECT_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    (void)begin();
    protect_page();
    for (volatile int i = 1; i <= 3; i++) {
        if (sigsetjmp(escape, 1) == 0) {
            page[0] = 1;
        }
        EXPECT_EQ(handled, i);
    }
}

TEST_DIES(an_overflow_is_told_before_the_handler_of_the_program_runs, TEST_EXIT(3),
          "tenon: stack overflow in frame parser") {
    if (CONTEXT_TSAN) {
        TEST_SKIP("ThreadSanitizer does not follow a jump from one stack to another");
    }
    struct sigaction action = {.sa_handler = jump_out};
    EXPECT_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    struct stack *stack = begin();
    overflow_set_describe(describe);
    if (sigsetjmp(escape, 1) == 0) {
        run_on(stack, overflow);
    }
    EXPECT_EQ(handled, 1);
    exit(3);
}

TEST_DIES(any_other_fault_kills_as_before, DEATH, "") {
    (void)begin();
    protect_page();
    page[0] = 1;
}

TEST_DIES(a_signal_that_was_sent_kills_as_before, DEATH, "") {
    (void)begin();
    EXPECT(true);
    raise(SIGSEGV);
}

TEST(what_was_installed_is_taken_away_again) {
    struct sigaction before = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO};
    EXPECT_EQ(sigaction(SIGSEGV, &before, NULL), 0);
    stack_t signal_stack;
    EXPECT_EQ(sigaltstack(NULL, &signal_stack), 0);
    int flags_before = signal_stack.ss_flags;
    struct overflow_thread again;
    (void)begin();
    EXPECT_EQ(overflow_install_thread(&again), 0); // as a second run on this thread would
    struct sigaction now;
    EXPECT_EQ(sigaction(SIGSEGV, NULL, &now), 0);
    EXPECT(now.sa_sigaction != repair);
    overflow_uninstall_thread(&again);
    EXPECT_EQ(sigaction(SIGSEGV, NULL, &now), 0);
    EXPECT(now.sa_sigaction != repair);
    overflow_uninstall_thread(&thread);
    EXPECT_EQ(sigaction(SIGSEGV, NULL, &now), 0);
    EXPECT(now.sa_sigaction == repair);
    EXPECT_EQ(sigaltstack(NULL, &signal_stack), 0);
    EXPECT_EQ(signal_stack.ss_flags, flags_before);
}
