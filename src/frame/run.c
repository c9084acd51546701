// run.c - a run from tn_run to its return. Start reading at tn_run_type.
#include "frame/run.h"

#include <stdarg.h>
#include <stdio.h>

#include "frame/cancel.h"
#include "frame/failure.h"
#include "frame/history.h"
#include "frame/hog.h"
#include "frame/knot.h"
#include "frame/promote.h"
#include "frame/scope.h"
#include "frame/settings.h"
#include "frame/standstill.h"
#include "frame/time.h"
#include "frame/tree.h"

#define ROOT_STACK_BYTES (8u << 20)
#define STACK_BYTES (64u << 10)
#define GRACE_SECONDS 1.0

static const struct scheduler_calls calls = {.start_stolen = promote_stolen,
                                             .tell_hog = hog_tell,
                                             .hog_left = hog_left,
                                             .still = standstill_look,
                                             .look = knots_look};

void run_tell(struct run *run, const char *sentence) {
    os_lock_acquire(&run->report_lock);
    if (run->report != NULL) {
        run->report(sentence, run->report_data);
    } else {
        (void)fprintf(stderr, "tenon: %s\n", sentence);
    }
    os_lock_release(&run->report_lock);
}

void run_report(struct run *run, const char *format, ...) {
    char sentence[RUN_MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    run_tell(run, sentence);
}

uint64_t run_next_task(struct run *run) {
    return run_next_tasks(run, 1);
}

uint64_t run_next_tasks(struct run *run, unsigned count) {
    return atomic_fetch_add_relaxed(&run->task_numbers, count) + 1;
}

void run_fail(struct run *run, int code, struct failure *failure) {
    os_lock_acquire(&run->lock);
    const bool is_first = run->failure_code == 0;
    if (is_first) {
        run->failure_code = code;
    }
    if (failure != NULL) {
        failure_keep(&run->failures, failure, FAILURE_OF_RUN);
    }
    os_lock_release(&run->lock);
    if (is_first) {
        (void)cancel_request(run->root, TN_CANCELLED);
    }
}

void run_end(struct run *run) {
    struct frame *root = run->root;
    if (run->answer != NULL && frame_outcome(root) == TN_OK && run->failure_code == 0) {
        __builtin_memcpy(run->answer, root->payload, root->type->result_bytes);
    }
    scheduler_stop(&run->scheduler);
}

// ---- options ---------------------------------------------------------------------------------

struct plan {
    struct scheduler_options scheduler;
    size_t stack_bytes;
    size_t root_stack_bytes;
    struct tn_run_options options; // with what the environment adds
    int threads; // that the program asks for: the scheduler's, unless a cap takes some away
    enum settings_cap cap;
    struct elsewhere *elsewhere;
};

static int make_plan(const struct tn_type *root, const struct tn_run_options *options,
                     struct plan *plan) {
    static const struct tn_run_options defaults = {.num_threads = 0};
    plan->options = options != NULL ? *options : defaults;
    options = &plan->options;
    if (options->num_threads < 0 || options->num_threads > SETTINGS_THREADS_MAX ||
        !settings_complete(&plan->options, &plan->cap)) {
        return TN_OUT_OF_RANGE;
    }
    const bool is_frame = root->level == TN_LEVEL_FRAME;
    plan->scheduler =
        (struct scheduler_options){.count = options->num_threads,
                                   .zero_is_reserved = is_frame,
                                   .calls = &calls,
                                   .beside_bytes = sizeof(struct frame),
                                   .hog_ns = hog_limit_ns(options->hog_seconds),
                                   .suspect_ns = standstill_suspect_ns(options->suspect_seconds)};
    if (options->num_threads == 0) {
        const int cpus = os_usable_cpus();
        plan->scheduler.count =
            (cpus < SETTINGS_THREADS_MAX ? cpus : SETTINGS_THREADS_MAX - 1) + (is_frame ? 1 : 0);
        plan->scheduler.has_spare = is_frame;
    }
    plan->threads = plan->scheduler.count;
    if (plan->cap <= SETTINGS_FRAME) { // all share their parent's thread, the only one
        plan->scheduler.count = 1;
        plan->scheduler.has_spare = false;
    }
    plan->elsewhere = NULL;
    plan->stack_bytes = options->stack_bytes != 0 ? options->stack_bytes : STACK_BYTES;
    plan->root_stack_bytes =
        options->root_stack_bytes != 0 ? options->root_stack_bytes : ROOT_STACK_BYTES;
    const bool fits = stack_class_for(plan->stack_bytes) != STACK_CLASSES &&
                      stack_class_for(plan->root_stack_bytes) != STACK_CLASSES;
    return fits ? TN_OK : TN_OUT_OF_RANGE;
}

static void plan_elsewhere(struct plan *plan, struct elsewhere *elsewhere) {
    plan->elsewhere = elsewhere;
    plan->scheduler.wire = elsewhere == NULL ? NULL : &elsewhere->wire;
}

static void close_elsewhere(const struct plan *plan) {
    if (plan->elsewhere != NULL) {
        plan->elsewhere->close(plan->elsewhere);
    }
}

static size_t plan_threads(const struct plan *plan) {
    return (size_t)plan->scheduler.count + (plan->elsewhere != NULL ? 1 : 0);
}

// ---- running ---------------------------------------------------------------------------------

// What the guard's handler tells of a stack: whoever runs there in place, else its own frame.
static void describe(const struct stack *memory, struct overflow_story *story) {
    struct task_stack *stack = (struct task_stack *)(uintptr_t)memory;
    if (stack->frame == NULL) {
        return;
    }
    const struct tree_place place = tree_place_on(stack);
    story->name = place.frame != NULL ? place.frame->name : tree_type(&place)->name;
    story->file = tree_type(&place)->file;
    story->line = (int)tree_line(&place);
    story->advice = "TN_RUN(.stack_bytes = ...), or .root_stack_bytes for root";
}

static int status_of(int os_code) {
    return os_code == OS_NO_MEMORY ? TN_NO_MEMORY : os_code == OS_OK ? TN_OK : TN_NO_THREAD;
}

static int execute(struct run *run) {
    struct worker *worker = &run->scheduler.workers[0];
    scheduler_submit(&run->scheduler, &run->root->start, worker);
    const int code = scheduler_run(&run->scheduler);
    sanitizer_take_over(&run->root->done);
    if (code != OS_OK) {
        return status_of(code);
    }
    return run->failure_code != 0 ? run->failure_code : frame_outcome(run->root);
}

static int run_root(struct run *run, const struct tn_type *type, const void *arguments) {
    struct worker *worker = &run->scheduler.workers[0];
    struct frame *root = frame_create_apart(worker, run, type, type->line, arguments);
    if (root == NULL) {
        return TN_NO_MEMORY;
    }
    run->root = root;
    root->stack_bytes = run->root_stack_bytes;
    scope_limit_frame(root, run->deadline_ns);
    root->home = type->level == TN_LEVEL_FRAME ? worker : NULL;
    atomic_fetch_add_relaxed(&root->references, 1); // the queue's
    int code = execute(run);
    if (code == TN_REMOVED) {
        code = TN_CANCELLED;
    }
    if (atomic_load_relaxed(&root->state) == FRAME_NEW) { // no thread: it never started
        frame_release(root);
        frame_release(root);
    }
    frame_release(root);
    return code;
}

// Where, from the beginning of a run, its lists of knots lie: behind what else there is for each
// thread.
static size_t lists_at(size_t pools) {
    const size_t each = sizeof(struct frame_pool) + sizeof(struct hog_record);
    return bits_round_up(sizeof(struct run) + pools * each, CACHE_LINE);
}

// Makes the run ready, but for what elsewhere and the scheduler add.
static void init_run(struct run *run, const struct plan *plan, void *answer) {
    const size_t pools = plan_threads(plan);
    *run = (struct run){
        .elsewhere = plan->elsewhere,
        .threads = plan->threads,
        .is_serial = plan->cap == SETTINGS_SERIAL,
        .stack_bytes = plan->stack_bytes,
        .root_stack_bytes = plan->root_stack_bytes,
        .answer = answer,
        .deadline_ns = plan->options.seconds > 0 ? time_after_ns(plan->options.seconds) : OS_NEVER,
        .grace_seconds =
            plan->options.grace_seconds > 0 ? plan->options.grace_seconds : GRACE_SECONDS,
        .fails_on_knots = plan->options.fails_on_deadlock,
        .report = plan->options.report,
        .report_data = plan->options.report_data};
    os_lock_init(&run->watch_lock);
    list_init(&run->watches);
    grace_init(&run->grace, &run->scheduler, run->grace_seconds);
    run->hogs = (struct hog_record *)(void *)&run->pools[pools];
    for (size_t i = 0; i < pools; i++) {
        run->pools[i] = (struct frame_pool){.free = NULL};
    }
    knots_init(&run->knots, (struct knot_list *)(void *)((char *)run + lists_at(pools)),
               (int)pools);
    quarantine_init(&run->ended_events);
    ports_init(&run->ports);
}

static int run_as_planned(struct plan *plan, const struct tn_type *type, const void *arguments,
                          void *answer) {
    const size_t pools = plan_threads(plan);
    struct run *run =
        os_allocate_aligned(lists_at(pools) + pools * sizeof(struct knot_list), CACHE_LINE);
    if (run == NULL) {
        close_elsewhere(plan);
        return TN_NO_MEMORY;
    }
    init_run(run, plan, answer);
    plan->scheduler.upper = run;
    int code = status_of(scheduler_init(&run->scheduler, &plan->scheduler));
    const bool may_begin = code == TN_OK;
    if (may_begin) {
        overflow_set_describe(describe);
        if (run->elsewhere != NULL) {
            run->elsewhere->begin(run->elsewhere, run);
        }
        code = run_root(run, type, arguments);
    }
    close_elsewhere(plan);
    if (may_begin) {
        for (size_t i = 0; i < pools; i++) {
            frame_pool_deinit(&run->pools[i]);
        }
        quarantine_deinit(&run->ended_events);
        scheduler_deinit(&run->scheduler);
    }
    ports_deinit(&run->ports);
    history_set(run->failures);
    os_free(run);
    return code;
}

int tn_run_type(const struct tn_type *type, const struct tn_run_options *options,
                const void *arguments, void *answer) {
    if (worker_current() != NULL) {
        return TN_RUNNING;
    }
    struct plan plan;
    int code = make_plan(type, options, &plan);
    if (code == TN_OK && plan.cap == SETTINGS_DFRAME) {
        plan_elsewhere(&plan, elsewhere_make(&plan.options, &code));
    }
    return code != TN_OK ? code : run_as_planned(&plan, type, arguments, answer);
}

int elsewhere_run(const struct tn_type *root, const struct tn_run_options *options,
                  const void *arguments, struct elsewhere *elsewhere) {
    struct plan plan;
    const int code = make_plan(root, options, &plan);
    plan_elsewhere(&plan, elsewhere);
    if (code != TN_OK) {
        close_elsewhere(&plan);
        return code;
    }
    return run_as_planned(&plan, root, arguments, NULL);
}

int tn_thread_index(void) {
    const struct worker *worker = worker_current();
    return worker == NULL ? -1 : worker->index;
}

int tn_thread_count(void) {
    const struct worker *worker = worker_current();
    return worker == NULL ? 0 : worker->scheduler->executors;
}
