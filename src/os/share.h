// share.h - the contract with the system, fourth part: what two processes have in common: memory,
// bells, and a post that carries descriptors.
//
// Everything here is a descriptor that another process may be given, and has no name that others
// could find. os/sim has no other processes: all of this is OS_UNSUPPORTED there.
//
// Invariant: shared memory can become neither shorter nor longer after it was made (it is sealed),
// so that nothing another process does lets an access inside of it fault.
// Start reading at os_share_make.
#ifndef TENON_OS_SHARE_H
#define TENON_OS_SHARE_H

#include "os/os.h"

// ---- memory ----------------------------------------------------------------------------------

struct os_share {
    void *at;
    size_t bytes;
    int handle; // -1: closed, the mapping stays
};

// Makes shared memory of whole pages, mapped, all zeros, which becomes resident as it is touched.
// It is not seen by processes that fork off this one. Fails with OS_NO_MEMORY (limits on address
// space and on file sizes count), OS_TOO_MANY_FILES, OS_UNSUPPORTED.
OS_MUST_USE int os_share_make(struct os_share *share, size_t bytes);

// Maps memory that another process has made, and owns the handle from now on, also when it fails:
// with OS_INVALID when it is not sealed, or not `bytes` long; OS_NO_MEMORY.
OS_MUST_USE int os_share_take(struct os_share *share, int handle, size_t bytes);

// A handle of the same memory for who is only to read it, closed by os_close: with /proc one that
// can't be mapped otherwise. Fails with OS_TOO_MANY_FILES.
OS_MUST_USE int os_share_reader(const struct os_share *share, int *handle);

// As os_share_take, but what is mapped can only be read.
OS_MUST_USE int os_share_take_to_read(struct os_share *share, int handle, size_t bytes);

// Closes the handle, if it is open; the mapping stays.
void os_share_close(struct os_share *share);

// Unmaps it and closes the handle.
void os_share_drop(struct os_share *share);

// Gives the pages of a range of whole pages back to the system, for all who share them: what they
// held is lost, if the system takes them (an emulated one may not).
void os_share_discard(void *at, size_t bytes);

// ---- bells -----------------------------------------------------------------------------------

// A bell: a descriptor for os_poll_add, which reports each ring as IN. *bell is closed by os_close.
// Fails with OS_TOO_MANY_FILES, OS_NO_MEMORY or OS_UNSUPPORTED.
OS_MUST_USE int os_bell_make(int *bell);

// From any process that has it; costs a system call.
void os_bell_ring(int bell);

// ---- the post --------------------------------------------------------------------------------

enum { OS_PARCEL_WORDS = 4, OS_PARCEL_HANDLES = 4 };

// Some numbers and some descriptors, sent as one. The receiver has descriptors of its own, which
// programs that are started later do not see.
struct os_parcel {
    int64_t words[OS_PARCEL_WORDS];
    int handles[OS_PARCEL_HANDLES];
    unsigned handle_count;
};

// Two ends; each is closed by os_close. Fails as os_bell_make.
OS_MUST_USE int os_post_pair(int ends[2]);

// Never blocks: OS_AGAIN when there is no room, OS_BROKEN when the other end is closed, or another
// negative code. Sender and receiver then have their own descriptors.
OS_MUST_USE int os_post_send(int post, const struct os_parcel *parcel);

// Never blocks: OS_AGAIN when there is nothing, OS_BROKEN when the other end is closed and all has
// been received, OS_INVALID when it was no parcel: then it is dropped, descriptors and all.
OS_MUST_USE int os_post_receive(int post, struct os_parcel *parcel);

#endif
