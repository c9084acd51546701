// local.c - see local.h. Start reading at local_turn.
#include "cluster/local_private.h"

#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/check.h"
#include "cluster/build.h"
#include "cluster/registry.h"

enum {
    SLOTS_DEFAULT = 256,
    PAYLOAD_DEFAULT = 256 << 10,
    MESSAGES_EACH = 64, // of one peer, before the next one's turn
    QUIET_MAX = 64,     // turns until the next look at the poll: what costs a system call
    CLOSE_NS = 1000000000,
    TRIM_NS = 1000000000,
};
#define HOLD_DEFAULT ((size_t)1 << 30)
#define HOLD_LEAST ((size_t)1 << 20)

#define BELL_TAG 1

// ---- a peer's beginning ----------------------------------------------------------------------

// The memory, with as much of a hold as there is address space for.
static int make_memory(const struct local *local, struct local_peer *peer) {
    struct side_head head = {.slot_count = local->options.slot_count,
                             .payload_bytes = local->options.payload_bytes,
                             .hold_bytes = local->options.hold_bytes,
                             .greeting_bytes = (uint32_t)local->options.greeting_bytes};
    int code = os_share_make(&peer->share, side_bytes(&head));
    while (code == OS_NO_MEMORY && head.hold_bytes > HOLD_LEAST) {
        head.hold_bytes /= 4;
        code = os_share_make(&peer->share, side_bytes(&head));
    }
    if (code == OS_OK) {
        struct side_head *shared = peer->share.at;
        memcpy(head.greeting, local->greeting, sizeof head.greeting);
        *shared = head;
    }
    return code;
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
        side_init(&peer->side, peer->share.at, &local->buffer, peer->bell, peer->pieces);
        return OS_OK;
    }
    code = OS_NO_MEMORY;
    os_close(peer->bell);
no_bell:
    os_share_drop(&peer->share);
    return code;
}

static void drop_peer(struct local *local, struct local_peer *peer) {
    if (peer->handle >= 0) {
        os_poll_remove(&local->poll, peer->handle);
        os_close(peer->handle);
    }
    os_free(peer->pieces);
    os_close(peer->bell);
    os_share_drop(&peer->share);
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
        drop_peer(local, peer);
        return code == OS_BROKEN ? OS_AGAIN : code;
    }
    os_share_close(&peer->share);
    const size_t payload_max = side_payload_max(&peer->side);
    link->payload_max = payload_max < link->payload_max ? payload_max : link->payload_max;
    peer->state = LOCAL_ASKED;
    local->living++;
    return (int)number;
}

// ---- a peer's way ----------------------------------------------------------------------------

static void cut_peer(struct local_peer *peer) {
    peer->is_cut = true;
    if (peer->handle >= 0) {
        os_process_kill(peer->handle);
    }
}

// The process is there when it says so. That it is of the same build, it says itself: this is
// against mistakes. True when it is up now.
static bool look_at_head(struct local *local, struct local_peer *peer) {
    struct side_head *head = peer->share.at;
    // pairs with local_attach
    if (peer->is_cut || atomic_load_acquire(&head->state) != SIDE_READY) {
        return false;
    }
    if (atomic_load_relaxed(&head->identity) != local->identity) {
        (void)fprintf(stderr,
                      "tenon: process %d is another build of this program and is refused: the "
                      "program's file has been replaced while it runs\n",
                      peer->number);
        cut_peer(peer);
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
        cut_peer(peer);
    }
}

static unsigned hear_peer(struct local *local, struct local_peer *peer, unsigned count_max) {
    const unsigned number = (unsigned)(peer - local->peers);
    unsigned heard = 0;
    if (!peer->side.is_bad) {
        heard = side_turn(&peer->side, &local->link, number, count_max);
    }
    if (peer->side.is_bad) {
        tell_bad(local, peer);
    }
    return heard;
}

// First all that it said, then its end.
static void tell_end(struct local *local, struct local_peer *peer) {
    while (peer->was_up && hear_peer(local, peer, MESSAGES_EACH) > 0) {
    }
    struct side_head *head = peer->share.at;
    const bool was_refused = !peer->was_up && atomic_load_relaxed(&head->state) == SIDE_READY &&
                             atomic_load_relaxed(&head->identity) != local->identity;
    const int detail = was_refused ? (int)LINK_REFUSED : peer->detail;
    drop_peer(local, peer);
    local->living--;
    local->link.events->down(local->link.upper, (unsigned)(peer - local->peers), detail);
}

static unsigned hear_peers(struct local *local) {
    unsigned heard = 0;
    for (unsigned i = 0; i < local->options.peers_max; i++) {
        struct local_peer *peer = &local->peers[i];
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
    if (local->buffer.bytes > local->options.payload_bytes) {
        os_free(local->buffer.memory);
        local->buffer = (struct side_buffer){NULL, 0};
    }
    local->trim_at_ns = now_ns + TRIM_NS;
}

static unsigned local_turn(struct link *link) {
    struct local *local = local_of(link);
    unsigned heard = hear_peers(local);
    if (!local->is_to_look && ++local->quiet < QUIET_MAX) {
        return heard;
    }
    local->quiet = 0;
    local->is_to_look = false;
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
    (void)why;
    cut_peer(&local_of(link)->peers[peer]);
}

static int local_doorbell(const struct link *link) {
    return os_poll_descriptor(&local_of((struct link *)(uintptr_t)link)->poll);
}

// Looks at the poll last: what is reported there later, rings.
static bool local_sleep(struct link *link) {
    struct local *local = local_of(link);
    bool may_sleep = true;
    for (unsigned i = 0; i < local->options.peers_max && may_sleep; i++) {
        struct local_peer *peer = &local->peers[i];
        may_sleep = peer->state != LOCAL_UP || peer->side.is_bad || side_sleep(&peer->side);
    }
    local->is_to_look = true;
    return may_sleep && !local_look(local, 0);
}

static void local_awake(struct link *link) {
    struct local *local = local_of(link);
    for (unsigned i = 0; i < local->options.peers_max; i++) {
        if (local->peers[i].state == LOCAL_UP) {
            side_awake(&local->peers[i].side);
        }
    }
    local->is_to_look = true;
}

static void local_name(const struct link *link, unsigned peer, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "process %d", local_number(link, peer));
}

// Kills all of them, and waits until each has ended. A zygote that does not tell is killed too, and
// takes them along.
static void end_peers(struct local *local) {
    const uint64_t deadline_ns = os_now_ns() + CLOSE_NS;
    for (unsigned i = 0; i < local->options.peers_max; i++) {
        if (local->peers[i].state != LOCAL_NONE) {
            cut_peer(&local->peers[i]);
        }
    }
    while (local->living > 0) {
        for (unsigned i = 0; i < local->options.peers_max; i++) {
            if (local->peers[i].state == LOCAL_GONE) {
                drop_peer(local, &local->peers[i]);
                local->living--;
            }
        }
        if (local->living > 0 && os_now_ns() >= deadline_ns && local->post >= 0) {
            os_process_kill(local->zygote.handle);
        }
        if (local->living > 0) {
            (void)local_look(local, deadline_ns > os_now_ns() ? deadline_ns : OS_NEVER);
        }
    }
}

static void local_close(struct link *link) {
    struct local *local = local_of(link);
    end_peers(local);
    local_zygote_stop(local);
    os_close(local->bell);
    os_poll_deinit(&local->poll);
    os_free(local->buffer.memory);
    os_free(local);
}

static const struct link_calls local_calls = {.send = local_send,
                                              .cut = local_cut,
                                              .turn = local_turn,
                                              .doorbell = local_doorbell,
                                              .sleep = local_sleep,
                                              .awake = local_awake,
                                              .name = local_name,
                                              .close = local_close};

// ---- opening, asking -------------------------------------------------------------------------

static void set_options(struct local *local, const struct local_options *options) {
    struct local_options *ours = &local->options;
    *ours = *options;
    ours->slot_count = ours->slot_count != 0 ? ours->slot_count : SLOTS_DEFAULT;
    ours->payload_bytes = ours->payload_bytes != 0 ? ours->payload_bytes : PAYLOAD_DEFAULT;
    ours->hold_bytes = ours->hold_bytes != 0 ? ours->hold_bytes : HOLD_DEFAULT;
    ours->hold_bytes = bits_round_up(ours->hold_bytes, HOLD_LEAST);
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

void local_retire(struct link *link, unsigned peer) {
    struct local_peer *retiring = &local_of(link)->peers[peer];
    if (retiring->state != LOCAL_NONE) {
        struct side_head *head = retiring->share.at;
        atomic_store_relaxed(&head->is_to_leave, 1);
        os_bell_ring(retiring->bell);
    }
}

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
        ASSERT(peer->state == LOCAL_NONE || (peer->share.at != NULL && peer->pieces != NULL));
        ASSERT((peer->state != LOCAL_MADE && peer->state != LOCAL_UP) || peer->handle >= 0);
        ASSERT(peer->state != LOCAL_UP || peer->was_up);
    }
    ASSERT(living == local->living);
}
