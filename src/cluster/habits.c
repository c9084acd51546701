// habits.c - see habits.h. A step that is lost to another thread's is made up for by the next.
#include "cluster/habits.h"

#include <stddef.h>

#include "os/os.h"

enum { WAYS = 10, ASKED_FOR_A_LOOK = 64 };

void habits_init(struct habits *habits) {
    for (int i = 0; i < HABITS_TYPES; i++) {
        atomic_store_relaxed(&habits->habits[i].type, NULL);
        atomic_store_relaxed(&habits->habits[i].mean_ns, 0);
        atomic_store_relaxed(&habits->habits[i].asked, 0);
        atomic_store_relaxed(&habits->habits[i].is_trial, false);
        atomic_store_relaxed(&habits->habits[i].tried_ns, 0);
    }
    habits->way_ns = 0;
    habits->ways = 0;
    atomic_store_relaxed(&habits->short_ns, 0);
}

// The entry of a type, or the free one that it would get; NULL: the table is full.
static struct habit *find(struct habits *habits, const struct tn_type *type) {
    const uintptr_t start = (uintptr_t)type / 64;
    for (uintptr_t i = 0; i < HABITS_TYPES; i++) {
        struct habit *habit = &habits->habits[(start + i) % HABITS_TYPES];
        const struct tn_type *found = atomic_load_relaxed(&habit->type);
        if (found == type || found == NULL) {
            return habit;
        }
    }
    return NULL;
}

static void try_if_it_is_time(struct habit *habit) {
    const uint64_t now_ns = os_now_ns();
    if (now_ns - atomic_load_relaxed(&habit->tried_ns) >= HABITS_TRIAL_NS) {
        atomic_store_relaxed(&habit->tried_ns, now_ns);
        atomic_store_relaxed(&habit->is_trial, true);
    }
}

bool habits_wants(struct habits *habits, const struct tn_type *type, bool is_idle) {
    struct habit *habit = find(habits, type);
    const uint64_t mean_ns = habit == NULL ? 0 : atomic_load_relaxed(&habit->mean_ns);
    if (mean_ns == 0 || mean_ns >= atomic_load_relaxed(&habits->short_ns)) {
        return true;
    }
    const uint32_t asked = atomic_load_relaxed(&habit->asked) + 1;
    atomic_store_relaxed(&habit->asked, asked);
    if (is_idle || asked % ASKED_FOR_A_LOOK == 0) {
        try_if_it_is_time(habit);
    }
    return atomic_load_relaxed(&habit->is_trial);
}

bool habits_takes(struct habits *habits, const struct tn_type *type) {
    const bool wants = habits_wants(habits, type, false);
    struct habit *habit = wants ? find(habits, type) : NULL;
    if (habit != NULL && atomic_load_relaxed(&habit->is_trial)) {
        atomic_store_relaxed(&habit->is_trial, false);
    }
    return wants;
}

// The other side says for how long.
static uint64_t spent_of(uint64_t elapsed_ns, uint64_t spent_ns) {
    return spent_ns < elapsed_ns ? spent_ns : elapsed_ns;
}

// The least there was, which rises again by a part of what is measured since, but of itself too:
// what took a hundred ways has waited for a CPU as well.
static uint64_t follow_way(uint64_t least_ns, uint64_t way_ns) {
    if (least_ns == 0 || way_ns < least_ns) {
        return way_ns;
    }
    const uint64_t towards_ns = (way_ns - least_ns) / 64, most_ns = least_ns / 16 + 1;
    return least_ns + (towards_ns < most_ns ? towards_ns : most_ns);
}

void habits_learn_way(struct habits *habits, uint64_t elapsed_ns, uint64_t spent_ns) {
    if (spent_ns < elapsed_ns) { // else one of the clocks was read too coarsely
        habits->way_ns = follow_way(habits->way_ns, elapsed_ns - spent_ns);
        habits->ways += habits->ways < HABITS_WAYS_MIN;
        atomic_store_relaxed(&habits->short_ns,
                             habits->ways < HABITS_WAYS_MIN ? 0 : WAYS * habits->way_ns);
    }
}

void habits_learn(struct habits *habits, const struct tn_type *type, uint64_t elapsed_ns,
                  uint64_t spent_ns) {
    struct habit *habit = find(habits, type);
    if (habit != NULL) {
        const uint64_t mean_ns = atomic_load_relaxed(&habit->mean_ns);
        const uint64_t one_ns = spent_of(elapsed_ns, spent_ns);
        const uint64_t next_ns = mean_ns == 0 ? one_ns : mean_ns - mean_ns / 8 + one_ns / 8;
        atomic_store_relaxed(&habit->type, type);
        atomic_store_relaxed(&habit->mean_ns, next_ns + 1);
    }
}
