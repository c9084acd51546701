// call_lane.c - calls in flight that go through a lane, one after another: lane.h.
//
// The first one is sent through the session, and asks for the lane. Those that follow are written
// into it and answered there, without the turn; and the last one becomes the session's if it lands.
// Invariant: while it stays, or flies, the call counts as one that is away. Start reading at
// call_lane_again.
#include <stdio.h>

#include "base/bits.h"
#include "cluster/call_private.h"
#include "cluster/registry.h"
#include "cluster/schema.h"
#include "frame/run.h"

// ---- what may go -----------------------------------------------------------------------------

// Numbers of tasks that it takes at a time.
enum { TASKS_EACH = 64 };

// What is copied as it is, and could not be wrong in any of its bits.
static bool is_any_bits(const struct tn_data_type *type) {
    for (unsigned i = 0; i < type->count; i++) {
        const struct tn_data_field *field = &type->fields[i];
        if (field->kind == TN_DATA_BOOL || schema_is_view(field) ||
            (field->kind == TN_DATA_STRUCT && !is_any_bits(field->type))) {
            return false;
        }
    }
    return type->bytes <= LANE_BYTES;
}

bool call_lane_fits(const struct tn_type *type) {
    return type->travel != NULL && type->argument_bytes <= LANE_BYTES &&
           is_any_bits(type->travel->arguments) &&
           (type->travel->result == NULL || is_any_bits(type->travel->result));
}

static bool fits(struct flight *flight, const struct tn_type *type) {
    if (type == flight->fits) {
        return true;
    }
    if (!call_lane_fits(type)) {
        return false;
    }
    flight->fits = type;
    flight->function = registry_identity(type);
    flight->light.call.type = type;
    return true;
}

bool call_lane_stays(struct flight *flight) {
    struct call *call = &flight->light.call;
    if (!call->has_lane) {
        return false;
    }
    (void)fits(flight, call->type); // or it would not have asked
    flight->tasks_left = 0;
    atomic_store_relaxed(&call->is_done, false);
    return true;
}

// ---- there and back --------------------------------------------------------------------------

static uint64_t next_task(struct flight *flight, const struct frame *child) {
    if (flight->tasks_left == 0) {
        flight->task = run_next_tasks(child->run, TASKS_EACH) - 1;
        flight->tasks_left = TASKS_EACH;
    }
    flight->tasks_left--;
    return ++flight->task;
}

bool call_lane_again(struct frame *child, const struct tn_type *type, const void *arguments) {
    struct flight *flight = child->body_data;
    struct owner_lane *lane = &flight->lane;
    if (!lane_is_open(lane->lane, lane->opened) || !fits(flight, type)) {
        return false;
    }
    const uint64_t place = lane_next(atomic_load_relaxed(&lane->called));
    atomic_store_relaxed(&lane->called, place);
    lane_call(lane->lane, place, next_task(flight, child), flight->function, arguments,
              type->argument_bytes);
    return true;
}

// Its process may have closed the lane as it was called, and its parent may compute for long.
bool call_lane_is_shut(struct frame *child) {
    struct flight *flight = child->body_data;
    struct call *call = &flight->light.call;
    const bool is_shut = lane_is_shut(flight->lane.lane, flight->lane.opened);
    if (is_shut) {
        struct bridge *bridge = call->bridge;
        os_lock_acquire(&bridge->ear.turn);
        call_lane_land(call);
        bridge_release(bridge);
    }
    return is_shut;
}

static bool is_over(const void *what) {
    struct owner_lane *lane = (struct owner_lane *)(uintptr_t)what;
    return lane_is_back(lane->lane, atomic_load_relaxed(&lane->called)) ||
           !lane_is_open(lane->lane, lane->opened);
}

bool call_lane_await(struct frame *child, struct task_stack *stack, void *result) {
    struct flight *flight = child->body_data;
    struct owner_lane *lane = &flight->lane;
    const uint64_t place = atomic_load_relaxed(&lane->called);
    const bool is_back = lane_is_back(lane->lane, place) ||
                         (wire_stay_here(stack, is_over, lane) && lane_is_back(lane->lane, place));
    if (is_back && result != NULL) {
        lane_read(result, lane->lane->back.result, child->type->result_bytes);
    }
    if (is_back) {
        owner_lane_is_answered(lane);
    }
    return is_back;
}

// ---- the end ---------------------------------------------------------------------------------

void call_lane_release(struct frame *child) {
    struct flight *flight = child->body_data;
    struct call *call = &flight->light.call;
    struct bridge *bridge = call->bridge;
    uint64_t result[LANE_WORDS];
    os_lock_acquire(&bridge->ear.turn);
    (void)owner_lane_leave(&bridge->owner, &flight->lane, false, result, os_now_ns());
    call_count_away(bridge, -1);
    bridge_update(bridge);
    bridge_release(bridge);
}

// What was called, as it would be sent by a RUN.
static void pack(struct flight *flight) {
    struct call *call = &flight->light.call;
    const struct baggage_wish wish = baggage_wish_none();
    const size_t bytes = bits_round_up(call->type->travel->arguments->bytes, 8);
    call_pack_light(&flight->light, call->frame, bytes, &wish);
    call->task.id = flight->task;
}

static void end(struct call *call, enum owner_end how) {
    call_count_away(call->bridge, -1);
    call->end = how;
    atomic_store_relaxed(&call->is_done, true);
}

void call_lane_land(struct call *call) {
    struct bridge *bridge = call->bridge;
    struct flight *flight = flight_of(call);
    struct owner_lane *lane = &flight->lane;
    uint64_t result[LANE_WORDS];
    call->task.lane = NULL;
    if (lane->state == OWNER_LANE_ASKED) {
        owner_lane_ask_no_more(lane);
    }
    if (lane->state == OWNER_LANE_NONE) {
        return;
    }
    const bool is_called = atomic_load_relaxed(&lane->called) != lane->opened;
    flight->fits = NULL;
    call->has_lane = false;
    if (is_called && lane->state != OWNER_LANE_LANDED) {
        pack(flight);
    }
    switch (owner_lane_leave(&bridge->owner, lane, is_called, result, os_now_ns())) {
    case OWNER_LANE_PLACED:
        break;
    case OWNER_LANE_UNTAKEN:
        if (bridge->state == BRIDGE_OPEN) {
            owner_submit(&bridge->owner, &call->task, os_now_ns());
        } else {
            end(call, OWNER_CANCELLED);
        }
        break;
    case OWNER_LANE_LOST:
        end(call, OWNER_LOST);
        break;
    case OWNER_LANE_ANSWERED: // or its first answer is all that there is
        if (is_called) {
            call->code = TN_OK;
            lane_read(call->result, result, call->type->result_bytes);
        }
        end(call, OWNER_DONE);
        break;
    }
    bridge_update(bridge);
}

void call_lane_lost(void *upper, struct owner_task *task) {
    const struct bridge *bridge = upper;
    struct call *call = container_of(task, struct call, task);
    (void)snprintf(call->how_lost, sizeof call->how_lost, "%s", bridge->how_lost);
}
