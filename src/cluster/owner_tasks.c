// owner_tasks.c - see owner_tasks.h. What a task is worth when its taker is lost is decided in
// owner_judge.
#include "cluster/owner_tasks.h"

#include "base/check.h"
#include "cluster/owner_lane.h"
#include "cluster/owner_place.h"

// ---- what becomes of them --------------------------------------------------------------------

void owner_deliver(struct owner *owner, struct owner_task *task,
                   const struct owner_outcome *outcome) {
    ASSERT(task->place == NULL && !list_is_linked(&task->node));
    task->state = OWNER_TASK_DELIVERED;
    owner->options.calls->deliver(owner->options.upper, task, outcome);
}

static void queue_again(struct owner *owner, struct owner_task *task) {
    task->state = OWNER_TASK_QUEUED;
    list_push_front(&owner->queue, &task->node);
}

// The task has lost its place, in which it may have begun.
void owner_judge(struct owner *owner, struct owner_task *task, bool may_have_begun,
                 enum session_why why, int detail) {
    task->begins += may_have_begun;
    if (task->is_cancelled) {
        owner_deliver(owner, task,
                      &(struct owner_outcome){.end = OWNER_CANCELLED, .code = task->cancel_code});
    } else if (!may_have_begun || task->begins < task->begins_max) {
        queue_again(owner, task);
    } else {
        const enum owner_end end = task->begins_max == 1 ? OWNER_LOST : OWNER_POISONED;
        owner_deliver(owner, task,
                      &(struct owner_outcome){.end = end, .why = why, .detail = detail});
    }
}

bool owner_keeps(struct owner *owner, struct owner_task *task) {
    const struct owner_calls *calls = owner->options.calls;
    const bool is_kept = calls->keeps != NULL && calls->keeps(owner->options.upper, task);
    if (is_kept) {
        owner_deliver(owner, task, &(struct owner_outcome){.end = OWNER_RETURNED});
    }
    return is_kept;
}

// That a task has not begun is known only of a link that brings everything its taker said before
// the end, and only of a taker that keeps the rules.
static bool may_have_begun(const struct owner *owner, const struct owner_peer *peer,
                           const struct owner_place *place, enum session_why why) {
    const bool all_was_heard =
        owner->options.link->is_reliable && (why == SESSION_DOWN || why == SESSION_LEFT);
    return !all_was_heard || place->phase == OWNER_PLACE_STARTED ||
           owner_place_is_noted(owner, peer, place);
}

void owner_end_session(struct owner *owner, struct owner_peer *peer, enum session_why why,
                       int detail) {
    struct list begun, others;
    list_init(&begun);
    list_init(&others);
    peer->is_up = false;
    peer->ending = 0;
    peer->lags = false;
    owner_lane_lose(owner, peer, why);
    for (uint32_t i = 0; i < peer->slots; i++) {
        struct owner_task *task = peer->places[i].task;
        if (task != NULL) {
            const bool may = may_have_begun(owner, peer, &peer->places[i], why);
            owner_place_free(owner, peer, &peer->places[i]);
            task->state = OWNER_TASK_QUEUED; // `deliver` of another may cancel it meanwhile
            list_push_back(may ? &begun : &others, &task->node);
        }
    }
    owner_peer_update(owner, peer);
    struct list_node *node;
    while ((node = list_pop_back(&others)) != NULL) {
        owner_judge(owner, container_of(node, struct owner_task, node), false, why, detail);
    }
    while ((node = list_pop_back(&begun)) != NULL) {
        owner_judge(owner, container_of(node, struct owner_task, node), true, why, detail);
    }
    if (owner->options.calls->left != NULL) {
        owner->options.calls->left(owner->options.upper, peer, why);
    }
}

void owner_place_tasks(struct owner *owner, uint64_t now_ns) {
    struct owner_peer *open;
    while (!list_is_empty(&owner->queue) && (open = owner_next_peer(owner, now_ns)) != NULL) {
        struct list_node *node = list_pop_front(&owner->queue);
        owner_place_task(owner, open, container_of(node, struct owner_task, node), now_ns);
    }
}

// ---- what their owner says -------------------------------------------------------------------

void owner_submit(struct owner *owner, struct owner_task *task, uint64_t now_ns) {
    REQUIRE(task->begins_max >= 1, "a task must be allowed to begin");
    list_node_init(&task->node);
    task->attempt = 0;
    task->begins = 0;
    task->is_cancelled = false;
    task->peer = NULL;
    task->place = NULL;
    task->state = OWNER_TASK_QUEUED;
    struct owner_peer *open = list_is_empty(&owner->queue) ? owner_next_peer(owner, now_ns) : NULL;
    if (open != NULL) {
        owner_place_task(owner, open, task, now_ns);
    } else {
        list_push_back(&owner->queue, &task->node);
        owner_place_tasks(owner, now_ns);
    }
}

void owner_submitted(struct owner_task *task, uint64_t now_ns) {
    if (task->peer != NULL) {
        task->placed_ns = now_ns;
        task->peer->moved_ns = now_ns;
    }
}

void owner_cancel(struct owner *owner, struct owner_task *task, int code, uint64_t now_ns) {
    if (task->is_cancelled || task->state == OWNER_TASK_DELIVERED) {
        return;
    }
    task->is_cancelled = true;
    task->cancel_code = code;
    if (task->state == OWNER_TASK_QUEUED) {
        list_remove(&task->node);
        owner_judge(owner, task, false, 0, 0);
    } else {
        owner_place_ask(owner, task->peer, task->place, now_ns);
    }
}

void owner_keep(struct owner *owner) {
    struct list_node *node = list_pop_front(&owner->queue);
    if (node != NULL && !owner_keeps(owner, container_of(node, struct owner_task, node))) {
        list_push_front(&owner->queue, node);
    }
}
