// free.h - the free events of frames: who watches a frame hears that it is about to go.
//
// An announcement delivers the free events of all watched frames at or below some place, children
// before parents, siblings in order of creation, and knows when every listener has run to its next
// wait. At a removal (remove.c) one of them may refuse. Every other end is announced by the frame
// that ends, on its own stack, before anything of it is undone; a refusal means nothing then.
//
//                tn_of_free             collect              free_conclude, not refused
//     (no watch) ---------> QUIET ---------------> ANNOUNCING --------------------------> ANNOUNCED
//                             ^--- free_conclude, refused ---'
//
// An announcement that meets a frame of another follows that one: it begins when the other has been
// finished. It has collected nothing until then, so nobody waits in a circle.
// Invariants: a watch is in one announcement at a time, and a frame is not undone while it is
// announced. Frames without a watch at or below them pay one load. Start reading at
// free_announce_removal.
#ifndef TENON_FRAME_FREE_H
#define TENON_FRAME_FREE_H

#include <stdbool.h>

#include "base/list.h"
#include "frame/delivery.h"

struct frame;
struct run;
struct tn_self;
struct tn_task;
struct watch;

// Where an announcement begins: at a frame, or at a task that runs in place without one; or at
// those children of a frame that are not older than `birth`.
struct free_place {
    const struct frame *frame;
    const struct task_stack *stack;
    const struct tn_task *slot; // NULL: at the frame
    uint64_t birth;             // 0: the frame itself
};

struct announcement {
    struct delivery delivery;
    struct run *run;
    struct free_place place;
    bool is_removal;            // may be refused
    bool is_refused;            // under the run's watch lock, as the rest
    struct list watches;        // in order of delivery
    struct list followers;      // other announcements
    struct list_node following; // in one's followers
    struct task_stack *stack;   // that waits for it, under `ticket`; NULL: none
    uint32_t ticket;
    // All listeners have had their turn. Called once, on the loop of a worker, or by free_begin.
    void (*done)(struct announcement *announcement);
};

// A removal calls free_begin, and when `done` is called free_conclude: false when somebody refused.
// When what follows from that has been decided, free_finish.
void free_begin(struct announcement *announcement, struct frame *frame,
                void (*done)(struct announcement *announcement));
bool free_conclude(struct announcement *announcement);
void free_finish(struct announcement *announcement);

// The first two of these, waiting in between whatever happens.
bool free_announce_removal(struct tn_self *self, struct frame *frame,
                           struct announcement *announcement);

// Announces the end of whoever is current on `self`, and waits for the listeners: of `frame`, or,
// when that is NULL, of the task `slot` that runs in place without one.
void free_announce_end(struct tn_self *self, struct frame *frame, struct tn_task *slot);

// The same of the children that are not older than `birth`: a deadline of their parent has passed.
void free_announce_since(struct tn_self *self, struct frame *parent, uint64_t birth);

// The frame has ended: its free event ends with it.
void free_settle(struct watch *watch);

#endif
