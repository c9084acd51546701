// local.c - see local.h. Start reading at local_turn.
#include "cluster/local_private.h"

#include <stdio.h>

#include "base/atomic.h"
#include "base/check.h"

enum {
    MESSAGES_EACH = 64, // of one peer, before the next one's turn
    // Turns until the next look at the poll, which costs a system call: it reports who has ended,
    // or that a process has been made.
    QUIET_MAX = 2048,
    QUIET_MAX_EXPECTING = 16,
    TRIM_NS = 1000000000,
};

// ---- a peer's way ----------------------------------------------------------------------------

// The process is there when it says so. That it is of the same build, it says itself: this is
// against mistakes. True when it is up now.
static bool look_at_head(struct local *local, struct local_peer *peer) {
    struct side_head *head = peer->memory->share.at;
    // pairs with local_attach
    if (peer->is_cut || atomic_load_acquire(&head->state) != SIDE_READY) {
        return false;
    }
    if (atomic_load_relaxed(&head->identity) != local->identity) {
        (void)fprintf(stderr,
                      "tenon: process %d is another build of this program and is refused: the "
                      "program's file has been replaced while it runs\n",
                      peer->number);
        local_cut_peer(peer);
        return false;
    }
    peer->state = LOCAL_UP;
    peer->was_up = true;
    local->link.events->up(local->link.upper, (unsigned)(peer - local->peers));
    return true;
}

// A message that no honest peer sends, so that the session layer gives it up for what it is.
static void tell_bad(struct local *local, struct local_peer *peer) {
    const struct message none = {.version = 0};
    if (!peer->is_bad_told) {
        peer->is_bad_told = true;
        local->link.events->hear(local->link.upper, (unsigned)(peer - local->peers), &none, NULL);
        local_cut_peer(peer);
    }
}

static unsigned hear_peer(struct local *local, struct local_peer *peer, unsigned count_max) {
    const unsigned number = (unsigned)(peer - local->peers);
    unsigned heard = 0;
    if (!peer->side.is_bad) {
        local->hearing = peer;
        heard = side_turn(&peer->side, &local->link, number, count_max);
        local->hearing = NULL;
    }
    if (peer->side.is_bad) {
        tell_bad(local, peer);
    }
    return heard;
}

// How it ended, in the words of `down`: what this side knows better than the system.
static int detail_of(const struct local *local, const struct local_peer *peer) {
    const struct side_head *head = peer->memory->share.at;
    if (!peer->was_up && atomic_load_relaxed(&head->state) == SIDE_READY &&
        atomic_load_relaxed(&head->identity) != local->identity) {
        return LINK_REFUSED;
    }
    return peer->is_bad_told ? (int)LINK_BROKE_RULES
           : peer->is_silent ? (int)LINK_SILENT
                             : peer->detail;
}

static uint64_t local_noted(const struct link *link, unsigned number, uint32_t slot) {
    const struct local *local = local_of((struct link *)(uintptr_t)link);
    const struct local_peer *peer = &local->peers[number];
    if (slot >= SIDE_NOTES) {
        return 0;
    }
    if (peer->state == LOCAL_NONE) { // its end is being told
        return local->noted[slot];
    }
    struct side_head *head = peer->memory->share.at;
    return atomic_load_relaxed(&head->notes[slot]);
}

static void keep_notes(struct local *local, const struct local_peer *peer) {
    struct side_head *head = peer->memory->share.at;
    for (uint32_t i = 0; i < SIDE_NOTES; i++) {
        local->noted[i] = atomic_load_relaxed(&head->notes[i]);
    }
}

// First all that it said, then its end.
static void tell_end(struct local *local, struct local_peer *peer) {
    while (peer->was_up && hear_peer(local, peer, MESSAGES_EACH) > 0) {
    }
    const int detail = detail_of(local, peer);
    keep_notes(local, peer);
    local_drop_peer(local, peer);
    local->living--;
    local->link.events->down(local->link.upper, (unsigned)(peer - local->peers), detail);
}

static unsigned hear_peers(struct local *local) {
    unsigned heard = 0;
    local->is_expecting = false;
    for (unsigned i = 0; i < local->options.peers_max; i++) {
        struct local_peer *peer = &local->peers[i];
        local->is_expecting |= peer->state == LOCAL_ASKED || peer->state == LOCAL_MADE;
        if (peer->state == LOCAL_MADE) {
            heard += look_at_head(local, peer);
        }
        if (peer->state == LOCAL_UP) {
            heard += hear_peer(local, peer, MESSAGES_EACH);
        } else if (peer->state == LOCAL_GONE) {
            tell_end(local, peer);
            heard++;
        }
    }
    return heard;
}

// What long payloads have taken up goes back when there was none for a while.
static void trim(struct local *local, uint64_t now_ns) {
    for (unsigned i = 0; i < local->options.peers_max; i++) {
        if (local->peers[i].state == LOCAL_UP) {
            side_trim(&local->peers[i].side);
        }
    }
    loans_trim(&local->loans);
    if (local->buffer.bytes > local->options.payload_bytes) {
        os_free(local->buffer.memory);
        local->buffer = (struct side_buffer){NULL, 0};
    }
    local->trim_at_ns = now_ns + TRIM_NS;
}

static unsigned local_turn(struct link *link) {
    struct local *local = local_of(link);
    unsigned heard = hear_peers(local);
    if (++local->quiet < (local->is_expecting ? QUIET_MAX_EXPECTING : QUIET_MAX)) {
        return heard;
    }
    local->quiet = 0;
    if (local_look(local, 0)) {
        heard += hear_peers(local);
    }
    const uint64_t now_ns = os_now_ns();
    if (now_ns >= local->trim_at_ns) {
        trim(local, now_ns);
    }
    return heard;
}

// ---- the other functions of the table --------------------------------------------------------

static bool local_send(struct link *link, unsigned peer, const struct message *message,
                       const void *payload) {
    struct local_peer *to = &local_of(link)->peers[peer];
    return to->state == LOCAL_UP && side_send(&to->side, message, payload);
}

static void local_cut(struct link *link, unsigned peer, enum session_why why) {
    struct local_peer *cut = &local_of(link)->peers[peer];
    cut->is_silent |= why == SESSION_LEASE;
    local_cut_peer(cut);
}

static void *local_lend(struct link *link, size_t bytes) {
    struct local *local = local_of(link);
    return bytes <= local->options.payload_bytes / SIDE_SHORT ? NULL
                                                              : loans_take(&local->loans, bytes);
}

static void local_unlend(struct link *link, const void *payload) {
    loans_let_go(&local_of(link)->loans, payload);
}

static void let_go(void *memory, void *payload) {
    loan_give_back(payload);
    local_memory_drop(memory);
}

static bool local_keep(struct link *link, const void *payload, struct link_kept *kept) {
    struct local_peer *peer = local_of(link)->hearing;
    if (peer == NULL || payload == NULL || peer->side.lent != payload) {
        return false;
    }
    peer->side.lent = NULL;
    atomic_fetch_add_relaxed(&peer->memory->users, 1);
    *kept = (struct link_kept){let_go, peer->memory, (void *)(uintptr_t)payload};
    return true;
}

static void let_go_of_lane(void *memory, void *what) {
    (void)what;
    local_memory_drop(memory);
}

static bool local_lane(struct link *link, unsigned number, struct link_lane *lane) {
    const struct local_peer *peer = &local_of(link)->peers[number];
    if (peer->state != LOCAL_UP) {
        return false;
    }
    struct side_head *head = peer->memory->share.at;
    atomic_fetch_add_relaxed(&peer->memory->users, 1);
    *lane = (struct link_lane){
        &head->lane, head->notes, SIDE_NOTES, {let_go_of_lane, peer->memory, NULL}};
    return true;
}

static int local_doorbell(const struct link *link) {
    return os_poll_descriptor(&local_of((struct link *)(uintptr_t)link)->poll);
}

// Looks at the poll last: what is reported there later, rings. What rings for messages is not
// looked for otherwise: they are seen in memory.
static bool local_sleep(struct link *link) {
    struct local *local = local_of(link);
    bool may_sleep = true;
    for (unsigned i = 0; i < local->options.peers_max && may_sleep; i++) {
        struct local_peer *peer = &local->peers[i];
        may_sleep = peer->state != LOCAL_UP || peer->side.is_bad || side_sleep(&peer->side);
    }
    return may_sleep && !local_look(local, 0);
}

static void local_awake(struct link *link) {
    struct local *local = local_of(link);
    for (unsigned i = 0; i < local->options.peers_max; i++) {
        if (local->peers[i].state == LOCAL_UP) {
            side_awake(&local->peers[i].side);
        }
    }
}

static void local_name(const struct link *link, unsigned peer, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "process %d", local_number(link, peer));
}

const struct link_calls local_calls = {.send = local_send,
                                       .cut = local_cut,
                                       .turn = local_turn,
                                       .noted = local_noted,
                                       .doorbell = local_doorbell,
                                       .sleep = local_sleep,
                                       .awake = local_awake,
                                       .name = local_name,
                                       .lend = local_lend,
                                       .unlend = local_unlend,
                                       .keep = local_keep,
                                       .lane = local_lane,
                                       .close = local_close};

// ---- asking ----------------------------------------------------------------------------------

unsigned local_living(const struct link *link) {
    return local_of((struct link *)(uintptr_t)link)->living;
}

int local_number(const struct link *link, unsigned peer) {
    return local_of((struct link *)(uintptr_t)link)->peers[peer].number;
}

void local_check(const struct link *link) {
    const struct local *local = local_of((struct link *)(uintptr_t)link);
    unsigned living = 0;
    for (unsigned i = 0; i < local->options.peers_max; i++) {
        const struct local_peer *peer = &local->peers[i];
        living += peer->state != LOCAL_NONE;
        ASSERT(peer->state == LOCAL_NONE ||
               (peer->memory->share.at != NULL && peer->pieces != NULL));
        ASSERT((peer->state != LOCAL_MADE && peer->state != LOCAL_UP) || peer->handle >= 0);
        ASSERT(peer->state != LOCAL_UP || peer->was_up);
    }
    ASSERT(living == local->living);
}
