// local_open.c - the beginning and the end of the local link and of its peers.
//
// Invariant: what a peer has (memory, a bell, from hear_made on a handle) it has until
// local_drop_peer, which is when its process has ended. Start reading at local_add.
#include <string.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/check.h"
#include "cluster/build.h"
#include "cluster/local_private.h"
#include "cluster/registry.h"

enum {
    SLOTS_DEFAULT = 256,
    PAYLOAD_DEFAULT = 256 << 10,
    LEAVE_NS = 500000000,
    CLOSE_NS = 1000000000,
    BELL_TAG = 1,
};
#define HOLD_DEFAULT ((size_t)1 << 30)
#define HOLD_LEAST ((size_t)1 << 20)

// ---- a peer's beginning ----------------------------------------------------------------------

void local_memory_drop(struct local_memory *memory) {
    // pairs with local_memory_drop: who reads there has done so.
    if (atomic_fetch_sub_acq_rel(&memory->users, 1) == 1) {
        os_share_drop(&memory->share);
        os_free(memory);
    }
}

// The memory, with as much of a hold as there is address space for: the first peer decides for all.
// Where there is little, nothing is lent.
static int share_memory(struct local *local, struct local_peer *peer) {
    struct side_head head = {.slot_count = local->options.slot_count,
                             .payload_bytes = local->options.payload_bytes,
                             .hold_bytes = local->options.hold_bytes,
                             .loan_bytes = local->loan_bytes,
                             .greeting_bytes = (uint32_t)local->options.greeting_bytes};
    int code = os_share_make(&peer->memory->share, side_bytes(&head));
    while (code == OS_NO_MEMORY && head.hold_bytes > HOLD_LEAST && !local->is_sized) {
        head.hold_bytes /= 4;
        head.loan_bytes = 0;
        code = os_share_make(&peer->memory->share, side_bytes(&head));
    }
    if (code == OS_OK) {
        struct side_head *shared = peer->memory->share.at;
        memcpy(head.greeting, local->greeting, sizeof head.greeting);
        *shared = head;
        local->options.hold_bytes = head.hold_bytes;
        local->loan_bytes = head.loan_bytes;
    }
    return code;
}

static int make_memory(struct local *local, struct local_peer *peer) {
    peer->memory = os_allocate(sizeof *peer->memory);
    if (peer->memory == NULL) {
        return OS_NO_MEMORY;
    }
    atomic_store_relaxed(&peer->memory->users, 1);
    const int code = share_memory(local, peer);
    if (code != OS_OK) {
        os_free(peer->memory);
    }
    return code;
}

// What all processes read, with the first of them. Without it arguments are copied into the holds.
static void make_arena(struct local *local) {
    if (local->is_sized || local->loan_bytes == 0 || local->loans.memory != NULL ||
        os_share_make(&local->arena, local->loan_bytes) != OS_OK) {
        return;
    }
    if (os_share_reader(&local->arena, &local->arena_reader) != OS_OK) {
        os_share_drop(&local->arena);
        local->arena.at = NULL;
        return;
    }
    os_share_close(&local->arena);
    loans_init(&local->loans, local->arena.at, local->arena.bytes);
}

static void drop_arena(struct local *local) {
    if (local->loans.memory != NULL) {
        os_close(local->arena_reader);
        os_share_drop(&local->arena);
    }
}

// Either lends to the other.
static void lend(struct local *local, struct local_peer *peer) {
    if (local->loan_bytes > 0) {
        struct loans *loans = local->loans.memory == NULL ? NULL : &local->loans;
        side_lend(&peer->side, loans, side_loan_memory(peer->memory->share.at), local->loan_bytes);
    }
}

static int make_peer(struct local *local, struct local_peer *peer) {
    *peer = (struct local_peer){.handle = -1};
    int code = make_memory(local, peer);
    if (code != OS_OK) {
        return code;
    }
    code = os_bell_make(&peer->bell);
    if (code != OS_OK) {
        goto no_bell;
    }
    peer->pieces = os_allocate(local->options.slot_count * sizeof *peer->pieces);
    if (peer->pieces != NULL) {
        side_init(&peer->side, peer->memory->share.at, &local->buffer, peer->bell, peer->pieces);
        make_arena(local);
        lend(local, peer);
        return OS_OK;
    }
    code = OS_NO_MEMORY;
    os_close(peer->bell);
no_bell:
    local_memory_drop(peer->memory);
    return code;
}

void local_drop_peer(struct local *local, struct local_peer *peer) {
    if (peer->handle >= 0) {
        os_poll_remove(&local->poll, peer->handle);
        os_close(peer->handle);
    }
    os_free(peer->pieces);
    os_close(peer->bell);
    local_memory_drop(peer->memory);
    peer->state = LOCAL_NONE;
}

int local_add(struct link *link) {
    struct local *local = local_of(link);
    unsigned number = 0;
    while (number < local->options.peers_max && local->peers[number].state != LOCAL_NONE) {
        number++;
    }
    if (number == local->options.peers_max) {
        return OS_AGAIN;
    }
    struct local_peer *peer = &local->peers[number];
    int code = make_peer(local, peer);
    if (code != OS_OK) {
        return code;
    }
    code = local_zygote_start(local);
    if (code == OS_OK) {
        code = local_zygote_ask(local, number);
    }
    if (code != OS_OK) {
        local_drop_peer(local, peer);
        return code == OS_BROKEN ? OS_AGAIN : code;
    }
    os_share_close(&peer->memory->share);
    if (!local->is_sized) {
        local->is_sized = true;
        link->payload_max = side_payload_max(&peer->side);
    }
    peer->state = LOCAL_ASKED;
    local->living++;
    return (int)number;
}

// ---- a peer's end ----------------------------------------------------------------------------

void local_cut_peer(struct local_peer *peer) {
    peer->is_cut = true;
    if (peer->handle >= 0) {
        os_process_kill(peer->handle);
    }
}

static void give_order(struct local_peer *peer, enum side_order order) {
    if (peer->state != LOCAL_NONE) {
        struct side_head *head = peer->memory->share.at;
        atomic_store_relaxed(&head->order, order);
        os_bell_ring(peer->bell);
    }
}

void local_retire(struct link *link, unsigned peer) {
    give_order(&local_of(link)->peers[peer], SIDE_LEAVE);
}

// Handles what comes until the deadline, and lets go of those that have ended.
static void drop_ended(struct local *local, uint64_t deadline_ns) {
    (void)local_look(local, deadline_ns);
    for (unsigned i = 0; i < local->options.peers_max; i++) {
        if (local->peers[i].state == LOCAL_GONE) {
            local_drop_peer(local, &local->peers[i]);
            local->living--;
        }
    }
}

static void drop_until(struct local *local, uint64_t deadline_ns) {
    drop_ended(local, 0);
    while (local->living > 0 && os_now_ns() < deadline_ns) {
        drop_ended(local, deadline_ns);
    }
}

// Tells all of them that it is over, kills those that do not leave, and waits until each has ended.
// A zygote that does not tell is killed too, and takes them along.
static void end_peers(struct local *local) {
    for (unsigned i = 0; i < local->options.peers_max; i++) {
        give_order(&local->peers[i], SIDE_CLOSED);
    }
    drop_until(local, os_now_ns() + LEAVE_NS);
    for (unsigned i = 0; i < local->options.peers_max; i++) {
        if (local->peers[i].state != LOCAL_NONE) {
            local_cut_peer(&local->peers[i]);
        }
    }
    drop_until(local, os_now_ns() + CLOSE_NS);
    if (local->living > 0 && local->post >= 0) {
        os_process_kill(local->zygote.handle);
    }
    drop_until(local, OS_NEVER);
}

void local_close(struct link *link) {
    struct local *local = local_of(link);
    end_peers(local);
    local_zygote_stop(local);
    os_close(local->bell);
    os_poll_deinit(&local->poll);
    drop_arena(local);
    os_free(local->buffer.memory);
    os_free(local);
}

// ---- opening --------------------------------------------------------------------------------

static void set_options(struct local *local, const struct local_options *options) {
    struct local_options *ours = &local->options;
    *ours = *options;
    ours->slot_count = ours->slot_count != 0 ? ours->slot_count : SLOTS_DEFAULT;
    ours->payload_bytes = ours->payload_bytes != 0 ? ours->payload_bytes : PAYLOAD_DEFAULT;
    ours->hold_bytes = ours->hold_bytes != 0 ? ours->hold_bytes : HOLD_DEFAULT;
    ours->hold_bytes = bits_round_up(ours->hold_bytes, HOLD_LEAST);
    local->loan_bytes = ours->hold_bytes;
    if (ours->greeting_bytes > 0) {
        memcpy(local->greeting, ours->greeting, ours->greeting_bytes);
    }
    local->link =
        (struct link){.calls = &local_calls, .is_reliable = true, .payload_max = ours->hold_bytes};
}

int local_open(struct link **link, const struct local_options *options) {
    REQUIRE(options->peers_max >= 1 && options->peers_max <= LOCAL_PEERS_MAX &&
                options->greeting_bytes <= SIDE_GREETING_MAX,
            "a local link has 1 to 256 peers and a short greeting");
    if (!registry_knows_program()) {
        return OS_UNSUPPORTED;
    }
    const size_t bytes = sizeof(struct local) + options->peers_max * sizeof(struct local_peer);
    struct local *local = os_allocate_aligned(bytes, CACHE_LINE);
    if (local == NULL) {
        return OS_NO_MEMORY;
    }
    memset(local, 0, bytes);
    set_options(local, options);
    local->identity = build_identity();
    local->post = -1;
    int code = os_poll_init(&local->poll);
    if (code != OS_OK) {
        goto no_poll;
    }
    code = os_bell_make(&local->bell);
    if (code != OS_OK) {
        goto no_bell;
    }
    code = os_poll_add(&local->poll, local->bell, BELL_TAG);
    if (code == OS_OK) {
        *link = &local->link;
        return OS_OK;
    }
    os_close(local->bell);
no_bell:
    os_poll_deinit(&local->poll);
no_poll:
    os_free(local);
    return code;
}
