// turn.h - the simulated threads, and which of them runs. Private to src/os/sim.
//
// Invariant: exactly one thread is RUNNING, the one turn_current() returns. A thread may be left
// and continued on any stack: `place` says where it is now, not where it began, and `here` is
// described anew whenever it is left.
//
//   READY --choose--> RUNNING --turn_pass--> READY
//   RUNNING --turn_wait--> WAITING --turn_wake, or its deadline--> READY
//   RUNNING --turn_end--> ENDED
//
// Start reading at turn_pass.
#ifndef TENON_OS_SIM_TURN_H
#define TENON_OS_SIM_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "context/context.h"

struct os_keepsake;
struct os_watch;

enum sim_state { SIM_READY, SIM_RUNNING, SIM_WAITING, SIM_ENDED };

// What a waiting thread waits for: for waking it, and for the report of a deadlock.
enum sim_reason { SIM_FOR_WORD, SIM_FOR_TIME, SIM_FOR_END, SIM_FOR_POLL };

struct sim_thread {
    struct list_node node; // In the list of all threads, oldest first.
    struct context begin;  // Its own stack, from its entry to its end.
    struct context here;   // Where its last turn ended.
    struct context *place; // The one of the two at which it continues.
    enum sim_state state;
    enum sim_reason reason;
    const void *object;   // The word, or the thread whose end is waited for.
    uint64_t deadline_ns; // OS_NEVER: none.
    bool timed_out;
    uint64_t id;
    uint64_t ran_ns;
    struct os_watch *watch; // looks after it; NULL: nobody
    uint64_t look_at_ns;    // when it has run so long; OS_NEVER: not at all
    void *local;
    struct os_keepsake *kept;
    const char *name;
    void (*entry)(void *argument);
    void *argument;
    void *stack; // NULL for the thread that main runs on.
    size_t stack_bytes;
};

// The running thread. The first call makes the one that main runs on.
struct sim_thread *turn_current(void);

// Adds a thread in its caller's memory, whose context, entry and stack are set: it is READY.
void turn_add(struct sim_thread *thread);

// Ends the turn of the running thread, which stays ready; anyone who is ready comes next.
void turn_pass(void);

// The running thread waits. Returns true when its deadline passed, false when it was woken.
bool turn_wait(enum sim_reason reason, const void *object, uint64_t deadline_ns);

// How many threads there are that have not ended.
int turn_threads(void);

// Makes up to `count` threads ready that wait for `object` for that reason.
void turn_wake(enum sim_reason reason, const void *object, int count);

// Makes all threads ready that wait for that reason.
void turn_wake_all(enum sim_reason reason);

// Before anybody is chosen: lets the polls know of signals that have come. In poll.c.
void sim_signals_tell(void);

// The running thread has ended: wakes whoever waits for it and never returns.
__attribute__((noreturn)) void turn_end(void);

// A number below `bound` from the seed.
uint64_t turn_random(uint64_t bound);

// Virtual time, and moving it on by a moment, as every os call does.
uint64_t turn_now_ns(void);
void turn_advance(uint64_t duration_ns);

// The thread has run until it is to be looked at. In watch.c.
void watch_look(struct sim_thread *thread);

// Time that all threads together, ended ones too, have been running.
uint64_t turn_process_ns(void);

// Prints who waits for what and how to replay it, and exits. In deadlock.c.
__attribute__((noreturn)) void deadlock_report(struct list *threads, uint64_t seed,
                                               uint64_t now_ns);

#endif
