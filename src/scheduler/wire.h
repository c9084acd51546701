// wire.h - what other processes say to a run, and who of it listens.
//
// The scheduler declares what it needs, src/cluster fills it in for a run that has other processes
// (ear.c); all other runs have none and pay nothing. A worker that finds nothing to do listens
// while it looks for work; so who waits for an answer hears it itself. A run with a wire has one
// worker more than those that run frames, the agent: it takes no free work, so it is always there
// to listen when all others compute, and sends off what may run elsewhere while there are places.
//
// Before a worker sleeps, and when one that has listened runs something, it says so (leave). The
// last one to do that arms the doorbell, and looks once more, and sleeps there if that is what it
// is about to do; or else the agent does; or the agent, which sleeps for a while only, comes by in
// time (ear.h). The doorbell rings in a world of its own, where one sleeps at a time, and the agent
// is no keeper. Invariant: while something may come, somebody listens, or sleeps where the doorbell
// rings, which is armed, or the agent sleeps for that while only, is about to, or is being woken.
// Start reading at wire_hear in wire.c.
#ifndef TENON_SCHEDULER_WIRE_H
#define TENON_SCHEDULER_WIRE_H

#include <stdbool.h>
#include <stdint.h>

struct runnable;
struct scheduler;
struct task_stack;
struct tn_type;
struct worker;
struct world;

struct wire {
    // Hears what has come, and makes ready what waited for it. By an idle worker, which listens
    // from the first call (`is_first`) on that has set worker->listens. True: something has come.
    // What the worker is to run next is left in worker->taken, for `next`.
    bool (*hear)(struct wire *wire, struct worker *worker, bool is_first);
    // A task that has come and waits for a worker, for one that has just ended something else and
    // does not listen: so in a stream of short tasks nobody begins to listen, and arms the doorbell
    // again, for each. What was taken before (worker->taken) goes first. True: something was done;
    // *found: what is to run now; NULL: nothing. NULL: none ever waits.
    bool (*next)(struct wire *wire, struct worker *worker, struct runnable **found);
    _Atomic bool has_next; // a glance at whether one waits
    // The worker goes away; it `has_listened`, or not. It is to sleep if it is announced, and has
    // found nothing then; at the bell, if worker->is_at_bell is set. If it is the agent, sets
    // until_ns. False: something has come that nobody
    // else listens for, or the agent is to come by.
    bool (*leave)(struct wire *wire, struct worker *worker, bool has_listened);
    // Whether a task of this type, which may travel, shall be taken to be sent. From any worker, or
    // by the agent, which is idle.
    bool (*wants)(struct wire *wire, const struct tn_type *type, bool is_idle);
    // The agent chooses what is sent, so who runs it elsewhere waits for the agent. Otherwise what
    // it hears while all others are busy has time, and to spin would only take a core from them.
    bool agent_spins;
    struct world *world;     // where the doorbell rings
    _Atomic int open;        // places in other processes that are free: a glance
    _Atomic uint64_t due_ns; // when to hear even if nothing has come; OS_NEVER: not
    bool leaves_some;        // the agent has last seen tasks that are not to be sent now
    uint64_t until_ns;       // what the agent sleeps until, or has slept; by whoever leaves
};

// All of these are for runs that have a wire. An idle worker listens: as in struct wire.
bool wire_hear(struct worker *worker);

// A worker that has nothing else to do, and is not idle yet, takes what waits: as in struct wire.
bool wire_next(struct worker *worker, struct runnable **found);

// Whether the worker, which is about to leave a stack that has ended, would take what waits next,
// before anything else. Then it may be said to have begun already: worker->taken.
bool wire_is_next(struct worker *worker);

// Whether what the worker has taken, or takes soon, may go on where its last task has ended. Now
// and then it must not, so that the worker looks at everything.
bool wire_may_follow(struct worker *worker);

// Of what it does or waits for without looking at everything, this is number `count`: must it now?
// After so many as of frames before it looks at its timers; but those that take a moment only may
// be more.
bool wire_round_is_over(struct worker *worker, unsigned count);

// It is about to sleep. False: it must not, there is something to hear.
bool wire_sleep(struct worker *worker);

// It goes on with something else, and is_on_wire: it listens, has slept at the bell, or was not let
// to sleep and has not looked since.
void wire_leave(struct worker *worker);

// Sleeps at the bell, if wire_sleep has left the worker there, until the doorbell rings, somebody
// wakes it, or the deadline (OS_NEVER: none).
void wire_sleep_until(struct worker *worker, uint64_t until_ns);

// What the running stack waits for will be heard by its worker, if that has nothing else to do and
// goes on to spin. So it may wait where it is: no stack is left then, and none has to be found.
// Now and then it must not, so that its worker looks at everything.
bool wire_may_wait_here(struct task_stack *stack);

// Waits like that until `is_over` says so of `what`, or for as long as the worker spins, or until
// it has something else to do. Returns whether it is over; if not, the worker listens still, and
// the stack is to be left, as else; or else, if it is_on_wire, wire_leave to be called.
bool wire_wait_here(struct task_stack *stack, bool (*is_over)(const void *), const void *what);

// The same for what its worker looks for itself, without listening, if it has nothing else to do.
bool wire_stay_here(struct task_stack *stack, bool (*is_over)(const void *), const void *what);

// The agent has nothing to do: sleeps until the doorbell rings, somebody wakes it, or it is time to
// listen.
void wire_sleep_as_agent(struct worker *worker);

// Shall the oldest task that the stack shows be taken to be sent? A glance, from any worker.
bool wire_wants_of(struct wire *wire, struct task_stack *stack, bool is_idle);

// The stack has shown tasks, and nobody idle has taken them: tells the agent, if there are places,
// and the oldest task shall be sent.
void wire_published(struct wire *wire, struct task_stack *stack);

// Wakes the agent, if it sleeps. From any thread, while the run can't end.
void wire_wake_agent(struct scheduler *scheduler);

#endif
