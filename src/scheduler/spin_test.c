// Tests of how long an idle worker spins: the arithmetic, with times made up.
// Invariant: after every step the lengths are inside their bounds. Start reading anywhere.
#include "scheduler/spin.h"

#include "base/atomic.h"
#include "base/random.h"
#include "support/test.h"

static struct spin_limits limits;
static struct spin spin;

static void set_up(void) {
    spin_limits_init(&limits, 2);
    spin_init(&spin, &limits);
}

static void check(void) {
    const uint32_t wake_ns = atomic_load_relaxed(&limits.wake_ns);
    EXPECT(spin.length_ns >= SPIN_MIN_NS && spin.length_ns <= SPIN_MAX_NS);
    EXPECT(wake_ns >= SPIN_MIN_NS && wake_ns <= SPIN_MAX_NS);
}

// Somebody wakes the worker gap_ns after it became idle, and it takes wake_ns until it is up.
static void wake_after(uint64_t gap_ns, uint64_t wake_ns) {
    EXPECT(spin_begin(&spin));
    spin_end(&spin, false);
    const uint64_t woken_ns = spin.began_ns + gap_ns;
    spin_learn(&spin, woken_ns, woken_ns + wake_ns);
    check();
}

static void deadline_after(uint64_t gap_ns) {
    EXPECT(spin_begin(&spin));
    spin_end(&spin, false);
    spin_learn(&spin, 0, spin.began_ns + gap_ns);
    check();
}

TEST(the_price_of_a_wake_up_is_the_median_of_those_seen) {
    set_up();
    struct random random;
    random_init(&random, test_seed());
    uint64_t sum_ns = 0;
    for (int i = 0; i < 2000; i++) {
        // From 0 to 60 us; one in ten waits a millisecond for a CPU.
        const bool waits = random_below(&random, 10) == 0;
        wake_after(100000, waits ? 1000000 : random_below(&random, 60000));
        sum_ns += i >= 1000 ? atomic_load_relaxed(&limits.wake_ns) : 0;
    }
    EXPECT(sum_ns / 1000 > 20000 && sum_ns / 1000 < 45000);
    for (int i = 0; i < 40; i++) {
        wake_after(100000, 2000);
    }
    EXPECT(atomic_load_relaxed(&limits.wake_ns) < 2600);
}

TEST(the_price_stays_inside_its_bounds_whatever_is_seen) {
    set_up();
    for (int i = 0; i < 100; i++) {
        wake_after(5, UINT64_C(100000000000));
    }
    EXPECT_EQ(atomic_load_relaxed(&limits.wake_ns), SPIN_MAX_NS);
    for (int i = 0; i < 100; i++) {
        wake_after(5, 0);
    }
    EXPECT_EQ(atomic_load_relaxed(&limits.wake_ns), SPIN_MIN_NS);
    spin_learn(&spin, UINT64_MAX, 5); // a clock that is wrong: no wake-up
    check();
    EXPECT_EQ(atomic_load_relaxed(&limits.wake_ns), SPIN_MIN_NS);
}

TEST(spins_in_vain_grow_shorter_and_work_that_comes_soon_restores_them) {
    set_up();
    for (int i = 0; i < 20; i++) {
        deadline_after(1000000);
    }
    EXPECT_EQ(spin.length_ns, SPIN_MIN_NS);
    wake_after(SPIN_FIRST_NS / 2, SPIN_FIRST_NS); // asleep already, but a spin would have paid
    EXPECT(spin.length_ns > SPIN_FIRST_NS / 2);
    for (int i = 0; i < 20; i++) {
        wake_after(1000000, SPIN_FIRST_NS);
    }
    EXPECT_EQ(spin.length_ns, SPIN_MIN_NS);
    EXPECT(spin_begin(&spin));
    spin_end(&spin, true);
    EXPECT_EQ(spin.length_ns, atomic_load_relaxed(&limits.wake_ns));
}

TEST(only_so_many_workers_spin_at_once) {
    enum { WORKERS = 9 };
    struct spin spins[WORKERS];
    spin_limits_init(&limits, WORKERS);
    int spinning = 0;
    for (int i = 0; i < WORKERS; i++) {
        spin_init(&spins[i], &limits);
        spinning += spin_begin(&spins[i]) ? 1 : 0;
    }
    EXPECT_EQ(spinning, WORKERS / 2);
    spin_end(&spins[WORKERS - 1], true); // did not spin: nothing happens
    EXPECT(!spin_begin(&spins[WORKERS - 1]));
    spin_end(&spins[0], false);
    EXPECT(spin_begin(&spins[WORKERS - 1]));
    for (int i = 0; i < WORKERS; i++) {
        spin_end(&spins[i], false);
    }
    EXPECT_EQ(atomic_load_relaxed(&limits.spinning), 0);
}
