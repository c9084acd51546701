// gate.h - frames that wait until something holds that is guarded by one lock.
//
// A waiter is a node on the waiting stack, on the list of whoever wakes it. The lock is held from
// the look at what is waited for until the waiter is on its list, so nothing is missed in between;
// it is let go by the worker's loop, when the stack has been left.
//
// Who wakes it: whoever takes it off its list, under the lock, and then claims its ticket
// (task_stack.h). What stays valid: a node that is on a list, under the lock. A cancellation claims
// the ticket too; then the waiter takes itself off. Start reading at gate_wait.
#ifndef TENON_EXECUTOR_GATE_H
#define TENON_EXECUTOR_GATE_H

#include "base/list.h"
#include "frame/note.h"
#include "os/os.h"

struct tn_self;

struct gate {
    struct os_lock lock;
    bool is_local; // the run has one thread, the only one that comes here: nothing to lock
};

static inline void gate_lock(struct gate *gate) {
    if (!gate->is_local) {
        os_lock_acquire(&gate->lock);
    }
}

static inline void gate_unlock(struct gate *gate) {
    if (!gate->is_local) {
        os_lock_release(&gate->lock);
    }
}

// What a frame waits for, and how that is called in reports: "waits for ...".
struct gate_wish {
    bool (*holds)(const void *subject); // asked under the lock, on any thread
    const char *text;
};

// Waits on the list until the wish holds of the subject: TN_OK, and the lock is the caller's. What
// cancel_due says when the current frame has to end first: then it is not.
int gate_wait(struct tn_self *self, struct gate *gate, struct list *waiters,
              const struct gate_wish *wish, const void *subject);

// Makes the one that has waited longest, or all, look again. Under the lock. gate_wake says whether
// there was one.
bool gate_wake(struct gate *gate, struct list *waiters);
void gate_wake_all(struct gate *gate, struct list *waiters);

#endif
