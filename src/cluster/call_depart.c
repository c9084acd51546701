// call_depart.c - DFrames that are sent before their stacks have run, and before they are frames.
//
// What a call is then lies at the top of the stack on which it would wait. Start reading at
// call_depart, then send; the picture is in call.c.
#include <tenon/dframe.h>

#include "cluster/call_private.h"
#include "cluster/copy.h"
#include "cluster/schema.h"
#include "frame/ready.h"
#include "frame/run.h"

// ---- sent before its stack has run -----------------------------------------------------------

static size_t argument_bytes(const struct frame *frame) {
    return copy_bytes(frame->type->travel->arguments, frame->payload);
}

static bool is_light(const struct frame *frame, size_t copied) {
    return !atomic_load_relaxed(&frame->run->has_travelling_locals) &&
           copied <= CALL_SMALL_BYTES - sizeof(struct baggage_wish);
}

bool call_is_light(const struct frame *frame) {
    return is_light(frame, argument_bytes(frame));
}

// Its stack waits, and has not run; it may have been sent already.
static void wait_unrun(struct frame *frame, struct worker *worker, struct call *call) {
    struct task_stack *stack = frame->stack;
    stack->worker = worker;
    stack->note = &call->note;
    ready_begin(&stack->tasks.self, NULL);
    struct departure *const waits = stack->waits; // after the commit the frame may have ended
    stack->waits = NULL;
    call_commit(stack, call);
    if (waits != NULL) {
        waits->left(waits);
    }
}

void call_depart(struct frame *frame, struct worker *worker, bool has_place) {
    struct light *light = worker_stack_reserve(frame->stack, sizeof *light);
    const struct baggage_wish wish = call_wish(frame, NULL);
    call_init(&light->call, frame, frame->stack);
    call_pack_light(light, frame, argument_bytes(frame), &wish);
    light->call.is_unrun = true;
    light->call.has_place = has_place;
    frame->body_data = light;
    wait_unrun(frame, worker, &light->call);
}

void call_go_on(struct tn_self *self, struct frame *frame) {
    struct light *light = frame->body_data;
    light->call.is_unrun = false;
    if (!call_is_over(&light->call)) {
        call_wait(self, &light->call);
    }
    call_conclude(self, frame, &light->call, &light->baggage);
}

// ---- sent before it is a frame ---------------------------------------------------------------

// A result with elements belongs to a frame.
static bool has_flat_result(const struct tn_type *type) {
    const struct tn_data_type *result = type->travel->result;
    return result == NULL || !schema_is_view(result->fields);
}

static bool send(struct frame *child, bool may_stay) {
    struct bridge *bridge = bridge_from(child->run->elsewhere);
    child->payload = child->task.payload;
    child->begins_max = 0;
    const size_t copied = argument_bytes(child);
    if (!has_flat_result(child->type) || !is_light(child, copied)) {
        return false;
    }
    struct flight *flight = worker_stack_room(child->lies_by, sizeof *flight);
    struct call *call = &flight->light.call;
    const struct baggage_wish wish = baggage_wish_none();
    call_init(call, child, child->lies_by);
    call_pack_light(&flight->light, child, copied, &wish);
    call->is_flying = true;
    flight->fits = NULL;
    owner_lane_init(&flight->lane);
    call->task.lane = may_stay && call_lane_fits(call->type) ? &flight->lane : NULL;
    call->result = flight->result;
    child->body_data = flight;
    os_lock_acquire(&bridge->ear.turn);
    const bool is_open = bridge->state == BRIDGE_OPEN && bridge_prepare(bridge);
    if (is_open) {
        bridge->claimed++;
        call_send(call);
    }
    bridge_release(bridge);
    return is_open;
}

static bool receive(struct frame *child, void *result) {
    const struct flight *flight = child->body_data;
    const struct call *call = &flight->light.call;
    const bool is_plain = call->end == OWNER_DONE && call->code == TN_OK;
    if (is_plain && result != NULL) {
        frame_copy(result, flight->result, child->type->result_bytes);
    }
    return is_plain;
}

static enum flight_end await(struct frame *child, struct task_stack *stack, void *result) {
    struct flight *flight = child->body_data;
    if (flight->fits != NULL && call_lane_await(child, stack, result)) {
        return FLIGHT_STAYS;
    }
    if (flight->fits != NULL && !call_lane_is_shut(child)) {
        return FLIGHT_LANDS;
    }
    const bool is_over =
        call_is_done(&flight->light.call) ||
        (wire_may_wait_here(stack) && wire_wait_here(stack, call_is_done, &flight->light.call));
    if (!is_over || !receive(child, result)) {
        return FLIGHT_LANDS;
    }
    return call_lane_stays(flight) ? FLIGHT_STAYS : FLIGHT_OVER;
}

static void land(struct frame *frame, struct worker *worker) {
    struct flight *flight = worker_stack_room(frame->stack, sizeof *flight); // as before
    frame->body_data = flight;
    wait_unrun(frame, worker, &flight->light.call);
}

const struct elsewhere_flights call_flights = {.send = send,
                                               .again = call_lane_again,
                                               .is_shut = call_lane_is_shut,
                                               .await = await,
                                               .release = call_lane_release,
                                               .land = land};
