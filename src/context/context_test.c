// Tests of contexts as their users see them: switching, ending, moving between threads.
// Start reading at the first test; what the machine must keep is tested in machine_test.c, what
// debuggers see in unwind_test.c.
#include "context/context.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

enum { STACK_BYTES = 64 << 10 };

static struct context home;
static struct context away;
static long count;

static void count_for_ever(void *argument) {
    long step = *(long *)argument;
    for (;;) {
        count += step;
        context_switch(&away, &home);
    }
}

TEST(two_contexts_take_turns) {
    static char stack[STACK_BYTES];
    long step = 3;
    long turns = 100000 / test_slowness();
    context_init_thread(&home);
    context_init(&away, stack, sizeof stack, count_for_ever, &step);
    for (long i = 1; i <= turns; i++) {
        context_switch(&home, &away);
        EXPECT_EQ(count, 3 * i);
    }
    context_deinit(&away);
    context_deinit(&home);
}

// Goes down `depth` calls, suspends in each on the way in and on the way out, and adds up what its
// frames hold, which must still be there.
__attribute__((noinline)) static long descend(int depth) {
    volatile long held[4] = {depth, depth + 1, depth + 2, depth + 3};
    context_switch(&away, &home);
    long below = depth > 0 ? descend(depth - 1) : 0;
    context_switch(&away, &home);
    return below + held[0] + held[1] + held[2] + held[3];
}

static void descend_and_end(void *argument) {
    count = descend(*(int *)argument);
    context_switch_last(&away, &home);
}

TEST(a_context_suspends_in_the_depth_of_its_calls) {
    char *stack = malloc(STACK_BYTES);
    int depth = 99;
    count = -1;
    context_init_thread(&home);
    context_init(&away, stack, STACK_BYTES, descend_and_end, &depth);
    for (int i = 0; i < 2 * (depth + 1); i++) {
        context_switch(&home, &away);
        EXPECT_EQ(count, -1);
    }
    context_switch(&home, &away);
    EXPECT_EQ(count, 4 * (99 * 100 / 2) + 100 * 6);
    context_deinit(&away);
    context_deinit(&home);
    free(stack);
}

static void leave_for_good(void) {
    context_switch_last(&away, &home);
}

// Read anew at each call, so that compilers do not know that it never returns.
static void (*volatile leave)(void) = leave_for_good;

// Ends in the middle of calls that hold arrays, so that a sanitizer has marks left to clear.
__attribute__((noinline)) static void end_deep(int depth) {
    volatile char local[100];
    memset((char *)local, depth, sizeof local);
    if (depth > 0) {
        end_deep(depth - 1);
    } else {
        leave();
    }
    count += local[0]; // never reached
}

static void end_somewhere(void *argument) {
    end_deep(*(int *)argument);
}

TEST(a_stack_is_used_again_after_its_context_ended) {
    static char stack[STACK_BYTES];
    context_init_thread(&home);
    count = 0;
    int lives = 2000;
    for (int i = 0; i < lives; i++) {
        int depth = i % 20;
        context_init(&away, stack, sizeof stack, end_somewhere, &depth);
        context_switch(&home, &away);
        context_deinit(&away);
    }
    EXPECT_EQ(count, 0);
    context_deinit(&home);
}

TEST(a_suspended_context_may_be_given_up) {
    static char stack[STACK_BYTES];
    long step = 1;
    context_init_thread(&home);
    count = 0;
    for (int i = 0; i < 100; i++) {
        context_init(&away, stack, sizeof stack, count_for_ever, &step);
        context_switch(&home, &away);
        context_deinit(&away);
    }
    EXPECT_EQ(count, 100);
    context_deinit(&home);
}

// ---- many contexts -----------------------------------------------------------------------------

enum { RING = 50, LAPS = 20 };

struct member {
    struct context context;
    struct member *next;
    long visits;
    char *stack;
};

static struct member ring[RING];

static void pass_along(void *argument) {
    struct member *self = argument;
    for (;;) {
        self->visits++;
        bool is_over = self->next == &ring[0] && ring[0].visits == LAPS;
        context_switch(&self->context, is_over ? &home : &self->next->context);
    }
}

TEST(contexts_switch_to_each_other_without_going_home) {
    context_init_thread(&home);
    for (int i = 0; i < RING; i++) {
        ring[i].next = &ring[(i + 1) % RING];
        ring[i].stack = malloc(STACK_BYTES);
        context_init(&ring[i].context, ring[i].stack, STACK_BYTES, pass_along, &ring[i]);
    }
    context_switch(&home, &ring[0].context);
    for (int i = 0; i < RING; i++) {
        EXPECT_EQ(ring[i].visits, LAPS);
        context_deinit(&ring[i].context);
        free(ring[i].stack);
    }
    context_deinit(&home);
}

// ---- threads -----------------------------------------------------------------------------------

// Two threads continue one context by turns. `turn` publishes the suspended context.
static struct {
    struct context homes[2];
    struct context nomad;
    _Atomic int turn;
    int at; // the thread it runs on, told by whoever continues it
    pthread_t seen[2];
    long visits;
} travel;

enum { JOURNEYS = 200 };

// Never inlined: where the code runs is asked anew each time.
__attribute__((noinline)) static pthread_t this_thread(void) {
    __asm__ volatile("");
    return pthread_self();
}

static void wander(void *argument) {
    (void)argument;
    for (;;) {
        travel.visits++;
        travel.seen[travel.at] = this_thread();
        context_switch(&travel.nomad, &travel.homes[travel.at]);
    }
}

static void *host(void *argument) {
    int me = *(int *)argument;
    context_init_thread(&travel.homes[me]);
    for (int i = 0; i < JOURNEYS; i++) {
        while (atomic_load_explicit(&travel.turn, memory_order_acquire) != me) {
            sched_yield();
        }
        travel.at = me;
        context_switch(&travel.homes[me], &travel.nomad);
        EXPECT(pthread_equal(travel.seen[me], pthread_self()));
        atomic_store_explicit(&travel.turn, 1 - me, memory_order_release);
    }
    context_deinit(&travel.homes[me]);
    return NULL;
}

TEST(a_context_moves_between_threads) {
    static char stack[STACK_BYTES];
    context_init(&travel.nomad, stack, sizeof stack, wander, NULL);
    pthread_t threads[2];
    int numbers[2] = {0, 1};
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(pthread_create(&threads[i], NULL, host, &numbers[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    EXPECT_EQ(travel.visits, 2 * JOURNEYS);
    EXPECT(!pthread_equal(travel.seen[0], travel.seen[1]));
    context_deinit(&travel.nomad);
}
