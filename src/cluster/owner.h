// owner.h - the half of a session that has tasks to give: one owner, any number of takers.
//
//     struct owner owner;                        // the caller's memory, all of it
//     owner_init(&owner, &options);
//     owner_peer_init(&owner, &peer, number, places, 64);
//     owner_submit(&owner, &task, now_ns);       // deliver(upper, task, ...) follows, exactly once
//     owner_hear(&owner, &peer, &message, payload, now_ns);   // whenever the link has heard
//     next_ns = owner_tick(&owner, now_ns);                   // when that time has come
//
// A task, which functions move it, and what it is then:
//
//          owner_submit            place_tasks              settle, by a RESULT
//   (none) -----------> QUEUED <----------------> PLACED -------------------------> DELIVERED
//                         |     settle, RETURNED;  |     or it came back and is kept;         ^ ^
//                         |                        |     end_session: it may have begun,      | |
//                         |     end_session: it    |     and may not begin once more          | |
//                         |     may begin anew     \------------------------------------------/ |
//                         \--owner_cancel, owner_keep-------------------------------------------/
//
// and its place, while the session lasts:
//
//         place_tasks       hear_progress           hear_progress             settle
//    FREE -----------> SENT -------------> WAITING ---------------> STARTED ----------> FREE
//                        \------------- the same, when a message was lost -------------^
//
// A peer:
//           hear_hello           promote, by the first BEAT               end_session
//    (none) ----------> proposed ----------------------------> is_up ---------------------> (none)
//
// Invariants, owner_check: a place in use and its task point at each other; a peer's `used` is the
// number of its places in use, `begun` of those STARTED or HELD, `wanted` of those that are wanted
// back; a task that is queued has no place; no place is in use and no peer in `open` unless its
// session is up.
// A place whose task has been delivered may be held by a lane, for more of them: owner_lane.h.
// Single-threaded: one call at a time. `deliver` may call owner_submit and owner_cancel.
// Start reading at owner_hear.
#ifndef TENON_CLUSTER_OWNER_H
#define TENON_CLUSTER_OWNER_H

#include "base/list.h"
#include "cluster/link.h"

// What becomes of a task, told once.
enum owner_end {
    OWNER_DONE = 1,  // it ran: code and payload are what its taker sent
    OWNER_CANCELLED, // it ended by owner_cancel before it began, or its taker was lost after that
    OWNER_RETURNED,  // it has not begun, and begins nowhere else: its caller keeps it
    OWNER_LOST,      // its taker was lost when it may have begun, and it may begin only once
    OWNER_POISONED,  // as often as it may begin, its taker was lost
};

struct owner_outcome {
    enum owner_end end;
    int code;            // of OWNER_DONE; the code of owner_cancel for OWNER_CANCELLED
    const void *payload; // of OWNER_DONE, valid during the call
    uint32_t bytes;
    uint64_t spent_ns;    // of OWNER_DONE: how long it ran, as its taker says
    enum session_why why; // of OWNER_LOST and OWNER_POISONED, with the link's detail
    int detail;
};

enum owner_task_state {
    OWNER_TASK_NEW,
    OWNER_TASK_QUEUED,
    OWNER_TASK_PLACED,
    OWNER_TASK_DELIVERED
};

// A task: the caller's, and untouched by it from owner_submit until it is delivered. The caller
// sets the first group; the arguments stay where they are as long, for they may be sent again.
struct owner_task {
    uint64_t id; // no other task of this owner has it
    uint64_t function;
    const void *arguments;
    uint32_t bytes;
    uint32_t begins_max; // 1: it never begins twice; more: it is repeatable

    struct list_node node; // in the owner's queue
    enum owner_task_state state;
    uint32_t attempt;   // places it has had
    uint64_t placed_ns; // when it got the last of them
    uint32_t ahead;     // how many tasks its peer had before
    uint32_t begins;    // of these: in which it has begun, or may have
    bool is_cancelled;
    int cancel_code;
    struct owner_peer *peer;   // where it is placed
    struct owner_place *place; // NULL: nowhere
    struct owner_lane *lane;   // which it asks for, if its peer has one; NULL: none. The caller's
};

// What a task is told: the caller's memory, until `told`.
struct owner_tell {
    struct list_node node; // in the place's `tells`
    const void *payload;
    uint32_t bytes;
};

enum owner_place_phase {
    OWNER_PLACE_FREE,
    OWNER_PLACE_SENT,
    OWNER_PLACE_WAITING,
    OWNER_PLACE_STARTED,
    OWNER_PLACE_HELD, // by a lane, or until one is closed: owner_lane.h
};

struct owner_place {
    struct owner_task *task; // NULL: free, or held
    struct owner_lane *lane; // of a place that is held; NULL: its caller has left it
    uint64_t generation;
    enum owner_place_phase phase;
    uint32_t posts; // that have arrived
    bool is_wanted_back;
    struct list tells;     // said one after another
    uint32_t tells_ended;  // of this use of the place
    uint32_t tell_sends;   // of the first one
    uint64_t tell_at_ns;   // when to say it again; SESSION_NEVER: not
    uint32_t sends;        // since the phase began
    uint64_t resend_at_ns; // SESSION_NEVER: what was to be said has arrived
    struct owner_place *next_free;
};

struct owner_peer {
    unsigned number;            // the link's
    struct list_node node;      // among the owner's peers
    struct list_node open_node; // in `open`: it offers more places than are used
    unsigned level;             // there: how full it is
    bool is_up;
    enum session_why ending; // given up on a reliable link: `down` has the last word; 0: not
    uint64_t session;
    uint64_t proposed; // 0: none
    uint64_t nonce;    // of the HELLO that was answered with `proposed`
    uint64_t stamp_ns; // the newest one, by the taker's clock
    uint64_t expires_at_ns;
    uint64_t resend_at_ns; // not later than that of any of its places
    uint32_t offered;
    uint32_t used;
    uint32_t begun;    // of these: in which the task is known to have begun
    uint32_t wanted;   // and those that are wanted back
    bool lags;         // it was asked for tasks, and has begun and ended none since
    uint64_t moved_ns; // when it has begun or ended one last, or was given one that waits for none
    uint32_t slots;
    struct owner_place *places;
    struct owner_place *free;
    struct owner_lane *lane; // of one who asks for it, or uses it; NULL: nobody does
};

struct owner_calls {
    // The task's end. From then on its memory is the caller's again.
    void (*deliver)(void *upper, struct owner_task *task, const struct owner_outcome *outcome);
    // It begins, as far as is known; for those who wait for it to be ready. May be NULL.
    void (*started)(void *upper, struct owner_task *task);
    // What the task posts: each once, in order, and all of a place before its result.
    void (*post)(void *upper, struct owner_task *task, const void *payload, uint32_t bytes);
    // A task has come back because it was wanted back. True: it is delivered as OWNER_RETURNED;
    // false: it waits for a place. NULL: all do.
    bool (*keeps)(void *upper, struct owner_task *task);
    // The tell has arrived, or nobody is there to hear it. May be NULL where nothing is told.
    void (*told)(void *upper, struct owner_tell *tell);
    // The task has left its place, with a result or without: what it has asked is answered no
    // more. Before it is delivered, or queued again; may not call the owner. May be NULL.
    void (*parted)(void *upper, struct owner_task *task);
    // The session of the peer to which the task has a lane has ended. NULL where none asks for one.
    void (*lost_lane)(void *upper, struct owner_task *task);
    // The peer's session has ended; its tasks have been delivered or queued already. May be NULL.
    void (*left)(void *upper, struct owner_peer *peer, enum session_why why);
};

struct owner_options {
    struct link *link;
    struct session_timing timing;
    uint64_t incarnation; // random and not 0: no other owner has had it
    const struct owner_calls *calls;
    void *upper;
};

// How full a peer is that has room: in so many parts. The last one is for those that lag.
enum { OWNER_LEVELS = 64 };

// A peer that has neither begun nor ended a task for so long is no favourite.
#define OWNER_FAVOURITE_NS UINT64_C(200000)
#define OWNER_FILL_ALL UINT32_MAX

struct owner {
    struct owner_options options;
    struct list queue; // tasks, the next one first
    struct list peers;
    struct list open[OWNER_LEVELS]; // by how full they are; whoever takes the next task first
    uint64_t levels;                // a bit for each that is not empty
    struct owner_peer *favourite;   // the one that is kept busy; NULL: none
    uint32_t fill;                  // with so many tasks it is: owner_place_tasks
    uint32_t unbegun;               // tasks that have a place, and are not known to have begun
    uint64_t sessions;
    uint64_t stale; // messages of ended sessions and places, counted and dropped
};

void owner_init(struct owner *owner, const struct owner_options *options);

// A peer that the link has said to be up. `places` are `slots` places (at most SESSION_SLOTS_MAX):
// its taker may not offer more. All of this memory is the owner's until owner_peer_deinit.
void owner_peer_init(struct owner *owner, struct owner_peer *peer, unsigned number,
                     struct owner_place *places, uint32_t slots);

// Says BYE if there is a session, or one is proposed, and ends it: SESSION_CLOSED. Then the memory
// is the caller's.
void owner_peer_deinit(struct owner *owner, struct owner_peer *peer, uint64_t now_ns);

// Gives the task to whoever has a place for it, now or later.
void owner_submit(struct owner *owner, struct owner_task *task, uint64_t now_ns);

// The same on a reliable link, while no other task is placed: who has told owner_submit a time from
// before, so that nobody waits for a look at the clock, says here what time it was.
void owner_submitted(struct owner_task *task, uint64_t now_ns);

// Gives tasks that wait for a place to those who have one: also when nothing was heard for a while,
// for they may wait for a favourite that has stopped.
//
// Where tasks are short, those who have none had to wake for one, and it would be over elsewhere by
// then: so one peer is the favourite, which gets all that come while it has fewer than `fill` (the
// caller's to set; 0: none is). With OWNER_FILL_ALL others get none even if it has no room.
void owner_place_tasks(struct owner *owner, uint64_t now_ns);

// Whether the favourite has its fill, so that somebody else would wake for the next task.
bool owner_would_wake(const struct owner *owner);

// Ends a task that has not been delivered: at once when it has no place, else its taker is told
// until it answers. Told again, the first code stays.
void owner_cancel(struct owner *owner, struct owner_task *task, int code, uint64_t now_ns);

// Tells a task something that has posted, and has not left its place since (`parted`): told in this
// order. Not to a task without a place: `told` follows at once.
void owner_tell(struct owner *owner, struct owner_task *task, struct owner_tell *tell,
                uint64_t now_ns);

// Asks a peer for the newest `count` of its tasks that are not known to have begun, because others
// could begin them. Those that come back are kept (owner_calls.keeps) or go to the head of the
// queue; and this peer gets new ones only when nobody else has room, until it has begun or ended
// one. Returns for how many it has asked. relief.h says when.
uint32_t owner_take_back(struct owner *owner, struct owner_peer *peer, uint32_t count,
                         uint64_t now_ns);

// Asks for the next task that waits for a place whether it is kept, as if it had come back.
void owner_keep(struct owner *owner);

// What the link tells. A message that no honest taker sends ends the session: SESSION_BAD.
void owner_hear(struct owner *owner, struct owner_peer *peer, const struct message *message,
                const void *payload, uint64_t now_ns);
void owner_writable(struct owner *owner, struct owner_peer *peer, uint64_t now_ns);
void owner_down(struct owner *owner, struct owner_peer *peer, int detail, uint64_t now_ns);

// Does what is due. Call it after whatever was heard, submitted or cancelled, and when the time has
// come that it returned last (SESSION_NEVER: nothing is due).
uint64_t owner_tick(struct owner *owner, uint64_t now_ns);

// Looks which tasks have begun without having been said so, where peers note that: before what has
// not begun is judged by how long it waits.
void owner_see_notes(struct owner *owner, uint64_t now_ns);

void owner_check(const struct owner *owner);

#endif
