// spin.h - how long an idle worker goes on looking for work before it sleeps.
//
// A sleep costs no CPU, but who hands a sleeper work waits for its wake-up: 1 us where cores do not
// halt, 35 to 50 us on a virtual machine. Who spins for as long as a wake-up takes and sleeps then
// loses at most as much again as one who had known when work would come, whenever it comes. So the
// length is measured, where it costs nothing: at the wake-ups that happen anyway. The waker writes
// the time down (idle_wake), the sleeper looks at the clock when it is up.
//
// Most gaps between works are like the one before. So a spin in vain halves the worker's next one,
// and work that comes within the price of a wake-up, during a spin or after it, restores it.
//
// Two that wait for each other may both sleep each time for no other reason than that the other one
// does. So after some naps, sleeps that a long spin would have outlasted, a worker makes a trial:
// it spins for as long as the last nap was, some times in a row. If the other one stays awake for
// that, work comes early from then on, and if not, it was a small part of what the naps cost.
//
// Invariant: SPIN_MIN_NS <= length_ns <= SPIN_MAX_NS, and but for a trial length_ns <= wake_ns,
// when a worker has learned; SPIN_ALONE_MIN_NS <= alone_ns <= SPIN_ALONE_NS; at most spinning_max
// workers of a scheduler spin. Start reading at spin_begin.
#ifndef TENON_SCHEDULER_SPIN_H
#define TENON_SCHEDULER_SPIN_H

#include <stdbool.h>
#include <stdint.h>

// Below: what a sleep costs both sides in system calls and switches, however quick the wake-up is.
// Above: a wake-up that takes longer waits for a CPU, not for a core to wake, and spinning would
// keep one from others. That it does anyway where more threads spin than there are CPUs: so after a
// moment each look first lets those run that wait for this one. But who has something to compute
// keeps the CPU for long, and work that comes meanwhile waits, while a sleeper would be woken: then
// a worker does not give it away for so many spins.
//
// That moment is half as long each time others have run then, as where the two that wait for each
// other share one CPU, and twice as long each time nobody wanted to.
#define SPIN_MIN_NS 6000
#define SPIN_MAX_NS 50000
#define SPIN_ALONE_NS 2000
#define SPIN_ALONE_MIN_NS 250
#define SPIN_SWITCH_NS 1000 // a yield that takes longer has let another one run
#define SPIN_ROBBED_NS 200000
#define SPIN_ROBBED_SPINS 64
// Before anything is measured.
#define SPIN_FIRST_NS 10000
// So many naps for one trial, of at most so many spins that pay.
#define SPIN_TRIAL_NAPS 16
#define SPIN_TRIAL_SPINS 4

// Of a scheduler.
struct spin_limits {
    _Atomic uint32_t wake_ns; // the median of what wake-ups took, followed step by step
    _Atomic int spinning;
    int spinning_max;
};

// Of a worker, by its own thread.
struct spin {
    struct spin_limits *limits;
    bool is_on;    // counted in limits->spinning
    bool is_spent; // the worker has spun already, elsewhere: the next spin is none
    uint32_t length_ns;
    unsigned naps;       // since the last trial
    unsigned trial_left; // spins of the one that is being made
    uint32_t alone_ns;   // the moment after which it lets others run
    unsigned robbed;     // for so many spins it does not let others run
    uint64_t began_ns;
    uint64_t spun_ns; // at the last look at the clock
};

// Half of the workers may spin at once, and always two: who hands over to another begins to look
// before that one has stopped.
void spin_limits_init(struct spin_limits *limits, int workers);
void spin_init(struct spin *spin, struct spin_limits *limits);

// The worker is idle from now on. True: it may spin, until spin_end; false: enough others do.
bool spin_begin(struct spin *spin);

// The time at the last look at the clock, while it spins; else 0.
static inline uint64_t spin_clock_ns(const struct spin *spin) {
    return spin->is_on ? spin->began_ns + spin->spun_ns : 0;
}

// True while the spin is to go on. Looks at the clock, and may let another thread run.
bool spin_goes_on(struct spin *spin);

// It has let others run in a spin, which took so long.
void spin_learn_yield(struct spin *spin, uint64_t took_ns);

// Ends the spin, if there is one. `paid`: because there is something to do; before it is done.
void spin_end_slow(struct spin *spin, bool paid);
static inline void spin_end(struct spin *spin, bool paid) {
    if (spin->is_on) {
        spin_end_slow(spin, paid);
    }
}

// Somebody wakes a sleeper: writes the time down for its spin_learn. From any thread.
void spin_note_wake(_Atomic uint64_t *woken_ns);

// After a sleep since spin_begin: somebody woke the worker at woken_ns, it was awake at awake_ns.
// A woken_ns from before the spin says that nobody did: a deadline came. Or a bell rang, of which
// nobody knows when (spin_learn_rung).
void spin_learn(struct spin *spin, uint64_t woken_ns, uint64_t awake_ns);
void spin_learn_rung(struct spin *spin, uint64_t awake_ns);

#endif
