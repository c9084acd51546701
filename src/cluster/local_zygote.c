// local_zygote.c - what an owner says with its zygote (zygote.h), and what it makes of its end.
//
// Invariant: a peer becomes GONE once, by what the zygote says, or, when that has died before, by
// the end of the process, which the system kills with it. Start reading at local_zygote_hear.
#include "cluster/local_private.h"
#include "cluster/zygote.h"

enum { TAG_BELL = 1, TAG_POST, TAG_PEERS, PAUSE_NS = 50000, EVENTS = 16 };

int local_zygote_start(struct local *local) {
    if (local->post >= 0) {
        return OS_OK;
    }
    int ends[2];
    int code = os_post_pair(ends);
    if (code != OS_OK) {
        return code;
    }
    code = os_zygote_start(&local->zygote, ends[1]);
    os_close(ends[1]);
    if (code == OS_OK) {
        local->zygotes++;
        local->post = ends[0];
        code = os_poll_add(&local->poll, local->post, TAG_POST);
        if (code != OS_OK) {
            local_zygote_stop(local);
        }
    } else {
        os_close(ends[0]);
    }
    return code;
}

void local_zygote_stop(struct local *local) {
    if (local->post < 0) {
        return;
    }
    os_poll_remove(&local->poll, local->post);
    os_close(local->post);
    local->post = -1;
    os_process_kill(local->zygote.handle);
    struct os_child_end end;
    while (!os_process_reap(&local->zygote, &end)) {
        os_thread_sleep(PAUSE_NS);
    }
}

int local_zygote_ask(struct local *local, unsigned peer) {
    struct local_peer *asking = &local->peers[peer];
    const bool has_arena = local->loans.memory != NULL;
    const struct os_share *share = &asking->memory->share;
    const struct os_parcel parcel = {
        .words = {ZYGOTE_MAKE, peer, (int64_t)share->bytes, (int64_t)local->arena.bytes},
        .handles = {share->handle, asking->bell, local->bell, local->arena_reader},
        .handle_count = has_arena ? 4 : 3};
    asking->zygote = local->zygotes;
    return os_post_send(local->post, &parcel);
}

// ---- what it says ----------------------------------------------------------------------------

static void hear_made(struct local *local, struct local_peer *peer, struct os_parcel *parcel) {
    if (peer->state != LOCAL_ASKED || parcel->handle_count != 1) {
        return;
    }
    parcel->handle_count = 0;
    peer->handle = parcel->handles[0];
    peer->number = (int)parcel->words[2];
    peer->state = LOCAL_MADE;
    const uint64_t tag = TAG_PEERS + (uint64_t)(peer - local->peers);
    // Not to be told of its end would leave a peer that never goes down.
    peer->is_cut |= os_poll_add(&local->poll, peer->handle, tag) != OS_OK;
    if (peer->is_cut) {
        os_process_kill(peer->handle);
    }
}

static void hear_ended(struct local_peer *peer, int detail) {
    if (peer->state != LOCAL_NONE) {
        peer->state = LOCAL_GONE;
        peer->detail = detail;
    }
}

static void hear_parcel(struct local *local, struct os_parcel *parcel) {
    if (parcel->words[1] >= 0 && parcel->words[1] < local->options.peers_max) {
        struct local_peer *peer = &local->peers[parcel->words[1]];
        switch (parcel->words[0]) {
        case ZYGOTE_MADE:
            hear_made(local, peer, parcel);
            break;
        case ZYGOTE_FAILED:
            hear_ended(peer, LINK_NOT_STARTED);
            break;
        case ZYGOTE_ENDED:
            hear_ended(peer, (int)parcel->words[2]);
            break;
        default:
            break;
        }
    }
    for (unsigned i = 0; i < parcel->handle_count; i++) {
        os_close(parcel->handles[i]);
    }
}

void local_zygote_see_orphan(struct local *local, struct local_peer *peer) {
    if (local->post >= 0 && peer->zygote == local->zygotes) {
        return; // that will tell
    }
    const bool never_was = peer->state == LOCAL_ASKED;
    const bool was_made = peer->state == LOCAL_MADE || peer->state == LOCAL_UP;
    if (never_was || (was_made && os_process_has_ended(peer->handle))) {
        hear_ended(peer, never_was ? (int)LINK_NOT_STARTED : (int)LINK_UNKNOWN);
    }
}

bool local_zygote_hear(struct local *local) {
    struct os_parcel parcel;
    int code = OS_AGAIN;
    while (local->post >= 0 && (code = os_post_receive(local->post, &parcel)) == OS_OK) {
        hear_parcel(local, &parcel);
    }
    if (local->post >= 0 && code == OS_AGAIN) {
        return true;
    }
    local_zygote_stop(local);
    for (unsigned i = 0; i < local->options.peers_max; i++) {
        local_zygote_see_orphan(local, &local->peers[i]);
    }
    return false;
}

bool local_look(struct local *local, uint64_t deadline_ns) {
    struct os_poll_event events[EVENTS];
    int count;
    bool found = false;
    do {
        count = os_poll_wait(&local->poll, events, EVENTS, found ? 0 : deadline_ns);
        for (int i = 0; i < count; i++) {
            if (events[i].tag == TAG_POST) {
                (void)local_zygote_hear(local);
            } else if (events[i].tag >= TAG_PEERS) {
                local_zygote_see_orphan(local, &local->peers[events[i].tag - TAG_PEERS]);
            }
        }
        found |= count > 0;
    } while (count == EVENTS);
    return found;
}
