// Tests of the saved registers: what a switch keeps, alignment, and the same program on this
// machine's assembly and on the portable machine. They use struct machine directly, so they say
// nothing under sanitizers, which would have to be told of each switch.
// Start reading at a_random_program_does_the_same_on_both_machines.
#include "context/machine.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "context/machine_generic.h"
#include "context/sanitizer.h"
#include "support/test.h"

enum { STACK_BYTES = 64 << 10 };

static struct machine home;
static struct machine away;

static void skip_under_sanitizers(void) {
    if (CONTEXT_SANITIZED) {
        TEST_SKIP("a sanitizer would have to be told of these switches");
    }
}

// ---- alignment ---------------------------------------------------------------------------------

typedef float vector __attribute__((vector_size(16)));

// The compiler places `local` by what the ABI promises about the stack pointer and stores to it
// with instructions that fault on anything else.
__attribute__((noinline)) static void store_aligned(void) {
    volatile vector local = {1, 2, 3, 4};
    uintptr_t address = (uintptr_t)&local;
    __asm__ volatile("" : "+r"(address)); // forget that it must be a multiple of 16
    EXPECT_EQ(address % 16, 0);
    EXPECT(local[3] == 4);
}

static void check_alignment(void *argument) {
    (void)argument;
    store_aligned();
    machine_switch(&away, &home);
    store_aligned();
    machine_leave(&home);
}

TEST(a_stack_of_any_alignment_becomes_aligned_on_every_entry) {
    skip_under_sanitizers();
    static char stack[STACK_BYTES];
    for (size_t low = 0; low < 16; low++) {
        for (size_t high = 0; high < 16; high++) {
            machine_init_thread(&home);
            machine_init(&away, stack + low, STACK_BYTES - low - high, check_alignment, NULL);
            machine_switch(&home, &away);
            store_aligned();
            machine_switch(&home, &away);
            store_aligned();
        }
    }
}

// ---- registers ---------------------------------------------------------------------------------

// More values than there are registers that a call preserves, all alive over a switch.
__attribute__((noinline)) static double mix(const volatile long *in, const volatile double *real,
                                            struct machine *from, struct machine *to) {
    long a = in[0], b = in[1], c = in[2], d = in[3], e = in[4], f = in[5], g = in[6], h = in[7];
    double s = real[0], t = real[1], u = real[2], v = real[3], w = real[4], x = real[5];
    double y = real[6], z = real[7];
    machine_switch(from, to);
    long whole = a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
    return s + 2 * t + 3 * u + 4 * v + 5 * w + 6 * x + 7 * y + 8 * z + (double)whole;
}

static double expected_mix(const volatile long *in, const volatile double *real) {
    double sum = 0;
    for (int i = 0; i < 8; i++) {
        sum += (double)((i + 1) * in[i]) + (i + 1) * real[i];
    }
    return sum;
}

static volatile long away_whole[8] = {-1, -2, -3, -4, -5, -6, -7, -8};
static volatile double away_real[8] = {0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5};

static void keep_mixing(void *argument) {
    long rounds = *(long *)argument;
    for (long i = 0; i < rounds; i++) {
        EXPECT(mix(away_whole, away_real, &away, &home) == expected_mix(away_whole, away_real));
        away_whole[i % 8] += i;
    }
    machine_leave(&home);
}

TEST(every_value_that_a_call_keeps_is_kept) {
    skip_under_sanitizers();
    static char stack[STACK_BYTES];
    volatile long whole[8] = {1, 20, 300, 4000, 50000, 600000, 7000000, 80000000};
    volatile double real[8] = {0.25, 1.25, 2.25, 3.25, 4.25, 5.25, 6.25, 7.25};
    long rounds = 1000;
    machine_init_thread(&home);
    machine_init(&away, stack, sizeof stack, keep_mixing, &rounds);
    for (long i = 0; i <= rounds; i++) {
        EXPECT(mix(whole, real, &home, &away) == expected_mix(whole, real));
        real[i % 8] += (double)i;
    }
}

#if defined(__x86_64__)

// The registers by name, whatever the compiler would have done.
__attribute__((noinline)) static void switch_out_of_line(void) {
    machine_switch(&home, &away);
}

static void come_back(void *argument) {
    (void)argument;
    for (;;) {
        __asm__ volatile("" : : : "rbx", "r12", "r13", "r14", "r15");
        machine_switch(&away, &home);
    }
}

TEST(the_callee_saved_registers_are_kept_by_name) {
    skip_under_sanitizers();
    static char stack[STACK_BYTES];
    machine_init_thread(&home);
    machine_init(&away, stack, sizeof stack, come_back, NULL);
    for (long i = 0; i < 100; i++) {
        register long rbx __asm__("rbx") = i + 1;
        register long r12 __asm__("r12") = i + 2;
        register long r13 __asm__("r13") = i + 3;
        register long r14 __asm__("r14") = i + 4;
        register long r15 __asm__("r15") = i + 5;
        __asm__ volatile("" : "+r"(rbx), "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15));
        switch_out_of_line();
        __asm__ volatile("" : "+r"(rbx), "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15));
        long sum = rbx + r12 + r13 + r14 + r15;
        EXPECT_EQ(sum, 5 * i + 15);
    }
}

#endif

// ---- the same program on both ------------------------------------------------------------------

enum { ACTORS = 6, STEPS = 3000, TRACE = STEPS + ACTORS };

// One machine or the other, behind the same two functions.
struct kind {
    void (*prepare)(int actor, void (*entry)(void *));
    void (*move)(int from, int to); // actor ACTORS is the test itself
};

static struct {
    const struct kind *kind;
    struct random random;
    char *stacks[ACTORS];
    int steps;
    double sums[ACTORS];
    uint64_t trace[TRACE];
} play;

static struct machine machines[ACTORS + 1];
static struct generic_machine generic_machines[ACTORS + 1];

static void prepare_machine(int actor, void (*entry)(void *)) {
    machine_init(&machines[actor], play.stacks[actor], STACK_BYTES, entry, (void *)(intptr_t)actor);
}

static void move_machine(int from, int to) {
    machine_switch(&machines[from], &machines[to]);
}

static void prepare_generic(int actor, void (*entry)(void *)) {
    generic_machine_init(&generic_machines[actor], play.stacks[actor], STACK_BYTES, entry,
                         (void *)(intptr_t)actor);
}

static void move_generic(int from, int to) {
    generic_machine_switch(&generic_machines[from], &generic_machines[to]);
}

static const struct kind kinds[2] = {{prepare_machine, move_machine},
                                     {prepare_generic, move_generic}};

// Goes deeper, returns, or hands over, as the random numbers say; the depth and the sums of every
// actor depend on everything that happened before.
static void act(int self, int depth) {
    double local = depth * 0.5 + self;
    while (play.steps < STEPS) {
        uint64_t choice = random_below(&play.random, 4);
        play.sums[self] = play.sums[self] * 0.75 + local;
        play.trace[play.steps++] = (uint64_t)self << 32 | (uint64_t)(uint32_t)depth << 8 | choice;
        if (choice == 0 && depth < 30) {
            act(self, depth + 1);
        } else if (choice == 1 && depth > 0) {
            return;
        } else {
            int to = (int)random_below(&play.random, ACTORS);
            if (to != self) {
                play.kind->move(self, to);
            }
        }
        local += 0.125;
    }
}

static void play_for_ever(void *argument) {
    int self = (int)(intptr_t)argument;
    act(self, 0);
    for (;;) {
        play.kind->move(self, ACTORS);
    }
}

static void run_play(const struct kind *kind, uint64_t seed) {
    play.kind = kind;
    random_init(&play.random, seed);
    play.steps = 0;
    memset(play.sums, 0, sizeof play.sums);
    memset(play.trace, 0, sizeof play.trace);
    for (int i = 0; i < ACTORS; i++) {
        kind->prepare(i, play_for_ever);
    }
    kind->move(ACTORS, 0);
}

TEST(a_random_program_does_the_same_on_both_machines) {
    skip_under_sanitizers();
    for (int i = 0; i < ACTORS; i++) {
        play.stacks[i] = malloc(STACK_BYTES);
    }
    for (uint64_t seed = test_seed(); seed < test_seed() + 50; seed++) {
        static uint64_t trace[TRACE];
        double sums[ACTORS];
        run_play(&kinds[0], seed);
        EXPECT_EQ(play.steps, STEPS);
        memcpy(trace, play.trace, sizeof trace);
        memcpy(sums, play.sums, sizeof sums);
        run_play(&kinds[1], seed);
        EXPECT_EQ(memcmp(trace, play.trace, sizeof trace), 0);
        EXPECT_EQ(memcmp(sums, play.sums, sizeof sums), 0);
    }
}
