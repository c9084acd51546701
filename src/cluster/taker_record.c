// taker_record.c - see taker_record.h.
#include "cluster/taker_record.h"

#include "base/atomic.h"
#include "base/check.h"

void record_end_post(struct taker *taker, struct taker_slot *slot) {
    struct taker_post *post = container_of(list_pop_front(&slot->posts), struct taker_post, node);
    slot->posts_ended++;
    slot->sends = 0;
    slot->resend_at_ns = SESSION_NEVER;
    taker->options.calls->posted(taker->options.upper, post);
}

void record_drop_posts(struct taker *taker, struct taker_slot *slot) {
    while (!list_is_empty(&slot->posts)) {
        record_end_post(taker, slot);
    }
}

void record_drop(struct taker *taker, struct taker_slot *slot) {
    if (slot->phase == TAKER_WAITING) {
        list_remove(&slot->node);
    }
    if (slot->phase != TAKER_EMPTY) {
        taker->held--;
    }
    record_drop_posts(taker, slot);
    slot->phase = TAKER_EMPTY;
    slot->resend_at_ns = SESSION_NEVER;
    if (slot->is_kept) {
        slot->is_kept = false;
        taker->options.calls->drop(taker->options.upper, slot);
    }
}

void record_forget_all(struct taker *taker) {
    for (uint32_t i = 0; i < taker->slot_count; i++) {
        taker->slots[i].generation = 0;
        (void)link_note(taker->options.link, i, 0);
    }
}

void record_begin(struct taker *taker, struct taker_slot *slot, const struct message *message) {
    if (slot->phase == TAKER_ENDED) {
        record_drop(taker, slot);
    }
    ASSERT(slot->phase == TAKER_EMPTY);
    taker->held++;
    slot->phase = TAKER_ENDED;
    slot->how = MESSAGE_RETURNED;
    slot->generation = place_generation(message->place);
    slot->is_cancelled = false;
    slot->task = message->task;
    slot->attempt = message->attempt;
    slot->asks_lane = message->kind == MESSAGE_RUN && message->how == MESSAGE_OPENED;
    slot->begins_before = message->kind == MESSAGE_RUN ? (uint32_t)message->code : 0;
    slot->function = message->value;
    slot->code = 0;
    slot->result = NULL;
    slot->bytes = 0;
    slot->spent_ns = 0;
    slot->posts_ended = 0;
    slot->tells = 0;
    slot->sends = 0;
}

void record_due_at(struct taker *taker, struct taker_slot *slot, uint64_t at_ns) {
    slot->resend_at_ns = at_ns;
    taker->resend_at_ns = at_ns < taker->resend_at_ns ? at_ns : taker->resend_at_ns;
}

bool record_say_started(struct taker *taker, const struct taker_slot *slot, bool was_asked) {
    const uint32_t index = (uint32_t)(slot - taker->slots);
    if (!was_asked && link_note(taker->options.link, index, slot->generation)) {
        return true;
    }
    struct message started = record_message(taker, slot, MESSAGE_STARTED);
    started.value = was_asked;
    return taker_say(taker, &started, NULL);
}

bool record_say_result(struct taker *taker, struct taker_slot *slot,
                       const struct taker_slot *next) {
    struct message message = record_message(taker, slot, MESSAGE_RESULT);
    message.how = slot->how;
    message.code = slot->code;
    message.bytes = slot->bytes;
    message.value = slot->spent_ns;
    message.attempt = next == NULL ? 0 : (uint32_t)(next - taker->slots) + 1;
    return taker_say(taker, &message, slot->result);
}

static void say_result(struct taker *taker, struct taker_slot *slot, uint64_t now_ns) {
    const struct session_timing *timing = &taker->options.timing;
    if (!record_say_result(taker, slot, NULL)) {
        record_due_at(taker, slot, now_ns + timing->resend_ns);
        return;
    }
    slot->sends++;
    if (taker->options.link->is_reliable) {
        record_drop(taker, slot);
    } else if (!MUTATED(taker_without_resend)) {
        record_due_at(taker, slot, session_resend_at(timing, slot->sends, now_ns));
    }
}

static bool say_post(struct taker *taker, struct taker_slot *slot) {
    const struct taker_post *post = container_of(list_first(&slot->posts), struct taker_post, node);
    struct message message = record_message(taker, slot, MESSAGE_POST);
    message.attempt = slot->posts_ended + 1;
    message.bytes = post->bytes;
    return taker_say(taker, &message, post->payload);
}

void record_speak(struct taker *taker, struct taker_slot *slot, uint64_t now_ns) {
    const struct session_timing *timing = &taker->options.timing;
    const bool skips = MUTATED(taker_ends_before_posts) && slot->phase == TAKER_ENDED;
    while (!list_is_empty(&slot->posts) && !skips) {
        if (!say_post(taker, slot)) {
            record_due_at(taker, slot, now_ns + timing->resend_ns);
            return;
        }
        slot->sends++;
        if (!taker->options.link->is_reliable) {
            if (!MUTATED(taker_without_resend)) {
                record_due_at(taker, slot, session_resend_at(timing, slot->sends, now_ns));
            }
            return;
        }
        record_end_post(taker, slot);
    }
    if (slot->phase == TAKER_ENDED) {
        say_result(taker, slot, now_ns);
    }
}

void record_answer(struct taker *taker, struct taker_slot *slot, uint64_t now_ns) {
    if (slot->phase == TAKER_ENDED) {
        record_speak(taker, slot, now_ns);
    } else if (slot->phase == TAKER_RUNNING) {
        (void)record_say_started(taker, slot, true);
    } else if (slot->phase == TAKER_WAITING && !taker->options.link->is_reliable) {
        const struct message taken = record_message(taker, slot, MESSAGE_TAKEN);
        (void)taker_say(taker, &taken, NULL);
    }
}

void record_end(struct taker *taker, struct taker_slot *slot, enum message_how how,
                uint64_t now_ns) {
    if (slot->phase == TAKER_WAITING) {
        list_remove(&slot->node);
    }
    slot->phase = TAKER_ENDED;
    slot->how = (uint8_t)how;
    if (list_is_empty(&slot->posts) ||
        MUTATED(taker_ends_before_posts)) { // else their turn comes first
        slot->sends = 0;
        record_speak(taker, slot, now_ns);
    }
}

void record_run(struct taker *taker, struct taker_slot *slot, const struct message *message,
                const void *payload, uint64_t now_ns) {
    record_begin(taker, slot, message);
    if (!taker->is_leaving) {
        const int code =
            taker->options.calls->keep(taker->options.upper, slot, payload, message->bytes);
        slot->is_kept = code == 0;
        slot->how = MESSAGE_DONE;
        slot->code = code;
        if (code == 0) {
            slot->phase = TAKER_WAITING;
            list_push_back(&taker->waiting, &slot->node);
        }
    }
    record_answer(taker, slot, now_ns);
}

// ---- self-check ------------------------------------------------------------------------------

void taker_check(const struct taker *taker) {
    uint32_t running = 0, held = 0, waiting = 0;
    for (uint32_t i = 0; i < taker->slot_count; i++) {
        const struct taker_slot *slot = &taker->slots[i];
        running += slot->phase == TAKER_RUNNING || slot->phase == TAKER_LANE;
        waiting += slot->phase == TAKER_WAITING;
        held += slot->phase != TAKER_EMPTY;
        ASSERT(list_is_linked(&slot->node) == (slot->phase == TAKER_WAITING));
        ASSERT(slot->phase != TAKER_EMPTY || !slot->is_kept);
        const bool has_posts = !list_is_empty(&slot->posts);
        ASSERT(!has_posts || slot->phase == TAKER_RUNNING || slot->phase == TAKER_ENDED);
        ASSERT(!has_posts || taker->state == TAKER_SERVING);
        ASSERT(slot->phase == TAKER_EMPTY || slot->resend_at_ns >= taker->resend_at_ns);
        ASSERT(taker->state == TAKER_SERVING || slot->phase == TAKER_EMPTY ||
               slot->phase == TAKER_RUNNING || slot->phase == TAKER_LANE);
    }
    ASSERT(running == taker->running && held == taker->held);
    ASSERT(waiting == list_check(&taker->waiting));
    ASSERT(taker->state == TAKER_SERVING || taker->state == TAKER_FENCED || running == 0);
}
