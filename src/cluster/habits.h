// habits.h - how long each DFrame has taken elsewhere, so that those stay here that are not worth
// the way.
//
// The way is what an answer takes beyond the time that the function ran, where it was sent to a
// thread that had nothing to do: of what was measured the least, forgotten slowly. Where there are
// more threads than CPUs, many a process waits for one first, for as long as a hundred ways; so
// what is measured since adds a sixteenth of the least at most; and it is not known before some
// were measured. A DFrame whose function runs for less than ten ways stays; now and then one of
// these is sent all the same, to see whether that is still so: none within 2 ms of the one before,
// which may have had to wake another process.
// Invariant: a type has one entry, written under the turn, read by anybody; a table that is full
// knows nothing of further types, which are sent. Start reading at habits_wants.
#ifndef TENON_CLUSTER_HABITS_H
#define TENON_CLUSTER_HABITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

struct tn_type;

enum { HABITS_TYPES = 256, HABITS_TRIAL_NS = 2000000, HABITS_WAYS_MIN = 4 };

struct habit {
    const struct tn_type *_Atomic type; // NULL: none
    _Atomic uint64_t mean_ns;           // followed by an eighth each time; 0: not known
    _Atomic uint32_t asked;             // how often, while it was too short
    _Atomic bool is_trial;              // the next one is sent all the same
    _Atomic uint64_t tried_ns;          // when one was last chosen for that
};

struct habits {
    struct habit habits[HABITS_TYPES];
    uint64_t way_ns;
    unsigned ways; // that were measured, up to HABITS_WAYS_MIN
    _Atomic uint64_t short_ns; // ten ways; 0: not known
};

void habits_init(struct habits *habits);

// Shall one of these go elsewhere? From any thread. Whether it is time for a trial is looked at
// once in 64 times, or each time by who is idle anyway.
bool habits_wants(struct habits *habits, const struct tn_type *type, bool is_idle);

// The same by who will send it if so: a trial is used up by that.
bool habits_takes(struct habits *habits, const struct tn_type *type);

// One has come back after elapsed_ns; its function ran for spent_ns of them. Under the turn.
void habits_learn(struct habits *habits, const struct tn_type *type, uint64_t elapsed_ns,
                  uint64_t spent_ns);

// The same of one that did not wait for another. One that ran for longer than it was away says
// nothing. Under the turn.
void habits_learn_way(struct habits *habits, uint64_t elapsed_ns, uint64_t spent_ns);

#endif
