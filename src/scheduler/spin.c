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
    *spin = (struct spin){.limits = limits, .length_ns = SPIN_FIRST_NS};
}

bool spin_begin(struct spin *spin) {
    struct spin_limits *limits = spin->limits;
    spin->began_ns = os_now_ns();
    spin->is_on = atomic_fetch_add_relaxed(&limits->spinning, 1) < limits->spinning_max;
    if (!spin->is_on) {
        atomic_fetch_sub_relaxed(&limits->spinning, 1);
    }
    return spin->is_on;
}

bool spin_goes_on(const struct spin *spin) {
    return os_now_ns() - spin->began_ns < spin->length_ns;
}

void spin_end_slow(struct spin *spin, bool paid) {
    spin->is_on = false;
    atomic_fetch_sub_relaxed(&spin->limits->spinning, 1);
    if (paid) {
        spin->length_ns = atomic_load_relaxed(&spin->limits->wake_ns);
    }
}

// Unordered: a time that arrives late, or from an earlier sleep, is one wrong step of many.
void spin_note_wake(_Atomic uint64_t *woken_ns) {
    atomic_store_relaxed(woken_ns, os_now_ns());
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
    if (was_woken && woken_ns - spin->began_ns <= wake_ns) {
        spin->length_ns = wake_ns;
    } else {
        spin->length_ns = larger(SPIN_MIN_NS, smaller(spin->length_ns, wake_ns) / 2);
    }
}
