// See session_world.h.
#include "support/session_world.h"

#include <string.h>

#include "support/session_lanes.h"
#include "support/session_sides.h"

enum {
    LONG_NS = 1600,  // longer than a lease and its margin
    POSTS_EVERY = 4, // so manieth task posts, where there are lanes
    PATIENCE = 200,  // leases until what has not come is taken for lost
    STEPS_MAX = 200000,
};

struct session_timing world_timing(void) {
    return (struct session_timing){
        .lease_ns = WORLD_LEASE_NS, .margin_ns = 100, .beat_ns = 300, .resend_ns = 100};
}

bool world_fails(struct world *world, enum world_fault fault) {
    if ((world->options.faults >> fault & 1) == 0 || world->now_ns >= world->options.calm_ns ||
        world->faults >= world->options.faults_max || world->options.choose(world, 2) == 0) {
        return false;
    }
    world->faults++;
    world->had_process_fault |= fault >= FAULT_LONG_DELAY;
    return true;
}

unsigned world_choose_at_random(struct world *world, unsigned options) {
    return random_once_in(&world->random, world->options.once_in != 0 ? world->options.once_in : 30)
               ? 1 + (unsigned)random_below(&world->random, options - 1)
               : 0;
}

unsigned world_turn(struct world *world, unsigned options) {
    if (world->turns >= world->options.turns_max || world->now_ns >= world->options.calm_ns) {
        return 0;
    }
    unsigned chosen;
    if (world->options.choose == world_choose_at_random) { // more often than faults
        chosen = random_once_in(&world->random, 16)
                     ? 1 + (unsigned)random_below(&world->random, options - 1)
                     : 0;
    } else {
        chosen = world->options.choose(world, options);
    }
    world->turns += chosen != 0;
    return chosen;
}

bool world_is_cancelled(const struct world *world, int index) {
    const int cancels = world->options.cancels;
    const int first = world->options.lanes > 0 ? 1 : 0; // the other may get a lane
    return cancels > 0 && index % cancels == first;
}

int world_posts_of(const struct world *world, uint64_t number) {
    const bool posts = world->options.lanes == 0 || number % POSTS_EVERY == 0;
    return posts ? world->options.posts : 0;
}

void world_submit(struct world *world, struct world_task *task) {
    if (task->submit_at_ns <= world->now_ns) {
        task->submit_at_ns = SESSION_NEVER;
        owner_submit(&world->owner, &task->task, world->now_ns);
    }
}

// ---- the link --------------------------------------------------------------------------------

static struct link_sim_fate decide_fate(void *upper, int from, int to,
                                        const struct message *message) {
    (void)message;
    struct world *world = upper;
    struct link_sim_fate fate = {1, {WORLD_LATENCY_NS, 0}};
    const struct world_taker *taker = &world->takers[(from == 0 ? to : from) - 1];
    if (world->options.is_reliable) {
        return fate;
    }
    if (world->now_ns < (from == 0 ? taker->deaf_until_ns : taker->mute_until_ns) ||
        world_fails(world, FAULT_LOSE)) {
        fate.copies = 0;
    } else if (world_fails(world, FAULT_DOUBLE)) {
        fate.copies = 2;
        fate.delay_ns[1] = 12 * WORLD_LATENCY_NS;
    } else if (world_fails(world, FAULT_DELAY)) {
        fate.delay_ns[0] = 7 * WORLD_LATENCY_NS;
    } else if (world_fails(world, FAULT_LONG_DELAY)) {
        fate.delay_ns[0] = LONG_NS;
    }
    return fate;
}

static void hear_cut(void *upper, int from, int to, enum session_why why) {
    struct world *world = upper;
    if (why == SESSION_BAD) {
        world_violate(world, "an honest peer was taken for a bad one");
    }
    if (from == 0 && world->options.is_reliable) {
        world_kill_taker(world, to);
    }
}

// ---- time ------------------------------------------------------------------------------------

static unsigned frozen_ends(const struct world *world) {
    unsigned frozen = world->now_ns < world->owner_frozen_until_ns;
    for (int i = 0; i < world->options.takers; i++) {
        frozen |= (unsigned)(world->now_ns < world->takers[i].frozen_until_ns) << (i + 1);
    }
    return frozen;
}

static void least(uint64_t *next_ns, uint64_t at_ns) {
    *next_ns = at_ns < *next_ns ? at_ns : *next_ns;
}

static uint64_t next_event(const struct world *world) {
    const unsigned frozen = frozen_ends(world);
    uint64_t next_ns = link_sim_next(&world->sim, frozen);
    if (world->owner_back_at_ns != 0) {
        least(&next_ns, world->owner_back_at_ns);
    } else if ((frozen & 1) != 0) {
        least(&next_ns, world->owner_frozen_until_ns);
    } else {
        least(&next_ns, world->owner_tick_at_ns);
        for (int i = 0; i < world->made; i++) {
            const struct world_task *task = &world->tasks[i];
            if (task->delivered == 0 && !world_sent_as(task)->task.is_cancelled) {
                least(&next_ns, task->cancel_at_ns);
            }
            least(&next_ns, task->caller.step_at_ns);
            least(&next_ns, task->submit_at_ns);
        }
    }
    for (int i = 0; i < world->options.takers; i++) {
        const struct world_taker *taker = &world->takers[i];
        least(&next_ns, !taker->is_alive               ? taker->back_at_ns
                        : (frozen >> (i + 1) & 1) != 0 ? taker->frozen_until_ns
                                                       : taker->tick_at_ns);
    }
    return next_ns;
}

static void hear(struct world *world, const struct link_sim_packet *packet) {
    if (packet->to != 0) {
        struct world_taker *taker = &world->takers[packet->to - 1];
        if (taker->is_alive) {
            taker_hear(&taker->taker, &packet->message, packet->payload, world->now_ns);
            world_work(world, taker);
        }
    } else if (world->owner_back_at_ns == 0) {
        owner_hear(&world->owner, &world->peers[packet->from - 1], &packet->message,
                   packet->payload, world->now_ns);
    }
}

static void relieve(struct world *world) {
    const bool is_idle = world->now_ns >= world->owner_busy_until_ns;
    const uint64_t asked = world->relief.asked;
    owner_see_notes(&world->owner, world->now_ns);
    if (is_idle) {
        owner_keep(&world->owner);
    } else {
        least(&world->owner_tick_at_ns, world->owner_busy_until_ns);
    }
    least(&world->owner_tick_at_ns,
          relief_look(&world->relief, &world->owner, is_idle ? 1 : 0, world->now_ns));
    world->asked += world->relief.asked - asked;
}

// One that was called becomes the session's before.
static void cancel(struct world *world, struct world_task *task) {
    struct world_task *by = task->by;
    if (by != NULL && by->caller.state != CALLER_GONE) {
        world_leave_lane(world, by);
    }
    if (task->delivered == 0) {
        owner_cancel(&world->owner, by != NULL ? &by->task : &task->task, WORLD_CANCEL_CODE,
                     world->now_ns);
    }
}

static void tick_owner(struct world *world) {
    if (world->owner_back_at_ns != 0) {
        if (world->now_ns >= world->owner_back_at_ns) {
            world_start_owner(world);
        }
        return;
    }
    for (int i = 0; i < world->made; i++) {
        struct world_task *task = &world->tasks[i];
        world_submit(world, task);
        if (task->cancel_at_ns <= world->now_ns && task->delivered == 0) {
            cancel(world, task);
        }
        world_call(world, task);
    }
    world->owner_tick_at_ns = owner_tick(&world->owner, world->now_ns);
    if (world->options.relieves) {
        relieve(world);
    }
    owner_check(&world->owner);
}

static void tick_takers(struct world *world, unsigned frozen) {
    for (int i = 0; i < world->options.takers; i++) {
        struct world_taker *taker = &world->takers[i];
        const bool is_heard_out = !link_sim_has(&world->sim, i + 1, 0);
        if (taker->is_down_due && is_heard_out && (frozen & 1) == 0) {
            taker->is_down_due = false;
            if (world->owner_back_at_ns == 0) {
                owner_down(&world->owner, &world->peers[i], 9, world->now_ns);
            }
        }
        if (!taker->is_alive) {
            if (world->now_ns >= taker->back_at_ns && !taker->is_down_due) {
                world_start_taker(world, i + 1);
            } else if (world->now_ns >= taker->back_at_ns) {
                taker->back_at_ns = world->now_ns + WORLD_LATENCY_NS;
            }
        }
        if (taker->is_alive && (frozen >> (i + 1) & 1) == 0 && world->now_ns >= taker->tick_at_ns) {
            world_work(world, taker);
        }
    }
}

// ---- faults of processes ---------------------------------------------------------------------

static void let_processes_fail(struct world *world) {
    for (int i = 0; i < world->options.takers; i++) {
        struct world_taker *taker = &world->takers[i];
        if (taker->is_alive && world_fails(world, FAULT_KILL_TAKER)) {
            world_kill_taker(world, i + 1);
        }
        if (taker->is_alive && world_fails(world, FAULT_FREEZE_TAKER)) {
            taker->frozen_until_ns = world->now_ns + LONG_NS;
        }
        if (world_fails(world, FAULT_MUTE)) {
            taker->mute_until_ns = world->now_ns + LONG_NS;
        }
        if (world_fails(world, FAULT_DEAF)) {
            taker->deaf_until_ns = world->now_ns + LONG_NS;
        }
    }
    if (world->owner_back_at_ns == 0 && world_fails(world, FAULT_KILL_OWNER)) {
        world_kill_owner(world);
    }
    if (world->owner_back_at_ns == 0 && world_fails(world, FAULT_FREEZE_OWNER)) {
        world->owner_frozen_until_ns = world->now_ns + LONG_NS;
    }
    if (world->options.gives_back && !world->has_left && world->now_ns > 2 * WORLD_TASK_NS &&
        (world->options.lanes == 0 || world->now_ns > world->options.calm_ns ||
         world_turn(world, 2) == 1) &&
        world->owner_back_at_ns == 0 && world->takers[0].is_alive &&
        (frozen_ends(world) & 3) == 0) {
        world->has_left = true;
        (void)owner_take_back(&world->owner, &world->peers[0], 2, world->now_ns);
        taker_leave(&world->takers[0].taker, world->now_ns);
        world->takers[0].tick_at_ns = world->now_ns;
    }
}

// ---- a world's life --------------------------------------------------------------------------

// Whether nobody uses or serves one any more, and no place is in use.
static bool are_lanes_left(const struct world *world) {
    for (int i = 0; i < world->made; i++) {
        if (world->tasks[i].caller.state >= CALLER_RESTS) {
            return false;
        }
    }
    for (int i = 0; i < world->options.takers; i++) {
        if (world->takers[i].server.slot != NULL || world->peers[i].used > 0 ||
            world->peers[i].lane != NULL) {
            return false;
        }
    }
    return link_sim_lanes(&world->sim) == 0;
}

static bool is_over(const struct world *world) {
    if (world->owner_back_at_ns != 0 || world->delivered < world->made ||
        world->now_ns < world->owner_frozen_until_ns) {
        return false;
    }
    if (world->options.lanes > 0 && !are_lanes_left(world)) {
        return false;
    }
    for (int i = 0; i < world->options.takers; i++) {
        const struct world_taker *taker = &world->takers[i];
        if (taker->is_alive && (taker->run_count > 0 || taker->taker.held > 0)) {
            return false;
        }
    }
    return true;
}

void world_run(struct world *world, const struct world_options *options, uint64_t seed) {
    memset(world, 0, sizeof *world);
    world->options = *options;
    random_init(&world->random, seed);
    link_sim_init(&world->sim, options->is_reliable);
    if (options->keeps_notes) {
        link_sim_keep_notes(&world->sim);
    }
    if (options->lanes > 0) {
        link_sim_keep_lanes(&world->sim);
    }
    world->sim.fate = decide_fate;
    world->sim.cut = hear_cut;
    world->sim.upper = world;
    world->now_ns = world->sim.now_ns = 1;
    world_start_owner(world);
    for (int i = 1; i <= options->takers; i++) {
        world_start_taker(world, i);
    }
    const uint64_t end_ns = options->calm_ns + (uint64_t)PATIENCE * WORLD_LEASE_NS;
    for (int step = 0; !is_over(world) && world->violation == NULL; step++) {
        const uint64_t next_ns = next_event(world);
        if (next_ns > end_ns || step > STEPS_MAX || world->sim.is_full) {
            world_violate(world, "a task was never delivered, or something was left behind");
            break;
        }
        world->now_ns = next_ns > world->now_ns ? next_ns : world->now_ns;
        world->sim.now_ns = world->now_ns;
        const unsigned frozen = frozen_ends(world);
        if (link_sim_next(&world->sim, frozen) <= world->now_ns) {
            const struct link_sim_packet packet = link_sim_take(&world->sim, frozen);
            hear(world, &packet);
        } else if (next_ns < world->now_ns && step > STEPS_MAX / 2) {
            world->now_ns++; // whoever wants to be called at once always gets its turn
        }
        if ((frozen & 1) == 0) {
            tick_owner(world);
        }
        tick_takers(world, frozen);
        let_processes_fail(world);
    }
}
