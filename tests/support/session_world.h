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
// Start reading at world_run.
#ifndef SUPPORT_SESSION_WORLD_H
#define SUPPORT_SESSION_WORLD_H

#include "base/random.h"
#include "cluster/owner.h"
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
    unsigned faults;
    int faults_max;
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

struct world_task {
    struct owner_task task;
    uint64_t number; // the result must repeat it
    int begun;       // by any taker, in this life of the owner
    int delivered;
    uint32_t posts; // that were heard of the attempt below
    uint32_t posts_attempt;
    struct world_tell tells[WORLD_POSTS_MAX];
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

struct world_taker {
    bool is_alive;
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
    int delivered;
    uint64_t gone[WORLD_SESSIONS_MAX / 64]; // sessions of this owner that it has given up
    bool has_left;

    struct world_taker takers[WORLD_TAKERS_MAX];
    const char *violation;
    uint64_t ends[OWNER_POISONED + 1]; // how tasks ended
    uint64_t asked;                    // for how many tasks takers were asked
    uint64_t resent, fences;
};

// Times for these worlds: a message takes 10, a task 50, a lease 1000.
struct session_timing world_timing(void);

// Runs it from the beginning to its end. Afterwards `violation` is NULL, or says what was broken.
void world_run(struct world *world, const struct world_options *options, uint64_t seed);

// A `choose` that lets something go wrong about once in 30 times, from the seed.
unsigned world_choose_at_random(struct world *world, unsigned options);

#endif
