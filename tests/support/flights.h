// flights.h - what the tests of DFrames have in common that are sent before they are frames:
// frame/flight.h, and the lanes that they may go through, cluster/lane.h.
//
// Whether one has become a frame is seen by how many children of its parent were born. Start
// reading at meet.
#ifndef SUPPORT_FLIGHTS_H
#define SUPPORT_FLIGHTS_H

#include <stdatomic.h>

#include <tenon.h>

#include "cluster/call_private.h"
#include "frame/run.h"
#include "scheduler/hard.h"
#include "support/loopback.h"
#include "support/test.h"

#define ONE_THREAD TN_RUN(.num_threads = 1)

static atomic_int begun, ended, may_go;

static bool has_lane;       // most flights of the test go through one
static int births_to_begin; // of the children that have gone before it began

static inline int births(struct tn_self *self) {
    return (int)frame_current(self)->births - births_to_begin;
}

// Who is parked at each of its steps has frames as children from the beginning.
static inline void expect_births(struct tn_self *self, int count, int parked) {
    EXPECT_EQ(births(self), hard_is(HARD_PARK) ? parked : count);
}

TN_DFRAME(long, square, (int, n)) {
    return (long)n * n;
}

enum { FLIGHTS_FOR_A_LANE = 2000 };

// The first one, which opens the way to other processes, is a frame. After some in a row one stays,
// for those that follow; or if none ever does, the next one may still be in flight.
static inline void meet(struct tn_self *self) {
    begun = ended = may_go = births_to_begin = 0;
    tn_task(square) task = tn_spawn(square, 1);
    EXPECT_EQ(tn_await(square, task), 1);
    EXPECT_EQ(births(self), 1);
    const struct task_stack *stack = task_stack_of(self);
    for (int i = 0;
         has_lane && !stack->flown.stays && (i < FLIGHTS_FOR_A_LANE || stack->flown.is_grounded);
         i++) {
        tn_task(square) next = tn_spawn(square, i);
        EXPECT_EQ(tn_await(square, next), (long)i * i);
    }
    births_to_begin = births(self) - 1;
}

static inline void run_with_others(const struct tn_type *type) {
    for (int way = 0; way < 4; way++) {
        const int threads = 1 + way % 2;
        const struct tn_run_options options = {.num_threads = threads};
        has_lane = way >= 2;
        loopback_share(has_lane);
        loopback_send_all(1, threads);
        EXPECT_EQ(tn_run_type(type, &options, NULL, NULL), TN_OK);
    }
}

// Whether what is in flight has been answered, in its lane or as heard; or all else has.
static inline bool has_come(struct tn_self *self) {
    const struct frame *child = task_stack_of(self)->flight;
    struct flight *flight = child == NULL ? NULL : child->body_data;
    if (flight == NULL) {
        return atomic_load_relaxed(&frame_current(self)->run->elsewhere->away) == 0;
    }
    struct owner_lane *lane = &flight->lane;
    return call_is_done(&flight->light.call) ||
           (flight->fits != NULL && lane_is_back(lane->lane, atomic_load_relaxed(&lane->called)));
}

// This thread computes, and the agent hears what is said.
static inline void compute_until_heard(struct tn_self *self) {
    while (!has_come(self)) {
        os_thread_yield();
    }
}

#endif
