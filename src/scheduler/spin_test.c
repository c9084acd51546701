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
        wake_after(100000, 2 * SPIN_MIN_NS);
    }
    EXPECT(atomic_load_relaxed(&limits.wake_ns) < 26 * SPIN_MIN_NS / 10);
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

// The worker becomes idle, sleeps, and hears the bell after nap_ns.
static void ring_after(uint64_t nap_ns) {
    EXPECT(spin_begin(&spin));
    spin_end(&spin, false);
    spin_learn_rung(&spin, spin.began_ns + nap_ns);
    check();
}

// It spins, and something comes after spun_ns: as spin_goes_on would have it.
static void find_after(uint64_t spun_ns) {
    EXPECT(spin_begin(&spin));
    spin.spun_ns = spun_ns;
    spin_end(&spin, true);
    check();
}

TEST(a_bell_that_rings_within_the_price_of_a_wake_up_restores_the_spin) {
    set_up();
    for (int i = 0; i < 8; i++) {
        ring_after(1000000);
    }
    EXPECT_EQ(spin.length_ns, SPIN_MIN_NS);
    ring_after(2 * SPIN_FIRST_NS - 1); // of which the wake-up took one half
    EXPECT_EQ(spin.length_ns, SPIN_FIRST_NS);
    EXPECT_EQ(atomic_load_relaxed(&limits.wake_ns), SPIN_FIRST_NS); // nothing was measured
}

TEST(who_naps_again_and_again_tries_to_stay_awake_for_as_long) {
    enum { NAP_NS = 4 * SPIN_FIRST_NS };
    set_up();
    for (int i = 0; i < SPIN_TRIAL_NAPS - 1; i++) {
        ring_after(NAP_NS);
        EXPECT(spin.length_ns <= SPIN_FIRST_NS);
    }
    ring_after(NAP_NS);
    EXPECT_EQ(spin.length_ns, NAP_NS);
    find_after(NAP_NS / 2); // the other one has not woken up yet
    EXPECT_EQ(spin.length_ns, NAP_NS);
    find_after(SPIN_FIRST_NS / 10); // now it stays awake too
    EXPECT_EQ(spin.length_ns, SPIN_FIRST_NS);
}

TEST(a_trial_ends_when_it_does_not_make_anything_earlier) {
    enum { NAP_NS = 4 * SPIN_FIRST_NS };
    set_up();
    for (int i = 0; i < SPIN_TRIAL_NAPS; i++) {
        wake_after(NAP_NS - 1000, 1000);
    }
    EXPECT_EQ(spin.length_ns, NAP_NS);
    int spins = 0;
    while (spin.length_ns == NAP_NS && spins < 100) {
        find_after(NAP_NS / 2);
        spins++;
    }
    EXPECT_EQ(spins, SPIN_TRIAL_SPINS);
    for (int i = 0; i < SPIN_TRIAL_NAPS; i++) {
        wake_after(NAP_NS - 1000, 1000);
    }
    EXPECT_EQ(spin.length_ns, NAP_NS);
    EXPECT(spin_begin(&spin)); // in vain
    spin_end(&spin, false);
    spin_learn_rung(&spin, spin.began_ns + 1000000);
    check();
    EXPECT(spin.length_ns < SPIN_FIRST_NS);
}

TEST(a_long_sleep_is_no_nap) {
    set_up();
    for (int i = 0; i < 3 * SPIN_TRIAL_NAPS; i++) {
        ring_after(2 * SPIN_MAX_NS);
        EXPECT(spin.length_ns <= SPIN_FIRST_NS);
    }
}

TEST(who_has_lost_the_cpu_for_long_keeps_it_for_some_spins) {
    set_up();
    spin_learn_yield(&spin, SPIN_ROBBED_NS / 2);
    EXPECT_EQ(spin.robbed, 0u);
    spin_learn_yield(&spin, 2 * SPIN_ROBBED_NS);
    for (int i = 0; i < SPIN_ROBBED_SPINS; i++) {
        EXPECT(spin.robbed > 0);
        EXPECT(spin_begin(&spin));
        spin_end(&spin, false);
    }
    EXPECT_EQ(spin.robbed, 0u);
}

TEST(who_shares_a_cpu_lets_others_run_sooner_while_they_want_to) {
    set_up();
    for (int i = 0; i < 10; i++) {
        spin_learn_yield(&spin, 2 * SPIN_SWITCH_NS);
        EXPECT(spin.alone_ns >= SPIN_ALONE_MIN_NS && spin.alone_ns < SPIN_ALONE_NS);
    }
    EXPECT_EQ(spin.alone_ns, SPIN_ALONE_MIN_NS);
    spin_learn_yield(&spin, SPIN_SWITCH_NS / 2);
    EXPECT_EQ(spin.alone_ns, 2 * SPIN_ALONE_MIN_NS);
    for (int i = 0; i < 10; i++) {
        spin_learn_yield(&spin, SPIN_SWITCH_NS / 2);
    }
    EXPECT_EQ(spin.alone_ns, SPIN_ALONE_NS);
    spin_learn_yield(&spin, 2 * SPIN_SWITCH_NS);
    spin_learn_yield(&spin, 2 * SPIN_ROBBED_NS); // by one that computes, and not for this one
    EXPECT_EQ(spin.alone_ns, SPIN_ALONE_NS);
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
