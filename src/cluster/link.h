// link.h - what carries messages between processes: the table of functions that each kind of link
// fills in.
//
// The session layer above needs only `send` and `cut`; whoever drives a link also calls `turn` when
// its doorbell rings, and `close`. What arrives is handed to the struct link_events with which the
// link was opened, from `turn` only, one call at a time, never from inside `send`.
//
// A link may lose messages, double, delay and reorder them, but neither change nor invent one: what
// comes from outside is checked before it is handed on, and a peer that sends anything else is
// reported as down. A link that is `is_reliable` promises more:
//   1. each message arrives once, in order, or the peer goes down;
//   2. all that a peer sent before its process died arrives before `down`;
//   3. `down` is certain: nothing of the peer runs any more; and it follows after `cut`.
// Memory shared with a child process keeps these promises (a ring outlives who writes it, and the
// parent reaps the child); a broker between machines keeps none of them.
//
// Invariant: between `up` and `down` of a peer its number means the same process.
// Start reading at struct link_calls.
#ifndef TENON_CLUSTER_LINK_H
#define TENON_CLUSTER_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/atomic.h"
#include "cluster/lane.h"

// What a link of one kind keeps; it begins with this. Whoever drives it sets `events` and `upper`
// before the first `turn`. One call at a time.
struct link {
    const struct link_calls *calls;
    bool is_reliable;
    size_t payload_max; // the longest payload that it can carry; what is longer is never sent
    const struct link_events *events;
    void *upper;
    // Where this side, as a taker, notes the generation of each place in which a task begins, by
    // its slot: its owner can see that, also when this process is gone. NULL: nowhere, it says so.
    _Atomic uint64_t *notes;
    uint32_t notes_count;
    struct lane *lane; // its end of the one to its owner; NULL: there is none
    // Payloads that are handed on here stay where they are until the task that they came with has
    // been answered. NULL: none does.
    const void *lasting;
    size_t lasting_bytes;
};

// What its reader has kept of a payload, or of a lane: let_go(memory, what) gives it back, from any
// thread, also when the link is gone. NULL: nothing has to be.
struct link_kept {
    void (*let_go)(void *memory, void *what);
    void *memory, *what;
};

// A lane to a peer, and where that notes what it begins there; they stay until they are let go.
struct link_lane {
    struct lane *lane;
    _Atomic uint64_t *notes;
    uint32_t notes_count;
    struct link_kept kept;
};

struct link_calls {
    // Sends to a peer; `payload` has message->bytes bytes, of which the link keeps its own copy, or
    // knows that they stay (memory that it lent); message->payload is 0. Returns false when there
    // is no room: nothing is sent, and `writable` follows when there is. Never blocks. What can
    // wait (message_can_wait) need not ring.
    bool (*send)(struct link *link, unsigned peer, const struct message *message,
                 const void *payload);

    // The session layer has given the peer up, for `why`. A link that can end the peer's process
    // does.
    void (*cut)(struct link *link, unsigned peer, enum session_why why);

    // Hands on what has arrived. Returns how many messages that were; other events
    // than `writable` count too.
    unsigned (*turn)(struct link *link);

    // What a peer has noted for a slot (0: nothing), until the end of its `down`. NULL: none does.
    uint64_t (*noted)(const struct link *link, unsigned peer, uint32_t slot);

    // A descriptor that becomes readable when `turn` has something to do, after `sleep` has
    // returned true; -1 when the link has none and `turn` must be called again and again.
    int (*doorbell)(const struct link *link);

    // Somebody is about to wait for the doorbell. Returns true when he may: from now on it rings.
    // False: `turn` has something to do. It goes on ringing for what arrives, once at least, until
    // `awake`.
    bool (*sleep)(struct link *link);

    // Nobody waits any more: `turn` is called again and again, so that nobody has to ring.
    void (*awake)(struct link *link);

    // Who the peer is, for messages to people: "process 1234". Cut to `bytes`.
    void (*name)(const struct link *link, unsigned peer, char *text, size_t bytes);

    // The next three are NULL where a link lends nothing.
    // Memory for the elements of a long payload, which begins a page; the LINK_LENT_HEAD bytes
    // before it are the payload's too. What is sent from there is not copied. NULL: so long a
    // payload needs none, or there is none now. From any thread, without the turn, as unlend.
    void *(*lend)(struct link *link, size_t bytes);

    // The payload is not needed any more here: it was never sent, or a peer that keeps what was
    // sent gives it back, or the task that it went with is over.
    void (*unlend)(struct link *link, const void *payload);

    // While `hear` is told of it: the payload of a result stays where it is, where its peer could
    // still write. False: it does not lie in memory that was lent, and has to be copied.
    bool (*keep)(struct link *link, const void *payload, struct link_kept *kept);

    // The lane to a peer that is up; false: there is none. NULL: there are none.
    bool (*lane)(struct link *link, unsigned peer, struct link_lane *lane);

    // Asks every peer to leave, ends those that do not do so soon, and frees the link. Tells
    // nobody.
    void (*close)(struct link *link);
};

enum { LINK_LENT_HEAD = 2048 };

struct link_events {
    void (*up)(void *upper, unsigned peer);
    void (*hear)(void *upper, unsigned peer, const struct message *message, const void *payload);
    void (*writable)(void *upper, unsigned peer);
    // `detail` is how the process ended, as the link knows it: a signal (above 0), an exit code
    // with the sign changed (0 or below), or one of enum link_detail. Without an `up` before it,
    // the peer never came to be.
    void (*down)(void *upper, unsigned peer, int detail);
    // The peer asks this process to leave: to take nothing more, finish what it has begun, and end.
    // May be NULL.
    void (*leave)(void *upper, unsigned peer);
};

// Other ways in which a peer ends.
enum link_detail {
    LINK_OUT_OF_MEMORY = 1001, // the system killed it, because there was no memory
    LINK_REFUSED,              // it was another build
    LINK_NOT_STARTED,          // the system allowed no further process
    LINK_SILENT,               // it has not answered for the time of a lease; it has been killed
    LINK_BROKE_RULES,          // what it shares with this process was spoilt; it has been killed
    LINK_UNKNOWN,              // nobody knows how
};

// Writes "was killed by signal 9 (out of memory)" and the like, cut to `bytes`.
void link_describe_end(int detail, char *text, size_t bytes);

static inline bool link_send(struct link *link, unsigned peer, const struct message *message,
                             const void *payload) {
    return link->calls->send(link, peer, message, payload);
}

// False: there is no room for a note of that slot.
static inline bool link_note(struct link *link, uint32_t slot, uint64_t generation) {
    const bool has_room = slot < link->notes_count;
    if (has_room) {
        // Who judges by it has seen this process end, and with that all that it had written.
        atomic_store_relaxed(&link->notes[slot], generation);
    }
    return has_room;
}

static inline bool link_has_noted(const struct link *link, unsigned peer, uint32_t slot,
                                  uint64_t generation) {
    return link->calls->noted != NULL && link->calls->noted(link, peer, slot) == generation;
}

static inline void *link_lend(struct link *link, size_t bytes) {
    return link->calls->lend == NULL ? NULL : link->calls->lend(link, bytes);
}

static inline bool link_keep(struct link *link, const void *payload, struct link_kept *kept) {
    return link->calls->keep != NULL && link->calls->keep(link, payload, kept);
}

static inline void link_let_go(const struct link_kept *kept) {
    if (kept->let_go != NULL) {
        kept->let_go(kept->memory, kept->what);
    }
}

static inline bool link_take_lane(struct link *link, unsigned peer, struct link_lane *lane) {
    return link->calls->lane != NULL && link->calls->lane(link, peer, lane);
}

static inline bool link_lasts(const struct link *link, const void *payload) {
    return link->lasting != NULL &&
           (uintptr_t)payload - (uintptr_t)link->lasting < link->lasting_bytes;
}

static inline void link_cut(struct link *link, unsigned peer, enum session_why why) {
    link->calls->cut(link, peer, why);
}

#endif
