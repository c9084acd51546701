// owner_lane.c - see owner_lane.h.
#include "cluster/owner_lane.h"

#include "base/check.h"
#include "cluster/owner_place.h"
#include "cluster/owner_tasks.h"

bool owner_lane_asks(struct owner_peer *peer, struct owner_task *task) {
    struct owner_lane *lane = task->lane;
    const bool asks = lane != NULL && lane->state == OWNER_LANE_NONE && peer->lane == NULL &&
                      task->begins_max == 1;
    if (asks) {
        lane->state = OWNER_LANE_ASKED;
        lane->task = task;
        lane->peer = peer;
        peer->lane = lane;
    }
    return asks;
}

// Its peer may have another one.
static void let_go(struct owner_lane *lane, enum owner_lane_state state) {
    if (lane->peer != NULL) {
        lane->peer->lane = NULL;
        lane->peer = NULL;
    }
    lane->state = state;
}

void owner_lane_ask_no_more(struct owner_lane *lane) {
    let_go(lane, OWNER_LANE_NONE);
}

static void open(struct owner_lane *lane, struct owner_place *place, uint64_t opened,
                 const struct link_lane *found) {
    ASSERT(place_slot(opened) < found->notes_count);
    lane->state = OWNER_LANE_OPEN;
    lane->lane = found->lane;
    lane->notes = &found->notes[place_slot(opened)];
    lane->kept = found->kept;
    lane->opened = opened;
    atomic_store_relaxed(&lane->called, opened);
    atomic_store_relaxed(&lane->answered, opened);
    lane->place = place;
    lane->why = 0;
    place->lane = lane;
}

// Nobody uses it: who serves it says so, and then the place is free.
static void refuse(uint64_t opened, const struct link_lane *found) {
    (void)lane_land(found->lane, opened);
    link_let_go(&found->kept);
}

void owner_lane_opens(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                      struct owner_task *task, bool is_opened) {
    struct owner_lane *lane = task->lane;
    struct link_lane found;
    const uint64_t opened = place_of((uint32_t)(place - peer->places), place->generation);
    const bool has_asked = lane != NULL && lane->state == OWNER_LANE_ASKED;
    if (is_opened) {
        owner_place_hold(owner, peer, place);
    }
    const bool is_found = is_opened && link_take_lane(owner->options.link, peer->number, &found);
    if (is_found && has_asked) {
        open(lane, place, opened, &found);
    } else if (is_found) {
        refuse(opened, &found);
    } else if (has_asked) {
        let_go(lane, OWNER_LANE_NONE);
    }
}

// The last call is a task of the session, as if it had been sent by a RUN. Its caller calls nothing
// more.
static void land(struct owner *owner, struct owner_lane *lane, uint64_t now_ns) {
    struct owner_place *place = lane->place;
    struct owner_peer *peer = lane->peer;
    place->lane = NULL;
    lane->place = NULL;
    let_go(lane, OWNER_LANE_LANDED);
    lane->task->attempt = lane->task->begins = 0;
    lane->task->is_cancelled = false;
    owner_place_land(owner, peer, place, lane->task,
                     place_generation(atomic_load_relaxed(&lane->called)), now_ns);
}

// Nobody waits for anything in its place any more.
static void part(struct owner_place *place, enum owner_lane_state state) {
    struct owner_lane *lane = place->lane;
    if (lane != NULL) {
        place->lane = NULL;
        lane->place = NULL;
        lane->state = state;
    }
}

// What was taken has been answered in the lane; or what was called has come back, and has not
// begun. Its caller finds that when it looks: only that knows what is to be sent anew.
static bool is_over(const struct message *message) {
    return message->how == MESSAGE_CLOSED ||
           (message->how == MESSAGE_RETURNED && !MUTATED(owner_lane_sends_again));
}

bool owner_lane_hears(struct owner *owner, struct owner_peer *peer, struct owner_place *place,
                      const struct message *message, uint64_t now_ns, bool *is_bad) {
    struct owner_lane *lane = place->lane;
    const uint64_t called = lane == NULL ? 0 : atomic_load_relaxed(&lane->called);
    const bool is_result = message->kind == MESSAGE_RESULT;
    *is_bad = lane != NULL && !lane_is_settled(lane->lane, lane->opened);
    if (*is_bad) {
        return true;
    }
    if (lane == NULL || (is_result && is_over(message))) {
        if (is_result) {
            part(place, OWNER_LANE_OVER);
            owner_place_unhold(owner, peer, place, place_generation(message->place));
        }
        return true;
    }
    *is_bad = message->place != called || called == atomic_load_relaxed(&lane->answered) ||
              (!is_result && message->kind != MESSAGE_POST);
    if (*is_bad) {
        return true;
    }
    lane->task->id = message->task; // what it was called with its caller knows
    land(owner, lane, now_ns);
    return false;
}

bool owner_lane_begins(struct owner *owner, struct owner_place *place, uint64_t now_ns) {
    struct owner_lane *lane = place->lane;
    if (lane == NULL || !lane_is_settled(lane->lane, lane->opened) ||
        atomic_load_relaxed(&lane->called) == atomic_load_relaxed(&lane->answered)) {
        return false;
    }
    lane->task->id = plain_read(&lane->lane->there.task);
    land(owner, lane, now_ns);
    return true;
}

void owner_lane_lose(struct owner *owner, struct owner_peer *peer, enum session_why why) {
    for (uint32_t i = 0; i < peer->slots; i++) {
        if (peer->places[i].phase == OWNER_PLACE_HELD) {
            if (peer->places[i].lane != NULL) { // else it was over before
                peer->places[i].lane->why = why;
            }
            part(&peer->places[i], OWNER_LANE_OVER);
            owner_place_unhold(owner, peer, &peer->places[i], 0);
        }
    }
    struct owner_lane *lane = peer->lane;
    if (lane != NULL) {
        const bool is_asked = lane->state == OWNER_LANE_ASKED;
        let_go(lane, is_asked ? OWNER_LANE_NONE : OWNER_LANE_OVER);
        if (!is_asked) {
            lane_cut(lane->lane, lane->opened);
            owner->options.calls->lost_lane(owner->options.upper, lane->task);
        }
    }
}

static void forget(struct owner_lane *lane) {
    let_go(lane, OWNER_LANE_NONE);
    link_let_go(&lane->kept);
}

// Of a lane that is over: its peer was lost, and what it noted stands, or it has closed it.
static bool may_have_begun(const struct owner_lane *lane, uint64_t called) {
    const bool all_was_heard = lane->why == SESSION_DOWN || lane->why == SESSION_LEFT;
    const bool is_noted = atomic_load_relaxed(lane->notes) == place_generation(called) &&
                          !MUTATED(owner_lane_forgets_notes);
    return lane->why != 0 && (!all_was_heard || is_noted);
}

// Nothing was called that has not been answered, and yet its task was said to be in its place.
static void disown(struct owner *owner, struct owner_task *task) {
    struct owner_peer *peer = task->peer;
    if (task->state == OWNER_TASK_QUEUED) {
        list_remove(&task->node);
    } else if (task->state == OWNER_TASK_PLACED) {
        owner_place_free(owner, peer, task->place);
        owner_peer_update(owner, peer);
        owner_give_up(owner, peer, SESSION_BAD);
    }
}

enum owner_lane_end owner_lane_leave(struct owner *owner, struct owner_lane *lane, bool is_called,
                                     uint64_t *result, uint64_t now_ns) {
    const uint64_t called = atomic_load_relaxed(&lane->called);
    ASSERT(lane->state >= OWNER_LANE_OPEN);
    const bool is_servers =
        lane_land(lane->lane, lane->opened) || !lane_take_back(lane->lane, lane->opened);
    if (!lane_is_settled(lane->lane, lane->opened) && lane->peer != NULL) {
        owner_give_up(owner, lane->peer, SESSION_BAD);
    }
    const bool is_back = !is_called || lane_is_back(lane->lane, called);
    enum owner_lane_end end;
    if (lane->state == OWNER_LANE_LANDED) {
        end = OWNER_LANE_PLACED;
        if (!is_called) {
            disown(owner, lane->task);
        }
    } else if (is_back) {
        memcpy(result, lane->lane->back.result, LANE_BYTES);
        end = OWNER_LANE_ANSWERED;
    } else if (lane->state == OWNER_LANE_OVER) {
        end = may_have_begun(lane, called) ? OWNER_LANE_LOST : OWNER_LANE_UNTAKEN;
    } else if (is_servers) {
        land(owner, lane, now_ns);
        end = OWNER_LANE_PLACED;
    } else {
        end = OWNER_LANE_UNTAKEN;
    }
    if (lane->place != NULL) {
        part(lane->place, OWNER_LANE_OVER);
    }
    forget(lane);
    return end;
}
