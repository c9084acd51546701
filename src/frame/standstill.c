// standstill.c - see standstill.h.
//
// No frame runs meanwhile: so the tree, the task stacks and the notes are read without locks. A
// thread in no run may make stacks ready, and so take their tickets; the notes stay as they are.
#include "frame/standstill.h"

#include <stdio.h>
#include <stdlib.h>

#include "frame/frame.h"
#include "frame/note.h"
#include "frame/run.h"
#include "frame/time.h"
#include "scheduler/world.h"

#define PATH_BYTES 192
#define PLACE_BYTES 160
#define REPORTS_MAX 20

struct survey {
    struct run *run;
    // What is done with each frame that has a stack of its own; false ends the survey.
    bool (*visit)(struct survey *survey, struct frame *frame);
    const struct tn_self *holder; // whom find_holder looks for
    struct frame *found;
    const char *word; // for what is told of it
    int waiting;      // how many frames have been reported
    int locked;       // how many wait for something of src/sync
};

// A frame, and all below it: its embedded children, and those that a thief runs or that run in
// place. False: the visitor has seen enough.
static bool walk(struct survey *survey, struct frame *frame) {
    if (frame_state(frame) == FRAME_ENDED) {
        return true;
    }
    struct task_stack *stack = frame->stack;
    const bool is_own = stack == NULL || stack->frame == frame;
    if (is_own && !survey->visit(survey, frame)) {
        return false;
    }
    LIST_EACH(&frame->children, node) {
        if (!walk(survey, container_of(node, struct frame, sibling))) {
            return false;
        }
    }
    if (stack == NULL || !is_own) {
        return true;
    }
    for (struct tn_task *slot = stack->tasks.first; slot < stack->tasks.self.top; slot++) {
        const enum task_state state = task_state(slot);
        const bool is_below = state == TASK_IN_PLACE || state == TASK_AWAITED || state == TASK_NEW;
        struct frame *below = is_below ? task_adopter(slot) : NULL;
        if (below != NULL && !walk(survey, below)) {
            return false;
        }
    }
    return true;
}

static const struct note *note_of(struct frame *frame) {
    struct task_stack *stack = frame->stack;
    if (stack == NULL) {
        return NULL;
    }
    // Waits that nothing cuts short leave no note.
    const uint32_t ticket = atomic_load_relaxed(&stack->ticket);
    return ticket % 2 == 1 && atomic_load_relaxed(&stack->cancellable) == ticket ? stack->note
                                                                                 : NULL;
}

// Whether only a frame of this run could end its wait.
static bool is_stuck(struct survey *survey, struct frame *frame) {
    const struct note *note = note_of(frame);
    if (note == NULL || note->ends_inside == NULL || !note->ends_inside(note)) {
        return false;
    }
    survey->locked += note->holder != NULL ? 1 : 0;
    return true;
}

static bool is_holder(struct survey *survey, struct frame *frame) {
    if (frame->stack != NULL && &frame->stack->tasks.self == survey->holder) {
        survey->found = frame;
    }
    return survey->found == NULL;
}

static void tell_holder(struct survey *survey, const struct note *note, char *text, size_t bytes) {
    struct survey search = {.run = survey->run, .visit = is_holder, .holder = note->holder(note)};
    if (search.holder == NULL) {
        text[0] = '\0';
        return;
    }
    (void)walk(&search, survey->run->root);
    char path[PATH_BYTES] = "a frame that has ended";
    if (search.found != NULL) {
        (void)tn_frame_path((const struct tn_frame *)(const void *)search.found, path, sizeof path);
    }
    (void)snprintf(text, bytes, ", held by %s", path);
}

static bool report(struct survey *survey, struct frame *frame) {
    const struct note *note = note_of(frame);
    char path[PATH_BYTES];
    char place[PLACE_BYTES];
    char holder[PATH_BYTES + PLACE_BYTES] = "";
    (void)tn_frame_path((const struct tn_frame *)(const void *)frame, path, sizeof path);
    note->tell(note, place, sizeof place);
    if (note->holder != NULL) {
        tell_holder(survey, note, holder, sizeof holder);
    }
    run_report(survey->run, "%s: %s, spawned at %s:%u, %s%s", survey->word, path, frame->type->file,
               frame->line, place, holder);
    return ++survey->waiting < REPORTS_MAX;
}

// ---- certain ---------------------------------------------------------------------------------

static void look_for_deadlock(struct run *run) {
    if (os_thread_count() != run->scheduler.count) {
        return;
    }
    struct survey survey = {.run = run, .visit = is_stuck};
    if (!walk(&survey, run->root) || survey.locked == 0) {
        return;
    }
    run_report(run, "deadlock: every frame waits for another, and nobody is left who could go on");
    survey.visit = report;
    survey.word = "deadlock";
    (void)walk(&survey, run->root);
    run_fail(run, TN_DEADLOCK, NULL);
}

// ---- suspect ---------------------------------------------------------------------------------

static bool count_stuck(struct survey *survey, struct frame *frame) {
    (void)is_stuck(survey, frame);
    return true;
}

static bool report_noted(struct survey *survey, struct frame *frame) {
    return note_of(frame) == NULL || report(survey, frame);
}

// Who could go on, or make somebody go on, as far as is known.
static const char *outsiders(struct run *run) {
    struct world *world = atomic_load_relaxed(&run->scheduler.world);
    const bool is_world = world != NULL && atomic_load_relaxed(&world->awaited) > 0;
    const bool is_thread = os_thread_count() != run->scheduler.count;
    return is_world && is_thread ? "a descriptor, a signal, a program or a thread that is in no run"
           : is_world            ? "a descriptor, a signal or a program"
           : is_thread           ? "a thread that is in no run"
                                 : "an event";
}

static void look_for_suspects(struct run *run) {
    struct survey survey = {.run = run, .visit = count_stuck};
    (void)walk(&survey, run->root);
    if (survey.locked == 0) {
        return;
    }
    run_report(run, "suspect: nothing has moved for %.1f s, and nothing will but by %s",
               (double)run->scheduler.suspect_ns * 1e-9, outsiders(run));
    survey.visit = report_noted;
    survey.word = "suspect";
    (void)walk(&survey, run->root);
}

uint64_t standstill_suspect_ns(double seconds) {
    return seconds > 0 ? time_span_ns(seconds) : OS_NEVER;
}

void standstill_look(struct scheduler *scheduler, bool is_long) {
    struct run *run = scheduler->upper;
    if (run->failure_code != 0) {
        return;
    }
    if (is_long) {
        look_for_suspects(run);
    } else {
        look_for_deadlock(run);
    }
}
