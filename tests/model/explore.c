// explore.c - depth-first search over the decisions of an execution.
//
// An execution is a list of decisions: whose step comes next, and which message a load reads. Each
// execution repeats the list of the one before up to its last decision that has an option left,
// takes that option, and goes on with first options. What would only repeat another execution is
// left out: see sleep.h (orders of independent steps), sharing.h (steps that concern one thread).
//
// Invariant: an execution is determined by its decisions alone, so repeating them repeats it.
// Start reading at model_explore.
#include "model/explore.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context/context.h"
#include "model/arena.h"
#include "model/memory.h"
#include "model/model.h"
#include "model/sharing.h"
#include "model/sites.h"
#include "model/sleep.h"

enum {
    STEPS_MAX = 1000,
    DECISIONS_MAX = 4 * STEPS_MAX,
    STACK_BYTES = 128 * 1024,
    EXECUTIONS_MAX = 20000000,
};

enum thread_state { UNUSED, READY, WAITING, ENDED };

// What becomes of the execution.
enum verdict { RUNNING, FINISHED, PRUNED, CUT, FAILED };

struct thread {
    struct context context;
    enum thread_state state;
    struct step step; // The next one, while READY; the location waited for, while WAITING.
    bool has_deadline;
    bool was_woken;
    bool reads_newest;
    unsigned int paused_at; // Stores of others, when it last passed a pause.
    void (*body)(void);
};

struct decision {
    uint8_t taken;
    uint8_t options;
    uint8_t who[MODEL_THREADS_MAX + 1]; // Which thread each option is; unused for values.
};

static struct {
    const struct model *model;
    const char *mutation;
    const char *weakened;
    struct model_result *result;
    struct context explorer;
    struct thread threads[MEMORY_THREADS_MAX];
    int self;
    enum verdict verdict;
    struct decision decisions[DECISIONS_MAX];
    int depth; // Decisions made in this execution.
    int known; // Decisions to repeat.
    int steps;
    int preemptions;
    size_t trace_length;
    bool is_traced;
} run;

static _Alignas(64) unsigned char stacks[MEMORY_THREADS_MAX][STACK_BYTES];

int model_self(void) {
    return run.self;
}

static struct thread *self(void) {
    return &run.threads[run.self];
}

void explore_note(const char *format, ...) {
    if (!run.is_traced) {
        return;
    }
    char *at = run.result->trace + run.trace_length;
    size_t room = sizeof run.result->trace - run.trace_length;
    int used = snprintf(at, room, "    %2d. thread %d: ", run.steps, run.self);
    if (used < 0 || (size_t)used >= room) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(at + used, room - (size_t)used, format, arguments);
    va_end(arguments);
    if (more >= 0 && (size_t)(used + more) + 2 < room) {
        run.trace_length += (size_t)(used + more);
        run.result->trace[run.trace_length++] = '\n';
        run.result->trace[run.trace_length] = '\0';
    }
}

// Leaves the execution for the explorer; a thread that does this is not continued in it.
__attribute__((noreturn)) static void leave_execution(enum verdict verdict) {
    run.verdict = verdict;
    context_switch_last(&self()->context, &run.explorer);
}

void model_fail(const char *what, const char *site) {
    snprintf(run.result->failure, sizeof run.result->failure, "%s at %s", what, sites_short(site));
    leave_execution(FAILED);
}

int explore_choose(int options) {
    if (options <= 1) {
        return 0;
    }
    if (run.depth == DECISIONS_MAX) {
        leave_execution(CUT);
    }
    struct decision *decision = &run.decisions[run.depth++];
    if (run.depth > run.known) {
        decision->taken = 0;
        decision->options = (uint8_t)options;
    }
    return decision->taken;
}

static bool can_step(int number) {
    const struct thread *thread = &run.threads[number];
    if (thread->state == WAITING) {
        return thread->has_deadline;
    }
    if (thread->state != READY) {
        return false;
    }
    return thread->step.kind != STEP_PAUSE ||
           memory_stores_of_others(number) != thread->paused_at;
}

// The threads that may make the next step, the running one first, so that the first execution has
// no preemption. Returns how many; those asleep are left out and counted.
static int list_options(uint8_t who[MODEL_THREADS_MAX + 1], int *sleeping) {
    int options = 0;
    bool may_preempt = run.model->preemptions_max == 0 ||
                       run.preemptions < run.model->preemptions_max || !can_step(run.self);
    *sleeping = 0;
    for (int i = 0; i <= run.model->threads; i++) {
        int number = i == 0 ? run.self : i;
        if (number == 0 || (i > 0 && number == run.self)) {
            continue;
        }
        if (!can_step(number) || (number != run.self && !may_preempt)) {
            continue;
        }
        if (sleep_has(number)) {
            ++*sleeping;
        } else {
            who[options++] = (uint8_t)number;
        }
    }
    return options;
}

static void stop_without_options(int sleeping) {
    bool all_ended = true;
    for (int i = 1; i <= run.model->threads; i++) {
        all_ended = all_ended && run.threads[i].state == ENDED;
    }
    if (sleeping > 0) {
        run.verdict = PRUNED;
    } else if (all_ended) {
        run.verdict = FINISHED;
    } else {
        snprintf(run.result->failure, sizeof run.result->failure,
                 "no thread can go on: a wake-up was lost");
        run.verdict = FAILED;
    }
}

// Decides who makes the next step and wakes from their sleep the threads whose step depends on it.
// Returns 0 when the execution is over.
static int choose_thread(void) {
    uint8_t who[MODEL_THREADS_MAX + 1] = {0};
    int sleeping;
    int options = list_options(who, &sleeping);
    if (options == 0) {
        stop_without_options(sleeping);
        return 0;
    }
    if (run.steps++ == STEPS_MAX || run.depth == DECISIONS_MAX) {
        run.verdict = CUT;
        return 0;
    }
    struct decision *decision = &run.decisions[run.depth++];
    if (run.depth > run.known) {
        decision->taken = 0;
        decision->options = (uint8_t)options;
        memcpy(decision->who, who, sizeof who);
    }
    if (decision->options != options || memcmp(decision->who, who, sizeof who) != 0) {
        fprintf(stderr, "the model does not repeat: it keeps something that setup does not set\n");
        abort();
    }
    int chosen = who[decision->taken];
    // With a bound on preemptions, sleeping would leave out too much.
    for (int i = 0; i < decision->taken && run.model->preemptions_max == 0; i++) {
        sleep_put(who[i], &run.threads[who[i]].step);
    }
    for (int i = 1; i <= run.model->threads; i++) {
        sleep_wake(i, &run.threads[i].step, &run.threads[chosen].step);
    }
    run.preemptions += chosen != run.self && run.self != 0 && can_step(run.self);
    return chosen;
}

void explore_arrive(struct step step) {
    if (run.self == 0) {
        return;
    }
    struct thread *me = self();
    if (!step.is_private) {
        me->step = step;
        sleep_begin(run.self);
        context_switch(&me->context, &run.explorer);
    }
    if (step.kind == STEP_PAUSE) {
        me->paused_at = memory_stores_of_others(run.self);
        me->reads_newest = true;
    } else if (step.kind != STEP_LOAD) {
        me->reads_newest = false;
    }
}

void explore_prune(void) {
    leave_execution(PRUNED);
}

bool explore_reads_newest(void) {
    return run.self == 0 || self()->reads_newest;
}

bool explore_wait(int location, bool has_deadline, const char *site) {
    MODEL_EXPECT(run.self != 0);
    struct thread *me = self();
    me->state = WAITING;
    me->has_deadline = has_deadline;
    me->was_woken = false;
    // Going on by itself takes it from those who wait: that depends on who wakes.
    me->step = (struct step){STEP_STORE, location, false, false, false, site};
    context_switch(&me->context, &run.explorer);
    me->state = READY;
    return me->was_woken;
}

void explore_wake(int location, int count) {
    for (int i = 1; i <= run.model->threads && count > 0; i++) {
        struct thread *thread = &run.threads[i];
        if (thread->state == WAITING && thread->step.location == location) {
            thread->state = READY;
            thread->was_woken = true;
            thread->step.kind = STEP_LOCAL;
            sleep_end(i);
            count--;
        }
    }
}

bool explore_is_weakened(const char *site) {
    return run.weakened != NULL && strcmp(site, run.weakened) == 0;
}

bool model_is_mutated(const char *name) {
    return run.mutation != NULL && strcmp(name, run.mutation) == 0;
}

static void run_body(void *argument) {
    struct thread *thread = argument;
    if (thread->body != NULL) {
        thread->body();
    }
    thread->state = ENDED;
    thread->step = (struct step){STEP_LOCAL, -1, false, false, false, "end"};
    context_switch_last(&thread->context, &run.explorer);
}

static void start_thread(int number, void (*body)(void)) {
    struct thread *thread = &run.threads[number];
    memset(thread, 0, sizeof *thread);
    thread->state = READY;
    thread->step = (struct step){STEP_LOCAL, -1, false, false, false, "start"};
    thread->body = body;
    context_init(&thread->context, stacks[number], STACK_BYTES, run_body, thread);
}

static void continue_thread(int number) {
    run.self = number;
    context_switch(&run.explorer, &run.threads[number].context);
}

// setup and finish run as thread 0, without decisions.
static void run_alone(void (*body)(void)) {
    start_thread(0, body);
    continue_thread(0);
    context_deinit(&run.threads[0].context);
}

static void run_threads(void) {
    for (int i = 1; i <= run.model->threads; i++) {
        memory_fork(0, i);
        start_thread(i, run.model->thread[i - 1]);
    }
    run.self = 0;
    int chosen;
    while (run.verdict == RUNNING && (chosen = choose_thread()) != 0) {
        continue_thread(chosen);
    }
    for (int i = 1; i <= run.model->threads; i++) {
        memory_join(0, i);
        context_deinit(&run.threads[i].context);
    }
}

static enum verdict run_once(void) {
    memory_reset();
    run.depth = 0;
    sleep_reset();
    run.steps = 0;
    run.preemptions = 0;
    arena_reset();
    run.trace_length = 0;
    run.verdict = RUNNING;
    run_alone(run.model->setup);
    if (run.verdict == RUNNING) {
        run_threads();
    }
    if (run.verdict == FINISHED) {
        run_alone(run.model->finish);
    }
    return run.verdict;
}

// Keeps the decisions up to the last that has an option left, and takes that. False: none is left.
static bool advance(void) {
    while (run.depth > 0) {
        struct decision *last = &run.decisions[run.depth - 1];
        if (last->taken + 1 < last->options) {
            last->taken++;
            run.known = run.depth;
            return true;
        }
        run.depth--;
    }
    return false;
}

// The failing execution once more, written down.
static void trace_failure(void) {
    run.known = run.depth;
    run.is_traced = true;
    (void)run_once();
    run.is_traced = false;
}

void model_explore(const struct model *model, const char *mutation, const char *weakened,
                   struct model_result *result) {
    uint64_t executions_max = model->executions_max == 0 ? EXECUTIONS_MAX : model->executions_max;
    memset(result, 0, sizeof *result);
    run.model = model;
    run.mutation = mutation;
    run.weakened = weakened;
    run.result = result;
    run.known = 0;
    context_init_thread(&run.explorer);
    bool is_more = true;
    while (is_more && !result->failed && result->executions < executions_max) {
        enum verdict verdict = run_once();
        if (sharing_take_surprise()) {
            run.known = 0; // Everything anew.
            continue;
        }
        result->executions += verdict == FINISHED || verdict == FAILED;
        result->pruned += verdict == PRUNED;
        result->cut += verdict == CUT;
        result->failed = verdict == FAILED;
        if (result->failed) {
            trace_failure();
        }
        is_more = !result->failed && advance();
    }
    result->is_complete = !is_more && !result->failed && result->cut == 0;
    context_deinit(&run.explorer);
}
