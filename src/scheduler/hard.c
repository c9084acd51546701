// hard.c - see hard.h.
#include "scheduler/hard.h"

#include "base/atomic.h"
#include "scheduler/worker_private.h"

// A thief that was free may find something else first; who is never so long free is not waited for.
#define ROUNDS_MAX 10000

enum { UNREAD = 1u << 31 };

static _Atomic uint32_t modes = UNREAD;
static _Atomic uint64_t marks[HARD_MARKS];

static const struct {
    const char *name;
    enum hard_mode mode;
} names[] = {{"steal", HARD_STEAL}, {"park", HARD_PARK}, {"move", HARD_MOVE}};

// The mode that `text` begins with, and in *length how long its name is; 0: none.
static unsigned read_mode(const char *text, size_t *length) {
    *length = __builtin_strcspn(text, ",");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (__builtin_strlen(names[i].name) == *length &&
            __builtin_strncmp(names[i].name, text, *length) == 0) {
            return names[i].mode;
        }
    }
    return 0;
}

void hard_begin_slow(void) {
    if (atomic_load_relaxed(&modes) != UNREAD) {
        return;
    }
    const char *text = os_environment("TENON_HARD");
    unsigned found = 0;
    while (text != NULL && *text != '\0') {
        size_t length;
        const unsigned mode = read_mode(text, &length);
        REQUIRE(mode != 0, "TENON_HARD is a list of: steal, park, move");
        found |= mode;
        text += text[length] == ',' ? length + 1 : length;
    }
    hard_choose(found);
}

void hard_choose(unsigned chosen) {
    atomic_store_relaxed(&modes, chosen);
}

bool hard_is_chosen(enum hard_mode mode) {
    return (atomic_load_relaxed(&modes) & mode & ~UNREAD) != 0;
}

uint64_t hard_marks(enum hard_mark mark) {
    return atomic_load_relaxed(&marks[mark]);
}

static void set_mark(enum hard_mark mark) {
    atomic_fetch_add_relaxed(&marks[mark], 1);
}

// ---- steal -----------------------------------------------------------------------------------

// Is there a worker in its loop that will look for tasks there?
static bool is_anybody_free(struct worker *self) {
    struct scheduler *scheduler = self->scheduler;
    for (int i = 0; i < scheduler->count; i++) {
        struct worker *worker = &scheduler->workers[i];
        if (worker != self && worker_may_take_free(worker) &&
            atomic_load_relaxed(&worker->running) == NULL) {
            return true;
        }
    }
    return false;
}

void hard_offer_slow(struct task_stack *stack, const struct tn_task *task) {
    struct tasks *tasks = &stack->tasks;
    if (!tasks->is_shared || tasks->is_bound) {
        return;
    }
    tasks->is_closed = true; // the next spawn shall come here too
    (void)tasks_publish(tasks, tasks->self.top, true);
    bool is_stolen = tasks_is_stolen(tasks, task); // by who looked while it was published
    for (int i = 0; !is_stolen && i < ROUNDS_MAX && is_anybody_free(stack->worker); i++) {
        scheduler_tasks_published(stack);
        os_thread_yield();
        is_stolen = tasks_is_stolen(tasks, task);
    }
    if (is_stolen) {
        set_mark(HARD_STOLEN);
    }
}

// ---- park ------------------------------------------------------------------------------------

void hard_await_slow(struct task_stack *stack) {
    set_mark(HARD_QUEUED);
    worker_suspend(stack, worker_requeue, NULL);
}

void hard_sleeps(void) {
    set_mark(HARD_ASLEEP);
}

// ---- move ------------------------------------------------------------------------------------

bool hard_move_slow(struct worker *worker, struct task_stack *stack) {
    if (stack->home != NULL || stack->worker != worker) {
        return false;
    }
    const int chosen = idle_choose(&worker->scheduler->idle);
    if (chosen < 0) {
        return false;
    }
    struct worker *other = &worker->scheduler->workers[chosen];
    ASSERT(other != worker);
    scheduler_hand_over(other, &stack->resume);
    set_mark(HARD_MOVED);
    return true;
}
