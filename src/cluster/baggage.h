// baggage.h - what travels with a task beside what its type says: how it is to run, what it posts,
// asks and is answered, and how it has failed.
//
// The arguments follow a struct baggage_wish, as copy.h writes them, and a snapshot of frame-local
// values follows those. Where nothing is wished, and the arguments are shorter than a wish would
// be, they travel alone: most fit a message then (ring.h).
//
// A failure travels with its causes, as a group; of a path below the DFrame's own, what is behind
// that, which the owner puts before it again.
// Invariant: reading stays inside what was read, whatever stands there. Start reading at
// baggage_read.
#ifndef TENON_CLUSTER_BAGGAGE_H
#define TENON_CLUSTER_BAGGAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/failure.h>
#include <tenon/port.h>

#include "os/os.h"

struct baggage_wish {
    uint64_t left_ns;            // until its deadline; OS_NEVER: it has none
    uint32_t stack_bytes;        // 0: as many as others
    uint32_t waits_for_children; // at its end, instead of removing them
    uint64_t locals_bytes;       // of the values of its ancestors: frame/local.h
};

// What is not said is this.
static inline struct baggage_wish baggage_wish_none(void) {
    return (struct baggage_wish){.left_ns = OS_NEVER};
}

// The bytes of the wish before arguments of so many bytes: none where it need not be said.
static inline size_t baggage_wish_bytes(const struct baggage_wish *wish, size_t argument_bytes) {
    const bool says_none = wish->left_ns == OS_NEVER && wish->stack_bytes == 0 &&
                           wish->waits_for_children == 0 && wish->locals_bytes == 0;
    return says_none && argument_bytes < sizeof *wish ? 0 : sizeof *wish;
}

// And in so many bytes that have come.
static inline size_t baggage_wish_bytes_of(size_t bytes) {
    return bytes < sizeof(struct baggage_wish) ? 0 : sizeof(struct baggage_wish);
}

// What a DFrame posts to an ancestor's event.
struct baggage_post {
    struct tn_port port;
    int64_t value;
};

// What a DFrame asks at the port of a queue, or a frame below it; behind it the item of a put, as
// copy.h writes it. A post as well, and told from others by its length.
struct baggage_ask {
    struct tn_port port;
    uint64_t number; // from 1 on, among those of the DFrame
    uint64_t type;   // of the items: schema_item_identity; 0: there is none
    uint32_t wish;   // enum tn_wish; 0: takes back the one of that number
    uint32_t unused;
};

// The answer, which a DFrame is told; behind it the item of a get.
struct baggage_answer {
    uint64_t number;
    int32_t code;
    uint32_t unused;
};

enum { BAGGAGE_ASKS_MAX = 65536 }; // of a DFrame, at a time

enum {
    BAGGAGE_GROUPS_MAX = 4,   // failures that happened beside each other
    BAGGAGE_FAILURES_MAX = 4, // of a group: a failure and its causes
    BAGGAGE_TEXT_MAX = 500,   // bytes of one text
    BAGGAGE_GROUP_BYTES = 4 + BAGGAGE_FAILURES_MAX * (24 + 3 * (BAGGAGE_TEXT_MAX + 1)),
    BAGGAGE_BYTES_MAX = BAGGAGE_GROUPS_MAX * BAGGAGE_GROUP_BYTES,
};

// Writes so many failures, with what is left of each path behind `prefix`, into a buffer of
// BAGGAGE_GROUP_BYTES for each of them. Returns how many bytes it took.
size_t baggage_write(const struct tn_failure *const *failures, unsigned count, const char *prefix,
                     void *buffer);

// What is left to be read.
struct baggage_reader {
    const unsigned char *at;
    size_t left;
};

// A group that has arrived: the first is the failure, each further one the cause of the one before.
struct baggage_group {
    struct tn_failure failures[BAGGAGE_FAILURES_MAX];
    char paths[BAGGAGE_FAILURES_MAX][2 * BAGGAGE_TEXT_MAX];
};

// Reads the next group, with `prefix` before each path; the messages stay where they were read.
// False when there is none, or it is no failure.
bool baggage_read(struct baggage_reader *reader, const char *prefix, struct baggage_group *group);

#endif
