// frame.h - a node of the tree: what exists of a frame function beyond its C stack.
//
// Most PFrames never have one: they are called in place (tenon/task.h). A frame comes into being
// when a function starts on a stack of its own (root; a plain Frame; a PFrame that was stolen or
// found no room), when somebody asks for its handle, or when it needs to own something.
//
//            frame_create        frame_begin       frame_end, .._end_unrun  frame_settle
//     (none) ------------> NEW ------------> RUNNING ---------------> ENDING -------------> ENDED
//                           \--------------- frame_discard (never ran) ---^
//
// One that has left nothing may become the next child of its parent in place of ending: follow.h.
//
// Where its task lies, and so where its parent is found:
//   embedded  `task` here, state TASK_FRAME; the parent is known
//   stolen    a slot of the task stack `origin`; it runs on another stack
//   in place  a slot of `origin`, and it runs there: `stack` == origin
//
// Where its memory lies: beside the stack that it will run on, so that both cost one page; or on
// the heap, when it needs no stack (in place) or one of another size than most (root); or in a
// lobby until it begins (move.c).
//
// References: one while it is not ENDED; one of the parent's list or slot; one per queue it is on.
// Invariants (frame_check): `children` holds the embedded children that are not consumed, in order
// of creation; a child's reference to its parent is valid because a parent settles after its
// children. Start reading at life.c.
#ifndef TENON_FRAME_FRAME_H
#define TENON_FRAME_FRAME_H

#include <tenon/failure.h>
#include <tenon/frame.h>

#include "base/atomic.h"
#include "base/list.h"
#include "frame/awaitable.h"
#include "frame/grace.h"
#include "frame/lobby.h"
#include "scheduler/worker.h"

struct cleanup;
struct failure;
struct frame_body;
struct instance;
struct local;
struct room;
struct run;
struct watch;

enum frame_state { FRAME_NEW, FRAME_RUNNING, FRAME_ENDING, FRAME_ENDED };

// What its own stack is busy with, for reports.
enum frame_phase { FRAME_RUNS, FRAME_REMOVES_CHILDREN, FRAME_CLEANS };

struct frame {
    struct tn_task task;   // when embedded; the result is in its payload in any case
    struct awaitable done; // first of what others touch; completes at the end
    struct runnable start; // while queued to start
    struct run *run;
    struct task_stack *lies_by; // the stack that it keeps; NULL: none
    struct lobby_block *block;  // that it lies in; NULL, and no stack either: on the heap
    struct worker *home;        // the only worker it may run on; NULL: any
    const struct tn_type *type;
    const struct frame_body *body; // what it does in place of the type's function; NULL: that
    void *body_data;               // what that keeps
    void *payload;                 // task.payload, or memory of its own when that is too small
    struct frame *parent;          // when embedded; NULL for root
    uint64_t birth;                // when embedded: its place among its siblings
    struct task_stack *origin;     // when stolen or in place
    struct tn_task *slot;
    const char *name;        // in paths and reports
    unsigned line;           // where it was spawned, in type->file
    _Atomic bool is_shared;  // somebody has its handle: it stays until its parent ends
    bool is_forgotten;       // nobody wants its result; under the parent's lock
    _Atomic bool forgets;    // it has forgotten its newest child before that began: move.c
    bool is_kept;            // in parent->kept though it is a child; under the parent's lock
    _Atomic bool is_emptied; // its children are being removed: none of them starts any more
    _Atomic int references;
    _Atomic uint32_t state;
    _Atomic int cancelled;      // TN_OK, or why it has to end: TN_CANCELLED, TN_TIMED_OUT
    bool has_removed_children;  // because it was cancelled
    bool has_seen_reason;       // to end, and counted it; by itself
    bool has_timed_out;         // its waits returned TN_TIMED_OUT until its end
    uint64_t deadline_ns;       // inherited, or its own; OS_NEVER: none
    bool waits_for_children;    // at its end, instead of removing them
    size_t stack_bytes;         // of its own stack; 0: the run's
    uint32_t begins_max;        // elsewhere, when processes are lost; 0: once
    uint32_t begins_before;     // elsewhere, before it began here: attempt.c
    uint64_t task_number;       // of a DFrame that has one; 0: it has none yet
    struct departure *starter;  // told when it has run to its first wait; NULL: nobody
    bool has_waited;            // ready.h, as the next five
    struct departure waits;     // in its first wait, which makes it ready
    struct frame *next_waiting; // on the same stack
    _Atomic bool is_ready;
    struct awaitable *first_wait; // under its lock; NULL: not now
    struct ready *ready;          // made when somebody asks; under its lock
    bool leaves_mark;             // its end turns its slot into a mark, for its parent in place
    int failure_code;             // 0: has not failed
    uint32_t cancels;             // how many of its stack's it accounts for
    struct os_lock lock;          // children, kept, stack, cancels, handler, failures
    struct task_stack *stack;     // where it runs; NULL before and after
    struct list children;         // by birth
    uint64_t births;              // how many embedded children it has had
    uint32_t alive;               // of them, how many have not ended
    uint32_t childless_ticket;    // claimed by whoever brings that to 0
    struct list_node sibling;     // in parent->children, or in kept of whoever keeps it
    struct list kept;             // ended frames that others have handles of
    struct list primitives;       // what it owns; those disposed of: primitive.h
    struct list disposed;
    struct cleanup *cleanups;   // what to do at the end: cleanup.h
    struct watch *watch;        // its free event: free.h; under its lock
    bool is_settled;            // under its lock
    _Atomic bool is_watched;    // it has a free event, or somebody below it has
    _Atomic bool is_in_removal; // remove.c
    _Atomic uint32_t phase;
    _Atomic bool is_told;    // to end; set under its lock
    struct lateness late;    // then: grace.h
    _Atomic bool is_overdue; // its cleanup handlers may not wait any more
    tn_failure_handler *handler;
    void *handler_data;
    struct failure *_Atomic failure;  // its own, once the handlers were asked
    struct failure *failures;         // of its children, newest first; under the lock
    struct instance *_Atomic classes; // that it is of, newest first: class.h
    struct local *_Atomic locals;     // set for itself and those below: local.h; under the lock
    _Atomic uint32_t destructing;     // class.h
    struct room *rooms;               // for its result: room.h
    struct room *received;            // results of children that it has awaited
    struct frame *next_free;
};

// In a run of one thread nobody else comes to a frame.
static inline void frame_lock(struct frame *frame) {
    if (!frame->done.is_local) {
        os_lock_acquire(&frame->lock);
    }
}

static inline void frame_unlock(struct frame *frame) {
    if (!frame->done.is_local) {
        os_lock_release(&frame->lock);
    }
}

// One reference more, by who has one. In a run of one thread nobody else counts.
static inline void frame_retain(struct frame *frame) {
    if (frame->done.is_local) {
        atomic_store_relaxed(&frame->references, atomic_load_relaxed(&frame->references) + 1);
    } else {
        atomic_fetch_add_relaxed(&frame->references, 1);
    }
}

// Takes a frame out of FRAME_NEW. False: somebody has.
static inline bool frame_claim(struct frame *frame, enum frame_state next) {
    uint32_t expected = FRAME_NEW;
    if (!frame->done.is_local) {
        return atomic_cas_relaxed(&frame->state, &expected, next);
    }
    const bool is_new = atomic_load_relaxed(&frame->state) == FRAME_NEW;
    if (is_new) {
        atomic_store_relaxed(&frame->state, next);
    }
    return is_new;
}

// The frame has so many more children of its own, or fewer: under its lock, which others on its
// stack do not share.
static inline void frame_count_child(struct frame *frame, int32_t more) {
    _Atomic uint32_t *const embedded = &frame->stack->embedded;
    if (frame->done.is_local) {
        atomic_store_relaxed(embedded, atomic_load_relaxed(embedded) + (uint32_t)more);
    } else {
        atomic_fetch_add_relaxed(embedded, (uint32_t)more);
    }
}

// Memory for a frame with its arguments copied; NULL: none. Two references.
struct frame *frame_create(struct worker *worker, struct run *run, const struct tn_type *type,
                           unsigned line, const void *arguments);

// The same in memory beside the stack that it will run on, which the caller has acquired; what it
// passes has to find room in its task.
struct frame *frame_create_beside(struct task_stack *stack, struct run *run,
                                  const struct tn_type *type, unsigned line, const void *arguments);

// The same for one that gets no stack of its own, or one of a size of its own.
struct frame *frame_create_apart(struct worker *worker, struct run *run, const struct tn_type *type,
                                 unsigned line, const void *arguments);

// The same for a child that may have to wait long until it begins, and is to move then.
struct frame *frame_create_to_move(struct worker *worker, struct run *run,
                                   const struct tn_type *type, unsigned line,
                                   const void *arguments);
void frame_release(struct frame *frame);

// How many references there are while a child is queued to start and nobody else knows it.
enum { FRAME_REFERENCES_QUEUED = 3 };

// Is the parent's next child one that is to move when it begins? By the parent, which is current on
// `stack`, for each child once.
bool frame_is_to_move(struct task_stack *stack, struct frame *parent, const struct tn_type *type);

// A frame that lies beside no stack and has just been taken out of FRAME_NEW by its queue: where it
// lies from now on, which is beside a stack, if it is to move, nobody else knows it, and there is
// one.
struct frame *frame_move_in(struct frame *frame, struct worker *worker);

// Gives back the memory of a frame, and nothing that belongs to it.
void frame_give_room(struct frame *frame);

// The frame that is current on the stack: made now if it runs in place without one. NULL: no
// memory.
struct frame *frame_current(struct tn_self *self);

// The same, but only if it exists already: the nearest frame outwards that has one.
struct frame *frame_nearest(struct tn_self *self);

// The nearest frame outwards from `below` on a stack, which may be the one it was started for.
struct frame *frame_outwards(struct task_stack *stack, struct tn_task *below);

// A frame for what runs in place at `slot`; NULL: no memory. By the owner, who sees to it that the
// end in place takes the slow path: there must be something above the slot then.
struct frame *frame_in_place(struct task_stack *stack, struct tn_task *slot);

// The parent, or the nearest ancestor that has a frame; NULL above root. Valid while `frame` lives.
struct frame *frame_parent(const struct frame *frame);

static inline enum frame_state frame_state(const struct frame *frame) {
    // acquire: pairs with leave_parent: the result stands.
    return (enum frame_state)atomic_load_acquire(&((struct frame *)(uintptr_t)frame)->state);
}

// Queues a new frame to start: on its home, or anywhere.
void frame_submit(struct frame *frame);

// A stack on which the frame will begin, with this body (NULL: the function of its type); NULL: it
// has ended before, or there was no memory, and it has failed and settled.
struct task_stack *frame_begin(struct frame *frame, struct worker *worker,
                               const struct frame_body *body);

// The same for a frame that might run elsewhere (elsewhere.h). NULL also when others start it.
struct task_stack *frame_start(struct frame *frame, struct worker *worker);

// Suspends the creator, which runs on its stack, until the child has run to its first wait.
void frame_start_now(struct task_stack *creator, struct frame *child);

// The function of a frame that has a stack of its own has returned: removes what it left, and ends.
__attribute__((noreturn)) void frame_end(struct task_stack *stack);

// Has nothing been asked of a frame that has begun but not run, so that it may end at once when it
// has a result? And ends it; by whoever has claimed its stack, which will not run.
bool frame_ends_plainly(struct frame *frame);
void frame_end_unrun(struct frame *frame);

// It will touch nothing any more: leaves the tree, wakes who waits for it, lets go.
void frame_settle(struct frame *frame);

// The frame whose `done` the awaitable is; NULL: it is something else.
struct frame *frame_of_awaitable(const struct awaitable *awaitable);

// Ends a frame that never ran. False when it has begun.
bool frame_discard(struct frame *frame, int outcome);

// Removes the children of the frame that is current on `self`, newest first: those with frames,
// then the tasks above `slot` (NULL: all of the stack). Waits until they are gone, whatever
// happens. `reason` is what their waits return.
void frame_remove_children(struct tn_self *self, struct frame *frame, struct tn_task *slot,
                           int reason);

// Removes those with frames that are not older than `birth`.
void frame_remove_since(struct tn_self *self, struct frame *frame, uint64_t birth, int reason);

// The frame that is current on `self` is to end: removes its children, as above, and disposes of
// what it owns. `frame` is NULL when it runs in place without one.
void frame_strip(struct tn_self *self, struct frame *frame, struct tn_task *slot, int reason);

// Counts a reason to end towards the stack it runs on. Under its lock.
void frame_count_cancel(struct frame *frame);

// The end of what ran in place at `task`, which has something above itself, or a frame: removes
// that. `result` is what its function returned, for those who join it; NULL: nothing. Returns the
// outcome. The task stays on the stack; as a mark, if its frame has to leave one.
int frame_end_in_place(struct tn_self *self, struct tn_task *task, const void *result);

// The same; what the task made for its result is the caller's to receive when the task's place is
// free: room.h.
int frame_end_called(struct tn_self *self, struct tn_task *task, const void *result,
                     struct room **rooms);

// What awaiting the frame returns, once its function has returned.
int frame_outcome(const struct frame *frame);

// Removes an embedded child and waits for it, whatever happens; its memory stays with its parent.
void frame_remove_child(struct tn_self *self, struct frame *child, int reason);

// Removes a task of this stack and waits for it if it was stolen; its place becomes free.
void frame_remove_task(struct tn_self *self, struct tn_task *task, int reason);

// The owner of a stolen frame's slot lets go of it; if it is shared, it stays with its parent.
void frame_let_go(struct frame *frame);

// Takes a child that has ended off its parent's list and lets go of it, unless it is shared.
void frame_consume(struct frame *child);

// Where a spawn of that level by whoever is current on `stack` would be bound to.
struct worker *frame_home_for(struct task_stack *stack, enum tn_level level);

// A frame for a task of this stack that is NEW and private; the task becomes a hole. NULL: no
// memory.
struct frame *frame_from_task(struct tn_self *self, struct tn_task *task);

// Somebody has a handle of the frame from now on; nobody wants its result.
void frame_share(struct frame *frame);
void frame_forget(struct frame *child);

// Waits until every embedded child has ended: TN_OK, or what cancel_due says.
int frame_wait_for_children(struct tn_self *self, struct frame *frame);

// Stands for every child that was spawned when its parent's time was up: awaiting it says so.
struct tn_task *frame_late(void);

// A child of the frame that is current on `self`, with a frame of its own, embedded and not yet
// submitted. NULL: no memory, and the current frame has failed.
struct frame *frame_spawn(struct tn_self *self, const struct tn_type *type, unsigned line,
                          const void *arguments);

// Embeds the child into the tree below `parent`: as the newest one, or, when it lay on a task stack
// so far, in the place of that `task`.
void frame_adopt_child(struct frame *parent, struct frame *child, const struct tn_task *task);

// A child's place among its siblings: who was created before has the smaller number.
uint64_t frame_birth(const struct frame *frame);

// What that will be of the next child that the frame makes (NULL: one that has none yet).
uint64_t frame_next_birth(const struct frame *frame);

// Panics where an invariant of the frame or its children is broken; returns the number of children.
size_t frame_check(struct frame *frame);

// Copies arguments or a result. One word is what most of them are, and needs no call.
static inline void frame_copy(void *to, const void *from, size_t bytes) {
    if (LIKELY(bytes == sizeof(uint64_t))) {
        __builtin_memcpy(to, from, sizeof(uint64_t));
    } else {
        __builtin_memcpy(to, from, bytes);
    }
}

// What a worker keeps for frames: memory of ended ones, used again.
struct frame_pool {
    struct frame *free;
    size_t count;
    struct lobby lobby;
};

void frame_pool_deinit(struct frame_pool *pool);

#endif
