// taker.c - see taker.h. What a place's record is worth is in taker_record.h. Start reading at
// taker_hear.
#include "cluster/taker.h"

#include "base/atomic.h"
#include "base/check.h"
#include "base/random.h"
#include "cluster/taker_lane.h"
#include "cluster/taker_record.h"

// ---- the end of a session --------------------------------------------------------------------

static void greet_anew(struct taker *taker, uint64_t now_ns) {
    taker->state = taker->is_leaving ? TAKER_LEFT : TAKER_GREETING;
    taker->nonce = random_mix(&taker->options.seed);
    taker->owner = 0;
    taker->session = 0;
    taker->beat_at_ns = now_ns;
}

void taker_end_fence(struct taker *taker, uint64_t now_ns) {
    if (taker->running == 0) {
        const struct message bye = taker_message(taker, MESSAGE_BYE);
        (void)taker_say(taker, &bye, NULL);
        greet_anew(taker, now_ns);
    }
}

// From here on nothing of this session starts, and what runs shall end. The next one begins when it
// has.
static void fence(struct taker *taker, uint64_t now_ns) {
    taker->state = TAKER_FENCED;
    taker->resend_at_ns = SESSION_NEVER;
    for (uint32_t i = 0; i < taker->slot_count; i++) {
        struct taker_slot *slot = &taker->slots[i];
        if (slot->phase == TAKER_RUNNING || slot->phase == TAKER_LANE) {
            record_drop_posts(taker, slot);
            if (!slot->is_cancelled) {
                slot->is_cancelled = true;
                taker->options.calls->cancel(taker->options.upper, slot,
                                             taker->options.fenced_code);
            }
            if (taker->options.calls->parted != NULL) {
                taker->options.calls->parted(taker->options.upper, slot);
            }
        } else {
            record_drop(taker, slot);
        }
    }
    taker_end_fence(taker, now_ns);
}

// True while the session may go on.
static bool has_lease(struct taker *taker, uint64_t now_ns) {
    if (taker->state == TAKER_SERVING && now_ns >= taker->lease_until_ns &&
        !MUTATED(taker_without_lease)) {
        fence(taker, now_ns);
    }
    return taker->state == TAKER_SERVING;
}

// The owner broke the rules: there is no use in going on with it.
static void give_up(struct taker *taker, uint64_t now_ns) {
    fence(taker, now_ns);
    link_cut(taker->options.link, taker->options.peer, SESSION_BAD);
}

// ---- what owners say -------------------------------------------------------------------------

static void hear_welcome(struct taker *taker, const struct message *message, uint64_t now_ns) {
    if (taker->state != TAKER_GREETING || message->value != taker->nonce ||
        message->stamp_ns > now_ns) {
        return;
    }
    taker->state = TAKER_SERVING;
    taker->owner = message->owner;
    taker->session = message->session;
    taker->lease_until_ns = message->stamp_ns + taker->options.timing.lease_ns;
    taker->beat_at_ns = now_ns;
    record_forget_all(taker);
}

static void hear_beat(struct taker *taker, const struct message *message, uint64_t now_ns) {
    const uint64_t until_ns = message->stamp_ns + taker->options.timing.lease_ns;
    if (message->stamp_ns <= now_ns && until_ns > taker->lease_until_ns) {
        taker->lease_until_ns = until_ns;
    }
    // It knows that nothing is offered, and nothing is placed: so nothing is on its way.
    const bool is_over = taker->is_leaving && message->value == 0 && message->attempt == 0;
    if (is_over && taker->running == 0) {
        fence(taker, now_ns);
    }
}

// CANCEL or RETURN, of a place whose RUN may not have arrived: its record then answers that one.
static void hear_end(struct taker *taker, struct taker_slot *slot, const struct message *message,
                     uint64_t now_ns) {
    const bool is_cancel = message->kind == MESSAGE_CANCEL;
    if (place_generation(message->place) > slot->generation) {
        record_begin(taker, slot, message);
        record_end(taker, slot, is_cancel ? MESSAGE_CANCELLED : MESSAGE_RETURNED, now_ns);
    } else if (slot->phase == TAKER_WAITING) {
        record_end(taker, slot, is_cancel ? MESSAGE_CANCELLED : MESSAGE_RETURNED, now_ns);
    } else {
        if (slot->phase == TAKER_RUNNING && is_cancel && !slot->is_cancelled) {
            slot->is_cancelled = true;
            taker->options.calls->cancel(taker->options.upper, slot, message->code);
        }
        record_answer(taker, slot, now_ns);
    }
}

// Only a task that has begun is told anything, as it has posted before. One that has ended hears
// nothing: its result, on its way, tells the owner so.
static void hear_tell(struct taker *taker, struct taker_slot *slot, const struct message *message,
                      const void *payload, uint64_t now_ns) {
    const bool is_reliable = taker->options.link->is_reliable;
    const uint32_t ahead = message->attempt - slot->tells;
    const bool may_be_copy = !is_reliable && (ahead == 0 || ahead > INT32_MAX);
    const bool has_begun = slot->phase != TAKER_WAITING && message->task == slot->task;
    if (!has_begun || (slot->phase == TAKER_RUNNING && ahead != 1 && !may_be_copy) ||
        taker->options.calls->tell == NULL) {
        give_up(taker, now_ns);
        return;
    }
    if (slot->phase != TAKER_RUNNING) {
        return;
    }
    if (!is_reliable) {
        struct message told = record_message(taker, slot, MESSAGE_TOLD);
        told.attempt = message->attempt;
        (void)taker_say(taker, &told, NULL);
    }
    if (ahead == 1 || MUTATED(taker_takes_tells_again)) {
        slot->tells = message->attempt;
        taker->options.calls->tell(taker->options.upper, slot, payload, message->bytes);
    }
}

// What is about a place. A place is used again only when it is settled: an owner that does so
// earlier is none.
static void hear_place(struct taker *taker, const struct message *message, const void *payload,
                       uint64_t now_ns) {
    const uint32_t index = place_slot(message->place);
    const uint64_t generation = place_generation(message->place);
    if (index >= taker->slot_count || generation == 0) {
        give_up(taker, now_ns);
        return;
    }
    struct taker_slot *slot = &taker->slots[index];
    const bool is_new = generation > slot->generation;
    const bool is_end = message->kind == MESSAGE_CANCEL || message->kind == MESSAGE_RETURN;
    if (slot->phase == TAKER_LANE && is_end) {
        taker_lane_hear_end(taker, slot, message);
    } else if (is_new && slot->phase != TAKER_EMPTY && slot->phase != TAKER_ENDED) {
        give_up(taker, now_ns);
    } else if (generation < slot->generation) {
        return; // settled long ago
    } else if (message->kind == MESSAGE_RUN) {
        const bool may_run = slot->phase == TAKER_EMPTY || slot->phase == TAKER_ENDED;
        if (is_new || (MUTATED(taker_runs_again) && may_run)) {
            record_run(taker, slot, message, payload, now_ns);
        } else {
            record_answer(taker, slot, now_ns);
        }
    } else if (message->kind == MESSAGE_ACK) {
        if (!is_new && slot->phase == TAKER_ENDED) {
            record_drop(taker, slot);
        }
    } else if (message->kind == MESSAGE_POSTED) {
        if (!is_new && !list_is_empty(&slot->posts) && message->attempt == slot->posts_ended + 1) {
            record_end_post(taker, slot);
            record_speak(taker, slot, now_ns);
        }
    } else if (message->kind == MESSAGE_TELL) {
        if (is_new) {
            give_up(taker, now_ns);
        } else {
            hear_tell(taker, slot, message, payload, now_ns);
        }
    } else {
        hear_end(taker, slot, message, now_ns);
    }
}

void taker_hear(struct taker *taker, const struct message *message, const void *payload,
                uint64_t now_ns) {
    if (message->version != SESSION_VERSION) {
        return;
    }
    if (message->kind == MESSAGE_WELCOME) {
        hear_welcome(taker, message, now_ns);
        return;
    }
    if (!has_lease(taker, now_ns) || message->owner != taker->owner ||
        message->session != taker->session) {
        return;
    }
    switch (message->kind) {
    case MESSAGE_BEAT:
        hear_beat(taker, message, now_ns);
        break;
    case MESSAGE_RUN:
    case MESSAGE_CANCEL:
    case MESSAGE_RETURN:
    case MESSAGE_ACK:
    case MESSAGE_POSTED:
    case MESSAGE_TELL:
        hear_place(taker, message, payload, now_ns);
        break;
    case MESSAGE_BYE:
        fence(taker, now_ns);
        break;
    default:
        give_up(taker, now_ns);
        break;
    }
}

// Says what is due, or (after the link had no room) what has never been sent.
static void speak(struct taker *taker, uint64_t now_ns, bool unsent_only) {
    taker->resend_at_ns = SESSION_NEVER;
    for (uint32_t i = 0; i < taker->slot_count; i++) {
        struct taker_slot *slot = &taker->slots[i];
        if (slot->resend_at_ns == SESSION_NEVER) {
            continue;
        }
        if (unsent_only ? slot->sends == 0 : slot->resend_at_ns <= now_ns) {
            slot->resend_at_ns = SESSION_NEVER;
            record_speak(taker, slot, now_ns);
        } else {
            record_due_at(taker, slot, slot->resend_at_ns);
        }
    }
}

void taker_writable(struct taker *taker, uint64_t now_ns) {
    if (has_lease(taker, now_ns)) {
        speak(taker, now_ns, true);
    }
}

void taker_down(struct taker *taker, uint64_t now_ns) {
    if (taker->state == TAKER_SERVING) {
        fence(taker, now_ns);
    }
}

// ---- running ---------------------------------------------------------------------------------

static void begin(struct taker *taker, struct taker_slot *slot) {
    list_remove(&slot->node);
    slot->phase = TAKER_RUNNING;
    taker->running++;
}

struct taker_slot *taker_next(struct taker *taker, uint64_t now_ns) {
    if (!has_lease(taker, now_ns) || list_is_empty(&taker->waiting)) {
        return NULL;
    }
    struct taker_slot *slot = container_of(list_first(&taker->waiting), struct taker_slot, node);
    // Where nothing is lost, an owner that was not told takes it for certain that it never began.
    const bool was_told = record_say_started(taker, slot, false);
    if (!was_told && taker->options.link->is_reliable) {
        return NULL;
    }
    begin(taker, slot);
    return slot;
}

void taker_post(struct taker *taker, struct taker_slot *slot, struct taker_post *post,
                uint64_t now_ns) {
    ASSERT(slot->phase == TAKER_RUNNING);
    if (taker->state == TAKER_FENCED) {
        taker->options.calls->posted(taker->options.upper, post);
        return;
    }
    const bool is_first = list_is_empty(&slot->posts);
    list_push_back(&slot->posts, &post->node);
    if (is_first) { // else those before it wait for the owner, or for room
        slot->sends = 0;
        record_speak(taker, slot, now_ns);
    }
}

// False: nobody hears of it.
static bool end(struct taker *taker, struct taker_slot *slot, int code, const void *result,
                uint32_t bytes, uint64_t now_ns) {
    ASSERT(slot->phase == TAKER_RUNNING);
    taker->running--;
    slot->phase = TAKER_ENDED;
    if (taker->state == TAKER_FENCED) {
        record_drop(taker, slot);
        taker_end_fence(taker, now_ns);
        return false;
    }
    slot->how = MESSAGE_DONE;
    slot->code = code;
    slot->result = result;
    slot->bytes = bytes;
    return true;
}

void taker_end(struct taker *taker, struct taker_slot *slot, int code, const void *result,
               uint32_t bytes, uint64_t now_ns) {
    if (end(taker, slot, code, result, bytes, now_ns)) {
        record_end(taker, slot, MESSAGE_DONE, now_ns);
    }
}

struct taker_slot *taker_end_and_next(struct taker *taker, struct taker_slot *slot, int code,
                                      const void *result, uint32_t bytes, uint64_t now_ns) {
    if (!end(taker, slot, code, result, bytes, now_ns)) {
        return NULL;
    }
    if (taker->options.link->is_reliable && list_is_empty(&slot->posts) &&
        !list_is_empty(&taker->waiting)) {
        struct taker_slot *next =
            container_of(list_first(&taker->waiting), struct taker_slot, node);
        if (record_say_result(taker, slot, next)) {
            record_drop(taker, slot);
            begin(taker, next);
            return next;
        }
    }
    record_end(taker, slot, MESSAGE_DONE, now_ns);
    return NULL;
}

void taker_leave(struct taker *taker, uint64_t now_ns) {
    taker->is_leaving = true;
    taker->offered = 0;
    taker->beat_at_ns = now_ns;
    if (taker->state == TAKER_GREETING) {
        taker->state = TAKER_LEFT;
    }
    LIST_EACH_SAFE(&taker->waiting, node, after) {
        record_end(taker, container_of(node, struct taker_slot, node), MESSAGE_RETURNED, now_ns);
    }
}

// ---- time ------------------------------------------------------------------------------------

uint64_t taker_tick(struct taker *taker, uint64_t now_ns) {
    if (!has_lease(taker, now_ns) && taker->state != TAKER_GREETING) {
        return SESSION_NEVER;
    }
    if (now_ns >= taker->beat_at_ns) {
        struct message message = taker_message(taker, MESSAGE_BEAT);
        message.stamp_ns = now_ns, message.value = taker->offered;
        if (taker->state == TAKER_GREETING) {
            message.kind = MESSAGE_HELLO, message.value = taker->nonce;
        }
        (void)taker_say(taker, &message, NULL);
        taker->beat_at_ns = now_ns + taker->options.timing.beat_ns;
    }
    if (taker->state == TAKER_GREETING) {
        return taker->beat_at_ns;
    }
    if (now_ns >= taker->resend_at_ns) {
        speak(taker, now_ns, false);
    }
    const uint64_t next_ns =
        taker->beat_at_ns < taker->lease_until_ns ? taker->beat_at_ns : taker->lease_until_ns;
    return taker->resend_at_ns < next_ns ? taker->resend_at_ns : next_ns;
}

// ---- beginning -------------------------------------------------------------------------------

void taker_init(struct taker *taker, const struct taker_options *options, struct taker_slot *slots,
                uint32_t count) {
    REQUIRE(count >= 1 && count <= SESSION_SLOTS_MAX, "a taker has 1 to 65536 slots");
    *taker = (struct taker){.options = *options,
                            .offered = count,
                            .slot_count = count,
                            .slots = slots,
                            .resend_at_ns = SESSION_NEVER};
    list_init(&taker->waiting);
    for (uint32_t i = 0; i < count; i++) {
        slots[i] = (struct taker_slot){.phase = TAKER_EMPTY, .resend_at_ns = SESSION_NEVER};
        list_node_init(&slots[i].node);
        list_init(&slots[i].posts);
    }
    greet_anew(taker, 0);
}
