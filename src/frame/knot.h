// knot.h - frames that wait for each other in a circle while others go on: found and told.
//
// Who waits for something that a frame holds ties itself to a list for as long as that takes. A
// worker that comes by later looks at the ties that have lasted: from each to who holds what it
// waits for, from there to what that one waits for in turn, a tie again or the end of frames, and
// so on. Whoever comes back to where it has been has found a knot.
//
//           knot_tie           knots_look, the next one            knots_look
//    (none) --------> is new ---------------------------> lasts ---------------> is told
//    and from each of them: knot_untie
//
// Nothing on the way moves while it is looked at: who is tied has to take the lock of its list to
// go on, and all of them are taken; who waits for frames is claimed, and made ready afterwards,
// whose wait then looks whether it is over and goes on (as in grace.c). And a frame that does not
// run gives nothing back. So a knot that is found is one.
//
// A tie that has lasted for the run's suspect_ns, if it has one, to who waits in turn for something
// that has no holder - a channel, a condition - is no knot as far as is known, and told as suspect.
//
// Invariants: stack->tie is set exactly while the tie is on a list; both change under the lock of
// that list, and are read without it by who only asks whether there is one. While any list holds a
// tie, a look is to come: interval_ns is not 0.
// Lock order: the lists by index, then the lock of what is waited for.
// Start reading at knots_look; docs/decisions/0021-knots.md says why it is done so.
#ifndef TENON_FRAME_KNOT_H
#define TENON_FRAME_KNOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cache.h"
#include "base/list.h"
#include "os/os.h"

struct note;
struct scheduler;
struct task_stack;

// One per worker.
struct knot_list {
    CACHE_ALIGNED struct os_lock lock;
    struct list ties;
};

// Of a run.
struct knots {
    struct knot_list *lists;
    int count;
    _Atomic uint64_t interval_ns; // until the next look; 0: nothing is tied
    uint32_t looks;               // by who looks: one at a time
};

// One who waits. In its own memory.
struct knot_tie {
    struct list_node link;
    struct knot_list *list; // NULL: a thread in no run, which is tied nowhere
    struct task_stack *stack;
    const struct note *note; // its `holder` is asked from other threads
    const void *site;        // where the program called what waits
    uint32_t seen;           // the first look that met it; 0: none has
    uint64_t seen_ns;        // and when that was
    uint32_t passed;         // the last one that went on from it
    bool is_told;
};

void knots_init(struct knots *knots, struct knot_list *lists, int count);

// Around a wait for what a frame may hold; without any lock of what is waited for. By the frame on
// the stack; NULL: a thread in no run.
void knot_tie(struct knot_tie *tie, struct task_stack *stack, const struct note *note,
              const void *site);
void knot_untie(struct knot_tie *tie);

// What the scheduler calls, on a worker's loop, at the moment that was asked for.
void knots_look(struct scheduler *scheduler);

#endif
