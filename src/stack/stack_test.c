// Tests of stacks: layout, guards, pools, giving back, the books.
// Start reading at a_stack_lies_between_its_guard_and_its_header.
#include "stack/stack.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/random.h"
#include "context/context.h"
#include "support/test.h"

// What an upper layer keeps at the top of each stack.
struct header {
    struct stack stack;
    long words[40];
};

static struct stack_set set;
static struct stack_pool pool;

static void begin(void) {
    stack_set_init(&set, sizeof(struct header));
    stack_pool_init(&pool, &set);
}

static void end(void) {
    stack_set_check(&set);
    stack_pool_deinit(&pool);
    stack_set_deinit(&set);
}

static struct stack *acquire(enum stack_class size_class) {
    struct stack *stack = stack_pool_acquire(&pool, size_class);
    EXPECT(stack != NULL);
    return stack;
}

static void write_byte(void *at) {
    *(volatile char *)at = 1;
}

// The kernel cannot read a page either if it is a guard: cheaper than a fault to find out.
static bool is_guarded(const char *page, const int ends[2]) {
    return write(ends[1], page, 1) == -1;
}

// ---- one stack ---------------------------------------------------------------------------------

TEST(a_stack_lies_between_its_guard_and_its_header) {
    begin();
    for (int i = STACK_16K; i < STACK_CLASSES; i++) {
        enum stack_class size_class = (enum stack_class)i;
        for (int n = 0; n < 6; n++) {
            struct stack *stack = acquire(size_class);
            EXPECT_EQ((uintptr_t)stack % 64, 0);
            EXPECT_EQ(stack->low + stack->bytes, (char *)stack);
            EXPECT_EQ(stack->size_class, size_class);
            EXPECT(stack->bytes > stack_class_bytes(size_class) - 4096);
            EXPECT(stack->bytes < stack_class_bytes(size_class));
            memset(((struct header *)stack)->words, 7, sizeof((struct header *)stack)->words);
            write_byte(stack->low);
            write_byte(stack->low + stack->bytes - 1);
        }
    }
    struct stack *stack = acquire(STACK_64K);
    // Under a sanitizer its own handler ends the process with a code.
    int how = CONTEXT_ASAN ? TEST_EXIT(1) : CONTEXT_TSAN ? TEST_EXIT(66) : SIGSEGV;
    EXPECT_DIES(write_byte, stack->low - 1, how, "");
    EXPECT_DIES(write_byte, stack->low - set.guard_bytes, how, "");
}

TEST(sizes_are_rounded_up_to_a_class) {
    EXPECT_EQ(stack_class_for(0), STACK_16K);
    EXPECT_EQ(stack_class_for(16384), STACK_16K);
    EXPECT_EQ(stack_class_for(16385), STACK_64K);
    EXPECT_EQ(stack_class_for(100000), STACK_256K);
    EXPECT_EQ(stack_class_for(8 << 20), STACK_8M);
    EXPECT_EQ(stack_class_for((8 << 20) + 1), STACK_CLASSES);
}

TEST(the_stack_released_last_comes_first_and_counts_its_lives) {
    begin();
    struct stack *first = acquire(STACK_64K);
    struct stack *second = acquire(STACK_64K);
    EXPECT(first != second);
    EXPECT_EQ(first->generation, 1);
    stack_pool_release(&pool, first);
    stack_pool_release(&pool, second);
    EXPECT_EQ(acquire(STACK_64K), second);
    EXPECT_EQ(acquire(STACK_64K), first);
    EXPECT_EQ(first->generation, 2);
    stack_pool_release(&pool, first);
    stack_pool_release(&pool, second);
    EXPECT_EQ(stack_set_check(&set), 2);
    end();
}

TEST(the_high_water_mark_of_a_stack_is_known) {
    begin();
    struct stack *stack = acquire(STACK_256K);
    size_t page = os_page_bytes();
    EXPECT_EQ(stack_touched_bytes(stack), 0);
    stack->low[stack->bytes - 10] = 1;
    EXPECT(stack_touched_bytes(stack) >= 10 && stack_touched_bytes(stack) < 10 + 8);
    stack->low[stack->bytes - 5 * page] = 1;
    EXPECT(stack_touched_bytes(stack) >= 5 * page && stack_touched_bytes(stack) < 5 * page + 8);
    stack_forget(stack);
    EXPECT_EQ(stack_touched_bytes(stack), 0);
    EXPECT_EQ(stack->low[stack->bytes - 10], 0);
    memset(stack->low, 1, stack->bytes);
    EXPECT_EQ(stack_touched_bytes(stack), stack->bytes);
    stack_forget(stack);
    EXPECT_EQ(stack_touched_bytes(stack), 0);
    EXPECT_EQ(stack->low + stack->bytes, (char *)stack);
    stack_pool_release(&pool, stack);
    end();
}

// ---- many stacks -------------------------------------------------------------------------------

static size_t resident_bytes(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    EXPECT(file != NULL);
    size_t total = 0;
    size_t resident = 0;
    EXPECT_EQ(fscanf(file, "%zu %zu", &total, &resident), 2);
    fclose(file);
    return resident * os_page_bytes();
}

TEST(a_hundred_thousand_guarded_stacks_exist_at_once, .seconds = 60) {
    begin();
    size_t count = os_guard_is_verified() && test_slowness() == 1 ? 100000 : 10000;
    struct stack **stacks = calloc(count, sizeof *stacks);
    size_t before = resident_bytes();
    uint64_t start_ns = os_now_ns();
    for (size_t i = 0; i < count; i++) {
        stacks[i] = acquire(STACK_64K);
        stacks[i]->low[stacks[i]->bytes - 100] = (char)i;
    }
    uint64_t took_ns = os_now_ns() - start_ns;
    TEST_NOTE("%zu stacks, %zu bytes resident each, %llu ns each", count,
              (resident_bytes() - before) / count, (unsigned long long)(took_ns / count));
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    EXPECT(!is_guarded(stacks[0]->low, ends));
    for (size_t i = 0; i < count; i += count / 100) {
        EXPECT(is_guarded(stacks[i]->low - 1, ends));
        EXPECT(is_guarded(stacks[i]->low - set.guard_bytes, ends));
        EXPECT_EQ(stacks[i]->low[stacks[i]->bytes - 100], (char)i);
    }
    EXPECT_EQ(stack_set_check(&set), count);
    for (size_t i = 0; i < count; i++) {
        stack_pool_release(&pool, stacks[i]);
    }
    EXPECT_EQ(stack_set_check(&set), count);
    free(stacks);
    end();
}

TEST(memory_of_many_released_stacks_goes_back_and_lives_are_still_counted, .seconds = 30) {
    enum { COUNT = 12000 };
    static struct stack *stacks[COUNT];
    setenv("TENON_GUARD", "", 1);
    begin();
    for (int life = 1; life <= 3; life++) {
        for (int i = 0; i < COUNT; i++) {
            stacks[i] = acquire(STACK_16K);
            EXPECT_EQ(stacks[i]->generation, life);
            ((struct header *)stacks[i])->words[3] = i;
        }
        size_t full = resident_bytes();
        for (int i = 0; i < COUNT; i++) {
            stack_pool_release(&pool, stacks[i]);
        }
        const struct stack_store *store = &set.stores[STACK_16K];
        size_t given_back = full - resident_bytes();
        EXPECT(store->cold_count > COUNT / 2);
        EXPECT(given_back > COUNT / 2 * os_page_bytes() / 2);
        EXPECT_EQ(stack_set_check(&set), COUNT);
    }
    end();
}

TEST(a_random_history_keeps_the_books_right, .seconds = 30) {
    enum { POOLS = 3, HELD = 3000 };
    static struct stack *held[HELD];
    static struct stack_pool pools[POOLS];
    int count = 0;
    struct random random;
    random_init(&random, test_seed());
    stack_set_init(&set, sizeof(struct header));
    for (int i = 0; i < POOLS; i++) {
        stack_pool_init(&pools[i], &set);
    }
    for (int step = 0; step < 60000 / test_slowness(); step++) {
        struct stack_pool *here = &pools[random_below(&random, POOLS)];
        bool is_growing = (step / 6000) % 2 == 0;
        if (count < HELD && random_below(&random, 10) < (is_growing ? 7 : 3)) {
            enum stack_class size_class = (enum stack_class)random_below(&random, 3);
            held[count] = stack_pool_acquire(here, size_class);
            EXPECT(held[count] != NULL && held[count]->size_class == size_class);
            *(int *)(void *)held[count]->low = count;
            count++;
        } else if (count > 0) {
            int which = (int)random_below(&random, (uint64_t)count);
            stack_pool_release(here, held[which]);
            held[which] = held[--count];
        }
        if (step % 500 == 0) {
            stack_set_check(&set);
        }
    }
    while (count > 0) {
        stack_pool_release(&pools[0], held[--count]);
    }
    size_t made = stack_set_check(&set);
    EXPECT(made > 0);
    for (int i = 0; i < POOLS; i++) {
        stack_pool_deinit(&pools[i]);
    }
    stack_set_deinit(&set);
}

// ---- threads -----------------------------------------------------------------------------------

enum { WORKERS = 3, EXCHANGES = 20000, TABLE = 512 };

// Stacks travel: what one thread acquires, another releases.
static _Atomic(struct stack *) table[TABLE];

static void exchange(void *argument) {
    struct stack_pool own;
    struct random random;
    random_init(&random, (uintptr_t)argument);
    stack_pool_init(&own, &set);
    for (int i = 0; i < EXCHANGES / test_slowness(); i++) {
        struct stack *stack = stack_pool_acquire(&own, STACK_16K);
        EXPECT(stack != NULL);
        *(int *)(void *)(stack->low + stack->bytes - sizeof(int)) = i;
        // pairs with itself: whoever takes the stack out sees what was written to it
        stack = atomic_exchange_acq_rel(&table[random_below(&random, TABLE)], stack);
        if (stack != NULL) {
            stack_pool_release(&own, stack);
        }
    }
    stack_pool_deinit(&own);
}

TEST(threads_release_what_others_acquired, .seconds = 30) {
    begin();
    struct os_thread threads[WORKERS];
    for (uintptr_t i = 0; i < WORKERS; i++) {
        EXPECT_EQ(os_thread_start(&threads[i], exchange, (void *)(i + 1), "exchange"), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        os_thread_join(&threads[i]);
    }
    for (int i = 0; i < TABLE; i++) {
        struct stack *stack = atomic_load_relaxed(&table[i]);
        if (stack != NULL) {
            stack_pool_release(&pool, stack);
        }
    }
    EXPECT(stack_set_check(&set) >= TABLE / 2);
    end();
}

// ---- when there is no more ---------------------------------------------------------------------

TEST(guards_that_are_mappings_end_with_a_sentence_that_names_the_limit, .seconds = 60) {
    setenv("TENON_GUARD", "mprotect", 1);
    EXPECT(!os_guard_is_verified());
    begin();
    size_t count = 0;
    struct stack *list = NULL;
    for (; count < 200000; count++) {
        struct stack *stack = stack_pool_acquire(&pool, STACK_16K);
        if (stack == NULL) {
            break;
        }
        stack->next = list;
        list = stack;
    }
    if (count == 200000) {
        TEST_SKIP("this system allows more mappings than a test may use up");
    }
    char text[400];
    stack_set_explain(&set, text, sizeof text);
    TEST_NOTE("%s", text);
    EXPECT(strstr(text, "vm.max_map_count") != NULL);
    EXPECT(count > 1000);
    // The rest of the program still has mappings.
    void *memory[100];
    for (int i = 0; i < 100; i++) {
        memory[i] = malloc(1 << 20);
        EXPECT(memory[i] != NULL);
    }
    for (int i = 0; i < 100; i++) {
        free(memory[i]);
    }
    // A stack that comes back can be had again.
    struct stack *stack = list;
    list = stack->next;
    stack_pool_release(&pool, stack);
    EXPECT_EQ(stack_pool_acquire(&pool, STACK_16K), stack);
    stack->next = list;
    for (list = stack; list != NULL; list = stack) {
        stack = list->next;
        stack_pool_release(&pool, list);
    }
    EXPECT_EQ(stack_set_check(&set), count);
    end();
}

TEST(refused_memory_ends_with_a_sentence) {
    if (CONTEXT_SANITIZED) {
        TEST_SKIP("sanitizers reserve more address space than any limit leaves");
    }
    begin();
    char text[400];
    stack_set_explain(&set, text, sizeof text);
    EXPECT_STR(text, "no acquire of a stack has failed");
    struct rlimit limit = {.rlim_cur = 600 << 20, .rlim_max = 600 << 20};
    EXPECT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
    int count = 0;
    struct stack *last = NULL;
    for (struct stack *stack; (stack = stack_pool_acquire(&pool, STACK_8M)) != NULL; count++) {
        if (count == 100) {
            TEST_SKIP("the limit on address space has no effect here");
        }
        last = stack;
    }
    EXPECT(count > 40); // smaller slabs are tried before giving up
    stack_set_explain(&set, text, sizeof text);
    EXPECT(strstr(text, "ulimit -v") != NULL);
    stack_pool_release(&pool, last);
    EXPECT_EQ(acquire(STACK_8M), last);
}

TEST_DIES(a_set_that_ends_before_its_stacks_stops_the_program, SIGABRT, "was not released") {
    begin();
    (void)acquire(STACK_64K);
    end();
}

// ---- contexts on them --------------------------------------------------------------------------

static struct context home;
static struct context away;

static void run_and_end(void *argument) {
    char text[200];
    snprintf(text, sizeof text, "%p", argument);
    *(size_t *)argument += strlen(text);
    context_switch_last(&away, &home);
}

TEST(a_context_runs_on_every_class) {
    begin();
    context_init_thread(&home);
    for (int i = STACK_16K; i < STACK_CLASSES; i++) {
        struct stack *stack = acquire((enum stack_class)i);
        size_t result = 0;
        context_init(&away, stack->low, stack->bytes, run_and_end, &result);
        context_switch(&home, &away);
        context_deinit(&away);
        EXPECT(result > 2);
        EXPECT(stack_touched_bytes(stack) > 200);
        stack_pool_release(&pool, stack);
    }
    context_deinit(&home);
    end();
}
