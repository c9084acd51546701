// ear.h - the lock around a link and a half of a session, and who listens to the link.
//
// Any worker may drive the link, one at a time: whoever has the turn. While somebody listens, the
// link is told that nobody needs to ring; the last one to go arms the doorbell, and looks once
// more.
//
//            ear_begin: the first to listen              ear_end: the last one goes
//   armed ---------------------------------> awake ------------------------------------> armed
//                                              \---- to run something, while it is ----> watched
//                                            awake <---------- ear_begin --------------/
//
// One sleeps at the bell, which lies in a poll of its own: best the last one who had nothing to do,
// because it is the next one to run what comes, and nobody else has to wake it for that. Who sleeps
// elsewhere is woken by whom the bell has woken. A worker that slept there and goes to run
// something wakes the agent, who takes its place.
//
// All of that costs system calls, for nothing if whoever went comes back at once. So the agent
// watches first: it sleeps for EAR_WATCH_NS at most, and listens then, and nobody has to ring
// meanwhile; and who has run something short finds the place at the bell free again. It goes on
// like that while listeners come and go often, each time for twice as long up to a limit: it takes
// a core from others whenever it comes by, and they come by themselves.
//
// Invariant, under the turn: `listeners` workers listen; with none, and an open link, it is armed
// and somebody sleeps at the bell, or is about to look again; or the agent watches; or the agent is
// being woken. Start reading at ear_begin.
#ifndef TENON_CLUSTER_EAR_H
#define TENON_CLUSTER_EAR_H

#include "cluster/link.h"
#include "os/file.h"
#include "scheduler/worker.h"

// How often the last listener goes to run something until the agent watches, and within one watch
// so that the agent goes on watching; how late it may hear something then; and how often it
// doubles that, if as many went for each EAR_WATCH_NS. So many doorbells cost about as much as the
// agent's way there and back.
enum { EAR_WATCH_LEAVES = 4, EAR_WATCH_NS = 200000, EAR_WATCH_DOUBLES = 3 };

// What is due is so in milliseconds; a look takes a part of a microsecond, of which the clock would
// be the most. So of those that hear nothing one in so many looks at the time.
enum { EAR_LOOKS_TIMED = 16, EAR_LOOKS_IN_A_ROW = 8 };

struct ear {
    struct os_lock turn;
    struct link *link; // NULL: not open
    struct world world;
    struct os_poll poll;
    _Atomic int listeners;        // written under the turn
    const struct worker *sleeper; // at the bell, until it gets up; NULL: nobody
    bool is_armed;
    bool is_asked;        // the agent, to leave the bell to others: it watches once
    bool calls_agent;     // who went last: the agent is to be woken, for nobody sleeps at the bell
    bool is_watched;      // by the agent, which comes by within EAR_WATCH_NS << doubled
    unsigned doubled;
    bool is_left_to_run;  // the worker that listened last went to run something
    unsigned left_to_run; // how many did so since the agent went
    unsigned looks;       // at the link, that have heard nothing
};

// 0, or the code of the system that has no more polls.
int ear_init(struct ear *ear);
void ear_deinit(struct ear *ear);

// Begins to listen to a link: 0, or the code of the system that can't wait for its doorbell. With
// the turn, as all that follows.
int ear_open(struct ear *ear, struct link *link);

// Listens no more to it, but does not close it.
void ear_close(struct ear *ear);

// A worker begins to listen; and ends, if it `has_listened`, or goes without having done so: it is
// to sleep if it is announced, at the bell if it is_at_bell afterwards. False: something has come,
// and nobody else listens; or the agent is to come by.
void ear_begin(struct ear *ear, struct worker *worker);
bool ear_end(struct ear *ear, struct worker *worker, bool has_listened);

// With the turn, once for each look: whether it is to look at the time, too. It `is_news` if it has
// heard something, or is the first of a worker.
static inline bool ear_is_timed(struct ear *ear, bool is_news) {
    return is_news || ++ear->looks % EAR_LOOKS_TIMED == 0;
}

// Until when the agent sleeps that has gone, and has nothing to do before until_ns.
uint64_t ear_agent_until(const struct ear *ear, uint64_t until_ns);

// With the turn: hands on what has come; returns how much that was. A worker that has looked at all
// else before looks a few times in a row: one look is a small part of what it does around it.
static inline unsigned ear_hear(struct link *link, bool is_first) {
    unsigned heard = link->calls->turn(link);
    for (int i = 1; heard == 0 && !is_first && i < EAR_LOOKS_IN_A_ROW; i++) {
        heard = link->calls->turn(link);
    }
    return heard;
}

// Takes the turn for one look: false when another has it, or the worker is the agent and others
// listen anyway. The first look of a worker waits for it.
static inline bool ear_take(struct ear *ear, const struct worker *worker, bool is_first) {
    if (worker->is_agent && atomic_load_relaxed(&ear->listeners) > (is_first ? 0 : 1)) {
        return false;
    }
    if (is_first) {
        os_lock_acquire(&ear->turn);
        return true;
    }
    return atomic_load_relaxed(&ear->turn.word) == 0 && os_lock_try(&ear->turn);
}

#endif
