// owner_place.c - see owner_place.h.
#include "cluster/owner_place.h"

#include "base/atomic.h"
#include "base/check.h"
#include "cluster/owner_lane.h"

void owner_say(struct owner *owner, struct owner_peer *peer, struct message message,
               const void *payload) {
    message.version = SESSION_VERSION;
    message.owner = owner->options.incarnation;
    (void)link_send(owner->options.link, peer->number, &message, payload);
}

void owner_peer_say_bye(struct owner *owner, struct owner_peer *peer) {
    const uint64_t sessions[] = {peer->proposed, peer->is_up ? peer->session : 0};
    for (int i = 0; i < 2; i++) {
        const struct message bye = {.kind = MESSAGE_BYE, .session = sessions[i]};
        if (bye.session != 0) {
            owner_say(owner, peer, bye, NULL);
        }
    }
}

void owner_peer_init(struct owner *owner, struct owner_peer *peer, unsigned number,
                     struct owner_place *places, uint32_t slots) {
    REQUIRE(slots >= 1 && slots <= SESSION_SLOTS_MAX, "a peer has 1 to 65536 places");
    *peer = (struct owner_peer){
        .number = number, .slots = slots, .places = places, .resend_at_ns = SESSION_NEVER};
    list_node_init(&peer->open_node);
    list_push_back(&owner->peers, &peer->node);
    for (uint32_t i = slots; i-- > 0;) {
        places[i] = (struct owner_place){
            .resend_at_ns = SESSION_NEVER, .tell_at_ns = SESSION_NEVER, .next_free = peer->free};
        list_init(&places[i].tells);
        peer->free = &places[i];
    }
}

// ---- places ----------------------------------------------------------------------------------

static void due_at(struct owner_peer *peer, struct owner_place *place, uint64_t at_ns) {
    place->resend_at_ns = at_ns;
    if (at_ns < peer->resend_at_ns) {
        peer->resend_at_ns = at_ns;
    }
}

static void tell_at(struct owner_peer *peer, struct owner_place *place, uint64_t at_ns) {
    place->tell_at_ns = at_ns;
    if (at_ns < peer->resend_at_ns) {
        peer->resend_at_ns = at_ns;
    }
}

static uint8_t what_to_say(const struct owner_place *place) {
    if (place->task->is_cancelled) {
        return MESSAGE_CANCEL;
    }
    if (place->is_wanted_back) {
        return MESSAGE_RETURN;
    }
    return place->phase == OWNER_PLACE_SENT ? MESSAGE_RUN : 0;
}

static void speak_for(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                      uint64_t now_ns) {
    const struct session_timing *timing = &owner->options.timing;
    const struct owner_task *task = place->task;
    struct message message = {.kind = what_to_say(place), .version = SESSION_VERSION};
    if (message.kind == 0) {
        due_at(peer, place, SESSION_NEVER);
        return;
    }
    const bool is_run = message.kind == MESSAGE_RUN;
    message.owner = owner->options.incarnation;
    message.session = peer->session;
    message.place = place_of((uint32_t)(place - peer->places), place->generation);
    message.task = task->id;
    message.attempt = task->attempt;
    message.how = is_run && owner_lane_asks(peer, place->task) ? MESSAGE_OPENED : 0;
    message.code = is_run ? (int32_t)task->begins : task->cancel_code;
    message.value = is_run ? task->function : 0;
    message.bytes = is_run ? task->bytes : 0;
    if (!link_send(owner->options.link, peer->number, &message, is_run ? task->arguments : NULL)) {
        due_at(peer, place, now_ns + timing->resend_ns);
        return;
    }
    place->sends++;
    const bool is_once = owner->options.link->is_reliable || MUTATED(owner_without_resend);
    due_at(peer, place, is_once ? SESSION_NEVER : session_resend_at(timing, place->sends, now_ns));
}

// Into the first free place, in which nothing has been said for it yet.
static struct owner_place *enter_task(struct owner *owner, struct owner_peer *peer,
                                      struct owner_task *task, uint64_t now_ns) {
    struct owner_place *place = peer->free;
    ASSERT(place != NULL && place->task == NULL && task->place == NULL);
    if (peer->used == peer->begun) {
        peer->moved_ns = now_ns;
    }
    peer->free = place->next_free;
    peer->used++;
    owner->unbegun++;
    place->generation++;
    place->task = task;
    place->phase = OWNER_PLACE_SENT;
    place->posts = 0;
    place->tells_ended = 0;
    place->tell_sends = 0;
    place->is_wanted_back = false;
    place->sends = 0;
    task->state = OWNER_TASK_PLACED;
    task->peer = peer;
    task->place = place;
    task->attempt++;
    task->placed_ns = now_ns;
    task->ahead = peer->used - 1;
    owner_peer_got_task(owner, peer, now_ns);
    return place;
}

void owner_place_task(struct owner *owner, struct owner_peer *peer, struct owner_task *task,
                      uint64_t now_ns) {
    speak_for(owner, peer, enter_task(owner, peer, task, now_ns), now_ns);
}

static void enter(struct owner_peer *peer, struct owner_place *place,
                  enum owner_place_phase phase) {
    place->phase = phase;
    if (what_to_say(place) == 0) {
        due_at(peer, place, SESSION_NEVER);
    }
}

void owner_place_wait(struct owner_peer *peer, struct owner_place *place) {
    enter(peer, place, OWNER_PLACE_WAITING);
}

static void want_no_more(struct owner_peer *peer, struct owner_place *place) {
    peer->wanted -= place->is_wanted_back;
    place->is_wanted_back = false;
}

void owner_place_begin(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                       uint64_t now_ns) {
    want_no_more(peer, place);
    peer->begun++;
    owner->unbegun--;
    owner_peer_moves(peer, now_ns);
    owner_peer_update(owner, peer);
    enter(peer, place, OWNER_PLACE_STARTED);
}

bool owner_place_is_noted(const struct owner *owner, const struct owner_peer *peer,
                          const struct owner_place *place) {
    return !MUTATED(owner_ignores_notes) &&
           link_has_noted(owner->options.link, peer->number, (uint32_t)(place - peer->places),
                          place->generation);
}

void owner_place_ask(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                     uint64_t now_ns) {
    place->sends = 0;
    speak_for(owner, peer, place, now_ns);
}

// ---- tells -----------------------------------------------------------------------------------

static void end_tell(struct owner *owner, struct owner_place *place) {
    struct owner_tell *tell = container_of(list_pop_front(&place->tells), struct owner_tell, node);
    place->tells_ended++;
    place->tell_sends = 0;
    place->tell_at_ns = SESSION_NEVER;
    owner->options.calls->told(owner->options.upper, tell);
}

static bool say_tell(struct owner *owner, struct owner_peer *peer, struct owner_place *place) {
    const struct owner_tell *tell =
        container_of(list_first(&place->tells), struct owner_tell, node);
    const struct message message = {
        .kind = MESSAGE_TELL,
        .version = SESSION_VERSION,
        .owner = owner->options.incarnation,
        .session = peer->session,
        .place = place_of((uint32_t)(place - peer->places), place->generation),
        .task = place->task->id,
        .attempt = place->tells_ended + 1,
        .bytes = tell->bytes};
    return link_send(owner->options.link, peer->number, &message, tell->payload);
}

// Says the first tell, and again until it has arrived, then the next; each once where nothing is
// lost.
static void say_tells(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                      uint64_t now_ns) {
    const struct session_timing *timing = &owner->options.timing;
    while (!list_is_empty(&place->tells)) {
        if (!say_tell(owner, peer, place)) {
            tell_at(peer, place, now_ns + timing->resend_ns);
            return;
        }
        place->tell_sends++;
        if (!owner->options.link->is_reliable) {
            const bool is_once =
                MUTATED(owner_without_resend) || MUTATED(owner_tells_without_resend);
            tell_at(peer, place,
                    is_once ? SESSION_NEVER : session_resend_at(timing, place->tell_sends, now_ns));
            return;
        }
        end_tell(owner, place);
    }
}

void owner_place_hear_told(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                           uint32_t number, uint64_t now_ns) {
    if (!list_is_empty(&place->tells) && number == place->tells_ended + 1) {
        end_tell(owner, place);
        say_tells(owner, peer, place, now_ns);
    }
}

void owner_tell(struct owner *owner, struct owner_task *task, struct owner_tell *tell,
                uint64_t now_ns) {
    struct owner_place *place = task->place;
    if (place == NULL) {
        owner->options.calls->told(owner->options.upper, tell);
        return;
    }
    ASSERT(place->phase == OWNER_PLACE_STARTED);
    const bool is_first = list_is_empty(&place->tells);
    list_push_back(&place->tells, &tell->node);
    if (is_first) { // else those before it wait for the taker, or for room
        say_tells(owner, task->peer, place, now_ns);
    }
}

// ---- all of them -----------------------------------------------------------------------------

void owner_place_free(struct owner *owner, struct owner_peer *peer, struct owner_place *place) {
    struct owner_task *task = place->task;
    ASSERT(task->place == place && peer->used > 0);
    want_no_more(peer, place);
    peer->begun -= place->phase == OWNER_PLACE_STARTED;
    owner->unbegun -= place->phase != OWNER_PLACE_STARTED;
    while (!list_is_empty(&place->tells)) {
        end_tell(owner, place);
    }
    task->place = NULL;
    task->peer = NULL;
    place->task = NULL;
    place->phase = OWNER_PLACE_FREE;
    place->resend_at_ns = SESSION_NEVER;
    place->next_free = peer->free;
    peer->free = place;
    peer->used--;
    if (owner->options.calls->parted != NULL) {
        owner->options.calls->parted(owner->options.upper, task);
    }
}

// ---- places that are held --------------------------------------------------------------------

void owner_place_hold(struct owner *owner, struct owner_peer *peer, struct owner_place *place) {
    ASSERT(peer->free == place && place->task == NULL);
    peer->free = place->next_free;
    peer->used++;
    peer->begun++;
    place->phase = OWNER_PLACE_HELD;
    place->lane = NULL;
    owner_peer_update(owner, peer);
}

void owner_place_unhold(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                        uint64_t generation) {
    ASSERT(place->phase == OWNER_PLACE_HELD && place->lane == NULL);
    place->generation = generation > place->generation ? generation : place->generation;
    place->phase = OWNER_PLACE_FREE;
    place->next_free = peer->free;
    peer->free = place;
    peer->used--;
    peer->begun--;
    owner_peer_update(owner, peer);
}

void owner_place_land(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                      struct owner_task *task, uint64_t generation, uint64_t now_ns) {
    owner_place_unhold(owner, peer, place, generation - 1);
    (void)enter_task(owner, peer, task, now_ns); // it is the first one that is free
    place->sends = 1; // by the lane
}

static bool is_due(uint64_t at_ns, uint32_t sends, uint64_t now_ns, bool unsent_only) {
    return at_ns != SESSION_NEVER && (unsent_only ? sends == 0 : at_ns <= now_ns);
}

void owner_peer_speak(struct owner *owner, struct owner_peer *peer, uint64_t now_ns,
                      bool unsent_only) {
    const uint64_t before_ns = peer->resend_at_ns;
    peer->resend_at_ns = SESSION_NEVER;
    for (uint32_t i = 0; i < peer->slots; i++) {
        struct owner_place *place = &peer->places[i];
        if (is_due(place->resend_at_ns, place->sends, now_ns, unsent_only)) {
            speak_for(owner, peer, place, now_ns);
        } else {
            due_at(peer, place, place->resend_at_ns);
        }
        if (is_due(place->tell_at_ns, place->tell_sends, now_ns, unsent_only)) {
            place->tell_at_ns = SESSION_NEVER;
            say_tells(owner, peer, place, now_ns);
        } else {
            tell_at(peer, place, place->tell_at_ns);
        }
    }
    ASSERT(peer->resend_at_ns >= before_ns || peer->resend_at_ns >= now_ns);
}

uint32_t owner_take_back(struct owner *owner, struct owner_peer *peer, uint32_t count,
                         uint64_t now_ns) {
    uint32_t asked = 0;
    while (asked < count) {
        struct owner_place *newest = NULL;
        for (uint32_t i = 0; i < peer->slots; i++) {
            struct owner_place *place = &peer->places[i];
            if (place->task != NULL && place->phase != OWNER_PLACE_STARTED &&
                !place->is_wanted_back && !place->task->is_cancelled &&
                (newest == NULL || place->task->id > newest->task->id)) {
                newest = place;
            }
        }
        if (newest == NULL) {
            break;
        }
        newest->is_wanted_back = true;
        peer->wanted++;
        peer->lags = true;
        owner_place_ask(owner, peer, newest, now_ns);
        asked++;
        if (MUTATED(owner_takes_without_asking)) {
            struct owner_task *task = newest->task;
            owner_place_free(owner, peer, newest);
            task->state = OWNER_TASK_QUEUED;
            list_push_front(&owner->queue, &task->node);
        }
    }
    owner_peer_update(owner, peer);
    return asked;
}

// ---- self-check ------------------------------------------------------------------------------

static void check_peer(const struct owner_peer *peer) {
    uint32_t used = 0, begun = 0, wanted = 0;
    for (uint32_t i = 0; i < peer->slots; i++) {
        const struct owner_place *place = &peer->places[i];
        const bool is_held = place->phase == OWNER_PLACE_HELD;
        ASSERT((place->task == NULL) == (place->phase == OWNER_PLACE_FREE || is_held));
        used += is_held;
        begun += is_held;
        ASSERT(list_is_empty(&place->tells) || place->phase == OWNER_PLACE_STARTED);
        if (place->task != NULL) {
            ASSERT(peer->is_up && place->task->place == place && place->task->peer == peer);
            ASSERT(place->task->state == OWNER_TASK_PLACED);
            ASSERT(place->resend_at_ns >= peer->resend_at_ns);
            ASSERT(place->tell_at_ns >= peer->resend_at_ns);
            used++;
            begun += place->phase == OWNER_PLACE_STARTED;
            wanted += place->is_wanted_back;
        }
    }
    ASSERT(used == peer->used && begun == peer->begun && wanted == peer->wanted);
    owner_peer_check(peer);
}

void owner_check(const struct owner *owner) {
    uint32_t unbegun = 0;
    LIST_EACH(&owner->peers, node) {
        const struct owner_peer *peer = container_of(node, struct owner_peer, node);
        check_peer(peer);
        unbegun += peer->used - peer->begun;
    }
    ASSERT(unbegun == owner->unbegun);
    for (unsigned i = 0; i < OWNER_LEVELS; i++) {
        ASSERT(list_is_empty(&owner->open[i]) == ((owner->levels >> i & 1) == 0));
    }
    LIST_EACH(&owner->queue, node) {
        const struct owner_task *task = container_of(node, struct owner_task, node);
        ASSERT(task->state == OWNER_TASK_QUEUED && task->place == NULL && !task->is_cancelled);
    }
}
