// tenon/semaphore.h - semaphores: so many at once, and no more.
//
//     static struct tn_semaphore connections = {.name = "connections", .count = 3, .max = 3};
//
//     if (tn_semaphore_acquire(self, &connections) == TN_OK) {
//         fetch(self, page);                       // at most three frames are here
//         tn_semaphore_release(&connections);
//     }
//
// A semaphore needs no call to begin or to end: `count` is how many may come now. It lies in the
// program's memory and must stay there while anybody uses it. Frames of all threads and runs may
// share one, and threads that are in no run, which pass tn_current() for `self` and block where a
// frame would wait. Who waits is served in order of coming.
#ifndef TENON_SEMAPHORE_H
#define TENON_SEMAPHORE_H

#include <stddef.h>

#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_semaphore {
    const char *name; // in reports; NULL: none. Must live as long
    size_t count;     // how many may acquire it before one waits
    size_t max;       // bounded: what `count` may never exceed; 0: no bound
    // What follows is not for the program.
    uint32_t tn_turn[3];
    void *tn_waits[2];
};

// Takes one, and waits while there is none. Returns TN_OK; TN_CANCELLED or TN_TIMED_OUT when this
// frame has to end: it has none then, and one that had been given to it before is not lost: that is
// TN_OK. One that is there is taken without a look whether the frame has to end.
TN_PUBLIC TN_MUST_USE int tn_semaphore_acquire(struct tn_self *self,
                                               struct tn_semaphore *semaphore);

// Takes one without waiting. Returns TN_OK or TN_WOULD_WAIT. From any thread.
TN_PUBLIC TN_MUST_USE int tn_semaphore_try(struct tn_semaphore *semaphore);

// Gives one back, or a new one: to the first who waits. By anybody, from any thread; never waits.
// Returns TN_OK; TN_OUT_OF_RANGE, and nothing happens, when there are `max` already: it was
// released too often (a programmer's error).
TN_PUBLIC int tn_semaphore_release(struct tn_semaphore *semaphore);

#ifdef __cplusplus
}
#endif

#endif
