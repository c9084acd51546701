// file.h - the contract with the system, second part: descriptors, and waiting for many at once.
//
// A descriptor is a number that stands for something bytes are read from or written to. Reading and
// writing never block here: what cannot be done at once is OS_AGAIN, and os_poll_wait says when to
// try again. os/linux waits by epoll; the functions say nothing that io_uring could not do.
// os/sim has pipes in memory, small ones, with short reads and writes drawn from the seed; it has
// no descriptors of the program's own.
//
// Invariant: as in os.h. The first os_pipe or os_adopt of a process lets it ignore SIGPIPE, unless
// the program has set a handler: a write that nobody can read is a code, never the process's end.
// Start reading at os_poll_add.
#ifndef TENON_OS_FILE_H
#define TENON_OS_FILE_H

#include "os/os.h"

// More codes that are told apart.
enum os_file_code {
    OS_BROKEN = -EPIPE,          // nobody reads what would be written
    OS_TOO_MANY_FILES = -EMFILE, // the process may open no more
    OS_NOT_POLLABLE = -EPERM,    // os_poll_add: always ready, as a file on disk is
};

// ---- descriptors -----------------------------------------------------------------------------

// A new pipe: what is written to ends[1] is read from ends[0]. Not seen by programs that are
// started later. Fails with OS_TOO_MANY_FILES or OS_NO_MEMORY.
OS_MUST_USE int os_pipe(int ends[2]);

// Takes a descriptor of the program over: makes it non-blocking, for everybody who shares it.
// *former is for os_restore, which undoes that. Fails with -EBADF, and in os/sim always.
OS_MUST_USE int os_adopt(int fd, int *former);
void os_restore(int fd, int former);

// Reads up to `bytes` bytes: how many, at least one; 0 at the end; OS_AGAIN when there are none
// yet; another negative code. bytes must not be 0.
OS_MUST_USE ptrdiff_t os_read(int fd, void *into, size_t bytes);

// Writes up to `bytes` bytes: how many, at least one; OS_AGAIN when there is no room; OS_BROKEN;
// another negative code. bytes must not be 0.
OS_MUST_USE ptrdiff_t os_write(int fd, const void *from, size_t bytes);

// Closes it: the number may stand for something else at once.
void os_close(int fd);

// Maps the whole of a file, to be read only and shared with others: *data, never NULL, and *bytes,
// until os_file_unmap. Fails with OS_NOT_FOUND, -EACCES, -EISDIR, OS_TOO_MANY_FILES, OS_NO_MEMORY.
OS_MUST_USE int os_file_map(const char *path, const void **data, size_t *bytes);
void os_file_unmap(const void *data, size_t bytes);

// ---- waiting for many ------------------------------------------------------------------------

enum os_poll_what { OS_POLL_IN = 1, OS_POLL_OUT = 2 };

// Something has changed since the last event: bytes have come, or the end has (IN), room has, or
// nobody reads any more (OUT). An error is both. May be said once too often, never too rarely.
struct os_poll_event {
    uint64_t tag;
    unsigned what; // of enum os_poll_what
};

// Where descriptors are waited for. The fields belong to the implementation.
struct os_poll {
    int handle;
    int bell;
    uint64_t signal_tag;
    uint64_t signals_seen;
};

OS_MUST_USE int os_poll_init(struct os_poll *poll);
void os_poll_deinit(struct os_poll *poll);

// Reports each change of `fd` as an event with `tag`, from now on, and what it is ready for now as
// the first one. Until os_poll_remove, which comes before os_close; an event may be on its way
// then. Fails with OS_NOT_POLLABLE or OS_NO_MEMORY.
OS_MUST_USE int os_poll_add(struct os_poll *poll, int fd, uint64_t tag);
void os_poll_remove(struct os_poll *poll, int fd);

// Waits for events until the deadline (0: only looks; OS_NEVER) and returns how many of at most
// `events_max` there are: each is reported once, to one caller. 0 at the deadline, after
// os_poll_wake, or for no reason. Deadlines may be late by a millisecond on kernels before 5.11.
int os_poll_wait(struct os_poll *poll, struct os_poll_event *events, int events_max,
                 uint64_t deadline_ns);

// Reports signals that are watched (below) as events with `tag`, IN, from now on.
OS_MUST_USE int os_poll_add_signals(struct os_poll *poll, uint64_t tag);

// A descriptor that is ready to read while there are events, so that one poll can wait for another;
// it reports each new one as a change. -1 in os/sim.
int os_poll_descriptor(const struct os_poll *poll);

// Ends one wait: the one that goes on, or the next. From any thread, also in a signal handler.
void os_poll_wake(struct os_poll *poll);

// ---- signals ---------------------------------------------------------------------------------

// Watches a signal of the process: instead of what it did before, it is counted, and reported by
// every poll that was told to. As often as it is called, os_signal_unwatch is to be called; the
// last one lets the signal do again what it did. Fails with OS_INVALID for what nobody can catch,
// or OS_NO_MEMORY.
OS_MUST_USE int os_signal_watch(int number);
void os_signal_unwatch(int number);

// How often a signal has come while it was watched.
uint64_t os_signal_count(int number);

#endif
