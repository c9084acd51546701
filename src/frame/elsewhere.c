// elsewhere.c - see elsewhere.h.
#include "frame/elsewhere.h"

#include "base/atomic.h"
#include "frame/frame.h"
#include "frame/run.h"
#include "frame/settings.h"
#include "scheduler/hard.h"

static struct elsewhere *(*_Atomic maker)(int processes, const struct tn_run_options *options);
static _Atomic int processes_by_default;

void elsewhere_provide(struct elsewhere *(*make)(int processes,
                                                 const struct tn_run_options *options),
                       int processes) {
    atomic_store_relaxed(&maker, make);
    atomic_store_relaxed(&processes_by_default, processes);
}

struct elsewhere *elsewhere_make(const struct tn_run_options *options, int *code) {
    struct elsewhere *(*make)(int, const struct tn_run_options *) = atomic_load_relaxed(&maker);
    const int said = options->num_processes;
    const int processes = said != 0 ? said : atomic_load_relaxed(&processes_by_default);
    if (processes > SETTINGS_PROCESSES_MAX) {
        *code = TN_OUT_OF_RANGE;
        return NULL;
    }
    if (make == NULL || processes <= 0) {
        return NULL;
    }
    struct elsewhere *elsewhere = make(processes, options);
    *code = elsewhere == NULL ? TN_NO_MEMORY : TN_OK;
    return elsewhere;
}

// Neither a thread of its own, nor a creator that waits for its first wait: both mean this process.
static bool may_go(const struct frame *frame) {
    return frame->home == NULL && (frame->starter == NULL || frame->run->elsewhere->is_forced);
}

static bool may_run(struct worker *worker, const struct frame *frame) {
    return frame->home == worker || frame->starter != NULL || worker_may_take_free(worker);
}

// Can it be sent before its stack runs? That is the one that it lies by, then.
static bool is_light(const struct frame *frame) {
    return frame->lies_by != NULL && frame->stack_bytes == 0 && !hard_is(HARD_PARK) &&
           frame->run->elsewhere->is_light(frame);
}

// It has a place.
static struct task_stack *begin(struct frame *frame, struct worker *worker) {
    struct elsewhere *elsewhere = frame->run->elsewhere;
    const bool departs = is_light(frame);
    struct task_stack *stack = frame_begin(frame, worker, elsewhere->body);
    if (stack == NULL) {
        elsewhere->unclaim(elsewhere);
    } else if (departs) {
        elsewhere->depart(frame, worker, true);
        stack = NULL;
    }
    return stack;
}

bool elsewhere_depart(struct frame *child, struct worker *worker) {
    struct elsewhere *elsewhere = child->run->elsewhere;
    if (elsewhere == NULL || child->type->travel == NULL || !may_go(child) ||
        atomic_load_relaxed(&elsewhere->is_shut) || !is_light(child)) {
        return false;
    }
    if (frame_begin(child, worker, elsewhere->body) != NULL) {
        elsewhere->depart(child, worker, false);
    }
    return true;
}

struct task_stack *elsewhere_start(struct frame *frame, struct worker *worker) {
    struct elsewhere *elsewhere = frame->run->elsewhere;
    const bool is_away = !may_run(worker, frame);
    if (may_go(frame) && elsewhere->claim(elsewhere, frame, is_away)) {
        return begin(frame, worker);
    }
    if (is_away) {
        frame_retain(frame);
        scheduler_submit(&frame->run->scheduler, &frame->start, NULL);
        return NULL;
    }
    return frame_begin(frame, worker, NULL);
}

void elsewhere_submit(struct frame *frame) {
    struct scheduler *scheduler = &frame->run->scheduler;
    struct wire *wire = scheduler->wire;
    frame_retain(frame);
    if (may_go(frame) && atomic_load_relaxed(&wire->open) > 0 &&
        wire->wants(wire, frame->type, false)) {
        scheduler_submit_anyone(scheduler, &frame->start, false);
    } else {
        scheduler_submit(scheduler, &frame->start, frame->home);
    }
}

static bool is_done(const void *what) {
    // acquire: pairs with awaitable_complete: the result stands.
    return atomic_load_acquire(&((struct awaitable *)(uintptr_t)what)->is_done);
}

void elsewhere_wait_here(struct tn_self *self, struct frame *child) {
    const struct elsewhere *elsewhere = child->run->elsewhere;
    struct task_stack *stack = task_stack_of(self);
    if (UNLIKELY(elsewhere != NULL) && child->type->travel != NULL &&
        atomic_load_relaxed(&elsewhere->away) > 0 && wire_may_wait_here(stack)) {
        (void)wire_wait_here(stack, is_done, &child->done);
        if (child->birth + 1 == frame_next_birth(child->parent)) {
            stack->flown.is_grounded = false; // the next one may be in flight: flight.h
        }
    }
}

struct frame *elsewhere_border(struct frame *failed) {
    struct frame *frame = failed;
    while (frame != NULL && (frame->body == NULL || frame->body->failed == NULL)) {
        frame = frame_parent(frame);
    }
    return frame;
}
