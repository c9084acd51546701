// tenon/condition.h - waiting, with a mutex in hand, until another frame has changed something.
//
//     tn_mutex_lock(self, &mutex);
//     while (stock == 0 && code == TN_OK) {
//         code = tn_condition_wait(self, &delivered, &mutex);
//     }
//     ...                                          // the mutex is held in any case
//     tn_mutex_unlock(self, &mutex);
//
// Look, wait, look again: a condition has no memory. A notification while nobody waits is lost, and
// who was notified finds the world as it is when it has the mutex again. Zeros are one; it lies in
// the program's memory and must stay there while anybody uses it. Frames of all threads and runs
// may share one, and threads that are in no run, which pass tn_current() for `self` and block where
// a frame would wait.
#ifndef TENON_CONDITION_H
#define TENON_CONDITION_H

#include <tenon/mutex.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tn_condition {
    const char *name; // in reports; NULL: none. Must live as long
    // What follows is not for the program.
    uint32_t tn_turn[3];
    void *tn_waits[2];
};

// Unlocks the mutex, which the current frame holds, and waits for a notification, in one step: none
// that is made with the mutex held is missed. Then locks it again, whatever happens and however
// long that takes. Returns TN_OK when it was notified; TN_CANCELLED or TN_TIMED_OUT when this frame
// has to end: then it has used up no notification; TN_NOT_YOURS, without waiting, when the mutex is
// not held by this frame (a programmer's error). The mutex is held again in the first three cases.
TN_PUBLIC TN_MUST_USE int tn_condition_wait(struct tn_self *self, struct tn_condition *condition,
                                            struct tn_mutex *mutex);

// Notifies the first who waits, or all who wait at this moment. Never waits; from any thread, with
// the mutex or without. Returns how many were notified.
TN_PUBLIC size_t tn_condition_notify(struct tn_condition *condition);
TN_PUBLIC size_t tn_condition_notify_all(struct tn_condition *condition);

#ifdef __cplusplus
}
#endif

#endif
