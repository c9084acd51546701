// quarantine.h - the memory of ended events, kept so that a late use of one is noticed.
//
// Nothing of a run's events is given back before the run ends, and what is here says that it has
// ended. Memory is used again only when much of it has gathered, the oldest first; in checking
// builds never.
// Invariant: an event is here at most once, and nothing holds a reference to it.
// Start reading at quarantine_put.
#ifndef TENON_FRAME_QUARANTINE_H
#define TENON_FRAME_QUARANTINE_H

#include <stddef.h>

#include "base/list.h"
#include "os/os.h"

struct quarantine {
    struct os_lock lock;
    struct list nodes; // oldest first
    size_t count;
};

void quarantine_init(struct quarantine *quarantine);

// Frees everything: each node is the first member of allocated memory.
void quarantine_deinit(struct quarantine *quarantine);

// From any thread. A node that is here already stays where it is.
void quarantine_put(struct quarantine *quarantine, struct list_node *node);

// Memory to use again, NULL: none yet.
struct list_node *quarantine_take(struct quarantine *quarantine);

#endif
