// tasks.h - the tasks of one stack: a work-stealing deque whose private part costs nothing.
//
// The owner (whoever runs on the stack) spawns at the top and awaits from the top; thieves take the
// oldest. Tasks lie in place, one cache line each, in one array:
//
//     0            tail              split                      top             capacity
//     | stolen ...  | public: NEW ... | private: NEW, IN_PLACE … | free ...      |
//
// Only the owner moves `top` and `split`, only thieves move `tail` up. tail and split share one
// word: a thief's compare and swap of it IS the claim of the task, an owner who moves split down
// with the same word takes tasks back. Nobody looks at a task before it has claimed it.
//
// Invariants (tasks_check):
//   tail <= split, and every task in [tail, split) is NEW
//   tail == split or split <= top
//   between calls of these functions there is room for one task above top
//   a task that is NEW and not stolen has index >= tail; one below tail that is NEW is stolen
//   the owner's quick checks are right or cautious: bound >= &task[split], limit <= &task[capacity]
//   the task right above the newest hole is below bound: its end has to free the hole too
//   while a task runs in place at index i, split <= i whenever everything above i is gone
//
//                 tn_task_push             tn_task_enter
//     (free) ------------------> NEW ------------------------> IN_PLACE --tn_task_leave--> (free)
//                                 | \  tasks_steal: index < tail
//                                 |  `-------> stolen --tasks_finish--> DONE --tasks_drop--> GONE
//                     tasks_await |               \                       ^
//                                 v                `--> AWAITED ----------'
//                               AWAITED (stolen, and its owner waits for it)
//
// After: Lace (van Dijk, van de Pol 2014): tasks in place, a split between public and private that
// moves on demand. Different here: tasks that run in place keep their place, so that every task can
// tell its parent, and the public part never contains one; docs/decisions/0002-task-stack.md.
// Model-checked with owner and two thieves in tests/model. Start reading at tasks_publish.
#ifndef TENON_SCHEDULER_TASKS_H
#define TENON_SCHEDULER_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/task.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/cache.h"

enum task_state {
    TASK_NEW = 0,      // may start; or stolen, when its index is below tail
    TASK_IN_PLACE = 1, // its function is being called on this stack
    TASK_AWAITED = 2,  // stolen, and the owner waits for it
    TASK_DONE = 3,     // ended elsewhere: outcome above, result in its frame
    TASK_GONE = 4,     // nothing any more, but something lies above it
    TASK_MARK = 5,     // not a task: the frame that runs in place below has become a frame
    TASK_FRAME = 6,    // not on any task stack: embedded in a frame
};

// Beside the state: the task has a frame, whose address is in the first word of its payload.
#define TASK_ADOPTED 0x80u

// The last places are for tasks_push_mark and for tasks moved to the top, and the very last one for
// tn_task_push, which looks at the limit only afterwards.
#define TASKS_RESERVE 16

struct tasks {
    // Written by the owner; limit and bound now and then by a thief that found nothing.
    CACHE_ALIGNED struct tn_self self;
    struct tn_task *first;
    struct tn_task *end;    // first + capacity, the reserve not counted
    bool is_shared;         // there are other workers: something must always be public
    bool is_closed;         // every spawn takes the slow path, which decides what it becomes
    bool is_watched;        // every spawn and await takes the slow path, because of a cancellation
    bool is_sending;        // every spawn takes the slow path: DFrames go elsewhere at once
    bool is_bound;          // to one thread: no thief ever sees one of them (bound.h)
    struct tn_task *oldest; // then: none below it waits to start
    uint32_t holes;         // how many of the places below top are GONE
    struct tn_task *newest_hole; // NULL: none
    // Nothing between the two runs in place, but what is at known_place (NULL: nothing) does. NULL:
    // not known. While it is, every await takes the slow path, which forgets it before a call.
    struct tn_task *known_top;
    struct tn_task *known_place;

    // Written by thieves and, in slow paths, by the owner: tail below, split in the upper half.
    CACHE_ALIGNED _Atomic uint64_t range;
};

CACHE_APART(struct tasks, self, range);

// task->info: the state in bits 0 to 6, TASK_ADOPTED, the spawn line in 8 to 31, above them a
// ticket (AWAITED) or an outcome (DONE).
static inline enum task_state task_state(const struct tn_task *task) {
    return (enum task_state)(TN_LOAD_(task->info) & 0x7f);
}

static inline unsigned task_line(const struct tn_task *task) {
    return (unsigned)(TN_LOAD_(task->info) >> 8 & 0xffffff);
}

static inline int task_outcome(const struct tn_task *task) {
    return (int)(uint32_t)(TN_LOAD_(task->info) >> 32);
}

// By the owner of a task that no thief has.
static inline void task_set(struct tn_task *task, enum task_state state, uint32_t above) {
    const uint64_t line = TN_LOAD_(task->info) & 0xffffff00;
    TN_STORE_(task->info, (uint64_t)above << 32 | line | (uint64_t)state);
}

// An empty task stack in `bytes` bytes at `memory`, 64-byte aligned.
void tasks_init(struct tasks *tasks, void *memory, size_t bytes, bool is_shared);

// ---- by the owner ----------------------------------------------------------------------------

// Shows thieves private tasks below `below` (top: any): half of the oldest group of them, at least
// one; all of it when `all` (the owner is about to wait). Then sets the quick checks anew. True
// when tasks are public now that were not.
bool tasks_publish(struct tasks *tasks, const struct tn_task *below, bool all);

// Sets limit and bound from the range: the next spawn comes here again while nothing is public.
void tasks_arm(struct tasks *tasks);

// Makes sure no thief can take `task`, which is NEW: true, and it is private now; false when it is
// stolen already.
bool tasks_reclaim(struct tasks *tasks, struct tn_task *task);

// True when the task was stolen (it may have ended since).
bool tasks_is_stolen(struct tasks *tasks, const struct tn_task *task);

// The owner is done with `task`: it becomes free, with everything gone below it, when it is the
// newest one, and a hole otherwise.
void tasks_drop(struct tasks *tasks, struct tn_task *task);

// Pushes a mark, so that the end of the frame running in place takes the slow path; or a copy of
// the NEW private `task`, which lies deeper and becomes a hole. The new place, or NULL: no room.
struct tn_task *tasks_push_mark(struct tasks *tasks);
struct tn_task *tasks_move_up(struct tasks *tasks, struct tn_task *task);

// Keeps the hole that tasks_move_up has just left, as a mark: a result will be put there.
void tasks_keep_hole(struct tasks *tasks, struct tn_task *hole);

// The newest task below `below` that runs in place, NULL: none. By the owner, or by anybody for
// whom a child spawned by it keeps it where it is.
struct tn_task *tasks_in_place(struct tasks *tasks, struct tn_task *below);

// The one nearest to the top, by the owner, who remembers it when it lies far below: so a spawn
// above many tasks takes as long as above few.
struct tn_task *tasks_current(struct tasks *tasks);

// What runs in place is about to change, by the owner.
void tasks_forget_current_slow(struct tasks *tasks);
static inline void tasks_forget_current(struct tasks *tasks) {
    if (UNLIKELY(tasks->known_top != NULL)) {
        tasks_forget_current_slow(tasks);
    }
}

// Gives a task that was stolen or runs in place a frame; and tells which (NULL: none yet).
void task_adopt(struct tn_task *task, void *frame);
void *task_adopter(struct tn_task *task);

// Says that the owner waits for the stolen task, under the number `ticket`: false when the task has
// ended already.
bool tasks_await(struct tn_task *task, uint32_t ticket);

// Takes that back after a wait that was cut short. Whether the task has ended meanwhile is seen in
// its state.
void tasks_await_cancel(struct tn_task *task);

// True once a stolen task is DONE: its payload and outcome may be read.
bool task_has_ended(struct tn_task *task);

// ---- bound tasks: by the owner, or on its thread while it is suspended -----------------------

// Only plain Frames are pushed from now on.
void tasks_bind(struct tasks *tasks);

// A task was pushed that waits to start.
static inline void tasks_add_bound(struct tasks *tasks, struct tn_task *task) {
    if (tasks->oldest > task) {
        tasks->oldest = task;
    }
}

// The oldest one that waits to start; NULL: none.
struct tn_task *tasks_oldest_bound(struct tasks *tasks);

// Takes that one as a thief would: it is stolen from now on.
void tasks_take_bound(struct tasks *tasks, struct tn_task *oldest);

// ---- by thieves ------------------------------------------------------------------------------

// Takes the oldest public task, or returns NULL. From any thread, whoever runs on the stack. The
// caller reads type and arguments now and calls tasks_finish once.
struct tn_task *tasks_steal(struct tasks *tasks);

// What the oldest public task would run, for who takes only some; NULL: there is none. A glance:
// the task may be another one by the time it is taken.
const struct tn_type *tasks_peek(struct tasks *tasks);

// Asks the owner for tasks: its next spawn or await takes the slow path.
void tasks_poke(struct tasks *tasks);

// Marks a stolen task as ended with `outcome`, after its result was written. True when
// its owner waits, under *ticket. The task must not be touched afterwards.
bool tasks_finish(struct tn_task *task, int outcome, uint32_t *ticket);

// A glance: does the public part hold anything?
bool tasks_has_public(struct tasks *tasks);

// A glance, by the owner: tasks lie here that nobody has stolen, and could be shown to thieves.
static inline bool tasks_has_unstolen(struct tasks *tasks) {
    const uint64_t top = (uint64_t)(tasks->self.top - tasks->first);
    return top != 0 && atomic_load_relaxed(&tasks->range) != (top << 32 | top); // tail and split
}

// The same without those that run in place: one waits to be started. Looks at the newest `looks`;
// where there are more, one of these may. By the owner.
bool tasks_has_new(struct tasks *tasks, unsigned looks);

// Walks the whole array and panics where an invariant is broken. By the owner. Returns the number
// of tasks below top.
size_t tasks_check(struct tasks *tasks);

#endif
