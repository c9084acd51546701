// session_world.h - an owner, up to three takers and the link between them, in virtual time, with
// faults: messages lost, doubled, delayed; processes killed, restarted, frozen, cut off.
//
// What goes wrong, and when, is decided by `choose`: at random from a seed (session_test.c), or in
// every way there is (tests/model/session_model.c). After `calm_ns` nothing goes wrong any more, so
// that everything has to come to its end.
//
// It checks, and stops at the first `violation` of:
//   once       each task is delivered once, with what a run of it gave
//   begins     no task begins more often than it may; none that its owner keeps has begun
//   posts      what a task posts is heard once, in order, and before its result
//   tells      what a task is told is heard once, in order, by the run that it was told to
//   fence      nothing begins in a session that its owner has given up, or whose owner has been
//              dead for the time of a lease
//   no loss    every task is delivered in the end; without faults of processes none as lost
//   gone       in the end nothing runs, and no taker holds a record
// and with lanes (session_lanes.h): what is called in one is a task as any other, is lost only if
// it has begun, and in the end no place is in use and no lane is held.
// Start reading at world_run.
#ifndef SUPPORT_SESSION_WORLD_H
#define SUPPORT_SESSION_WORLD_H

#include "base/random.h"
#include "cluster/owner.h"
#include "cluster/owner_lane.h"
#include "cluster/relief.h"
#include "cluster/taker.h"
#include "support/link_sim.h"

enum {
    WORLD_TAKERS_MAX = LINK_SIM_ENDS - 1,
    WORLD_TASKS_MAX = 40,
    WORLD_SLOTS_MAX = 4,
    WORLD_POSTS_MAX = 2,
    WORLD_SESSIONS_MAX = 512,
};

// What may go wrong with a process (world_options.faults has a bit for each).
enum world_fault {
    FAULT_LOSE,       // a message
    FAULT_DOUBLE,     // a message, the copy later
    FAULT_DELAY,      // a message, past others
    FAULT_LONG_DELAY, // a message, past the end of a lease
    FAULT_KILL_TAKER,
    FAULT_KILL_OWNER,
    FAULT_FREEZE_TAKER, // longer than a lease
    FAULT_FREEZE_OWNER,
    FAULT_MUTE, // nothing arrives from a taker for longer than a lease
    FAULT_DEAF, // nothing arrives at a taker for longer than a lease
    FAULT_KINDS,
};
#define FAULTS(kind) (1u << (kind))
#define FAULTS_ALL ((1u << FAULT_KINDS) - 1)
#define FAULTS_OF_MESSAGES                                                                         \
    (FAULTS(FAULT_LOSE) | FAULTS(FAULT_DOUBLE) | FAULTS(FAULT_DELAY) | FAULTS(FAULT_LONG_DELAY))

struct world;

struct world_options {
    int takers, tasks, slots, threads; // of each taker
    uint32_t begins_max;
    int posts;    // of each task, as soon as it has begun
    bool answers; // each post is answered, and a task ends when it has heard all of that
    int cancels;  // every so manieth task is cancelled some time after it was submitted; 0: none
    bool is_reliable;
    bool keeps_notes; // and takers note what begins, in place of saying so
    bool gives_back;  // one taker's tasks are asked back, and it leaves
    uint32_t fill;    // of the owner's favourite; 0: it has none
    bool relieves;    // some tasks are long, and what waits behind them is asked back (relief.h)
    uint64_t late_ns; // between two tasks that are submitted
    int lanes;        // every so manieth task asks for a lane; 0: none. With notes only
    int lane_calls;   // further tasks that each of them calls there
    int turns_max;    // how often whoever uses or serves a lane does not go on as usual
    unsigned faults;
    int faults_max;
    uint64_t once_in; // of so many times, at random, something goes wrong; 0: 30
    // One of `options` ways to go on: 0 is the usual one.
    unsigned (*choose)(struct world *world, unsigned options);
    struct session_timing timing;
    uint64_t calm_ns;
};

struct world_tell {
    struct owner_tell tell;
    uint64_t number;
    uint32_t attempt;
    uint32_t index; // of the post that it answers
};

enum world_caller_state {
    CALLER_GONE, // it uses no lane, and never will
    CALLER_ASKS,
    CALLER_RESTS,  // all that it has called has been answered
    CALLER_BEGINS, // it has seen that the lane is open
    CALLER_CALLS,
    CALLER_AWAITS,
};

// Who calls tasks through a lane, one after another, which has been opened for the first one.
struct world_caller {
    enum world_caller_state state;
    struct owner_lane lane;
    struct world_task *called; // the last one; NULL: none yet
    int calls;                 // how many there were
    uint64_t step_at_ns;
    bool has_lost; // the session of its lane has ended
};

struct world_task {
    struct owner_task task; // of one that was called, that of its caller
    struct world_caller caller;
    struct world_task *by; // its caller; NULL: it was submitted
    uint64_t number;       // the result must repeat it
    int begun;             // by any taker, in this life of the owner
    int delivered;
    uint32_t posts; // that were heard of the attempt below
    uint32_t posts_attempt;
    struct world_tell tells[WORLD_POSTS_MAX];
    uint64_t submit_at_ns; // SESSION_NEVER: it has been
    uint64_t cancel_at_ns;
    struct owner_outcome outcome;
};

struct world_post {
    struct taker_post post;
    uint64_t number;
    uint32_t attempt;
    uint32_t index; // among those of its task, from 1
};

struct world_run { // a task that a taker runs
    struct taker_slot *slot;
    uint64_t ends_at_ns;
    uint64_t number;
    uint32_t attempt;
    bool is_cancelled;
    uint32_t tells; // that it has heard
};

// Who serves the lane of a taker.
struct world_server {
    struct taker_slot *slot; // NULL: no lane is open
    uint64_t opened, last;   // the places at which, and of the last task that was taken
    uint64_t task;
    bool is_running;
    uint64_t step_at_ns;
    uint64_t until_ns; // when it shuts the lane, if nothing is called
};

struct world_taker {
    bool is_alive;
    bool is_orphan; // with lanes: it ends, as its owner has
    uint64_t frozen_until_ns;
    uint64_t back_at_ns; // while not alive
    uint64_t mute_until_ns, deaf_until_ns;
    bool is_down_due; // a reliable link says so when all that it sent has arrived
    uint64_t tick_at_ns;
    struct taker taker;
    struct taker_slot slots[WORLD_SLOTS_MAX];
    uint64_t numbers[WORLD_SLOTS_MAX]; // the argument of the task in the slot
    struct world_post posts[WORLD_SLOTS_MAX][WORLD_POSTS_MAX];
    struct world_run runs[WORLD_SLOTS_MAX];
    int run_count;
    struct world_server server;
};

struct world {
    struct world_options options;
    struct random random;
    struct link_sim sim;
    uint64_t now_ns;
    int faults;
    bool had_process_fault; // a taker, or a lease, may have been lost

    uint64_t owner_life; // how many owners there have been
    uint64_t owner_died_at_ns;
    uint64_t owner_back_at_ns; // 0: it lives
    uint64_t owner_frozen_until_ns;
    uint64_t owner_tick_at_ns;
    uint64_t owner_busy_until_ns; // with a task that it has kept
    struct owner owner;
    struct relief relief;
    struct owner_peer peers[WORLD_TAKERS_MAX];
    struct owner_place places[WORLD_TAKERS_MAX][WORLD_SLOTS_MAX];
    struct world_task tasks[WORLD_TASKS_MAX];
    int made; // of these: those that were submitted, then those that were called
    int turns;
    int delivered;
    uint64_t gone[WORLD_SESSIONS_MAX / 64]; // sessions of this owner that it has given up
    bool has_left;

    struct world_taker takers[WORLD_TAKERS_MAX];
    const char *violation;
    uint64_t ends[OWNER_POISONED + 1]; // how tasks ended
    uint64_t asked;                    // for how many tasks takers were asked
    uint64_t resent, fences;
    uint64_t left[OWNER_LANE_LOST + 1]; // what callers found who left while they had called one
    uint64_t called, opened;
};

// Times for these worlds: a message takes 10, a task 50, a lease 1000.
struct session_timing world_timing(void);

// Runs it from the beginning to its end. Afterwards `violation` is NULL, or says what was broken.
void world_run(struct world *world, const struct world_options *options, uint64_t seed);

// A `choose` that lets something go wrong now and then, from the seed.
unsigned world_choose_at_random(struct world *world, unsigned options);

#endif
