// lane.h - one short DFrame after another, to a process and back, over two lines of memory.
//
// A message of a session goes through a ring, a lock on either side, and the tables of places that
// make sure what becomes of a task. Who sends one DFrame, awaits it, and sends the next one to the
// same process needs none of that as long as nothing else happens: one side writes what is to run,
// the other what came of it. That is a lane. It belongs to a place of a session whose task has
// ended, and what goes through it are further uses of that place (generations), one at a time.
// How it is shut:
//
//           lane_land, by either side
//     OPEN -------------------------------------------------------------> LANDED
//        \                            lane_close: something was called      ^
//         \--- lane_close --> CLOSED --------------------------------------/
//             by the server         \---- lane_take_back, by the caller --> RETURNED
//
// In LANDED the last task called, if that has not been answered for, is the server's as any other
// that has come by a RUN; in RETURNED it is the caller's, to be sent anew. Each step is a compare
// and swap of `gate`, so whatever both do at once, one of them has the task. And none is left where
// nobody looks: the caller looks at the gate behind its call, the server looks for a call behind
// its closing, each with a fence in between, so one of them sees the other.
//
// After that all goes through the session again: the server says one RESULT of the last task that
// it has taken, whatever it may have answered here before. That frees the place.
// docs/internals/session.md proves that no task is lost or runs twice.
//
// The caller is a stack of the owner's process, the server one of the process that runs the tasks.
// Neither has a lock. The server trusts the caller; the caller looks at what it reads once, and
// knows how long it must be. Invariant: the caller writes `there` while every call before has been
// answered; the server writes `back` and its note while it has a task that it has not answered.
// Start reading at lane_call.
#ifndef TENON_CLUSTER_LANE_H
#define TENON_CLUSTER_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/atomic.h"
#include "base/cache.h"
#include "cluster/session.h"

// The arguments and the result of what may go here, as copy.h would write them.
enum { LANE_WORDS = 4, LANE_BYTES = LANE_WORDS * 8 };

// How it was shut, in the upper bits of `gate`; below them the place at which it was opened.
#define LANE_LANDED (UINT64_C(1) << 63)
#define LANE_CLOSED (UINT64_C(1) << 62)
#define LANE_RETURNED (LANE_LANDED | LANE_CLOSED)

struct lane {
    // By the caller. Two lines each, for those processors that fetch lines in pairs.
    struct {
        _Alignas(2 * CACHE_LINE) _Atomic uint64_t place; // of the task that is called; last
        uint64_t task;
        uint64_t function;
        uint64_t arguments[LANE_WORDS];
    } there;
    // By the server.
    struct {
        _Alignas(2 * CACHE_LINE) _Atomic uint64_t place; // of the task that it answers for; last
        uint64_t result[LANE_WORDS];
    } back;
    // By who opens it, and by who shuts it. 0: never opened.
    _Alignas(2 * CACHE_LINE) _Atomic uint64_t gate;
};

// The use of a place after this one: place_of.
static inline uint64_t lane_next(uint64_t place) {
    return place + place_of(0, 1);
}

// ---- both sides ------------------------------------------------------------------------------

static inline bool lane_is_open(struct lane *lane, uint64_t opened) {
    return atomic_load_relaxed(&lane->gate) == opened;
}

// One step of the gate; false: it was not there, and what led to where it is now is seen.
static inline bool lane_step(struct lane *lane, uint64_t from, uint64_t to) {
    // acq_rel: pairs with lane_step of the other side.
    return atomic_cas_acq_rel(&lane->gate, &from, to);
}

// The last task that was called in the lane that was opened at that place is the server's. False:
// nobody says so, for it is CLOSED or RETURNED.
static inline bool lane_land(struct lane *lane, uint64_t opened) {
    return lane_step(lane, opened, opened | LANE_LANDED) ||
           atomic_load_relaxed(&lane->gate) == (opened | LANE_LANDED); // seen by lane_step
}

// Whether it was shut by the rules, when it is known to be shut: behind a step of one's own, or by
// what the other side says. False: that has written there what it may not.
static inline bool lane_is_settled(struct lane *lane, uint64_t opened) {
    const uint64_t gate = atomic_load_relaxed(&lane->gate);
    return gate != opened && (gate & ~LANE_RETURNED) == opened;
}

// The server is gone. Its caller sees that as if it had closed it.
static inline void lane_cut(struct lane *lane, uint64_t opened) {
    (void)lane_step(lane, opened, opened | LANE_CLOSED);
}

// Words as copy.h writes a type of so many bytes: with zeros behind it.
static inline void lane_write(uint64_t *words, const void *from, size_t bytes) {
    uint32_t half;
    uint64_t word;
    if (bytes == sizeof word) { // as one, for it is read as one
        memcpy(&word, from, sizeof word);
        plain_write(&words[0], word);
    } else if (bytes == sizeof half) {
        memcpy(&half, from, sizeof half);
        plain_write(&words[0], (uint64_t)half);
    } else if (bytes > 0) {
        memset(words, 0, LANE_BYTES);
        memcpy(words, from, bytes);
    }
}

static inline void lane_read(void *to, const uint64_t *words, size_t bytes) {
    uint64_t word;
    if (bytes <= sizeof word) {
        word = plain_read(&words[0]);
        memcpy(to, &word, bytes);
    } else {
        memcpy(to, words, bytes);
    }
}

// ---- the caller ------------------------------------------------------------------------------

// Calls one; all before have been answered. It has `bytes` of arguments. Then lane_is_shut says
// whether somebody has to look for it.
static inline void lane_call(struct lane *lane, uint64_t place, uint64_t task, uint64_t function,
                             const void *arguments, size_t bytes) {
    plain_write(&lane->there.task, task);
    plain_write(&lane->there.function, function);
    lane_write(lane->there.arguments, arguments, bytes);
    atomic_store_release(&lane->there.place, place); // pairs with lane_is_called
}

static inline bool lane_is_shut(struct lane *lane, uint64_t opened) {
    if (!MUTATED(lane_call_without_fence)) {
        atomic_fence_seq_cst(); // pairs with lane_close
    }
    return !lane_is_open(lane, opened);
}

// After lane_land has failed: the last task that was called is the caller's. False: the server's.
static inline bool lane_take_back(struct lane *lane, uint64_t opened) {
    return lane_step(lane, opened | LANE_CLOSED, opened | LANE_RETURNED) ||
           MUTATED(lane_taken_back_by_force);
}

// Whether it has been answered for: then its result stands in `back`.
static inline bool lane_is_back(struct lane *lane, uint64_t place) {
    return atomic_load_acquire(&lane->back.place) == place; // pairs with lane_answer
}

// ---- the server ------------------------------------------------------------------------------

// Before it says that it is open, to the caller that has asked for that.
static inline void lane_open(struct lane *lane, uint64_t place) {
    atomic_store_relaxed(&lane->gate, place);
}

// Whether the task of that place has been called: then it stands in `there`.
static inline bool lane_is_called(struct lane *lane, uint64_t place) {
    return atomic_load_acquire(&lane->there.place) == place; // pairs with lane_call
}

// No task is taken any more; that of `next` has not been. False: it is the server's all the same,
// or the lane was LANDED before.
static inline bool lane_close(struct lane *lane, uint64_t opened, uint64_t next) {
    if (!lane_step(lane, opened, opened | LANE_CLOSED)) {
        return false;
    }
    if (!MUTATED(lane_close_without_fence)) {
        atomic_fence_seq_cst(); // pairs with lane_is_shut
    }
    return MUTATED(lane_close_without_look) || !lane_is_called(lane, next) ||
           !lane_step(lane, opened | LANE_CLOSED, opened | LANE_LANDED);
}

static inline void lane_answer(struct lane *lane, uint64_t place, const void *result,
                               size_t bytes) {
    lane_write(lane->back.result, result, bytes);
    atomic_store_release(&lane->back.place, place); // pairs with lane_is_back
}

#endif
