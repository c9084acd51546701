// relief.c - see relief.h.
#include "cluster/relief.h"

enum { PATIENCE = 10 };

// What a look finds.
struct found {
    struct owner_peer *fullest; // that would be relieved now; NULL: none
    uint32_t idle;              // threads for what it gives back
    uint64_t due_ns;            // when another one would be; SESSION_NEVER: none
};

static uint32_t unbegun(const struct owner_peer *peer) {
    return peer->used - peer->begun;
}

// Threads of a peer with nothing to do.
static uint32_t idle_of(const struct relief *relief, const struct owner_peer *peer) {
    const bool helps = peer->is_up && peer->ending == 0 && !peer->lags;
    return helps && peer->used < relief->threads ? relief->threads - peer->used : 0;
}

// How long the last task of a peer will have to wait that has begun none for still_ns.
static uint64_t wait_ns(const struct relief *relief, const struct owner_peer *peer,
                        uint64_t still_ns) {
    if (peer->used <= relief->threads) {
        return still_ns / PATIENCE; // an idle thread is about to begin it
    }
    const uint64_t mean_ns = relief->mean_ns;
    const uint64_t rest_ns = still_ns < mean_ns ? mean_ns - still_ns : still_ns;
    return rest_ns + (unbegun(peer) - 1) * mean_ns / relief->threads;
}

// When the wait of its last task has become worth the way, if it is not now.
static uint64_t due_ns(const struct relief *relief, const struct owner_peer *peer) {
    if (peer->used <= relief->threads) {
        return peer->moved_ns + PATIENCE * relief->worth_ns;
    }
    const uint64_t mean_ns = relief->mean_ns;
    return peer->moved_ns + (mean_ns > relief->worth_ns ? mean_ns : relief->worth_ns);
}

static void consider(const struct relief *relief, struct owner_peer *peer, uint32_t idle,
                     uint64_t now_ns, struct found *found) {
    if (!peer->is_up || peer->ending != 0 || unbegun(peer) == 0 || peer->wanted > 0 || idle == 0) {
        return;
    }
    if (wait_ns(relief, peer, now_ns - peer->moved_ns) < relief->worth_ns) {
        const uint64_t at_ns = due_ns(relief, peer);
        found->due_ns = at_ns < found->due_ns ? at_ns : found->due_ns;
    } else if (found->fullest == NULL || unbegun(peer) > unbegun(found->fullest)) {
        found->fullest = peer;
        found->idle = idle;
    }
}

static struct found find(const struct relief *relief, const struct owner *owner, uint32_t idle_here,
                         uint64_t now_ns) {
    struct found found = {.due_ns = SESSION_NEVER};
    uint32_t idle = idle_here, awaited = 0;
    if (owner->unbegun == 0) {
        return found;
    }
    LIST_EACH(&owner->peers, node) {
        const struct owner_peer *peer = container_of(node, struct owner_peer, node);
        idle += idle_of(relief, peer);
        awaited += peer->wanted;
    }
    const uint64_t patient_until_ns = relief->asked_ns + PATIENCE * relief->worth_ns;
    if (awaited > 0 && now_ns < patient_until_ns) {
        found.due_ns = patient_until_ns;
        return found;
    }
    LIST_EACH(&owner->peers, node) {
        struct owner_peer *peer = container_of(node, struct owner_peer, node);
        consider(relief, peer, idle - idle_of(relief, peer), now_ns, &found);
    }
    return found;
}

uint64_t relief_due(const struct relief *relief, const struct owner *owner, uint32_t idle_here,
                    uint64_t now_ns) {
    const struct found found = find(relief, owner, idle_here, now_ns);
    return found.fullest != NULL ? now_ns : found.due_ns;
}

uint64_t relief_look(struct relief *relief, struct owner *owner, uint32_t idle_here,
                     uint64_t now_ns) {
    const struct found found = find(relief, owner, idle_here, now_ns);
    if (found.fullest == NULL) {
        return found.due_ns;
    }
    const uint64_t all = relief->threads + (uint64_t)found.idle;
    const uint64_t share = ((uint64_t)unbegun(found.fullest) * found.idle + all - 1) / all;
    relief->asked += owner_take_back(owner, found.fullest, (uint32_t)share, now_ns);
    relief->asked_ns = now_ns;
    return now_ns + PATIENCE * relief->worth_ns;
}

bool relief_has_peer(const struct relief *relief, const struct owner *owner) {
    LIST_EACH(&owner->peers, node) {
        if (idle_of(relief, container_of(node, struct owner_peer, node)) > 0) {
            return true;
        }
    }
    return false;
}
