// tasks_model.c - spawning, stealing and awaiting, explored. sources: src/scheduler/tasks.c
// sources: src/frame/spawn.c src/frame/await.c src/frame/awaitable.c src/frame/wait.c
//
// The owner is the real inline half and the real slow halves; only suspending is the model's: the
// thread of the model waits until somebody makes the stack ready. A thief does what promote_stolen
// and the end of a frame do (src/frame/promote.c, end.c) with the real tasks.c.
//
// Invariant: every task runs once, with the arguments it was given; every await gets its result;
// a stack that waits is made ready once. Start reading at run_stolen.
#include <string.h>

#include "base/atomic.h"
#include "frame/cancel.h"
#include "frame/frame.h"
#include "frame/room.h"
#include "frame/scope.h"
#include "frame/wait.h"
#include "model/model.h"

enum { TASKS = 2, LINE = 7 };

static struct task_stack stack;
static struct tn_task slots[TASKS + TASKS_RESERVE];
static struct frame root;
static struct frame thieves[TASKS]; // By the number of the task.
static long results[TASKS];
static int runs[TASKS];
static int frames_in_use;
static _Atomic uint32_t is_ready;
static int saved; // Stands for the registers of the suspended stack.

TN_PFRAME(long, work, (long, number)) {
    runs[number]++;
    return number + 10;
}

// ---- the scheduler, as the model has it --------------------------------------------------------

// What a child that came too late has instead of a task: none here has a deadline.
struct tn_task *frame_late(void) {
    static struct tn_task late;
    return &late;
}

void worker_suspend(struct task_stack *suspended,
                    void (*commit)(struct task_stack *stack, void *argument), void *argument) {
    plain_write(&saved, 1);
    commit(suspended, argument);
    while (atomic_load_relaxed(&is_ready) == 0) {
        (void)os_wait_word(&is_ready, 0, OS_NEVER);
    }
    atomic_store_relaxed(&is_ready, 0);
}

// Relaxed, though real queues order more: the protocol has to do without.
void worker_ready(struct scheduler *scheduler, struct task_stack *ready) {
    (void)scheduler;
    MODEL_EXPECT(ready == &stack);
    MODEL_EXPECT(plain_read(&saved) == 1); // Whoever makes it ready may continue it.
    MODEL_EXPECT(atomic_exchange_relaxed(&is_ready, 1) == 0);
    os_wake_word(&is_ready, 1);
}

void scheduler_tasks_published(struct task_stack *shown) {
    (void)shown;
}

int cancel_due_slow(struct tn_self *self) {
    (void)self;
    return TN_OK;
}

void cancel_check_waiting(struct task_stack *waiting, uint32_t ticket) {
    (void)waiting;
    (void)ticket;
}

void scope_hear(struct tn_self *self, int outcome) {
    (void)self;
    (void)outcome;
}

void frame_let_go(struct frame *frame) {
    (void)frame;
    frames_in_use--;
}

// No result here has elements of its own.
struct room *room_take(struct frame *frame) {
    (void)frame;
    return NULL;
}

// ---- owner and thieves -------------------------------------------------------------------------

static void set_up(void) {
    memset(&stack, 0, sizeof stack);
    memset(slots, 0, sizeof slots);
    memset(runs, 0, sizeof runs);
    tasks_init(&stack.tasks, slots, sizeof slots, true);
    root.type = &work_tn_type;
    stack.frame = &root;
    frames_in_use = 0;
    atomic_store_relaxed(&is_ready, 0);
}

// What spawn copies into the task without the explorer's knowledge, for its search for races.
static tn_task(work) spawn(struct tn_self *self, long number) {
    plain_write(&self->top->payload[0], 0);
    tn_task(work) task = tn_spawn(work, number);
    return task;
}

static void await(struct tn_self *self, tn_task(work) * task, long number) {
    const long result = tn_await(work, *task);
    MODEL_EXPECT(result == number + 10);
    MODEL_EXPECT(plain_read(&results[number]) == 0 || results[number] == result);
}

static void run_stolen(struct tn_task *task) {
    const long number = (long)plain_read(&task->payload[0]);
    struct frame *frame = &thieves[number];
    frame->payload = &results[number];
    plain_write(&frame->line, LINE);
    frames_in_use++;
    task_adopt(task, frame);
    plain_write(&results[number], work(NULL, number));
    uint32_t ticket;
    if (tasks_finish(task, TN_OK, &ticket) && task_stack_claim(&stack, ticket)) {
        worker_ready(NULL, &stack);
    }
}

static void steal(void) {
    struct tn_task *task = tasks_steal(&stack.tasks);
    if (task == NULL) {
        tasks_poke(&stack.tasks);
        return;
    }
    run_stolen(task);
}

// Without asking for more when there is nothing: with two thieves that would take too long.
static void steal_quietly(void) {
    struct tn_task *task = tasks_steal(&stack.tasks);
    if (task != NULL) {
        run_stolen(task);
    }
}

static void steal_twice_quietly(void) {
    steal_quietly();
    steal_quietly();
}

static void expect_end(long tasks) {
    for (long i = 0; i < tasks; i++) {
        MODEL_EXPECT(runs[i] == 1);
    }
    MODEL_EXPECT(tasks_check(&stack.tasks) == 0);
    MODEL_EXPECT(frames_in_use == 0);
    MODEL_EXPECT(atomic_load_relaxed(&stack.ticket) % 2 == 0);
}

static void spawn_one(void) {
    struct tn_self *self = &stack.tasks.self;
    tn_task(work) only = spawn(self, 0);
    await(self, &only, 0);
}

static void expect_one(void) {
    expect_end(1);
}

static void spawn_two(void) {
    struct tn_self *self = &stack.tasks.self;
    tn_task(work) first = spawn(self, 0);
    tn_task(work) second = spawn(self, 1);
    await(self, &second, 1);
    await(self, &first, 0);
}

// The task below is awaited first: it moves up, and leaves a hole.
static void await_the_older_first(void) {
    struct tn_self *self = &stack.tasks.self;
    tn_task(work) first = spawn(self, 0);
    tn_task(work) second = spawn(self, 1);
    await(self, &first, 0);
    await(self, &second, 1);
}

// A frame runs in place and spawns: what is shown lies above it.
static void spawn_from_in_place(void) {
    struct tn_self *self = &stack.tasks.self;
    struct tn_task *below = self->top++;
    task_set(below, TASK_IN_PLACE, 0);
    tn_task(work) only = spawn(self, 0);
    await(self, &only, 0);
    tasks_drop(&stack.tasks, below);
}

// Its places are used again: a thief that was slow meets other tasks in the same words.
static void spawn_one_after_another(void) {
    struct tn_self *self = &stack.tasks.self;
    tn_task(work) first = spawn(self, 0);
    await(self, &first, 0);
    tn_task(work) second = spawn(self, 1);
    await(self, &second, 1);
}

static void expect_two(void) {
    expect_end(2);
}

// What tn_handle_share does with a stolen task.
static void share_one(void) {
    struct tn_self *self = &stack.tasks.self;
    tn_task(work) only = spawn(self, 0);
    if (!tasks_reclaim(&stack.tasks, only.handle.task)) {
        struct frame *frame = wait_for_adopter(only.handle.task);
        MODEL_EXPECT(frame == &thieves[0]);
        MODEL_EXPECT(plain_read(&frame->line) == LINE);
    }
    await(self, &only, 0);
}

// The promise of task_has_ended alone.
static void look_at_one(void) {
    struct tn_self *self = &stack.tasks.self;
    tn_task(work) only = spawn(self, 0);
    if (task_has_ended(only.handle.task)) {
        MODEL_EXPECT(plain_read(&results[0]) == 10);
    }
    await(self, &only, 0);
}

MODEL(a_task_runs_here_or_there, .threads = 2, .setup = set_up, .thread = {spawn_one, steal},
      .finish = expect_one)

MODEL(two_thieves_want_one_task, .threads = 3, .setup = set_up,
      .thread = {spawn_one, steal_quietly, steal_quietly}, .finish = expect_one)

MODEL(two_tasks_meet_a_thief, .threads = 2, .setup = set_up, .thread = {spawn_two, steal},
      .finish = expect_two)

MODEL(two_tasks_meet_a_thief_twice, .threads = 2, .setup = set_up,
      .thread = {spawn_two, steal_twice_quietly}, .search_preemptions_max = 2, .finish = expect_two)

MODEL(the_older_task_is_awaited_first, .threads = 2, .setup = set_up,
      .thread = {await_the_older_first, steal}, .finish = expect_two)

MODEL(a_frame_in_place_is_stepped_over, .threads = 2, .setup = set_up,
      .thread = {spawn_from_in_place, steal}, .finish = expect_one)

MODEL(a_place_is_used_again, .threads = 2, .setup = set_up,
      .thread = {spawn_one_after_another, steal}, .finish = expect_two)

MODEL(a_stolen_task_shows_its_frame, .threads = 2, .setup = set_up, .thread = {share_one, steal},
      .finish = expect_one)

MODEL(an_ended_task_shows_its_result, .threads = 2, .setup = set_up, .thread = {look_at_one, steal},
      .finish = expect_one)

MODEL_MUTATION(publish_without_bound)
MODEL_MUTATION(reclaim_nothing)
MODEL_MUTATION(await_what_has_ended)

MODEL_SITE_UNNEEDED("task_stack.h", "atomic_store_release(&stack->ticket",
                    "here the ticket is known through tasks_await; see ticket_model.c")
MODEL_SITE_UNNEEDED("task_stack.h", "atomic_cas_acq_rel(&stack->ticket",
                    "here the ticket is known through tasks_await; see ticket_model.c")
