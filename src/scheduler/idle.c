// idle.c - see idle.h. The two fences that make the protocol right are in idle_announce and
// idle_published; each side's store stands before its fence and its look behind it.
#include "scheduler/idle.h"

#include "base/atomic.h"
#include "base/bits.h"
#include "base/check.h"
#include "os/os.h"
#include "scheduler/spin.h"

void idle_map_init(struct idle_map *map) {
    for (int i = 0; i < IDLE_MAP_WORDS; i++) {
        atomic_store_relaxed(&map->words[i], 0);
    }
}

void idle_init(struct idle *idle, int index, bool takes_free) {
    REQUIRE(index >= 0 && (index < IDLE_WORKERS_MAX || !takes_free),
            "at most 1024 threads of a run take free work");
    atomic_store_relaxed(&idle->state, IDLE_AWAKE);
    atomic_store_relaxed(&idle->woken_ns, 0);
    idle->index = index;
    idle->takes_free = takes_free;
    idle->world = NULL;
}

static uint64_t bit_of(const struct idle *idle) {
    return UINT64_C(1) << (idle->index % 64);
}

void idle_announce(struct idle *idle, struct idle_map *map) {
    atomic_store_relaxed(&idle->state, IDLE_ANNOUNCED);
    if (idle->takes_free) {
        atomic_fetch_or_relaxed(&map->words[idle->index / 64], bit_of(idle));
    }
    atomic_fence_seq_cst(); // seq_cst: pairs with idle_published
}

bool idle_retract(struct idle *idle, struct idle_map *map) {
    atomic_store_relaxed(&idle->state, IDLE_AWAKE);
    if (!idle->takes_free) {
        return true;
    }
    _Atomic uint64_t *word = &map->words[idle->index / 64];
    if ((atomic_load_relaxed(word) & bit_of(idle)) == 0) {
        return false;
    }
    return (atomic_fetch_and_relaxed(word, ~bit_of(idle)) & bit_of(idle)) != 0;
}

bool idle_remain(struct idle *idle, struct idle_map *map) {
    if (!idle->takes_free ||
        (atomic_load_relaxed(&map->words[idle->index / 64]) & bit_of(idle)) == 0) {
        return false;
    }
    atomic_store_relaxed(&idle->state, IDLE_ANNOUNCED);
    atomic_fence_seq_cst(); // seq_cst: pairs with idle_published
    return true;
}

void idle_sleep(struct idle *idle, uint64_t deadline_ns) {
    uint32_t expected = IDLE_ANNOUNCED;
    if (!atomic_cas_relaxed(&idle->state, &expected, IDLE_ASLEEP)) {
        return;
    }
    while (atomic_load_relaxed(&idle->state) == IDLE_ASLEEP) {
        if (os_wait_word(&idle->state, IDLE_ASLEEP, deadline_ns) == OS_TIMED_OUT) {
            break;
        }
    }
    atomic_store_relaxed(&idle->state, IDLE_AWAKE);
}

void idle_sleep_in_world(struct idle *idle, struct world *world, uint64_t deadline_ns) {
    uint32_t expected = IDLE_ANNOUNCED;
    if (plain_read(&idle->world) != world) {
        plain_write(&idle->world, world);
    }
    // release: pairs with idle_wake, which reads the world.
    if (!atomic_cas_release(&idle->state, &expected, IDLE_IN_WORLD)) {
        return;
    }
    world->wait(world, &idle->state, IDLE_IN_WORLD, deadline_ns);
    atomic_store_relaxed(&idle->state, IDLE_AWAKE);
}

bool idle_is_woken(struct idle *idle) {
    return atomic_load_relaxed(&idle->state) == IDLE_AWAKE;
}

void idle_published(void) {
    atomic_fence_seq_cst(); // seq_cst: pairs with idle_announce
}

int idle_choose(struct idle_map *map) {
    for (int i = 0; i < IDLE_MAP_WORDS; i++) {
        uint64_t word = atomic_load_relaxed(&map->words[i]);
        while (word != 0) {
            const uint64_t lowest = word & -word;
            if ((atomic_fetch_and_relaxed(&map->words[i], ~lowest) & lowest) != 0) {
                return i * 64 + (int)bits_lowest(lowest);
            }
            word = atomic_load_relaxed(&map->words[i]);
        }
    }
    return -1;
}

unsigned idle_count(struct idle_map *map) {
    unsigned count = 0;
    for (int i = 0; i < IDLE_MAP_WORDS; i++) {
        count += bits_count(atomic_load_relaxed(&map->words[i]));
    }
    return count;
}

bool idle_map_is_empty(struct idle_map *map) {
    for (int i = 0; i < IDLE_MAP_WORDS; i++) {
        if (atomic_load_relaxed(&map->words[i]) != 0) {
            return false;
        }
    }
    return true;
}

void idle_wake(struct idle *idle) {
    const uint32_t state = atomic_load_relaxed(&idle->state);
    if (state == IDLE_AWAKE) {
        return;
    }
    if (state != IDLE_ANNOUNCED) {
        spin_note_wake(&idle->woken_ns);
    }
    // acquire: pairs with idle_sleep_in_world
    const uint32_t former = atomic_exchange_acquire(&idle->state, IDLE_AWAKE);
    if (former == IDLE_ASLEEP) {
        os_wake_word(&idle->state, 1);
    } else if (former == IDLE_IN_WORLD) {
        struct world *world = plain_read(&idle->world);
        world->wake(world);
    }
}
