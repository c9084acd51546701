// hard.h - hard modes: the rare paths, always taken. In checking builds only.
//
//   steal  every PFrame that is spawned is public at once, and its owner waits for a thief as long
//          as another worker has nothing to run: all that may be stolen is
//   park   a worker without work goes to sleep without spinning; every await that comes to its slow
//          half, and all do, suspends, also when what it waits for is there
//   move   a PFrame that resumes does so on another worker than it suspended on, whenever one is
//          idle; and every forgotten child waits in a lobby to begin, not only when there are many
//
// Chosen for the whole process by the environment, TENON_HARD=steal,move, or by a test through
// hard_choose. What a program means does not change; who runs what does.
//
// Invariant: where TENON_CHECKED is off hard_is is the constant false, so nothing of this is left
// in what it guards. Start reading at enum hard_mode.
#ifndef TENON_SCHEDULER_HARD_H
#define TENON_SCHEDULER_HARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

struct task_stack;
struct tn_task;
struct worker;

enum hard_mode { HARD_STEAL = 1, HARD_PARK = 2, HARD_MOVE = 4 };

// What proves that a mode had its way: each is counted when it happens because of the mode.
enum hard_mark {
    HARD_STOLEN, // a task was taken that its owner had shown to thieves for that
    HARD_ASLEEP, // a worker slept without having spun
    HARD_QUEUED, // an await went through the queue although it did not have to
    HARD_MOVED,  // a stack was handed to another worker
    HARD_MARKS,
};

// Whether a mode is chosen: hard_is_chosen, or nothing.
bool hard_is_chosen(enum hard_mode mode);
static inline bool hard_is(enum hard_mode mode) {
    return TENON_CHECKED && hard_is_chosen(mode);
}

// Chooses the modes, enum hard_mode added up, instead of the environment: for tests, before a run.
void hard_choose(unsigned modes);

// Before each run: reads the environment, the first time.
void hard_begin_slow(void);
static inline void hard_begin(void) {
    if (TENON_CHECKED) {
        hard_begin_slow();
    }
}

// How often the mark was set in this process.
uint64_t hard_marks(enum hard_mark mark);

// ---- what the modes do -----------------------------------------------------------------------

void hard_offer_slow(struct task_stack *stack, const struct tn_task *task);
void hard_await_slow(struct task_stack *stack);
bool hard_move_slow(struct worker *worker, struct task_stack *stack);

// After a spawn and before an await of `task`, which is NEW and lies on the running stack. In steal
// mode: shows all tasks of the stack to thieves, and waits until it is taken or nobody is free.
static inline void hard_offer(struct task_stack *stack, const struct tn_task *task) {
    if (hard_is(HARD_STEAL)) {
        hard_offer_slow(stack, task);
    }
}

// Where an await may return without having waited. In park mode: leaves the running stack and comes
// back to it through a queue.
static inline void hard_await(struct task_stack *stack) {
    if (hard_is(HARD_PARK)) {
        hard_await_slow(stack);
    }
}

// Before `worker` continues a stack. In move mode: hands it to an idle worker instead. False: it is
// new, bound to a thread, comes from elsewhere already, or nobody is idle.
static inline bool hard_move(struct worker *worker, struct task_stack *stack) {
    return hard_is(HARD_MOVE) && hard_move_slow(worker, stack);
}

// A worker goes to sleep: in park mode, without having spun.
void hard_sleeps(void);

#endif
