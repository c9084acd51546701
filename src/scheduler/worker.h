// worker.h - threads that run tasks, and the scheduler they share.
//
// A worker's loop runs on the thread's own stack: it finds something to run, switches to its stack,
// and comes back when that suspends or ends. What must happen only after a stack has been left (to
// register it as waiting, to give it back) is passed to worker_suspend as `commit` and runs here.
// In a run of one thread a stack may also commit before it is left, and be followed by the next one
// without the loop: suspend.h.
//
// Where things wait to be run, in the order in which a worker looks:
//   handed  free work from somebody who chose this idle worker: run at once, or shown to others
//   inbox   what others sent to this worker alone             -> due or local
//   due     bound to this worker, and have slept long enough: first in, first out
//   local   bound to this worker: first in, first out; one after every few that are due
//   ready   free, made ready by this worker; others may take  (workers that take free work only)
//   loaded  suspended stacks of this worker with tasks on them
//   free    frames that may start anywhere, oldest first, and posts
//   others' running stacks, loaded stacks and ready queues
//
// Invariant (with idle.h): while any of these holds something, a worker that may take it is awake
// or being woken. Upward calls: struct scheduler_calls, filled by src/frame; struct world, by
// src/io; struct wire, by src/cluster.
// Start reading at worker_loop in worker.c.
#ifndef TENON_SCHEDULER_WORKER_H
#define TENON_SCHEDULER_WORKER_H

#include <limits.h>

#include "scheduler/idle.h"
#include "scheduler/inbox.h"
#include "scheduler/shared_queue.h"
#include "scheduler/spin.h"
#include "scheduler/task_stack.h"
#include "scheduler/timers.h"
#include "scheduler/watchdog.h"
#include "scheduler/wire.h"
#include "stack/overflow.h"

struct scheduler;

// Timers of a busy worker and the world are looked at this often, because reading the clock costs
// 20 ns.
#define WORKER_TIMER_ROUNDS 16

struct worker {
    // By its own thread.
    struct scheduler *scheduler;
    int index;
    uint32_t thread_number; // no other living thread has it: sync/turn.h
    bool takes_free;        // PFrames; false for a thread that stays free for its Frames
    bool is_spare;          // takes free work only while worker 0 is idle
    bool is_announced;      // as idle, and has not taken that back
    bool is_agent;          // of a wire: wire.h
    bool is_on_wire;        // others rely on it to listen, or on wire_leave
    bool listens;           // to the wire
    bool is_at_bell;        // of the wire, where it sleeps, or did so
    bool sleeps_in_world;   // if it sleeps now, it is not where the bell rings
    void *taken;            // by the wire: what it has begun, and runs next; NULL: nothing
    void *host;             // of the wire: what waits on its stack to be that; NULL: nothing
    unsigned waits_here;    // of stacks for the wire: wire_may_wait_here
    uint64_t stayed;        // when it looked at the clock last while it did, by os_ticks
    unsigned round_waits;   // of these, when it was last asked whether it must look at everything
    uint64_t round_ns;      // and when it had to, by the clock of its spins: wire.h
    bool is_chosen;         // somebody woke it for something, and it has not run anything since
    unsigned tick;
    uint64_t still_ns; // when it looks whether anything can go on; OS_NEVER: not after this sleep
    uint64_t look_ns;  // when calls->look was to be called, as it went to sleep
    bool has_looked;   // it woke for that
    unsigned in_place; // calls of bound tasks since a turn came up: bound.h
    uint32_t random;
    struct spin spin;
    struct context context; // the loop, while a task stack runs
    void (*commit)(struct task_stack *stack, void *argument);
    void *commit_argument;
    void (*last_commit)(struct task_stack *stack, void *argument); // of worker_finish
    struct runnable_queue local;
    struct runnable_queue due;
    unsigned due_in_a_row; // of those taken last, if `due` was looked at for them
    struct stack_pool stacks;
    struct os_thread thread;
    struct overflow_thread overflow;
    struct watchdog watchdog;

    // By others too.
    CACHE_ALIGNED struct task_stack *_Atomic running; // NULL: none; for thieves
    CACHE_ALIGNED struct idle idle;
    struct inbox inbox;
    _Atomic uintptr_t handed; // by who chose it, until it takes that: 0 but for a moment
    struct shared_queue ready;
    struct timers timers;
    struct os_lock loaded_lock;
    struct list loaded;
    _Atomic size_t loaded_count;
};

CACHE_APART(struct worker, local, running);
CACHE_APART(struct worker, running, idle);

// What the scheduler needs from the layer above.
struct scheduler_calls {
    // Starts a task that `worker` stole from `from`: makes a stack for it and returns that stack,
    // ready to be switched to; NULL when there is no memory (the layer has failed the task then).
    struct task_stack *(*start_stolen)(struct worker *worker, struct task_stack *from,
                                       struct tn_task *task);
    // The stack has kept its worker for long. From a signal handler on the worker's thread, while
    // it runs on that stack: os_watch says what may be done.
    enum hog_telling (*tell_hog)(struct worker *worker, struct task_stack *stack,
                                 const struct hog *hog);
    // After HOG_OWED, when the stack has left the worker, on its loop; what it computed in all.
    void (*hog_left)(struct worker *worker, uint64_t cpu_ns);
    // All workers have been idle for a while and no timer waits. NULL: nobody wants to know. On the
    // loop of a worker; no other worker runs anything before this returns. Until one of them is
    // woken again: once when nothing out in the world is waited for either, and, `is_long`, once
    // when that has lasted for suspect_ns.
    void (*still)(struct scheduler *scheduler, bool is_long);
    // The moment that scheduler_look_at gave has come. On the loop of a worker.
    void (*look)(struct scheduler *scheduler);
};

struct scheduler {
    int count;     // workers, the agent included
    int executors; // those before the agent
    struct worker *workers;
    bool is_shared; // more than one worker
    const struct scheduler_calls *calls;
    void *upper;     // the frame layer's part
    uint64_t hog_ns; // CPU time after which the watchdog speaks; 0: never
    struct stack_set stacks;
    struct idle_map idle;
    struct spin_limits spins;
    struct shared_queue free;   // frames that may start anywhere
    struct shared_queue anyone; // posts: any worker, also one that takes no free work
    _Atomic bool is_stopping;
    _Atomic int keeper;          // the idle worker that watches busy workers' timers; -1: none
    _Atomic uint64_t armed_ns;   // what it sleeps until
    struct world *_Atomic world; // where it sleeps; NULL: on its word
    uint64_t suspect_ns;         // as in struct scheduler_options
    struct os_lock still_lock;   // held while calls->still is called
    _Atomic uint32_t told_still; // enum still_told, since somebody was woken
    _Atomic uint64_t look_ns;    // when calls->look is to be called; OS_NEVER: nobody wants it
    struct wire *wire;           // NULL: there are no other processes
};

struct scheduler_options {
    int count;             // workers that run frames
    bool zero_is_reserved; // worker 0 takes no free work
    bool has_spare;        // the last worker works only while worker 0 is idle
    const struct scheduler_calls *calls;
    void *upper;
    size_t beside_bytes; // that the layer above wants beside each struct task_stack
    uint64_t hog_ns;     // as in struct scheduler
    uint64_t suspect_ns; // when calls->still is called with is_long; OS_NEVER: not at all
    struct wire *wire;   // the same; there is one worker more then
};

// Fills `scheduler` in; starts no thread yet. 0 or an OS_ code.
OS_MUST_USE int scheduler_init(struct scheduler *scheduler,
                               const struct scheduler_options *options);
void scheduler_deinit(struct scheduler *scheduler);

// Starts the other workers and runs worker 0's loop here until scheduler_stop, then joins them all.
// 0, or an OS_ code when a thread could not be started: then nothing ran. The calling thread's
// os_thread_local is used meanwhile.
OS_MUST_USE int scheduler_run(struct scheduler *scheduler);

// Ends all loops once what they run returns to them. From any thread.
void scheduler_stop(struct scheduler *scheduler);

// The worker of the calling thread, NULL outside of a run. Read it anew after every wait.
struct worker *worker_current(void);

// What a suspended stack's `resume` runs, unless it is due.
struct task_stack *worker_resume(struct worker *worker, struct runnable *runnable);

// True while the worker may take PFrames: always, or, for the spare one, while worker 0 is idle.
bool worker_may_take_free(struct worker *worker);

// A fresh stack of at least `bytes` that will call entry(stack); NULL: no memory. `home` as in
// struct task_stack. By the worker's own thread.
struct task_stack *worker_stack_create(struct worker *worker, size_t bytes, struct worker *home,
                                       void (*entry)(struct task_stack *stack));

// The two halves of it, for a layer above that has use for what lies beside a stack before it runs
// and after: memory of at least `bytes`, or NULL; and a stack in that memory, which the layer gives
// back itself (is_kept). The last may be called from any thread, when nothing runs there any more.
struct task_stack *worker_stack_acquire(struct worker *worker, size_t bytes);
void worker_stack_prepare(struct worker *worker, struct task_stack *stack, struct worker *home,
                          void (*entry)(struct task_stack *stack));
void worker_stack_release(struct scheduler *scheduler, struct task_stack *stack);

// Takes `bytes` off the top of a stack that has been acquired, and will be prepared, at a multiple
// of CACHE_LINE: where they lie. And off one that has been prepared and has not run.
void *worker_stack_room(struct task_stack *stack, size_t bytes);
void *worker_stack_reserve(struct task_stack *stack, size_t bytes);

// Leaves the running stack, which is `stack`, for the loop; then commit(stack, argument) runs
// there, with the stack suspended: it arranges that somebody continues it. Returns when continued,
// maybe on another worker (stack->worker).
void worker_suspend(struct task_stack *stack,
                    void (*commit)(struct task_stack *stack, void *argument), void *argument);

// Ends the running stack for good and gives its memory back; `commit` runs before that, if any.
__attribute__((noreturn)) void worker_finish(struct task_stack *stack,
                                             void (*commit)(struct task_stack *, void *),
                                             void *argument);

// Makes a claimed stack run again, at its home or anywhere. From any thread.
void worker_ready(struct scheduler *scheduler, struct task_stack *stack);

// The same for a stack that has slept, when its time has come: however much its home has to run
// before, little of it goes first.
void worker_ready_due(struct scheduler *scheduler, struct task_stack *stack);

// Takes what others have sent, behind what the worker has. By its own thread.
void worker_take_inbox_slow(struct worker *worker);

static inline void worker_take_inbox(struct worker *worker) {
    if (!inbox_is_empty(&worker->inbox)) {
        worker_take_inbox_slow(worker);
    }
}

// The very next thing that the worker takes of its own, whatever is due. By its own thread.
static inline void worker_run_next(struct worker *worker, struct runnable *runnable) {
    runnable_queue_push_front(&worker->local, runnable);
    worker->due_in_a_row = UINT_MAX;
}

// worker_ready by the only worker of a run.
static inline void worker_ready_alone(struct worker *worker, struct task_stack *stack) {
    worker_take_inbox(worker); // what has come from outside goes first
    runnable_queue_push(&worker->local, &stack->resume);
}

// The commit of a stack that only lets others go first: makes it ready at once.
void worker_requeue(struct task_stack *stack, void *argument);

// In most rounds of a busy thread of Frames the next of them is at the head of its queue, and
// nothing else has to be looked at: that one, which is worker_take_next's. NULL: worker_find has to
// look.
static inline struct runnable *worker_peek_next(struct worker *worker) {
    const bool is_next = (worker->tick + 1) % WORKER_TIMER_ROUNDS != 0 &&
                         worker->due.first == NULL && inbox_is_empty(&worker->inbox) &&
                         !worker->is_chosen && shared_queue_is_empty(&worker->ready);
    return is_next ? worker->local.first : NULL;
}

static inline void worker_take_next(struct worker *worker) {
    worker->tick++;
    (void)runnable_queue_pop(&worker->local);
}

// Whether the worker has something of its own to run next, at a glance. By its own thread.
static inline bool worker_has_next(struct worker *worker) {
    return worker->local.first != NULL || worker->due.first != NULL ||
           !inbox_is_empty(&worker->inbox) || !shared_queue_is_empty(&worker->ready);
}

// Queues a runnable: for `home` only; or, with NULL, as free work, oldest first, to the idle worker
// with the lowest index. From any thread.
void scheduler_submit(struct scheduler *scheduler, struct runnable *runnable, struct worker *home);

// Queues a runnable that any worker may run soon, also those that take no free work: `local` says
// that the calling worker will come by soon enough and keeps the order on its thread.
void scheduler_submit_anyone(struct scheduler *scheduler, struct runnable *runnable, bool local);

// Where the caller should put a timer, and putting it there so that it fires in time: the calling
// worker's, or, from a foreign thread, worker 0's.
struct timers *scheduler_timers(struct scheduler *scheduler);
void scheduler_timer_add(struct timers *timers, struct timer *timer, uint64_t deadline_ns);

// The calling thread, a worker's, is about to block: all tasks of its running stack are made
// public, so that none of them waits behind the blocking call while another thread is free.
void scheduler_show_tasks(struct worker *worker);

// A worker that comes to its loop, or sleeps, at that moment or later calls calls->look, once. In
// place of the moment given before. Not a timer: a run is still in spite of it.
void scheduler_look_at(struct scheduler *scheduler, uint64_t at_ns);

// The run waits for things in the world from now on: the keeper sleeps there. Once, at most.
void scheduler_set_world(struct scheduler *scheduler, struct world *world);

// A frame begins to wait for something in the world, where it is counted already: sees to it that
// an idle worker watches, if there is one. From any worker.
void scheduler_awaits_world(struct scheduler *scheduler);

// Work has been made public that executors may take: wakes one, if any is idle.
void scheduler_work_published(struct scheduler *scheduler);

// The same of tasks of this stack, which may also be sent to other processes.
void scheduler_tasks_published(struct task_stack *stack);

#endif
