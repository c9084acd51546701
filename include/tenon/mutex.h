// tenon/mutex.h - mutual exclusion between frames, wherever they run.
//
//     static struct tn_mutex books = {.name = "books"};
//
//     if (tn_mutex_lock(self, &books) == TN_OK) {
//         tn_sleep(self, 0.1);                     // a frame may wait while it holds one
//         tn_mutex_unlock(self, &books);
//     }
//
// A mutex needs no call to begin or to end: zeros are a free one, alone or with the first fields
// given by name. It lies in the program's memory, static, in a structure or on a stack, and must
// stay there while anybody uses it. Whoever waits for it suspends its frame, never the thread.
//
// Frames of one run, of several runs, and threads that are in no run may share one. Such a thread
// passes tn_current() for `self`, and blocks where a frame would wait.
//
// Who comes while the mutex is free takes it, even before those who wait: that is fast, because a
// frame that runs need not be woken. Who has been overtaken twice is handed the mutex by the next
// unlock, so nobody waits for ever; with is_strict each unlock hands it over, in order of coming.
//
// The holder is a frame. What a PFrame locks must be unlocked by that PFrame, not by its parent or
// child. A frame that locks a mutex twice waits for itself: tn_recursive_mutex is for that.
//
// Frames that wait for each other in a circle are told (tenon/run.h). So are those that might, in a
// program whose files are compiled with -DTN_WATCH_LOCKS=1: when one frame locks b while it holds a
// and another one, at any time, a while it holds b, the run's report is told both places, though
// nobody hung. For debugging: each lock then takes a tenth of a microsecond or more.
#ifndef TENON_MUTEX_H
#define TENON_MUTEX_H

#include <tenon/task.h>

// Whether the mutexes of a file are watched: 1, or 0.
#ifndef TN_WATCH_LOCKS
#define TN_WATCH_LOCKS 0
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct tn_mutex {
    const char *name; // in reports; NULL: none. Must live as long
    bool is_strict;   // first come, first served; slower when many compete
    // What follows is not for the program.
    uint32_t tn_inside; // these three: src/sync/turn.h
    uint32_t tn_owner;
    uint32_t tn_lock;
    uint32_t tn_state; // 0 free, 1 held, 2 held and somebody waits
    uint32_t tn_order; // src/sync/order.h
    struct tn_self *tn_holder;
    void *tn_first;
    void *tn_last;
};

// The slow halves: the mutex is not free, or another thread has used it so far; somebody waits, or
// it is not the caller's. They return what the functions below do.
TN_PUBLIC TN_COLD_ int tn_mutex_try_slow(struct tn_self *self, struct tn_mutex *mutex);
TN_PUBLIC TN_COLD_ int tn_mutex_lock_slow(struct tn_self *self, struct tn_mutex *mutex);
TN_PUBLIC TN_COLD_ int tn_mutex_unlock_slow(struct tn_self *self, struct tn_mutex *mutex);

// The turn of the mutex, if it belongs to this thread: returns true when the caller has it, until
// tn_mutex_leave_. Nothing waits meanwhile.
TN_INLINE_ bool tn_mutex_enter_(struct tn_self *self, struct tn_mutex *mutex) {
    if (TN_LOAD_(mutex->tn_owner) != self->thread) {
        return false;
    }
    // acquire: pairs with tn_mutex_leave_, for ThreadSanitizer, to which frames are threads.
    (void)TN_LOAD_ACQUIRE_(mutex->tn_inside);
    TN_STORE_(mutex->tn_inside, 1);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (TN_LOAD_(mutex->tn_owner) == self->thread) {
        return true;
    }
    TN_STORE_RELEASE_(mutex->tn_inside, 0); // pairs with share
    return false;
}

TN_INLINE_ void tn_mutex_leave_(struct tn_mutex *mutex) {
    TN_STORE_RELEASE_(mutex->tn_inside, 0); // pairs with share
}

// Returns whether several threads use it.
TN_INLINE_ bool tn_mutex_is_shared_(struct tn_mutex *mutex) {
    return TN_LOAD_ACQUIRE_(mutex->tn_owner) == TN_SHARED_; // pairs with share
}

// What the functions below are with TN_WATCH_LOCKS. They return the same.
TN_PUBLIC int tn_mutex_try_watched(struct tn_self *self, struct tn_mutex *mutex);
TN_PUBLIC int tn_mutex_lock_watched(struct tn_self *self, struct tn_mutex *mutex);
TN_PUBLIC int tn_mutex_unlock_watched(struct tn_self *self, struct tn_mutex *mutex);

TN_INLINE_ int tn_mutex_take_(struct tn_self *self, struct tn_mutex *mutex) {
    uint32_t state = 0;
    if (tn_mutex_enter_(self, mutex)) {
        state = TN_LOAD_(mutex->tn_state);
        if (state == 0) {
            TN_STORE_(mutex->tn_state, 1);
            TN_STORE_(mutex->tn_holder, self);
        }
        tn_mutex_leave_(mutex);
        return state == 0 ? TN_OK : TN_WOULD_WAIT;
    }
    if (!tn_mutex_is_shared_(mutex)) {
        return tn_mutex_try_slow(self, mutex);
    }
    // acquire: pairs with tn_mutex_unlock and tn_mutex_unlock_slow.
    if (!TN_CHANGE_ACQUIRE_(mutex->tn_state, state, 1)) {
        return TN_WOULD_WAIT;
    }
    TN_STORE_(mutex->tn_holder, self);
    return TN_OK;
}

// Takes the mutex without waiting. Returns TN_OK, or TN_WOULD_WAIT when somebody has it.
TN_INLINE_ int tn_mutex_try(struct tn_self *self, struct tn_mutex *mutex) {
    return TN_WATCH_LOCKS ? tn_mutex_try_watched(self, mutex) : tn_mutex_take_(self, mutex);
}

// Takes the mutex, and waits for it if it has to. Returns TN_OK: it is the current frame's now.
// TN_CANCELLED or TN_TIMED_OUT when this frame has to end: it is not, and one that had just become
// free for it is passed on to the next who waits; one that was handed over before the cancellation
// came is this frame's, TN_OK, and the next wait says that it has to end. A free mutex is taken
// without a look whether the frame has to end.
TN_INLINE_ TN_MUST_USE int tn_mutex_lock(struct tn_self *self, struct tn_mutex *mutex) {
    return TN_WATCH_LOCKS ? tn_mutex_lock_watched(self, mutex)
           : tn_mutex_take_(self, mutex) == TN_OK ? TN_OK
                                                  : tn_mutex_lock_slow(self, mutex);
}

TN_INLINE_ int tn_mutex_give_(struct tn_self *self, struct tn_mutex *mutex) {
    uint32_t state = 1;
    if (TN_LOAD_(mutex->tn_holder) != self) {
        return tn_mutex_unlock_slow(self, mutex);
    }
    if (tn_mutex_enter_(self, mutex)) {
        state = TN_LOAD_(mutex->tn_state);
        if (state == 1) {
            TN_STORE_(mutex->tn_holder, (struct tn_self *)NULL);
            TN_STORE_(mutex->tn_state, 0);
        }
        tn_mutex_leave_(mutex);
    } else if (tn_mutex_is_shared_(mutex)) {
        TN_STORE_(mutex->tn_holder, (struct tn_self *)NULL);
        // release: pairs with tn_mutex_try.
        if (!TN_CHANGE_RELEASE_(mutex->tn_state, state, 0)) {
            TN_STORE_(mutex->tn_holder, self);
        }
    } else {
        state = 0;
    }
    return state == 1 ? TN_OK : tn_mutex_unlock_slow(self, mutex);
}

// Gives the mutex back. Never waits. Returns TN_OK; TN_NOT_YOURS, and nothing happens, when the
// current frame does not hold it (a programmer's error; not noticed when the holder is the frame in
// whose await the current one is called).
TN_INLINE_ int tn_mutex_unlock(struct tn_self *self, struct tn_mutex *mutex) {
    return TN_WATCH_LOCKS ? tn_mutex_unlock_watched(self, mutex) : tn_mutex_give_(self, mutex);
}

// ---- recursive -------------------------------------------------------------------------------

// One that its holder may lock again; it is free when it has been unlocked as often. The holder is
// the frame: a child of the holder waits, also one that runs in the place of its parent's await.
struct tn_recursive_mutex {
    struct tn_mutex mutex; // its name and is_strict may be given: {.mutex = {.name = "tree"}}
    // What follows is not for the program.
    const void *tn_place;
    uint32_t tn_depth;
};

// As tn_mutex_lock, tn_mutex_try and tn_mutex_unlock. They return the same; locking again what one
// holds never waits.
TN_PUBLIC TN_MUST_USE int tn_recursive_mutex_lock(struct tn_self *self,
                                                  struct tn_recursive_mutex *mutex);
TN_PUBLIC TN_MUST_USE int tn_recursive_mutex_try(struct tn_self *self,
                                                 struct tn_recursive_mutex *mutex);
TN_PUBLIC int tn_recursive_mutex_unlock(struct tn_self *self, struct tn_recursive_mutex *mutex);

#ifdef __cplusplus
}
#endif

#endif
