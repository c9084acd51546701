// tenon/gather.h - waiting until others have come so far: flags, latches, barriers, once.
//
//     struct tn_latch done = {.count = 3};         // three parts to be done
//     for (int i = 0; i < 3; i++) {
//         tn_spawn(part, i, &done);                // each ends with tn_latch_done(&done)
//     }
//     tn_latch_wait(self, &done);
//
// None of these needs a call to begin or to end. Each lies in the program's memory and must stay
// there while anybody uses it. Frames of all threads and runs may share one, and threads that are
// in no run, which pass tn_current() for `self` and block where a frame would wait. A wait returns
// TN_CANCELLED or TN_TIMED_OUT when its frame has to end; where nothing has to be waited for, it
// does not look.
#ifndef TENON_GATHER_H
#define TENON_GATHER_H

#include <stddef.h>

#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- a flag ----------------------------------------------------------------------------------

// A flag is set or not, and can be waited for. Zeros are one that is not set.
struct tn_flag {
    const char *name; // in reports; NULL: none. Must live as long
    bool is_set;      // at the beginning
    // What follows is not for the program.
    uint32_t tn_turn[3];
    void *tn_waits[2];
};

// Sets it: everybody who waits goes on, and whoever comes later does not wait. From any thread;
// returns nothing.
TN_PUBLIC void tn_flag_set(struct tn_flag *flag);

// Clears it: who comes from now on waits. From any thread; returns nothing.
TN_PUBLIC void tn_flag_clear(struct tn_flag *flag);

// Returns true when it is set at this moment.
TN_PUBLIC bool tn_flag_is_set(struct tn_flag *flag);

// Waits until it is set. Returns TN_OK, TN_CANCELLED or TN_TIMED_OUT. One that is set and cleared
// again while this waits has been set.
TN_PUBLIC TN_MUST_USE int tn_flag_wait(struct tn_self *self, struct tn_flag *flag);

// ---- a latch ---------------------------------------------------------------------------------

// A latch is open when its count is 0: a wait group.
struct tn_latch {
    const char *name; // in reports; NULL: none. Must live as long
    size_t count;     // at the beginning
    // What follows is not for the program.
    uint32_t tn_turn[3];
    void *tn_waits[2];
};

// So many parts more are to be done. From any thread; before the last of those that are counted is
// done, or those who wait go on too early. Returns nothing.
TN_PUBLIC void tn_latch_add(struct tn_latch *latch, size_t count);

// One part is done; with the last of them everybody who waits goes on. From any thread. Returns
// TN_OK; TN_OUT_OF_RANGE when none was left (a programmer's error).
TN_PUBLIC int tn_latch_done(struct tn_latch *latch);

// Waits until every part is done. Returns TN_OK, TN_CANCELLED or TN_TIMED_OUT.
TN_PUBLIC TN_MUST_USE int tn_latch_wait(struct tn_self *self, struct tn_latch *latch);

// ---- a barrier -------------------------------------------------------------------------------

// A barrier lets go when so many have come, again and again.
struct tn_barrier {
    const char *name; // in reports; NULL: none. Must live as long
    size_t count;     // how many have to come; 0 or 1: nobody waits
    // What follows is not for the program.
    uint32_t tn_turn[3];
    size_t tn_come;
    void *tn_waits[2];
};

// Waits until `count` have come, this one included. Returns 1 to the one that came last and TN_OK
// to the others; TN_CANCELLED or TN_TIMED_OUT when this frame has to end: then it has not come, and
// the others wait for another in its stead.
TN_PUBLIC TN_MUST_USE int tn_barrier_wait(struct tn_self *self, struct tn_barrier *barrier);

// ---- once ------------------------------------------------------------------------------------

// Something to be done by the first who comes, for all. Zeros are one that has not been done.
struct tn_once {
    const char *name; // in reports; NULL: none. Must live as long
    // What follows is not for the program.
    uint32_t tn_state;
    uint32_t tn_turn[3];
    struct tn_self *tn_doer;
    void *tn_waits[2];
};

// Does it, by function(self, data), unless it has been done; waits while another does it. Returns
// TN_OK when it has been done. What the function returns otherwise: it has not been done then, and
// the next who waits or comes tries. TN_CANCELLED or TN_TIMED_OUT when this frame has to end while
// it waits. The function may wait; it must not come back here (it would wait for itself).
typedef int tn_once_function(struct tn_self *self, void *data);
TN_PUBLIC TN_MUST_USE int tn_once_do(struct tn_self *self, struct tn_once *once,
                                  tn_once_function *function, void *data);

#ifdef __cplusplus
}
#endif

#endif
