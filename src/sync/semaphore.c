// semaphore.c - semaphores. Invariant, under the lock: somebody waits  =>  count == 0.
// Start reading at tn_semaphore_release.
#include <stdio.h>

#include <tenon/semaphore.h>

#include "context/sanitizer.h"
#include "frame/misuse.h"
#include "sync/wait_list.h"

// struct tn_semaphore as seen from here.
struct semaphore {
    const char *name;
    size_t count;
    size_t max;
    struct turn lock;
    struct wait_list waits;
};

_Static_assert(sizeof(struct semaphore) == sizeof(struct tn_semaphore), "it is the same structure");

static struct semaphore *semaphore_of(struct tn_semaphore *semaphore) {
    return (struct semaphore *)(void *)semaphore;
}

static const char *name_of(const struct semaphore *semaphore) {
    return semaphore->name == NULL ? "(without a name)" : semaphore->name;
}

static void tell(const struct waiter *waiter, char *text, size_t bytes) {
    (void)snprintf(text, bytes, "waits for the semaphore %s", name_of(waiter->object));
}

// Under the lock.
static bool take(void *object) {
    struct semaphore *semaphore = object;
    const bool is_there = semaphore->count > 0;
    semaphore->count -= is_there ? 1 : 0;
    return is_there;
}

int tn_semaphore_try(struct tn_semaphore *room) {
    struct semaphore *semaphore = semaphore_of(room);
    turn_acquire(&semaphore->lock, turn_thread());
    const bool is_taken = take(semaphore);
    turn_release(&semaphore->lock);
    sanitizer_take_over(semaphore);
    return is_taken ? TN_OK : TN_WOULD_WAIT;
}

int tn_semaphore_acquire(struct tn_self *self, struct tn_semaphore *room) {
    if (tn_semaphore_try(room) == TN_OK) {
        return TN_OK;
    }
    struct semaphore *semaphore = semaphore_of(room);
    const int code =
        wait_until_granted(self, &semaphore->lock, &semaphore->waits, tell, take, semaphore);
    sanitizer_take_over(semaphore);
    return code;
}

int tn_semaphore_release(struct tn_semaphore *room) {
    struct semaphore *semaphore = semaphore_of(room);
    sanitizer_hand_over(semaphore);
    turn_acquire(&semaphore->lock, turn_thread());
    const bool is_full = semaphore->max > 0 && semaphore->count >= semaphore->max;
    struct wait *first = is_full ? NULL : wait_take(&semaphore->waits);
    if (first != NULL) {
        wait_fire(first, TN_OK); // it has it now
    } else if (!is_full) {
        semaphore->count++;
    }
    turn_release(&semaphore->lock);
    return !is_full ? TN_OK
                    : misuse(TN_OUT_OF_RANGE, "the semaphore %s was released too often: release it "
                                              "once for each time it was acquired",
                             name_of(semaphore));
}
