// grace.c - see grace.h.
#include "frame/grace.h"

#include <stdio.h>

#include "frame/cancel.h"
#include "frame/frame.h"
#include "frame/note.h"
#include "frame/run.h"

#define REPORTS_MAX 2
#define PATIENCE 10 // graces until the second report
#define PATH_BYTES 256
#define PLACE_BYTES 128

// ---- the list --------------------------------------------------------------------------------

static void begin(struct grace *grace, struct lateness *late) {
    late->told_ns = os_now_ns();
    late->due_ns = late->told_ns + grace->length_ns;
    list_push_back(&grace->frames, &late->link);
    if (!grace->is_armed) {
        grace->is_armed = true;
        // Not the timer itself: whoever cancels may be a timer that is firing.
        scheduler_submit_anyone(grace->scheduler, &grace->look, false);
    }
}

void grace_begin(struct frame *frame) {
    struct grace *grace = &frame->run->grace;
    os_lock_acquire(&grace->lock);
    if (!frame->late.is_over) {
        begin(grace, &frame->late);
    }
    os_lock_release(&grace->lock);
}

void grace_excuse(struct frame *frame, uint64_t start_ns) {
    struct grace *grace = &frame->run->grace;
    struct lateness *late = &frame->late;
    const uint64_t now_ns = os_now_ns();
    os_lock_acquire(&grace->lock);
    if (list_is_linked(&late->link) && late->due_ns != OS_NEVER) {
        late->due_ns += now_ns - (start_ns > late->told_ns ? start_ns : late->told_ns);
    }
    os_lock_release(&grace->lock);
}

static double seconds_between(uint64_t start_ns, uint64_t end_ns) {
    return (double)(end_ns - start_ns) * 1e-9;
}

void grace_end(struct frame *frame) {
    struct grace *grace = &frame->run->grace;
    struct lateness *late = &frame->late;
    os_lock_acquire(&grace->lock);
    late->is_over = true;
    if (list_is_linked(&late->link)) {
        list_remove(&late->link);
    }
    os_lock_release(&grace->lock);
    // Nobody was free to report it in time: its thread was the only one, or all were busy.
    const uint64_t now_ns = late->reports == 0 && late->told_ns != 0 ? os_now_ns() : 0;
    if (now_ns > late->due_ns) {
        char path[PATH_BYTES];
        (void)tn_frame_path((const struct tn_frame *)(const void *)frame, path, sizeof path);
        run_report(frame->run, "%s was told to end, and took %.1f s", path,
                   seconds_between(late->told_ns, now_ns));
    }
}

void grace_end_untold(struct frame *frame, uint64_t deadline_ns) {
    if (os_now_ns() > deadline_ns) {
        frame->late.told_ns = deadline_ns;
        frame->late.due_ns = deadline_ns + frame->run->grace.length_ns;
        grace_end(frame);
    }
}

// ---- what it does ----------------------------------------------------------------------------

static int thread_of(const struct scheduler *scheduler, const struct task_stack *stack) {
    for (int i = 0; i < scheduler->count; i++) {
        if (atomic_load_relaxed(&scheduler->workers[i].running) == stack) {
            return i;
        }
    }
    return -1;
}

// A stack that waits is claimed, asked, and woken: every wait looks again whether it is over.
static void tell_stack(struct task_stack *stack, char *text, size_t bytes) {
    const uint32_t ticket = atomic_load_relaxed(&stack->ticket);
    const int thread = thread_of(stack->scheduler, stack);
    if (thread >= 0) {
        const bool is_blocking = atomic_load_relaxed(&stack->is_blocking);
        (void)snprintf(text, bytes, "runs on thread %d%s", thread,
                       is_blocking ? ", in a blocking call" : "");
    } else if (ticket % 2 == 0 && stack->home != NULL) {
        (void)snprintf(text, bytes, "waits for thread %d to be free", stack->home->index);
    } else if (ticket % 2 == 0) {
        (void)snprintf(text, bytes, "waits for a thread to be free");
    } else if (cancel_claim(stack, ticket)) {
        stack->note->tell(stack->note, text, bytes);
        worker_ready(stack->scheduler, stack);
    } else {
        (void)snprintf(text, bytes, "waits for those who listen to free events");
    }
}

static void tell(struct frame *frame, char *text, size_t bytes) {
    frame_lock(frame);
    if (frame->stack != NULL) {
        tell_stack(frame->stack, text, bytes);
    } else {
        (void)snprintf(text, bytes, "has just ended");
    }
    frame_unlock(frame);
}

// ---- looking ---------------------------------------------------------------------------------

// Under the lock, so that the frame does not settle meanwhile.
static void blame(struct frame *frame, uint64_t now_ns, char *sentence, size_t bytes) {
    struct lateness *late = &frame->late;
    char path[PATH_BYTES];
    char place[PLACE_BYTES];
    (void)tn_frame_path((const struct tn_frame *)(const void *)frame, path, sizeof path);
    tell(frame, place, sizeof place);
    (void)snprintf(sentence, bytes, "%s was told to end %.1f s ago and has not: it %s%s", path,
                   seconds_between(late->told_ns, now_ns), place,
                   atomic_load_relaxed(&frame->phase) == FRAME_CLEANS ? ", in a cleanup handler"
                                                                      : "");
    late->due_ns = ++late->reports < REPORTS_MAX
                       ? late->told_ns + PATIENCE * frame->run->grace.length_ns
                       : OS_NEVER;
}

// Writes the sentence about one frame that is due; false when there is none. *next_ns is when the
// next will be.
static bool blame_next(struct grace *grace, uint64_t now_ns, uint64_t *next_ns, char *sentence,
                       size_t bytes) {
    bool is_found = false;
    *next_ns = OS_NEVER;
    os_lock_acquire(&grace->lock);
    LIST_EACH(&grace->frames, node) {
        struct frame *frame = container_of(node, struct frame, late.link);
        uint64_t due_ns = frame->late.due_ns;
        if (!is_found && due_ns <= now_ns) {
            if (atomic_load_relaxed(&frame->phase) == FRAME_REMOVES_CHILDREN) {
                due_ns = now_ns + grace->length_ns; // they have a time of their own
            } else {
                blame(frame, now_ns, sentence, bytes);
                cancel_insist(frame);
                is_found = true;
            }
        }
        *next_ns = due_ns < *next_ns ? due_ns : *next_ns;
    }
    grace->is_armed = is_found || *next_ns != OS_NEVER;
    os_lock_release(&grace->lock);
    return is_found;
}

static struct task_stack *look(struct worker *worker, struct runnable *runnable) {
    (void)worker;
    struct grace *grace = container_of(runnable, struct grace, look);
    const uint64_t now_ns = os_now_ns();
    uint64_t next_ns;
    char sentence[RUN_MESSAGE_BYTES];
    while (blame_next(grace, now_ns, &next_ns, sentence, sizeof sentence)) {
        run_report(container_of(grace, struct run, grace), "%s", sentence);
    }
    if (next_ns != OS_NEVER) {
        scheduler_timer_add(scheduler_timers(grace->scheduler), &grace->timer, next_ns);
    }
    return NULL;
}

static void fire(struct timer *timer) {
    struct grace *grace = container_of(timer, struct grace, timer);
    scheduler_submit_anyone(grace->scheduler, &grace->look, false);
}

void grace_init(struct grace *grace, struct scheduler *scheduler, double seconds) {
    *grace = (struct grace){.scheduler = scheduler, .length_ns = (uint64_t)(seconds * 1e9)};
    os_lock_init(&grace->lock);
    list_init(&grace->frames);
    grace->timer.fire = fire;
    grace->look.run = look;
}
