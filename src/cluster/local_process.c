// local_process.c - the link of a process to its owner: the other end of what local.c makes.
//
// Invariant: `down` is told once, when the owner has ended, broken the rules or been given up;
// after that nothing is handed on. Start reading at process_turn.
#include <stdio.h>

#include "base/atomic.h"
#include "base/check.h"
#include "cluster/local.h"
#include "cluster/side.h"
#include "os/file.h"
#include "os/share.h"

enum { TAG_BELL = 1, TAG_OWNER, MESSAGES_EACH = 64, QUIET_MAX = 2048, TRIM_NS = 1000000000 };

struct process {
    struct link link;
    struct os_share share;
    struct os_share arena; // to be read; .at is NULL: there is none
    struct loans loans;
    struct side side;
    struct hold_piece *pieces;
    struct os_poll poll; // its descriptor is the doorbell
    int bell, owner_bell, owner;
    bool is_up;   // told
    bool is_down; // told
    bool is_lost; // `down` is to be told
    bool is_leaving;
    unsigned quiet;
    uint64_t trim_at_ns;
};

static struct process *process_of(struct link *link) {
    return (struct process *)(void *)link; // it begins with the link
}

static bool look(struct process *process) {
    struct os_poll_event events[4];
    const int count = os_poll_wait(&process->poll, events, 4, 0);
    for (int i = 0; i < count; i++) {
        process->is_lost |= events[i].tag == TAG_OWNER;
    }
    return count > 0;
}

// All but messages. Returns how much there was.
static unsigned tell_news(struct process *process) {
    struct link *link = &process->link;
    unsigned told = 0;
    if (!process->is_up) {
        process->is_up = true;
        link->events->up(link->upper, 0);
        told++;
    }
    const uint32_t order = atomic_load_relaxed(&process->side.head->order);
    process->is_lost |= order == SIDE_CLOSED;
    if (!process->is_leaving && order == SIDE_LEAVE) {
        process->is_leaving = true;
        if (link->events->leave != NULL) {
            link->events->leave(link->upper, 0);
        }
        told++;
    }
    if (process->is_lost && !process->is_down) {
        process->is_down = true;
        link->events->down(link->upper, 0, LINK_UNKNOWN);
        told++;
    }
    return told;
}

static void trim(struct process *process) {
    const uint64_t now_ns = os_now_ns();
    if (now_ns >= process->trim_at_ns) {
        loans_trim(&process->loans);
        process->trim_at_ns = now_ns + TRIM_NS;
    }
}

static unsigned process_turn(struct link *link) {
    struct process *process = process_of(link);
    if (++process->quiet >= QUIET_MAX) {
        process->quiet = 0;
        (void)look(process);
        trim(process);
    }
    const unsigned told = tell_news(process);
    if (process->is_down) {
        return told;
    }
    const unsigned heard = side_turn(&process->side, link, 0, MESSAGES_EACH);
    // It may be this process itself that has written there: nothing in it can be relied on.
    REQUIRE(!process->side.is_bad, "what this process shares with its owner was overwritten");
    return told + heard;
}

static bool process_send(struct link *link, unsigned peer, const struct message *message,
                         const void *payload) {
    struct process *process = process_of(link);
    (void)peer;
    return !process->is_down && side_send(&process->side, message, payload);
}

static void process_cut(struct link *link, unsigned peer, enum session_why why) {
    (void)peer;
    (void)why;
    process_of(link)->is_lost = true;
}

static void *process_lend(struct link *link, size_t bytes) {
    struct process *process = process_of(link);
    const size_t short_max = ring_payload_max(&process->side.out) / SIDE_SHORT;
    return bytes <= short_max ? NULL : loans_take(&process->loans, bytes);
}

static void process_unlend(struct link *link, const void *payload) {
    loans_let_go(&process_of(link)->loans, payload);
}

static int process_doorbell(const struct link *link) {
    return os_poll_descriptor(&process_of((struct link *)(uintptr_t)link)->poll);
}

static bool process_sleep(struct link *link) {
    struct process *process = process_of(link);
    if (process->is_down) {
        return true;
    }
    return !process->is_lost && side_sleep(&process->side) && !look(process);
}

static void process_awake(struct link *link) {
    side_awake(&process_of(link)->side);
}

static void process_name(const struct link *link, unsigned peer, char *text, size_t bytes) {
    (void)link;
    (void)peer;
    (void)snprintf(text, bytes, "its owner");
}

static void drop_shares(struct process *process) {
    if (process->arena.at != NULL) {
        os_share_drop(&process->arena);
    }
    os_share_drop(&process->share);
}

static void process_close(struct link *link) {
    struct process *process = process_of(link);
    os_poll_deinit(&process->poll);
    os_free(process->pieces);
    drop_shares(process);
    os_close(process->bell);
    os_close(process->owner_bell);
    os_close(process->owner);
    os_free(process);
}

static const struct link_calls process_calls = {.send = process_send,
                                                .cut = process_cut,
                                                .turn = process_turn,
                                                .doorbell = process_doorbell,
                                                .sleep = process_sleep,
                                                .awake = process_awake,
                                                .name = process_name,
                                                .lend = process_lend,
                                                .unlend = process_unlend,
                                                .close = process_close};

static int watch(struct process *process) {
    int code = os_poll_init(&process->poll);
    if (code != OS_OK) {
        return code;
    }
    code = os_poll_add(&process->poll, process->bell, TAG_BELL);
    if (code == OS_OK) {
        code = os_poll_add(&process->poll, process->owner, TAG_OWNER);
    }
    if (code != OS_OK) {
        os_poll_deinit(&process->poll);
    }
    return code;
}

// Says which build this is, and that it is there.
static void announce(struct process *process, uint64_t identity) {
    struct side_head *head = process->side.head;
    atomic_store_relaxed(&head->identity, identity);
    atomic_store_release(&head->state, SIDE_READY); // pairs with look_at_head
    os_bell_ring(process->owner_bell);
}

static int take_shares(struct process *process, const struct local_start *start) {
    int code = os_share_take(&process->share, start->memory, start->bytes);
    if (code != OS_OK) {
        return code;
    }
    os_share_close(&process->share);
    if (start->arena >= 0) {
        code = os_share_take_to_read(&process->arena, start->arena, start->arena_bytes);
        if (code != OS_OK) {
            os_share_drop(&process->share);
            return code;
        }
        os_share_close(&process->arena);
    }
    return OS_OK;
}

// Either lends to the other.
static void lend(struct process *process, struct side_head *head) {
    const bool lends = head->loan_bytes > 0;
    loans_init(&process->loans, lends ? side_loan_memory(head) : NULL, head->loan_bytes);
    side_lend(&process->side, lends ? &process->loans : NULL, process->arena.at,
              process->arena.bytes);
    process->link.lasting = process->arena.at;
    process->link.lasting_bytes = process->arena.bytes;
}

int local_attach(struct link **link, const struct local_start *start,
                 const struct side_head **head) {
    struct process *process = os_allocate_aligned(sizeof *process, _Alignof(struct process));
    if (process == NULL) {
        return OS_NO_MEMORY;
    }
    *process = (struct process){.link = {.calls = &process_calls, .is_reliable = true},
                                .bell = start->bell,
                                .owner_bell = start->owner_bell,
                                .owner = start->owner};
    int code = take_shares(process, start);
    if (code != OS_OK) {
        goto no_share;
    }
    struct side_head *shared = process->share.at;
    process->pieces = os_allocate(shared->slot_count * sizeof *process->pieces);
    code = process->pieces == NULL ? OS_NO_MEMORY : watch(process);
    if (code == OS_OK) {
        side_init(&process->side, shared, NULL, start->owner_bell, process->pieces);
        process->link.payload_max = side_payload_max(&process->side);
        process->link.notes = shared->notes;
        process->link.notes_count = SIDE_NOTES;
        process->link.lane = &shared->lane;
        lend(process, shared);
        announce(process, start->identity);
        *link = &process->link;
        *head = shared;
        return OS_OK;
    }
    os_free(process->pieces);
    drop_shares(process);
no_share:
    os_free(process);
    return code;
}
