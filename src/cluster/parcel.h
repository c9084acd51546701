// parcel.h - what travels with a task beside what its type says: how it is to run, and how it has
// failed.
//
// The arguments follow a struct parcel_wish, as copy.h writes them. A failure travels with its
// causes; of its path, what is below the DFrame's own, which the owner puts before it.
// Invariant: reading stays inside what was read, whatever stands there. Start reading at
// parcel_read_failure.
#ifndef TENON_CLUSTER_PARCEL_H
#define TENON_CLUSTER_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/failure.h>

struct parcel_wish {
    uint64_t left_ns;            // until its deadline; OS_NEVER: it has none
    uint32_t stack_bytes;        // 0: as many as others
    uint32_t waits_for_children; // at its end, instead of removing them
};

enum {
    PARCEL_FAILURES_MAX = 8, // a failure and its causes
    PARCEL_TEXT_MAX = 500,   // bytes of one text
    PARCEL_FAILURE_MAX = 4 + PARCEL_FAILURES_MAX * (20 + 3 * (PARCEL_TEXT_MAX + 1)),
};

// Writes a failure and its causes into at most `room` bytes, at least PARCEL_FAILURE_MAX, with what
// is left of each path behind `prefix`. Returns how many bytes it took.
size_t parcel_write_failure(const struct tn_failure *failure, const char *prefix, void *buffer,
                            size_t room);

// One that has arrived: the first is the failure, each further one the cause of the one before.
struct parcel_failure {
    struct tn_failure failures[PARCEL_FAILURES_MAX];
    char paths[PARCEL_FAILURES_MAX][2 * PARCEL_TEXT_MAX];
};

// Reads what was written, with `prefix` before each path. The messages stay in the buffer. False
// when it is no failure.
bool parcel_read_failure(const void *buffer, size_t bytes, const char *prefix,
                         struct parcel_failure *parcel);

#endif
