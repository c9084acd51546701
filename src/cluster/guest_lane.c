// guest_lane.c - guests that come by a lane, one after another, and run in one frame: lane.h.
//
// The frame stays the child of root that it was, and its guest that of the first one, in whose
// place the lane was opened: each further one has its own number, arguments and note. One that
// leaves something, waits, posts or asks ends the lane, and is a guest as any other from then on.
// Invariant: serve->lane is that guest while nobody on this side has shut the lane. It is written
// under the turn, by the stack of its frame or on behalf of frames below it, and so read by the
// stack without. Start reading at guest_lane_serve.
#include "cluster/guest.h"

#include <string.h>

#include "cluster/schema.h"
#include "cluster/taker_lane.h"
#include "frame/follow.h"
#include "frame/run.h"

static bool fits(const struct tn_type *type) {
    return type->argument_bytes <= LANE_BYTES && type->result_bytes <= LANE_BYTES;
}

static bool may_open(const struct serve *serve, const struct guest *guest) {
    return serve->lane == NULL && serve->root != NULL && fits(guest->type) &&
           list_is_empty(&serve->taker.waiting);
}

bool guest_lane_open(struct guest *guest, struct frame *frame, uint32_t bytes) {
    struct serve *serve = guest->serve;
    if (!guest->slot->asks_lane) {
        return false;
    }
    os_lock_acquire(&serve->ear.turn);
    const bool is_open =
        may_open(serve, guest) && taker_lane_open(&serve->taker, guest->slot, guest->answer, bytes);
    if (is_open) {
        serve->lane = guest;
        guest->frame = frame;
        guest->opened = guest->last =
            place_of((uint32_t)(guest->slot - serve->slots), guest->slot->generation);
        guest->found = serve->found;
    }
    os_lock_release(&serve->ear.turn);
    return is_open;
}

void guest_lane_leave(struct guest *guest) {
    struct serve *serve = guest->serve;
    if (serve->lane == guest) {
        (void)lane_land(serve->link->lane, guest->opened);
        serve->lane = NULL;
        guest->begun = os_ticks();
        taker_lane_run(&serve->taker, guest->slot, guest->last, guest->task);
    }
}

// ---- one of them -----------------------------------------------------------------------------

// A task has come by the session, or the process is to leave.
static bool is_wanted_elsewhere(struct serve *serve) {
    return atomic_load_relaxed(&serve->elsewhere.wire.has_next) ||
           atomic_load_relaxed(&serve->is_leaving);
}

static bool is_over(const void *what) {
    const struct guest *guest = what;
    struct lane *lane = guest->serve->link->lane;
    return lane_is_called(lane, lane_next(guest->last)) || !lane_is_open(lane, guest->opened) ||
           is_wanted_elsewhere(guest->serve);
}

// The next one is called soon, while its worker has nothing else to do.
static bool is_called_soon(const struct guest *guest, struct task_stack *stack) {
    return !is_wanted_elsewhere(guest->serve) && wire_stay_here(stack, is_over, guest) &&
           lane_is_called(guest->serve->link->lane, lane_next(guest->last));
}

// The frame becomes the one that is called, if it can, and that is noted.
static bool take(struct guest *guest, struct frame *frame) {
    struct lane *lane = guest->serve->link->lane;
    const uint64_t place = lane_next(guest->last);
    const struct tn_type *type =
        registry_find_again(&guest->found, plain_read(&lane->there.function));
    uint64_t arguments[LANE_WORDS]; // not zeroed
    if (type == frame->type) {
        if (!frame_follow_itself(frame)) {
            return false;
        }
        lane_read(frame->payload, lane->there.arguments, type->argument_bytes);
    } else {
        if (type == NULL || !fits(type)) {
            return false;
        }
        lane_read(arguments, lane->there.arguments, type->argument_bytes);
        if (!frame_follow(frame, type, type->line, arguments)) {
            return false;
        }
        guest->type = type;
    }
    guest->last = place;
    guest->task = plain_read(&lane->there.task);
    guest->begins_before = 0;
    (void)link_note(guest->serve->link, place_slot(place), place_generation(place));
    return true;
}

// It has left nothing, nor done anything that ended the lane.
static bool is_plain(const struct guest *guest, struct frame *frame) {
    return guest->serve->lane == guest && guest->failure_code == 0 && frame_may_follow(frame) &&
           frame_is_bare(frame);
}

// ---- the end of a lane -----------------------------------------------------------------------

// Its caller has shut it, and waits for the RESULT of what it called last, whatever is answered.
static void answer_again(struct guest *guest) {
    struct serve *serve = guest->serve;
    const struct tn_data_type *result = guest->type->travel->result;
    const uint32_t bytes = result == NULL ? 0 : (uint32_t)bits_round_up(result->bytes, 8);
    guest->answer = guest_own_room(guest);
    memcpy(guest->answer, serve->link->lane->back.result, bytes);
    taker_lane_run(&serve->taker, guest->slot, guest->last, guest->task);
    taker_end(&serve->taker, guest->slot, TN_OK, guest->answer, bytes, 0);
}

// It has called one that was not taken, which has come as by a RUN. One whose function is not here
// fails by that, whatever its arguments are.
static void hear_again(struct guest *guest, uint64_t place) {
    struct serve *serve = guest->serve;
    struct taker *taker = &serve->taker;
    const struct lane *lane = serve->link->lane;
    const struct tn_type *type = registry_find(lane->there.function);
    const size_t bytes = type == NULL ? 0 : bits_round_up(type->travel->arguments->bytes, 8);
    const struct baggage_wish wish = baggage_wish_none();
    const size_t wish_bytes = baggage_wish_bytes(&wish, bytes);
    unsigned char payload[sizeof wish + LANE_BYTES];
    memcpy(payload, &wish, wish_bytes);
    memcpy(payload + wish_bytes, lane->there.arguments, LANE_BYTES);
    const struct message message = {.kind = MESSAGE_RUN,
                                    .version = SESSION_VERSION,
                                    .bytes =
                                        (uint32_t)(wish_bytes + (bytes <= LANE_BYTES ? bytes : 0)),
                                    .owner = taker->owner,
                                    .session = taker->session,
                                    .place = place,
                                    .task = lane->there.task,
                                    .attempt = 1,
                                    .value = lane->there.function};
    taker_lane_hear(taker, guest->slot, &message, payload, os_now_ns());
}

// All that was taken has been answered.
static void shut(struct guest *guest, struct frame *frame) {
    struct serve *serve = guest->serve;
    struct lane *lane = serve->link->lane;
    const uint64_t next = lane_next(guest->last);
    os_lock_acquire(&serve->ear.turn);
    frame->body_data = NULL;
    guest->frame = NULL;
    serve->lane = NULL;
    if (!lane_is_called(lane, next) && lane_close(lane, guest->opened, next)) {
        taker_lane_close(&serve->taker, guest->slot, guest->last, os_now_ns());
    } else {
        (void)lane_land(lane, guest->opened);
        if (lane_is_called(lane, next)) {
            hear_again(guest, next);
        } else {
            answer_again(guest);
        }
    }
    serve_show_next(serve);
    serve_update(serve);
    os_lock_release(&serve->ear.turn);
}

bool guest_lane_serve(struct tn_self *self, struct frame *frame) {
    struct guest *guest = frame->body_data;
    struct lane *lane = guest->serve->link->lane;
    struct task_stack *stack = task_stack_of(self);
    while (is_called_soon(guest, stack) && take(guest, frame)) {
        stack->worker->tick++;
        frame->type->invoke(self, frame->payload);
        if (!is_plain(guest, frame)) {
            return false;
        }
        lane_answer(lane, guest->last, frame->payload, frame->type->result_bytes);
    }
    shut(guest, frame);
    return true;
}
