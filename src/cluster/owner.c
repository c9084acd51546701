// owner.c - see owner.h. What becomes of tasks is in owner_tasks.c; all that is sent for a place
// goes through speak_for in owner_place.c. Start reading at owner_hear.
#include "cluster/owner.h"

#include "base/atomic.h"
#include "base/check.h"
#include "cluster/owner_lane.h"
#include "cluster/owner_place.h"
#include "cluster/owner_tasks.h"

// ---- sessions --------------------------------------------------------------------------------

// This side gives the peer up. Where `down` is certain to follow, that has the last word: what the
// peer has said until then still counts.
void owner_give_up(struct owner *owner, struct owner_peer *peer, enum session_why why) {
    if (owner->options.link->is_reliable) {
        peer->ending = why;
        owner_peer_update(owner, peer);
    } else {
        owner_end_session(owner, peer, why, 0);
    }
    link_cut(owner->options.link, peer->number, why);
}

// ---- what takers say -------------------------------------------------------------------------

static void renew(const struct owner *owner, struct owner_peer *peer, uint64_t now_ns) {
    const struct session_timing *timing = &owner->options.timing;
    const uint64_t lease_ns =
        MUTATED(owner_expires_early) ? timing->lease_ns / 4 : timing->lease_ns + timing->margin_ns;
    peer->expires_at_ns = now_ns + lease_ns;
}

static void hear_hello(struct owner *owner, struct owner_peer *peer,
                       const struct message *message) {
    if (peer->is_up && message->value == peer->nonce) {
        return; // a late copy: that session has begun
    }
    if (peer->proposed == 0 || message->value != peer->nonce) {
        peer->nonce = message->value;
        peer->proposed = ++owner->sessions;
    }
    const struct message welcome = {.kind = MESSAGE_WELCOME,
                                    .session = peer->proposed,
                                    .value = message->value,
                                    .stamp_ns = message->stamp_ns};
    owner_say(owner, peer, welcome, NULL);
}

static void promote(struct owner *owner, struct owner_peer *peer) {
    if (peer->is_up) {
        owner_end_session(owner, peer, SESSION_RENEWED, 0);
    }
    peer->is_up = true;
    peer->session = peer->proposed;
    peer->proposed = 0;
    peer->stamp_ns = 0;
    peer->offered = 0;
}

static void hear_beat(struct owner *owner, struct owner_peer *peer, const struct message *message,
                      uint64_t now_ns) {
    if (message->value > peer->slots) {
        owner_give_up(owner, peer, SESSION_BAD);
        return;
    }
    if (message->stamp_ns >= peer->stamp_ns) {
        peer->stamp_ns = message->stamp_ns;
        peer->offered = (uint32_t)message->value;
    }
    renew(owner, peer, now_ns);
    owner_peer_update(owner, peer);
    const struct message beat = {.kind = MESSAGE_BEAT,
                                 .session = peer->session,
                                 .stamp_ns = message->stamp_ns,
                                 .value = peer->offered,
                                 .attempt = peer->used};
    owner_say(owner, peer, beat, NULL);
}

enum found { FOUND, STALE, BAD };

// Which place the message is about; one that has never been given out is not honest.
static enum found find_place(struct owner_peer *peer, const struct message *message,
                             struct owner_place **found) {
    const uint32_t slot = place_slot(message->place);
    const uint64_t generation = place_generation(message->place);
    if (slot >= peer->slots || generation > peer->places[slot].generation) {
        return BAD;
    }
    struct owner_place *place = &peer->places[slot];
    *found = place;
    if (place->task == NULL ||
        (generation < place->generation && !MUTATED(owner_takes_any_result))) {
        return STALE;
    }
    return message->task == place->task->id || MUTATED(owner_takes_any_result) ? FOUND : BAD;
}

// Of a place that is held: that. Only what comes through its lane is of a later generation.
static struct owner_place *held_place(struct owner_peer *peer, const struct message *message) {
    const uint32_t slot = place_slot(message->place);
    struct owner_place *place = slot < peer->slots ? &peer->places[slot] : NULL;
    const bool is_held = place != NULL && place->phase == OWNER_PLACE_HELD &&
                         place_generation(message->place) >= place->generation;
    return is_held ? place : NULL;
}

static void begin(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                  uint64_t now_ns) {
    owner_place_begin(owner, peer, place, now_ns);
    if (owner->options.calls->started != NULL) {
        owner->options.calls->started(owner->options.upper, place->task);
    }
}

void owner_see_notes(struct owner *owner, uint64_t now_ns) {
    LIST_EACH(&owner->peers, node) {
        struct owner_peer *peer = container_of(node, struct owner_peer, node);
        for (uint32_t i = 0; i < peer->slots && peer->begun < peer->used; i++) {
            struct owner_place *place = &peer->places[i];
            if (place->task != NULL && place->phase != OWNER_PLACE_STARTED &&
                owner_place_is_noted(owner, peer, place)) {
                begin(owner, peer, place, now_ns);
            }
        }
    }
}

static void hear_progress(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                          const struct message *message, uint64_t now_ns) {
    if (message->kind == MESSAGE_TAKEN) {
        if (place->phase == OWNER_PLACE_SENT) {
            owner_place_wait(peer, place);
        }
    } else if (place->phase != OWNER_PLACE_STARTED) {
        begin(owner, peer, place, now_ns);
    }
}

// What a RESULT says beside: that another task begins, which is said once, where nothing is lost.
// False: none can.
static bool hear_next(struct owner *owner, struct owner_peer *peer, uint32_t slot,
                      uint64_t now_ns) {
    struct owner_place *place = slot < peer->slots ? &peer->places[slot] : NULL;
    if (!owner->options.link->is_reliable || place == NULL ||
        (place->phase == OWNER_PLACE_HELD && !owner_lane_begins(owner, place, now_ns)) ||
        place->task == NULL || place->phase == OWNER_PLACE_STARTED) {
        return false;
    }
    if (!MUTATED(owner_misses_what_begins)) {
        begin(owner, peer, place, now_ns);
    }
    return true;
}

// A result in its place: the only way in which a task gets one.
static void settle(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                   const struct message *message, const void *payload, uint64_t now_ns) {
    struct owner_task *task = place->task;
    const bool was_wanted = place->is_wanted_back;
    const bool was_asked = task->is_cancelled || message->how != MESSAGE_CANCELLED;
    const bool is_opened = message->how == MESSAGE_OPENED && owner->options.link->is_reliable;
    const bool is_done = message->how == MESSAGE_DONE || is_opened;
    if (message->how < MESSAGE_DONE || (message->how > MESSAGE_RETURNED && !is_opened) ||
        !was_asked) {
        owner_give_up(owner, peer, SESSION_BAD);
        return;
    }
    owner_place_free(owner, peer, place);
    owner_lane_opens(owner, peer, place, task, is_opened);
    if (is_done) {
        owner_peer_moves(peer, now_ns);
    }
    owner_peer_update(owner, peer);
    if (is_done) {
        task->begins++;
        owner_deliver(owner, task,
                      &(struct owner_outcome){.end = OWNER_DONE,
                                              .code = message->code,
                                              .payload = payload,
                                              .bytes = message->bytes,
                                              .spent_ns = message->value});
    } else if (!was_wanted || task->is_cancelled || !owner_keeps(owner, task)) {
        owner_judge(owner, task, false, 0, 0);
    }
}

// A taker goes on to the next post when this one has been answered; where nothing is lost, at once.
static void hear_post(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                      const struct message *message, const void *payload, uint64_t now_ns) {
    const uint32_t ahead = message->attempt - place->posts;
    const bool may_be_copy = !owner->options.link->is_reliable && (ahead == 0 || ahead > INT32_MAX);
    if (ahead != 1 && !may_be_copy) {
        owner_give_up(owner, peer, SESSION_BAD);
        return;
    }
    hear_progress(owner, peer, place, message, now_ns); // it has begun
    if (!owner->options.link->is_reliable) {
        struct message posted = {.kind = MESSAGE_POSTED, .session = peer->session};
        posted.place = message->place, posted.attempt = message->attempt;
        owner_say(owner, peer, posted, NULL);
    }
    if (ahead == 1 || MUTATED(owner_takes_posts_again)) {
        place->posts = message->attempt;
        owner->options.calls->post(owner->options.upper, place->task, payload, message->bytes);
    }
}

static void hear_place(struct owner *owner, struct owner_peer *peer, const struct message *message,
                       const void *payload, uint64_t now_ns) {
    struct owner_place *place = held_place(peer, message);
    bool is_bad = false;
    if (place != NULL && owner_lane_hears(owner, peer, place, message, now_ns, &is_bad)) {
        if (is_bad) {
            owner_give_up(owner, peer, SESSION_BAD);
        }
        return;
    }
    const enum found found = find_place(peer, message, &place);
    if (found == BAD) {
        owner_give_up(owner, peer, SESSION_BAD);
        return;
    }
    if (message->kind == MESSAGE_RESULT && !owner->options.link->is_reliable) {
        const struct message ack = {
            .kind = MESSAGE_ACK, .session = peer->session, .place = message->place};
        owner_say(owner, peer, ack, NULL);
    }
    if (message->kind == MESSAGE_RESULT && message->attempt != 0 &&
        !hear_next(owner, peer, message->attempt - 1, now_ns)) {
        owner_give_up(owner, peer, SESSION_BAD);
    } else if (found == STALE) {
        owner->stale++;
    } else if (message->kind == MESSAGE_RESULT) {
        settle(owner, peer, place, message, payload, now_ns);
    } else if (message->kind == MESSAGE_POST) {
        hear_post(owner, peer, place, message, payload, now_ns);
    } else if (message->kind == MESSAGE_TOLD) {
        owner_place_hear_told(owner, peer, place, message->attempt, now_ns);
    } else {
        hear_progress(owner, peer, place, message, now_ns);
    }
}

// A message of another session than this owner's current one with the peer.
static void hear_stranger(struct owner *owner, struct owner_peer *peer,
                          const struct message *message) {
    owner->stale++;
    if (message->kind != MESSAGE_BYE) {
        struct message bye = {.kind = MESSAGE_BYE, .version = SESSION_VERSION};
        bye.owner = message->owner;
        bye.session = message->session;
        (void)link_send(owner->options.link, peer->number, &bye, NULL);
    }
}

static void hear_known(struct owner *owner, struct owner_peer *peer, const struct message *message,
                       const void *payload, uint64_t now_ns) {
    switch (message->kind) {
    case MESSAGE_BEAT:
        hear_beat(owner, peer, message, now_ns);
        break;
    case MESSAGE_TAKEN:
    case MESSAGE_STARTED:
    case MESSAGE_RESULT:
    case MESSAGE_POST:
    case MESSAGE_TOLD:
        hear_place(owner, peer, message, payload, now_ns);
        break;
    case MESSAGE_BYE:
        owner_end_session(owner, peer, SESSION_LEFT, 0);
        break;
    default:
        owner_give_up(owner, peer, SESSION_BAD);
        break;
    }
}

void owner_hear(struct owner *owner, struct owner_peer *peer, const struct message *message,
                const void *payload, uint64_t now_ns) {
    if (peer->ending == SESSION_BAD || (peer->ending != 0 && message->kind == MESSAGE_BEAT)) {
        return;
    }
    if (message->version != SESSION_VERSION) {
        if (peer->is_up) {
            owner_give_up(owner, peer, SESSION_BAD);
        } else {
            link_cut(owner->options.link, peer->number, SESSION_BAD);
        }
    } else if (message->kind == MESSAGE_HELLO) {
        hear_hello(owner, peer, message);
    } else {
        const bool is_ours = message->owner == owner->options.incarnation && message->session != 0;
        if (is_ours && message->session == peer->proposed && message->kind == MESSAGE_BEAT) {
            promote(owner, peer);
        }
        if (is_ours && peer->is_up &&
            (message->session == peer->session || MUTATED(owner_takes_old_sessions))) {
            hear_known(owner, peer, message, payload, now_ns);
        } else {
            hear_stranger(owner, peer, message);
        }
    }
    owner_place_tasks(owner, now_ns);
}

void owner_writable(struct owner *owner, struct owner_peer *peer, uint64_t now_ns) {
    owner_peer_speak(owner, peer, now_ns, true);
}

void owner_down(struct owner *owner, struct owner_peer *peer, int detail, uint64_t now_ns) {
    peer->proposed = 0;
    if (peer->is_up) {
        // Given up for its lease, it is judged by what it has said; for its lies, it is not.
        owner_end_session(owner, peer, peer->ending == SESSION_BAD ? SESSION_BAD : SESSION_DOWN,
                          detail);
    }
    owner_place_tasks(owner, now_ns);
}

// ---- time ------------------------------------------------------------------------------------

uint64_t owner_tick(struct owner *owner, uint64_t now_ns) {
    uint64_t next_ns = SESSION_NEVER;
    LIST_EACH_SAFE(&owner->peers, node, after) {
        struct owner_peer *peer = container_of(node, struct owner_peer, node);
        if (!peer->is_up || peer->ending != 0) {
            continue;
        }
        if (now_ns >= peer->expires_at_ns) {
            owner_give_up(owner, peer, SESSION_LEASE);
            continue;
        }
        if (now_ns >= peer->resend_at_ns) {
            owner_peer_speak(owner, peer, now_ns, false);
        }
        const uint64_t due_ns =
            peer->resend_at_ns < peer->expires_at_ns ? peer->resend_at_ns : peer->expires_at_ns;
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    owner_place_tasks(owner, now_ns);
    return next_ns;
}

// ---- beginning and end -----------------------------------------------------------------------

void owner_init(struct owner *owner, const struct owner_options *options) {
    REQUIRE(options->incarnation != 0, "an owner's incarnation is not 0");
    *owner = (struct owner){.options = *options};
    list_init(&owner->queue);
    list_init(&owner->peers);
    for (int i = 0; i < OWNER_LEVELS; i++) {
        list_init(&owner->open[i]);
    }
}

void owner_peer_deinit(struct owner *owner, struct owner_peer *peer, uint64_t now_ns) {
    owner_peer_say_bye(owner, peer);
    if (peer->is_up) {
        owner_end_session(owner, peer, SESSION_CLOSED, 0);
    }
    list_remove(&peer->node);
    owner->favourite = owner->favourite == peer ? NULL : owner->favourite;
    owner_place_tasks(owner, now_ns);
}
