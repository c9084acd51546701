// task_stack.h - a stack that runs: its memory, its context when suspended, its tasks.
//
//   low address                                                             high address
//   | tasks, grow up -->  | guard | <-- C stack, grows down | struct task_stack | beside |
//
// The guard keeps a C stack that grows too far from writing over tasks unseen.
// The struct lies at the top, so that a suspended frame that spawned nothing costs one page. What
// lies beside it is the layer above's, for as long as it keeps the stack: a frame (is_kept).
//
// Waiting is by ticket: odd while the stack waits, and whoever changes it from odd to the next even
// number, by one compare and swap, has the right and the duty to make the stack ready. So of many
// who want to wake it (a result, a timer, a cancellation) exactly one does; and since the memory is
// type-stable and the number only grows, one who comes too late does no harm.
//
//   running --worker_suspend--> suspended, even --task_stack_wait--> waiting, odd
//      ^                                                               |  task_stack_claim, by one
//      '------------- worker loop <-- queued, even <-- worker_ready ---'
//
// Invariant: a stack is either running on exactly one worker, or waiting, or on exactly one queue,
// or in the hands of the one who just claimed it. Start reading at task_stack_claim.
#ifndef TENON_SCHEDULER_TASK_STACK_H
#define TENON_SCHEDULER_TASK_STACK_H

#include "base/atomic.h"
#include "base/bits.h"
#include "base/list.h"
#include "context/context.h"
#include "scheduler/runnable.h"
#include "scheduler/tasks.h"
#include "scheduler/timers.h"
#include "stack/stack.h"

struct worker;
struct frame;
struct knot_tie;
struct note;
struct scope;

// A quarter of the memory is for tasks: 256 of them on the default 64 KB.
#define TASKS_SHARE 4

// Somebody who wants to know when a stack that was woken, or started, has run to its next
// suspension or its end: `left` is called once, by the worker that left it, after what it waits for
// has been told. Set by whoever claimed the stack, before it is made ready.
struct departure {
    void (*left)(struct departure *departure);
};

// What a stack knows of the children of its frame that were in flight, in one word, which is zeroed
// for each frame: frame/flight.h.
struct flown {
    bool stays;       // the last one has ended, and may be sent again
    bool may_stay;    // it was sent so
    bool is_grounded; // it had to become a frame
    uint8_t trials;   // to have one stay that were not worth it
    uint32_t count;   // that have ended, less some that have landed; or since one may stay
};
_Static_assert(sizeof(struct flown) == sizeof(uint64_t), "one store");

struct task_stack {
    struct stack memory; // first: see stack.h
    struct context context;
    struct scheduler *scheduler;
    struct worker *worker;  // where it runs or ran last: for code that runs on it or just left
                            // it; NULL before it has run
    struct worker *home;    // the only worker that may run it; NULL: any
    struct runnable resume; // continues it
    struct runnable turn;   // starts its bound tasks: bound.h, as the next two
    bool turn_is_queued;
    bool has_ended;
    const struct note *note;      // what it waits for, while it does: frame/note.h
    struct knot_tie *_Atomic tie; // of its wait for what a frame holds; NULL: none: frame/knot.h
    bool is_kept;                 // its memory is not given back when what runs on it ends
    _Atomic uint32_t uses;       // who keeps it: a frame, or what runs here; a turn left in a queue
    uint32_t unready;            // frames living here whose first wait is not over: frame/ready.h
    struct departure *departure; // told when the stack is next left; NULL: nobody
    struct departure *waits;     // the same, for those who ask whether it waits: frame/ready.h
    const struct tn_task *departing; // whose end counts as that, too: frame/delivery.h
    struct frame *frame; // the frame it was started for; the layer above knows what that is
    void (*entry)(struct task_stack *stack);
    struct list_node loaded;          // suspended with tasks to steal: on a list of that worker,
    struct worker *_Atomic loaded_on; // under its lock; NULL: on none
    _Atomic uint32_t ticket;
    _Atomic uint32_t cancellable;  // the last ticket that a cancellation may claim: frame/cancel.h
    _Atomic uint32_t cancels;      // reasons for a wait here to look: frame/cancel.h
    _Atomic uint32_t cancels_seen; // how many there were when the owner looked last
    uint32_t overdue;              // of them, deadlines that have passed: frame/scope.h
    _Atomic uint32_t embedded;     // children with frames, of frames living here
    struct scope *scopes;          // open, innermost first: frame/scope.h
    struct tn_task *scope_mark;    // the newest mark of a frame in place that has some
    struct timer limit;            // of the earliest deadline ahead,
    struct timers *limit_in;       // and where it waits; NULL: nowhere
    _Atomic uint64_t passed_ns;    // deadlines up to here have passed
    _Atomic bool is_blocking;      // in a system call that may be interrupted: frame/blocking.h
    struct os_lock blocking_lock;  // that, and the interrupt while it lasts
    struct os_interrupt interrupt;
    struct frame *flight; // a child that is no frame yet: frame/flight.h; NULL: none
    struct flown flown;   // and what is known of those before it
    size_t reserved;      // bytes at its top that it leaves alone: worker_stack_room
    struct tasks tasks;
};

static inline void *task_stack_beside(struct task_stack *stack) {
    return stack + 1;
}

static inline struct task_stack *task_stack_of(struct tn_self *self) {
    return container_of(self, struct task_stack, tasks.self);
}

// Begins to wait; returns the ticket. By the worker that switched away from the stack, or, where
// nobody else could continue it, that is about to.
static inline uint32_t task_stack_wait(struct task_stack *stack) {
    const uint32_t ticket = atomic_load_relaxed(&stack->ticket) + 1;
    ASSERT(ticket % 2 == 1);
    // release: pairs with task_stack_claim: who claims it may continue its context.
    atomic_store_release(&stack->ticket, ticket);
    return ticket;
}

// The ticket that the next task_stack_wait will return. By the running stack.
static inline uint32_t task_stack_next_ticket(struct task_stack *stack) {
    return atomic_load_relaxed(&stack->ticket) + 1;
}

// True for exactly one caller for each odd ticket: that one makes the stack ready. From any thread.
static inline bool task_stack_claim(struct task_stack *stack, uint32_t ticket) {
    uint32_t expected = ticket;
    // acq_rel: pairs with task_stack_wait; and what the claimer did happens before the stack goes
    // on.
    return atomic_load_relaxed(&stack->ticket) == ticket &&
           atomic_cas_acq_rel(&stack->ticket, &expected, ticket + 1);
}

// The same in a run of one thread, where nobody else can come in between.
static inline bool task_stack_claim_alone(struct task_stack *stack, uint32_t ticket) {
    const bool is_first = atomic_load_relaxed(&stack->ticket) == ticket;
    if (is_first) {
        atomic_store_relaxed(&stack->ticket, ticket + 1);
    }
    return is_first;
}

#endif
