// watch.c - looking after a simulated thread: by virtual time, which passes at each os call and at
// each atomic operation. A loop with neither takes no time, so nobody looks at it.
//
// Invariant: a thread that is being looked at is not looked at again before that is over. Start
// reading at watch_look.
#include <execinfo.h>

#include "os/os.h"
#include "os/sim/turn.h"

void watch_look(struct sim_thread *thread) {
    struct os_watch *watch = thread->watch;
    thread->look_at_ns = OS_NEVER;
    watch->look(watch, NULL);
    if (thread->watch == watch) {
        thread->look_at_ns = thread->ran_ns + watch->interval_ns;
    }
}

int os_watch_init(struct os_watch *watch, uint64_t interval_ns,
                  void (*look)(struct os_watch *watch, const void *registers)) {
    void *first; // as on Linux: the first call loads the unwinder
    (void)backtrace(&first, 1);
    struct sim_thread *me = turn_current();
    *watch = (struct os_watch){.interval_ns = interval_ns, .look = look};
    me->watch = watch;
    me->look_at_ns = me->ran_ns + interval_ns;
    return OS_OK;
}

void os_watch_deinit(struct os_watch *watch) {
    (void)watch;
    turn_current()->watch = NULL;
    turn_current()->look_at_ns = OS_NEVER;
}
