// descriptor.h - what a handle of the program stands for: a descriptor of the system, who waits for
// it, and what was read ahead.
//
// A handle is a place in one table of the process and a number that no two descriptors ever share:
// one that is used after the close finds another number and gets TN_CLOSED, never another file. The
// table only grows, so looking into it needs no lock.
//
// Each direction is in use by one operation at a time, which first tries and then waits:
//
//     descriptor_begin -> [ descriptor_expect -> os_read -> OS_AGAIN -> descriptor_wait ]*
//                      -> descriptor_end
//
// What happens between the try and the wait is kept in `ready`: expect clears it before the try.
//
// Ownership: a reference is the owning frame's, until it has ended or closes the stream; each
// operation holds another. The system's descriptor is closed with the last operation that goes on,
// so that no operation ever meets another file under its number. A wait is in memory of who waits,
// and linked only under the lock. Start reading at descriptor_wait in descriptor.c.
#ifndef TENON_IO_DESCRIPTOR_H
#define TENON_IO_DESCRIPTOR_H

#include "base/cache.h"
#include "frame/primitive.h"
#include "io/reactor.h"

struct tn_self;
struct descriptor_wait;

enum direction { READING = 0, WRITING = 1 };

// How a descriptor was come by.
struct descriptor_origin {
    int fd;
    bool is_adopted;
    int former;
    bool is_borrowed; // closed by somebody else
};

struct descriptor {
    CACHE_ALIGNED struct os_lock lock;
    _Atomic uint64_t id; // 0: closed, or never opened
    int place;           // in the table; for good
    int references;
    int operations;
    struct reactor *reactor;
    int fd; // -1: closed
    struct descriptor_origin origin;
    bool is_polled;
    bool is_closed;
    bool is_torn;     // half a message was written: nothing may follow
    bool is_busy[2];  // an operation goes on
    bool is_ready[2]; // since the last descriptor_expect
    unsigned tries[2];
    struct descriptor_wait *waits[2];
    struct primitive primitive;
    // By the reading operation: what was read ahead.
    unsigned char *buffer;
    size_t buffer_bytes;
    size_t from;
    size_t to;
    struct descriptor *next_free;
};

// Opens a handle for `origin`, owned by the current frame: *id. TN_NO_MEMORY, and the descriptor is
// still the caller's.
int descriptor_open(struct tn_self *self, const struct descriptor_origin *origin, uint64_t *id);

// Begins an operation: TN_OK and the descriptor; TN_CLOSED; TN_BUSY (a programmer's error); or what
// cancel_due says. Now and then it lets others run first.
int descriptor_begin(struct tn_self *self, uint64_t id, enum direction direction,
                     struct descriptor **descriptor);
void descriptor_end(struct descriptor *descriptor, enum direction direction);

// Before a try: what happens from here on is seen by descriptor_wait.
void descriptor_expect(struct descriptor *descriptor, enum direction direction);

// After a try that came too early: waits until another is worth it. TN_OK; TN_CLOSED; what
// cancel_due says; another code when the system cannot wait for it.
int descriptor_wait(struct tn_self *self, struct descriptor *descriptor, enum direction direction);

// Closes it: who waits receives TN_CLOSED. False when the handle is stale.
bool descriptor_close(uint64_t id);

// Something has happened. Stale ids are ignored. By the reactor.
void descriptor_tell(uint64_t id, unsigned what);

// A code of the public interface for one of the system.
int descriptor_status(ptrdiff_t os_code);

#endif
