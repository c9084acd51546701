// free.h - the free events of frames: who watches a frame hears that it is about to go.
//
// An announcement delivers the free events of all watched frames at or below some place, children
// before parents, siblings in order of creation, and knows when every listener has run to its next
// wait. At a removal (remove.c) one of them may refuse. Every other end is announced by the frame
// that ends, on its own stack, before it removes its children; a refusal means nothing then.
//
//                tn_of_free            collect               conclude, not refused
//     (no watch) ---------> QUIET ---------------> ANNOUNCING ---------------------> ANNOUNCED
//                             ^---- conclude, refused ---'
//
// Invariants: a watch is in one announcement at a time, so a frame that is removed by one and ended
// by another is announced once. Frames without a watch at or below them pay one load.
// Start reading at free_begin.
#ifndef TENON_FRAME_FREE_H
#define TENON_FRAME_FREE_H

#include <stdbool.h>

#include "base/list.h"
#include "frame/delivery.h"

struct frame;
struct run;
struct tn_self;
struct tn_task;

struct announcement {
    struct delivery delivery;
    struct run *run;
    struct list watches; // in order of delivery
    bool is_removal;     // may be refused
    bool is_refused;     // under the run's watch lock
};

// Delivers the free events at and below `frame`, as its removal. True: delivery->done(delivery) is
// called once when all listeners have had their turn, maybe before this returns; then free_conclude
// says the rest. False: nobody watches, nothing was done. From any thread.
bool free_begin(struct announcement *announcement, struct frame *frame,
                void (*done)(struct delivery *delivery));

// Ends an announcement whose listeners have had their turn: false when one of them refused.
bool free_conclude(struct announcement *announcement);

// The same two, waiting in between whatever happens.
bool free_announce_removal(struct tn_self *self, struct frame *frame);

// Announces the end of whoever is current on `self`: `frame`, or, when that is NULL, the task
// `slot` that runs in place without one.
void free_announce_end(struct tn_self *self, struct frame *frame, struct tn_task *slot);

// The frame has ended: its free event ends with it.
struct watch;
void free_settle(struct watch *watch);

#endif
