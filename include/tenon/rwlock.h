// tenon/rwlock.h - a lock for many readers or one writer.
//
//     static struct tn_rwlock table = {.name = "table"};
//
//     if (tn_rwlock_read(self, &table) == TN_OK) {
//         price = look_up(item);
//         tn_rwlock_read_end(self, &table);
//     }
//
// Zeros are a free one; it lies in the program's memory and must stay there while anybody uses it.
// It is given in order of coming: readers that come together go together, and a reader that comes
// after a writer waits for it, so that neither starves the other. Frames of all threads and runs
// may share one, and threads that are in no run, which pass tn_current() for `self` and block where
// a frame would wait. Readers must not take it again while they have it: a writer may wait between.
#ifndef TENON_RWLOCK_H
#define TENON_RWLOCK_H

#include <stddef.h>

#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_rwlock {
    const char *name; // in reports; NULL: none. Must live as long
    // What follows is not for the program.
    uint32_t tn_turn[3];
    uint32_t tn_readers;
    struct tn_self *tn_writer;
    uint32_t tn_order;
    void *tn_waits[2];
};

// Takes it for reading, or for writing, and waits for that. They return TN_OK; TN_CANCELLED or
// TN_TIMED_OUT when this frame has to end: then it has nothing; what was given to it before that is
// TN_OK. When nobody stands against it they do not look whether the frame has to end.
TN_PUBLIC TN_MUST_USE int tn_rwlock_read(struct tn_self *self, struct tn_rwlock *rwlock);
TN_PUBLIC TN_MUST_USE int tn_rwlock_write(struct tn_self *self, struct tn_rwlock *rwlock);

// The same without waiting. They return TN_OK or TN_WOULD_WAIT.
TN_PUBLIC TN_MUST_USE int tn_rwlock_try_read(struct tn_self *self, struct tn_rwlock *rwlock);
TN_PUBLIC TN_MUST_USE int tn_rwlock_try_write(struct tn_self *self, struct tn_rwlock *rwlock);

// Gives it back. They never wait, and return TN_OK; TN_NOT_YOURS, and nothing happens, when nobody
// reads, or when the current frame is not the writer (programmer's errors).
TN_PUBLIC int tn_rwlock_read_end(struct tn_self *self, struct tn_rwlock *rwlock);
TN_PUBLIC int tn_rwlock_write_end(struct tn_self *self, struct tn_rwlock *rwlock);

#ifdef __cplusplus
}
#endif

#endif
