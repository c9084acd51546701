// owner_open.c - which peers have room, and who of them gets the next task: see owner.h, and
// owner_place.h for what is private.
//
// Invariant: `open` has the peers that offer more places than are used, each at its level. Start
// reading at owner_next_peer.
#include "base/bits.h"
#include "base/check.h"
#include "cluster/owner_place.h"

static bool is_open(const struct owner_peer *peer) {
    return peer->is_up && peer->ending == 0 && peer->used < peer->offered;
}

// Of an open peer: what part of its places is used. So large ones and small ones fill up alike.
static unsigned level_of(const struct owner_peer *peer) {
    const unsigned last = OWNER_LEVELS - 1;
    return peer->lags ? last : peer->used == 0 ? 0 : peer->used * last / peer->offered;
}

static void close_peer(struct owner *owner, struct owner_peer *peer) {
    list_remove(&peer->open_node);
    if (list_is_empty(&owner->open[peer->level])) {
        owner->levels &= ~(UINT64_C(1) << peer->level);
    }
}

// Behind the others that are as full: each gets a task in turn.
void owner_peer_update(struct owner *owner, struct owner_peer *peer) {
    const bool was_open = list_is_linked(&peer->open_node);
    const unsigned level = is_open(peer) ? level_of(peer) : OWNER_LEVELS;
    if (was_open && level != peer->level) {
        close_peer(owner, peer);
    }
    if (level < OWNER_LEVELS && !list_is_linked(&peer->open_node)) {
        peer->level = level;
        list_push_back(&owner->open[level], &peer->open_node);
        owner->levels |= UINT64_C(1) << level;
    }
}

struct owner_peer *owner_open_peer(const struct owner *owner) {
    if (owner->levels == 0) {
        return NULL;
    }
    struct list_node *first = list_first(&owner->open[bits_lowest(owner->levels)]);
    return container_of(first, struct owner_peer, open_node);
}

static bool is_favourite(const struct owner *owner, uint64_t now_ns) {
    const struct owner_peer *peer = owner->favourite;
    return peer != NULL && peer->is_up && peer->ending == 0 && !peer->lags &&
           now_ns - peer->moved_ns < OWNER_FAVOURITE_NS;
}

bool owner_would_wake(const struct owner *owner) {
    const struct owner_peer *favourite = owner->favourite;
    return favourite != NULL && owner->fill > 0 && favourite->used >= owner->fill &&
           owner_open_peer(owner) != favourite;
}

struct owner_peer *owner_next_peer(const struct owner *owner, uint64_t now_ns) {
    struct owner_peer *const favourite = owner->favourite;
    if (owner->fill > 0 && is_favourite(owner, now_ns)) {
        if (is_open(favourite) && favourite->used < owner->fill) {
            return favourite;
        }
        if (owner->fill == OWNER_FILL_ALL) {
            return NULL;
        }
    }
    return owner_open_peer(owner);
}

void owner_peer_moves(struct owner_peer *peer, uint64_t now_ns) {
    peer->lags = false;
    peer->moved_ns = now_ns;
}

void owner_peer_got_task(struct owner *owner, struct owner_peer *peer, uint64_t now_ns) {
    if (!is_favourite(owner, now_ns)) {
        owner->favourite = peer;
    }
    // It goes behind the others; mostly there are none. One that lands may have found it full.
    const bool is_alone = list_first(&owner->open[peer->level]) == &peer->open_node &&
                          list_last(&owner->open[peer->level]) == &peer->open_node;
    if (!is_alone && list_is_linked(&peer->open_node)) {
        close_peer(owner, peer);
    }
    owner_peer_update(owner, peer);
}

void owner_peer_check(const struct owner_peer *peer) {
    ASSERT(list_is_linked(&peer->open_node) == is_open(peer));
    ASSERT(!is_open(peer) || peer->level == level_of(peer));
}
