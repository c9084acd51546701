// spin.c - see spin.h. The price of a wake-up is shared by the workers and written by each without
// a lock: a step that is lost to another's is made up for by the next. Start reading at spin_learn.
#include "scheduler/spin.h"

#include "base/atomic.h"
#include "os/os.h"

// An eighth up or down at each wake-up: where both are as frequent lies the median.
#define STEP 8

static uint32_t smaller(uint32_t one, uint32_t other) {
    return one < other ? one : other;
}

static uint32_t larger(uint32_t one, uint32_t other) {
    return one > other ? one : other;
}

void spin_limits_init(struct spin_limits *limits, int workers) {
    atomic_store_relaxed(&limits->wake_ns, SPIN_FIRST_NS);
    atomic_store_relaxed(&limits->spinning, 0);
    limits->spinning_max = workers > 4 ? workers / 2 : 2;
}

void spin_init(struct spin *spin, struct spin_limits *limits) {
    *spin = (struct spin){.limits = limits, .length_ns = SPIN_FIRST_NS, .alone_ns = SPIN_ALONE_NS};
}

bool spin_begin(struct spin *spin) {
    struct spin_limits *limits = spin->limits;
    if (spin->is_spent) {
        spin->is_spent = false;
        return false;
    }
    spin->began_ns = os_now_ns();
    spin->spun_ns = 0;
    spin->robbed -= spin->robbed > 0;
    spin->is_on = atomic_fetch_add_relaxed(&limits->spinning, 1) < limits->spinning_max;
    if (!spin->is_on) {
        atomic_fetch_sub_relaxed(&limits->spinning, 1);
    }
    return spin->is_on;
}

void spin_learn_yield(struct spin *spin, uint64_t took_ns) {
    if (took_ns > SPIN_ROBBED_NS) {
        spin->robbed = SPIN_ROBBED_SPINS;
        spin->alone_ns = SPIN_ALONE_NS;
    } else if (took_ns > SPIN_SWITCH_NS) {
        spin->alone_ns = larger(SPIN_ALONE_MIN_NS, spin->alone_ns / 2);
    } else {
        spin->alone_ns = smaller(SPIN_ALONE_NS, spin->alone_ns * 2);
    }
}

bool spin_goes_on(struct spin *spin) {
    const uint64_t before_ns = spin->spun_ns;
    const bool yields = before_ns > spin->alone_ns && spin->robbed == 0;
    if (yields) {
        os_thread_yield();
    }
    spin->spun_ns = os_now_ns() - spin->began_ns;
    if (yields) {
        spin_learn_yield(spin, spin->spun_ns - before_ns);
    }
    return spin->spun_ns < spin->length_ns;
}

// The trial goes on while it pays, but not for ever if work comes no earlier thereby.
static bool trial_goes_on(struct spin *spin, uint32_t wake_ns) {
    const bool is_early = spin->spun_ns <= wake_ns;
    spin->trial_left = is_early || spin->trial_left == 0 ? 0 : spin->trial_left - 1;
    return spin->trial_left > 0;
}

void spin_end_slow(struct spin *spin, bool paid) {
    const uint32_t wake_ns = atomic_load_relaxed(&spin->limits->wake_ns);
    spin->is_on = false;
    atomic_fetch_sub_relaxed(&spin->limits->spinning, 1);
    if (!paid) {
        spin->trial_left = 0;
    } else if (!trial_goes_on(spin, wake_ns)) {
        spin->length_ns = wake_ns;
    }
}

// Unordered: a time that arrives late, or from an earlier sleep, is one wrong step of many.
void spin_note_wake(_Atomic uint64_t *woken_ns) {
    atomic_store_relaxed(woken_ns, os_now_ns());
}

// After a sleep: work came when the worker had been idle for gap_ns, or it never came.
static void choose_length(struct spin *spin, uint64_t gap_ns, uint64_t awake_ns) {
    const uint32_t wake_ns = atomic_load_relaxed(&spin->limits->wake_ns);
    const uint64_t nap_ns = awake_ns - spin->began_ns;
    if (gap_ns <= wake_ns) {
        spin->length_ns = wake_ns;
    } else if (nap_ns <= SPIN_MAX_NS && ++spin->naps >= SPIN_TRIAL_NAPS) {
        spin->naps = 0;
        spin->trial_left = SPIN_TRIAL_SPINS;
        spin->length_ns = larger((uint32_t)nap_ns, SPIN_MIN_NS);
    } else {
        spin->length_ns = larger(SPIN_MIN_NS, smaller(spin->length_ns, wake_ns) / 2);
    }
}

void spin_learn(struct spin *spin, uint64_t woken_ns, uint64_t awake_ns) {
    uint32_t wake_ns = atomic_load_relaxed(&spin->limits->wake_ns);
    const bool was_woken = woken_ns >= spin->began_ns && woken_ns <= awake_ns;
    if (was_woken) {
        const bool took_longer = awake_ns - woken_ns > wake_ns;
        wake_ns = took_longer ? wake_ns + wake_ns / STEP : wake_ns - wake_ns / STEP;
        wake_ns = larger(SPIN_MIN_NS, smaller(wake_ns, SPIN_MAX_NS));
        atomic_store_relaxed(&spin->limits->wake_ns, wake_ns);
    }
    choose_length(spin, was_woken ? woken_ns - spin->began_ns : OS_NEVER, awake_ns);
}

// A wake-up has taken its usual time.
void spin_learn_rung(struct spin *spin, uint64_t awake_ns) {
    const uint64_t nap_ns = awake_ns - spin->began_ns;
    const uint32_t wake_ns = atomic_load_relaxed(&spin->limits->wake_ns);
    choose_length(spin, nap_ns > wake_ns ? nap_ns - wake_ns : 0, awake_ns);
}
