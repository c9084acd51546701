// The owner and the takers of a world: what they do with tasks, and what they check. See
// session_sides.h.
#include "support/session_sides.h"

#include <string.h>

#include "support/session_lanes.h"

enum {
    BACK_NS = 200, // from a death to the next life
    FENCED_CODE = -77,
    LONG_EVERY = 5, // so manieth task is long, if some are
};

void world_violate(struct world *world, const char *what) {
    if (world->violation == NULL) {
        world->violation = what;
    }
}

// ---- the owner's side ------------------------------------------------------------------------

static void check_result(struct world *world, const struct world_task *made, uint32_t attempt,
                         const struct owner_outcome *outcome) {
    const int posts = world_posts_of(world, made->number);
    struct world_words result;
    memcpy(&result, outcome->payload, sizeof result);
    if (result.number != made->number || result.attempt != attempt) {
        world_violate(world, "a task got the result of another one");
    }
    if (made->begun == 0) {
        world_violate(world, "a task that has not begun got a result");
    }
    if (posts > 0 && (made->posts_attempt != attempt || made->posts != (uint32_t)posts)) {
        world_violate(world, "a result came before all that its task has posted");
    }
}

void world_deliver(struct world *world, struct world_task *made, uint32_t attempt,
                   const struct owner_outcome *outcome) {
    world->delivered++;
    world->ends[outcome->end]++;
    made->outcome = *outcome;
    if (++made->delivered > 1) {
        world_violate(world, "a task was delivered twice");
    }
    if (outcome->end == OWNER_DONE && outcome->bytes > 0) {
        check_result(world, made, attempt, outcome);
    }
    if (outcome->end == OWNER_RETURNED && made->begun > 0) {
        world_violate(world, "a task that has begun was kept");
    }
    const bool is_lost = outcome->end == OWNER_LOST || outcome->end == OWNER_POISONED;
    if (is_lost && !world->had_process_fault) {
        world_violate(world, "a task was lost though no process was");
    }
    if (is_lost && world->options.is_reliable && made->begun == 0) {
        world_violate(world, "a task was lost though it had not begun");
    }
}

static void deliver(void *upper, struct owner_task *task, const struct owner_outcome *outcome) {
    world_deliver(upper, world_task_of(task), task->attempt, outcome);
    world_meet_lane(upper, container_of(task, struct world_task, task));
}

static void left(void *upper, struct owner_peer *peer, enum session_why why) {
    struct world *world = upper;
    (void)why;
    if (peer->session < WORLD_SESSIONS_MAX) {
        world->gone[peer->session / 64] |= UINT64_C(1) << peer->session % 64;
    } else {
        world_violate(world, "sessions begin again and again");
    }
}

static void answer(struct world *world, struct owner_task *task, const struct world_words *post) {
    struct world_tell *made = &world_task_of(task)->tells[(post->index - 1) % WORLD_POSTS_MAX];
    *made =
        (struct world_tell){.number = post->number, .attempt = post->attempt, .index = post->index};
    list_node_init(&made->tell.node);
    made->tell.payload = &made->number;
    made->tell.bytes = sizeof(struct world_words);
    owner_tell(&world->owner, task, &made->tell, world->now_ns);
}

static void told(void *upper, struct owner_tell *tell) {
    struct world_tell *made = container_of(tell, struct world_tell, tell);
    (void)upper;
    memset(made, 0, sizeof *made); // who sends it yet sends nonsense
}

static void hear_post(void *upper, struct owner_task *task, const void *payload, uint32_t bytes) {
    struct world *world = upper;
    struct world_task *made = world_task_of(task);
    struct world_words post;
    if (made->posts_attempt != task->attempt) {
        made->posts_attempt = task->attempt;
        made->posts = 0;
    }
    memcpy(&post, payload, sizeof post);
    if (bytes != sizeof post || post.number != made->number || post.attempt != task->attempt) {
        world_violate(world, "a task got the post of another one");
    }
    if (post.index != ++made->posts) {
        world_violate(world, "a post was lost, doubled or overtaken");
    }
    if (world->options.answers && world->violation == NULL) {
        answer(world, task, &post);
    }
}

// What comes back begins in the owner's own process, if that is idle and nobody else.
static bool keep_task(void *upper, struct owner_task *task) {
    struct world *world = upper;
    const bool keeps = world->options.relieves && task->begins == 0 &&
                       world->now_ns >= world->owner_busy_until_ns &&
                       !relief_has_peer(&world->relief, &world->owner);
    if (keeps) {
        world->owner_busy_until_ns = world->now_ns + WORLD_TASK_NS;
    }
    return keeps;
}

static void owner_parted(void *upper, struct owner_task *task) {
    struct world_task *made = world_task_of(task);
    for (int i = 0; i < WORLD_POSTS_MAX; i++) {
        if (made->tells[i].index != 0) {
            world_violate(upper, "a task left its place before what it was to be told");
        }
    }
}

static const struct owner_calls owner_calls = {.deliver = deliver,
                                               .post = hear_post,
                                               .told = told,
                                               .parted = owner_parted,
                                               .left = left,
                                               .lost_lane = world_lose_lane,
                                               .keeps = keep_task};

void world_start_owner(struct world *world) {
    const struct owner_options options = {.link = &world->sim.ends[0].link,
                                          .timing = world->options.timing,
                                          .incarnation = 1000 + ++world->owner_life,
                                          .calls = &owner_calls,
                                          .upper = world};
    world->relief = (struct relief){.threads = (uint32_t)world->options.threads,
                                    .worth_ns = 2 * WORLD_LATENCY_NS,
                                    .mean_ns = WORLD_TASK_NS};
    world->owner_busy_until_ns = 0;
    world->owner_back_at_ns = 0;
    world->owner_tick_at_ns = world->now_ns;
    world->delivered = 0;
    world->made = world->options.tasks;
    link_sim_forget_lanes(&world->sim);
    memset(world->gone, 0, sizeof world->gone);
    owner_init(&world->owner, &options);
    world->owner.fill = world->options.fill;
    for (int i = 0; i < world->options.takers; i++) {
        owner_peer_init(&world->owner, &world->peers[i], (unsigned)i + 1, world->places[i],
                        (uint32_t)world->options.slots);
    }
    for (int i = 0; i < world->options.tasks; i++) {
        struct world_task *task = &world->tasks[i];
        *task = (struct world_task){.number = world->owner_life * 1000 + (uint64_t)i};
        world_ask_lane(world, task);
        task->task.id = (uint64_t)i + 1;
        task->task.arguments = &task->number;
        task->task.bytes = sizeof task->number;
        task->task.begins_max = task->task.lane != NULL ? 1 : world->options.begins_max;
        task->cancel_at_ns = SESSION_NEVER;
        if (world_is_cancelled(world, i)) {
            task->cancel_at_ns = world->now_ns + 30 + (25 + world->options.late_ns) * (uint64_t)i;
        }
        task->submit_at_ns = world->now_ns + world->options.late_ns * (uint64_t)i;
        world_submit(world, task);
    }
}

void world_kill_owner(struct world *world) {
    world->owner_back_at_ns = world->now_ns + BACK_NS;
    world->owner_died_at_ns = world->now_ns;
    world->owner_frozen_until_ns = 0;
    link_sim_clear(&world->sim, 0, true);
    if (!world->options.is_reliable) {
        return;
    }
    link_sim_clear(&world->sim, 0, false);
    for (int i = 1; i <= world->options.takers; i++) {
        if (world->takers[i - 1].is_alive) {
            world->takers[i - 1].is_orphan = world->options.lanes > 0;
            taker_down(&world->takers[i - 1].taker, world->now_ns);
        }
    }
}

// ---- the takers' side ------------------------------------------------------------------------

static struct world_taker *taker_of(struct world *world, const struct taker_slot *slot) {
    for (int i = 0; i < world->options.takers; i++) {
        struct world_taker *taker = &world->takers[i];
        if (slot >= taker->slots && slot < taker->slots + WORLD_SLOTS_MAX) {
            return taker;
        }
    }
    return NULL;
}

static int keep(void *upper, struct taker_slot *slot, const void *arguments, uint32_t bytes) {
    struct world_taker *taker = taker_of(upper, slot);
    uint64_t number = 0;
    memcpy(&number, arguments, bytes < sizeof number ? bytes : sizeof number);
    taker->numbers[slot - taker->slots] = number;
    return 0;
}

static void cancel(void *upper, struct taker_slot *slot, int code) {
    struct world *world = upper;
    struct world_taker *taker = taker_of(world, slot);
    for (int i = 0; i < taker->run_count; i++) {
        if (taker->runs[i].slot == slot) { // it ends soon, as a frame unwinds
            taker->runs[i].is_cancelled = true;
            taker->runs[i].ends_at_ns = world->now_ns + WORLD_LATENCY_NS;
        }
    }
    world_cancel_call(world, taker, slot);
    world->fences += code == FENCED_CODE;
}

static void drop(void *upper, struct taker_slot *slot) {
    struct world_taker *taker = taker_of(upper, slot);
    taker->numbers[slot - taker->slots] = 0;
}

static void posted(void *upper, struct taker_post *post) {
    struct world_post *made = container_of(post, struct world_post, post);
    (void)upper;
    memset(made, 0, sizeof *made); // who sends it yet sends nonsense
}

static void hear_tell(void *upper, struct taker_slot *slot, const void *payload, uint32_t bytes) {
    struct world *world = upper;
    struct world_taker *taker = taker_of(world, slot);
    struct world_run *run = NULL;
    for (int i = 0; i < taker->run_count; i++) {
        run = taker->runs[i].slot == slot ? &taker->runs[i] : run;
    }
    struct world_words tell;
    memcpy(&tell, payload, sizeof tell);
    if (run == NULL || bytes != sizeof tell || tell.number != run->number ||
        tell.attempt != run->attempt) {
        world_violate(world, "a task was told what was meant for another one");
    } else if (tell.index != ++run->tells) {
        world_violate(world, "a tell was lost, doubled or overtaken");
    } else if (run->tells == (uint32_t)world_posts_of(world, run->number) && !run->is_cancelled) {
        run->ends_at_ns = world->now_ns + WORLD_TASK_NS;
    }
}

static const struct taker_calls taker_calls = {
    .keep = keep, .cancel = cancel, .drop = drop, .posted = posted, .tell = hear_tell};

static void post_all(struct world *world, struct world_taker *taker, struct taker_slot *slot) {
    const ptrdiff_t index = slot - taker->slots;
    for (int i = 0; i < world_posts_of(world, taker->numbers[index]); i++) {
        struct world_post *made = &taker->posts[index][i];
        *made = (struct world_post){
            .number = taker->numbers[index], .attempt = slot->attempt, .index = (uint32_t)i + 1};
        list_node_init(&made->post.node);
        made->post.payload = &made->number;
        made->post.bytes = sizeof(struct world_words);
        taker_post(&taker->taker, slot, &made->post, world->now_ns);
    }
}

void world_start_taker(struct world *world, int number) {
    struct world_taker *taker = &world->takers[number - 1];
    struct session_timing timing = world->options.timing;
    // As session_timing_of_taker says; nor has the memory of a lane a second session.
    timing.lease_ns = world->options.lanes > 0 ? SESSION_NEVER / 4 : timing.lease_ns;
    link_sim_renew(&world->sim, number);
    const struct taker_options options = {.link = &world->sim.ends[number].link,
                                          .peer = 0,
                                          .timing = timing,
                                          .seed = world->now_ns * 7 + (uint64_t)number,
                                          .fenced_code = FENCED_CODE,
                                          .calls = &taker_calls,
                                          .upper = world};
    taker->is_alive = true;
    taker->is_orphan = false;
    taker->server = (struct world_server){.slot = NULL};
    taker->run_count = 0;
    taker->tick_at_ns = world->now_ns;
    taker_init(&taker->taker, &options, taker->slots, (uint32_t)world->options.slots);
}

void world_kill_taker(struct world *world, int number) {
    struct world_taker *taker = &world->takers[number - 1];
    if (!taker->is_alive) {
        return;
    }
    taker->is_alive = false;
    taker->frozen_until_ns = 0;
    taker->run_count = 0;
    taker->back_at_ns = world->now_ns + BACK_NS;
    taker->is_down_due = world->options.is_reliable;
    link_sim_clear(&world->sim, number, true);
}

void world_begin(struct world *world, const struct world_taker *taker, uint64_t number) {
    const uint64_t session = taker->taker.session;
    if (number / 1000 != world->owner_life || world->owner_back_at_ns != 0) {
        if (world->now_ns > world->owner_died_at_ns + WORLD_LEASE_NS) {
            world_violate(world, "a task began long after its owner's death");
        }
        return;
    }
    struct world_task *task = &world->tasks[number % 1000];
    const uint32_t begins_max = world_sent_as(task)->task.begins_max;
    if (++task->begun > (int)begins_max) {
        world_violate(world, "a task began more often than it may");
    }
    if (session < WORLD_SESSIONS_MAX && (world->gone[session / 64] >> session % 64 & 1) != 0) {
        world_violate(world, "a task began in a session that its owner has given up");
    }
}

void world_go_on(struct world *world, struct world_taker *taker, struct taker_slot *slot,
                 uint64_t lasts_ns) {
    const uint64_t number = taker->numbers[slot - taker->slots];
    const bool asks = world->options.answers && world_posts_of(world, number) > 0;
    const uint64_t ends_at_ns = asks ? SESSION_NEVER : world->now_ns + lasts_ns;
    taker->runs[taker->run_count++] =
        (struct world_run){slot, ends_at_ns, number, slot->attempt, false, 0};
    post_all(world, taker, slot);
}

static void begin(struct world *world, struct world_taker *taker, struct taker_slot *slot) {
    const uint64_t number = taker->numbers[slot - taker->slots];
    const bool is_long = world->options.relieves && number % LONG_EVERY == 0;
    world_begin(world, taker, number);
    world_go_on(world, taker, slot, (is_long ? 8u : 1u) * (uint64_t)WORLD_TASK_NS);
}

void world_end(struct world *world, struct world_taker *taker, struct taker_slot *slot,
               const struct world_words *result, int code, bool takes_next) {
    static struct world_words results[WORLD_TAKERS_MAX][WORLD_SLOTS_MAX];
    struct world_words *kept = &results[taker - world->takers][slot - taker->slots];
    *kept = *result;
    if (code == 0 && world_open_lane(world, taker, slot, kept)) {
        return;
    }
    if (!takes_next) {
        taker_end(&taker->taker, slot, code, kept, sizeof *kept, world->now_ns);
        return;
    }
    struct taker_slot *next =
        taker_end_and_next(&taker->taker, slot, code, kept, sizeof *kept, world->now_ns);
    if (next != NULL) {
        begin(world, taker, next);
    }
}

void world_work(struct world *world, struct world_taker *taker) {
    for (int i = taker->run_count; i-- > 0;) {
        const struct world_run run = taker->runs[i];
        if (run.ends_at_ns <= world->now_ns) {
            taker->runs[i] = taker->runs[--taker->run_count];
            const struct world_words result = {run.number, run.attempt, 0};
            const int code = run.is_cancelled ? WORLD_CANCEL_CODE : 0;
            world_end(world, taker, run.slot, &result, code, run.number % 2 != 0); // both ways
        }
    }
    world_serve(world, taker);
    if (taker->is_orphan && taker->is_alive && taker->taker.state == TAKER_GREETING) {
        world_kill_taker(world, (int)(taker - world->takers) + 1);
    }
    if (!taker->is_alive) {
        return;
    }
    struct taker_slot *slot;
    while (taker->run_count + (taker->server.slot != NULL) < world->options.threads &&
           (slot = taker_next(&taker->taker, world->now_ns)) != NULL) {
        begin(world, taker, slot);
    }
    taker->tick_at_ns = taker_tick(&taker->taker, world->now_ns);
    for (int i = 0; i < taker->run_count; i++) {
        if (taker->runs[i].ends_at_ns < taker->tick_at_ns) {
            taker->tick_at_ns = taker->runs[i].ends_at_ns;
        }
    }
    if (taker->server.slot != NULL && taker->server.step_at_ns < taker->tick_at_ns) {
        taker->tick_at_ns = taker->server.step_at_ns;
    }
    if (taker->taker.state == TAKER_LEFT && taker->is_alive) {
        world_kill_taker(world, (int)(taker - world->takers) + 1);
    }
    taker_check(&taker->taker);
}
