// deaf_link.h - a link that keeps the last message said, and hears nothing: for one half of a
// session. It may have a lane.
//
// Start reading at deaf_link_init.
#ifndef SUPPORT_DEAF_LINK_H
#define SUPPORT_DEAF_LINK_H

#include "cluster/link.h"

struct deaf_link {
    struct link link;    // first
    struct message said; // the last one
    int count;           // of those said
    bool is_full;        // nothing more is taken
    enum session_why cut;
    struct link_lane lane; // to any peer; .lane is NULL: there is none
    int lanes;             // of those that were taken and not let go of
};

void deaf_link_init(struct deaf_link *deaf, bool is_reliable);

#endif
