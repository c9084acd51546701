// elsewhere.c - see elsewhere.h.
#include "frame/elsewhere.h"

#include "base/atomic.h"
#include "frame/frame.h"
#include "frame/run.h"
#include "frame/settings.h"

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

struct task_stack *elsewhere_start(struct frame *frame, struct worker *worker) {
    struct elsewhere *elsewhere = frame->run->elsewhere;
    const bool is_away = !may_run(worker, frame);
    const bool is_claimed = may_go(frame) && elsewhere->claim(elsewhere, frame, is_away);
    if (!is_claimed && is_away) {
        frame_retain(frame);
        scheduler_submit(&frame->run->scheduler, &frame->start, NULL);
        return NULL;
    }
    struct task_stack *stack = frame_begin(frame, worker, is_claimed ? elsewhere->body : NULL);
    if (stack == NULL && is_claimed) {
        elsewhere->unclaim(elsewhere);
    }
    return stack;
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

struct frame *elsewhere_border(struct frame *failed) {
    struct frame *frame = failed;
    while (frame != NULL && (frame->body == NULL || frame->body->failed == NULL)) {
        frame = frame_parent(frame);
    }
    return frame;
}
