// taker_lane.c - see taker_lane.h.
#include "cluster/taker_lane.h"

#include "base/check.h"
#include "cluster/taker_record.h"

static bool may_open(const struct taker *taker, const struct taker_slot *slot) {
    return slot->asks_lane && taker->options.link->lane != NULL &&
           taker->options.link->is_reliable && taker->state == TAKER_SERVING &&
           !taker->is_leaving && !slot->is_cancelled && list_is_empty(&slot->posts) &&
           (uint32_t)(slot - taker->slots) < taker->options.link->notes_count;
}

bool taker_lane_open(struct taker *taker, struct taker_slot *slot, const void *result,
                     uint32_t bytes) {
    const uint64_t place = place_of((uint32_t)(slot - taker->slots), slot->generation);
    ASSERT(slot->phase == TAKER_RUNNING);
    if (may_open(taker, slot)) {
        lane_open(taker->options.link->lane, place);
        slot->how = MESSAGE_OPENED;
        slot->code = 0;
        slot->result = result;
        slot->bytes = bytes;
        if (record_say_result(taker, slot, NULL)) {
            slot->phase = TAKER_LANE;
            return true;
        }
    }
    return false;
}

void taker_lane_run(struct taker *taker, struct taker_slot *slot, uint64_t place, uint64_t task) {
    (void)taker;
    ASSERT(slot->phase == TAKER_LANE);
    slot->phase = TAKER_RUNNING;
    slot->generation = place_generation(place);
    slot->task = task;
    slot->attempt = 1;
    slot->asks_lane = false;
    slot->posts_ended = 0;
    slot->tells = 0;
    slot->sends = 0;
}

// The place has been used up to there.
static void leave(struct taker *taker, struct taker_slot *slot, uint64_t place, uint64_t task) {
    taker_lane_run(taker, slot, place, task);
    slot->phase = TAKER_ENDED;
    taker->running--;
}

void taker_lane_close(struct taker *taker, struct taker_slot *slot, uint64_t place,
                      uint64_t now_ns) {
    leave(taker, slot, place, 0);
    if (taker->state == TAKER_FENCED) {
        record_drop(taker, slot);
        taker_end_fence(taker, now_ns);
    } else if (MUTATED(taker_lane_closes_silently)) {
        record_drop(taker, slot);
    } else {
        slot->code = 0;
        slot->bytes = 0;
        record_end(taker, slot, MESSAGE_CLOSED, now_ns);
    }
}

void taker_lane_hear(struct taker *taker, struct taker_slot *slot, const struct message *message,
                     const void *arguments, uint64_t now_ns) {
    const bool is_cancelled = slot->is_cancelled;
    leave(taker, slot, message->place, message->task);
    record_drop(taker, slot);
    if (taker->state == TAKER_FENCED) {
        taker_end_fence(taker, now_ns);
    } else if (is_cancelled) {
        record_begin(taker, slot, message);
        record_end(taker, slot, MESSAGE_CANCELLED, now_ns);
    } else {
        record_run(taker, slot, message, arguments, now_ns);
    }
}

void taker_lane_hear_end(struct taker *taker, struct taker_slot *slot,
                         const struct message *message) {
    if (message->kind == MESSAGE_CANCEL && !slot->is_cancelled &&
        place_generation(message->place) > slot->generation) {
        slot->is_cancelled = true;
        taker->options.calls->cancel(taker->options.upper, slot, message->code);
    }
}
