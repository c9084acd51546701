// See session_lanes.h.
#include "support/session_lanes.h"

#include <string.h>

#include "cluster/taker_lane.h"
#include "support/session_sides.h"

enum {
    STEP_NS = 3,     // from a step to the next one, where nothing is awaited
    CALL_NS = 20,    // how long a task runs that was called in a lane
    PATIENT_NS = 60, // how long a server waits for the next one
    DAWDLE_NS = 90,  // and a caller with it, if it turns so
};

// ---- tasks that were called ------------------------------------------------------------------

struct world_task *world_task_of(struct owner_task *task) {
    struct world_task *made = container_of(task, struct world_task, task);
    return made->caller.called != NULL ? made->caller.called : made;
}

const struct world_task *world_sent_as(const struct world_task *task) {
    return task->by != NULL ? task->by : task;
}

static struct world_task *make_task(struct world *world, struct world_task *by) {
    const int index = world->made;
    struct world_task *made = &world->tasks[world->made++];
    *made = (struct world_task){.number = world->owner_life * 1000 + (uint64_t)index, .by = by};
    made->submit_at_ns = made->cancel_at_ns = SESSION_NEVER;
    made->caller.step_at_ns = SESSION_NEVER;
    if (world_is_cancelled(world, index)) {
        made->cancel_at_ns = world->now_ns + CALL_NS;
    }
    return made;
}

static void end_called(struct world *world, struct world_caller *caller, enum owner_end end,
                       const void *result) {
    const struct owner_outcome outcome = {.end = end,
                                          .payload = result,
                                          .bytes = result == NULL ? 0 : sizeof(struct world_words),
                                          .why = result == NULL ? caller->lane.why : 0};
    world_deliver(world, caller->called, 1, &outcome);
}

// ---- the caller ------------------------------------------------------------------------------

void world_ask_lane(struct world *world, struct world_task *task) {
    task->caller.step_at_ns = SESSION_NEVER;
    if (world->options.lanes > 0 && task->number % 1000 % (uint64_t)world->options.lanes == 0) {
        owner_lane_init(&task->caller.lane);
        task->task.lane = &task->caller.lane;
        task->caller.state = CALLER_ASKS;
        task->caller.step_at_ns =
            world->now_ns + 2 * WORLD_TASK_NS + world->options.late_ns * (task->number % 1000);
    }
}

void world_meet_lane(struct world *world, struct world_task *task) {
    struct world_caller *caller = &task->caller;
    if (caller->state == CALLER_ASKS) {
        const bool has_lane = caller->lane.state == OWNER_LANE_OPEN;
        if (!has_lane && caller->lane.state != OWNER_LANE_NONE) {
            world_violate(world, "a task was delivered, and asks for a lane still");
        }
        world->opened += has_lane;
        caller->state = has_lane ? CALLER_RESTS : CALLER_GONE;
        caller->step_at_ns = has_lane ? world->now_ns + STEP_NS : SESSION_NEVER;
        task->task.lane = has_lane ? task->task.lane : NULL;
    }
}

void world_lose_lane(void *upper, struct owner_task *task) {
    struct world *world = upper;
    struct world_caller *caller = &container_of(task, struct world_task, task)->caller;
    if (caller->state < CALLER_RESTS || caller->has_lost) {
        world_violate(world, "somebody was told that a lane is lost who has none");
    }
    caller->has_lost = true;
}

// It asks for none any more, whatever the answer to its task says.
static void withdraw(struct world_task *task) {
    if (task->caller.lane.state == OWNER_LANE_ASKED) {
        owner_lane_ask_no_more(&task->caller.lane);
    }
    task->task.lane = NULL;
    task->caller.state = CALLER_GONE;
}

// What was called, as it would be sent by a RUN.
static void pack(struct world_task *task) {
    const struct world_task *called = task->caller.called;
    task->task = (struct owner_task){.id = called->number % 1000 + 1,
                                     .arguments = &called->number,
                                     .bytes = sizeof called->number,
                                     .begins_max = 1};
}

// As call_lane_land, and call_lane_release of who rests.
void world_leave_lane(struct world *world, struct world_task *task) {
    struct world_caller *caller = &task->caller;
    const bool is_called = caller->state >= CALLER_CALLS;
    uint64_t result[LANE_WORDS];
    task->task.lane = NULL;
    if (is_called && caller->lane.state != OWNER_LANE_LANDED) {
        pack(task);
    }
    caller->state = CALLER_GONE;
    caller->step_at_ns = SESSION_NEVER;
    const enum owner_lane_end end =
        owner_lane_leave(&world->owner, &caller->lane, is_called, result, world->now_ns);
    if (!is_called) {
        if (end != OWNER_LANE_ANSWERED) {
            world_violate(world, "nothing was called, and yet something became of it");
        }
        return;
    }
    world->left[end]++;
    switch (end) {
    case OWNER_LANE_PLACED:
        break;
    case OWNER_LANE_UNTAKEN:
        owner_submit(&world->owner, &task->task, world->now_ns);
        break;
    case OWNER_LANE_LOST:
        if (!caller->has_lost) {
            world_violate(world, "a task was lost in a lane whose session has not ended");
        }
        end_called(world, caller, OWNER_LOST, NULL);
        break;
    case OWNER_LANE_ANSWERED:
        end_called(world, caller, OWNER_DONE, result);
        break;
    }
}

static void begin(struct world *world, struct world_task *task) {
    struct world_caller *caller = &task->caller;
    const bool calls = caller->calls < world->options.lane_calls &&
                       world->made + world->options.tasks < WORLD_TASKS_MAX &&
                       world->now_ns < world->options.calm_ns;
    const unsigned turned = calls ? world_turn(world, 3) : 0;
    if (turned == 1) {
        caller->step_at_ns = world->now_ns + DAWDLE_NS;
    } else if (turned == 2 || !calls || !lane_is_open(caller->lane.lane, caller->lane.opened)) {
        world_leave_lane(world, task);
    } else {
        caller->state = CALLER_BEGINS;
    }
}

static void call(struct world *world, struct world_task *task) {
    struct world_caller *caller = &task->caller;
    struct world_task *called = make_task(world, task);
    const uint64_t place = lane_next(atomic_load_relaxed(&caller->lane.called));
    caller->called = called;
    caller->calls++;
    caller->state = CALLER_CALLS;
    caller->step_at_ns = world->now_ns + (world_turn(world, 2) == 1 ? DAWDLE_NS : STEP_NS);
    world->called++;
    atomic_store_relaxed(&caller->lane.called, place);
    lane_call(caller->lane.lane, place, called->number % 1000 + 1, 0, &called->number,
              sizeof called->number);
}

// It has been answered, the lane is shut, or it takes longer.
static void await(struct world *world, struct world_task *task) {
    struct world_caller *caller = &task->caller;
    struct lane *lane = caller->lane.lane;
    if (lane_is_back(lane, atomic_load_relaxed(&caller->lane.called))) {
        caller->state = CALLER_RESTS;
        owner_lane_is_answered(&caller->lane);
        end_called(world, caller, OWNER_DONE, lane->back.result);
    } else if (lane_is_shut(lane, caller->lane.opened)) {
        world_leave_lane(world, task);
    } else {
        const unsigned turned = world_turn(world, 3);
        caller->step_at_ns = world->now_ns + (turned == 1 ? DAWDLE_NS : WORLD_LATENCY_NS);
        if (turned == 2) {
            world_leave_lane(world, task);
        }
    }
}

void world_call(struct world *world, struct world_task *task) {
    struct world_caller *caller = &task->caller;
    if (caller->step_at_ns > world->now_ns) {
        return;
    }
    caller->step_at_ns = world->now_ns + STEP_NS;
    switch (caller->state) {
    case CALLER_GONE:
        caller->step_at_ns = SESSION_NEVER;
        break;
    case CALLER_ASKS:
        caller->step_at_ns = SESSION_NEVER;
        if (world_turn(world, 2) == 1) {
            withdraw(task);
        }
        break;
    case CALLER_RESTS:
        begin(world, task);
        break;
    case CALLER_BEGINS:
        call(world, task);
        break;
    case CALLER_CALLS: // it looks behind its call
        caller->state = CALLER_AWAITS;
        if (lane_is_shut(caller->lane.lane, caller->lane.opened)) {
            world_leave_lane(world, task);
        }
        break;
    case CALLER_AWAITS:
        await(world, task);
        break;
    }
}

// ---- the server ------------------------------------------------------------------------------

// Its process may be killed right here.
static bool dies(struct world *world, struct world_taker *taker) {
    if (world_fails(world, FAULT_KILL_TAKER)) {
        world_kill_taker(world, (int)(taker - world->takers) + 1);
    }
    return !taker->is_alive;
}

bool world_open_lane(struct world *world, struct world_taker *taker, struct taker_slot *slot,
                     const void *result) {
    struct world_server *server = &taker->server;
    if (world->options.lanes == 0 || server->slot != NULL ||
        !list_is_empty(&taker->taker.waiting) ||
        !taker_lane_open(&taker->taker, slot, result, sizeof(struct world_words))) {
        return false;
    }
    const uint64_t opened = place_of((uint32_t)(slot - taker->slots), slot->generation);
    *server = (struct world_server){.slot = slot,
                                    .opened = opened,
                                    .last = opened,
                                    .task = slot->task,
                                    .step_at_ns = world->now_ns + STEP_NS,
                                    .until_ns = world->now_ns + PATIENT_NS};
    return true;
}

static struct lane *lane_of(const struct world_taker *taker) {
    return taker->taker.options.link->lane;
}

static uint64_t number_of(const struct world_taker *taker) {
    return taker->numbers[taker->server.slot - taker->slots];
}

// As guest_lane_leave: what was taken last is the taker's as any other.
static void land(struct world_taker *taker) {
    struct world_server *server = &taker->server;
    (void)lane_land(lane_of(taker), server->opened);
    taker_lane_run(&taker->taker, server->slot, server->last, server->task);
    server->slot = NULL;
}

static void answer_again(struct world *world, struct world_taker *taker, struct taker_slot *slot) {
    struct world_words result;
    memcpy(&result, lane_of(taker)->back.result, sizeof result);
    taker_lane_run(&taker->taker, slot, taker->server.last, taker->server.task);
    world_end(world, taker, slot, &result, 0, false);
}

static void hear_again(struct world *world, struct world_taker *taker, struct taker_slot *slot,
                       uint64_t place) {
    const struct lane *lane = lane_of(taker);
    const struct message message = {.kind = MESSAGE_RUN,
                                    .version = SESSION_VERSION,
                                    .bytes = sizeof(uint64_t),
                                    .owner = taker->taker.owner,
                                    .session = taker->taker.session,
                                    .place = place,
                                    .task = lane->there.task,
                                    .attempt = 1,
                                    .value = lane->there.function};
    taker_lane_hear(&taker->taker, slot, &message, lane->there.arguments, world->now_ns);
}

// As shut of guest_lane.c.
static void shut(struct world *world, struct world_taker *taker) {
    struct world_server *server = &taker->server;
    struct taker_slot *slot = server->slot;
    struct lane *lane = lane_of(taker);
    const uint64_t next = lane_next(server->last);
    server->slot = NULL;
    if (!lane_is_called(lane, next) && lane_close(lane, server->opened, next)) {
        if (!dies(world, taker)) {
            taker_lane_close(&taker->taker, slot, server->last, world->now_ns);
        }
        return;
    }
    (void)lane_land(lane, server->opened);
    if (dies(world, taker)) {
        return;
    }
    if (lane_is_called(lane, next)) {
        hear_again(world, taker, slot, next);
    } else {
        answer_again(world, taker, slot);
    }
}

// What is called begins, and that is noted. Some go on in a frame of their own: those that post,
// and those that turn.
static void take(struct world *world, struct world_taker *taker) {
    struct world_server *server = &taker->server;
    struct taker_slot *slot = server->slot;
    struct lane *lane = lane_of(taker);
    server->last = lane_next(server->last);
    server->task = plain_read(&lane->there.task);
    server->is_running = true;
    server->step_at_ns = world->now_ns + CALL_NS;
    if (dies(world, taker)) {
        return;
    }
    uint64_t number;
    lane_read(&number, lane->there.arguments, sizeof number);
    taker->numbers[slot - taker->slots] = number;
    (void)link_note(taker->taker.options.link, place_slot(server->last),
                    place_generation(server->last));
    world_begin(world, taker, number);
    if (dies(world, taker)) {
        return;
    }
    if (world_posts_of(world, number) > 0 || world_turn(world, 2) == 1) {
        land(taker);
        world_go_on(world, taker, slot, WORLD_TASK_NS);
    }
}

// It has run. One that was cancelled, or leaves something, ends as others do.
static void end(struct world *world, struct world_taker *taker) {
    struct world_server *server = &taker->server;
    struct taker_slot *slot = server->slot;
    const struct world_words result = {number_of(taker), 1, 0};
    server->is_running = false;
    if (slot->is_cancelled || world_turn(world, 2) == 1) {
        const int code = slot->is_cancelled ? WORLD_CANCEL_CODE : 0;
        land(taker);
        if (!dies(world, taker)) {
            world_end(world, taker, slot, &result, code, true);
        }
        return;
    }
    lane_answer(lane_of(taker), server->last, &result, sizeof result);
    server->step_at_ns = world->now_ns + STEP_NS;
    server->until_ns = world->now_ns + PATIENT_NS;
}

// It looks for the next one, unless its worker has something else to do.
static void look(struct world *world, struct world_taker *taker) {
    struct world_server *server = &taker->server;
    struct lane *lane = lane_of(taker);
    const bool may_take = list_is_empty(&taker->taker.waiting) && !server->slot->is_cancelled;
    const bool is_called = lane_is_called(lane, lane_next(server->last));
    const bool may_wait = may_take && lane_is_open(lane, server->opened) &&
                          !taker->taker.is_leaving && world->now_ns < server->until_ns;
    if (!may_take || (!is_called && !may_wait) || world_turn(world, 2) == 1) {
        shut(world, taker);
    } else if (is_called) {
        take(world, taker);
    } else {
        server->step_at_ns = world->now_ns + WORLD_LATENCY_NS;
    }
}

void world_serve(struct world *world, struct world_taker *taker) {
    const struct world_server *server = &taker->server;
    const bool is_hurried = server->slot != NULL && !server->is_running &&
                            (server->slot->is_cancelled || taker->taker.is_leaving ||
                             !list_is_empty(&taker->taker.waiting));
    if (server->slot == NULL || (server->step_at_ns > world->now_ns && !is_hurried)) {
        return;
    }
    if (server->is_running) {
        end(world, taker);
    } else {
        look(world, taker);
    }
}

void world_cancel_call(struct world *world, struct world_taker *taker,
                       const struct taker_slot *slot) {
    struct world_server *server = &taker->server;
    if (server->slot == slot) { // it ends soon, or does not begin
        server->step_at_ns = world->now_ns + WORLD_LATENCY_NS;
    }
}
