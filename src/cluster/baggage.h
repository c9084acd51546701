// baggage.h - what travels with a task beside what its type says: how it is to run, and how it has
// failed.
//
// The arguments follow a struct baggage_wish, as copy.h writes them. A failure travels with its
// causes; of its path, what is below the DFrame's own, which the owner puts before it.
// Invariant: reading stays inside what was read, whatever stands there. Start reading at
// baggage_read_failure.
#ifndef TENON_CLUSTER_BAGGAGE_H
#define TENON_CLUSTER_BAGGAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/failure.h>

struct baggage_wish {
    uint64_t left_ns;            // until its deadline; OS_NEVER: it has none
    uint32_t stack_bytes;        // 0: as many as others
    uint32_t waits_for_children; // at its end, instead of removing them
};

enum {
    BAGGAGE_FAILURES_MAX = 8, // a failure and its causes
    BAGGAGE_TEXT_MAX = 500,   // bytes of one text
    BAGGAGE_FAILURE_MAX = 4 + BAGGAGE_FAILURES_MAX * (20 + 3 * (BAGGAGE_TEXT_MAX + 1)),
};

// Writes a failure and its causes into at most `room` bytes, at least BAGGAGE_FAILURE_MAX, with what
// is left of each path behind `prefix`. Returns how many bytes it took.
size_t baggage_write_failure(const struct tn_failure *failure, const char *prefix, void *buffer,
                            size_t room);

// One that has arrived: the first is the failure, each further one the cause of the one before.
struct baggage_failure {
    struct tn_failure failures[BAGGAGE_FAILURES_MAX];
    char paths[BAGGAGE_FAILURES_MAX][2 * BAGGAGE_TEXT_MAX];
};

// Reads what was written, with `prefix` before each path. The messages stay in the buffer. False
// when it is no failure.
bool baggage_read_failure(const void *buffer, size_t bytes, const char *prefix,
                         struct baggage_failure *baggage);

#endif
