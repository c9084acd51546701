// ticket_model.c - a waiting stack, what it waits for, and a cancellation, explored.
// sources: src/frame/wait.c src/frame/cancel.c src/scheduler/tasks.c
//
// The stack waits for a stolen task (src/frame/wait.c), a thief ends the task, another thread
// cancels the frame. Or it waits for something under a lock, of which nothing comes. Suspending is
// the model's: the thread waits until it is made ready, and what made it ready happens before it
// goes on, as through a queue.
//
// Invariant: whoever waits is made ready, once for each wait; whoever is cancelled hears of it
// unless what it waits for has ended. Start reading at wait_for_task.
#include <string.h>

#include "base/atomic.h"
#include "frame/blocking.h"
#include "frame/cancel.h"
#include "frame/frame.h"
#include "frame/grace.h"
#include "frame/misuse.h"
#include "frame/scope.h"
#include "frame/wait.h"
#include "model/model.h"

static struct task_stack stack;
static struct tn_task slots[1 + TASKS_RESERVE];
static struct frame frame;
static int saved; // Stands for the registers of the suspended stack.
static int result;
static int outcome;
static _Atomic uint32_t is_ready;
static struct scheduler scheduler = {.is_shared = true};
static int stays; // Stands for what a commit reads of its waiter, and the waiter writes later.

void worker_suspend(struct task_stack *suspended,
                    void (*commit)(struct task_stack *stack, void *argument), void *argument) {
    plain_write(&saved, 1);
    commit(suspended, argument);
    while (atomic_load_acquire(&is_ready) == 0) { // pairs with worker_ready
        (void)os_wait_word(&is_ready, 0, OS_NEVER);
    }
    atomic_store_relaxed(&is_ready, 0);
}

void worker_ready(struct scheduler *unused, struct task_stack *ready) {
    (void)unused;
    (void)ready;
    MODEL_EXPECT(plain_read(&saved) == 1);
    MODEL_EXPECT(atomic_exchange_release(&is_ready, 1) == 0); // pairs with worker_suspend
    os_wake_word(&is_ready, 1);
}

// Only one thread takes the frame's lock here.
void os_lock_acquire(struct os_lock *lock) {
    (void)lock;
}

void os_lock_release(struct os_lock *lock) {
    (void)lock;
}

bool frame_discard(struct frame *discarded, int code) {
    (void)discarded;
    (void)code;
    return false; // It runs.
}

void frame_count_cancel(struct frame *counted) {
    counted->cancels++;
    atomic_fetch_add_relaxed(&counted->stack->cancels, 1);
}

void frame_strip(struct tn_self *self, struct frame *parent, struct tn_task *slot, int reason) {
    (void)self;
    (void)parent;
    (void)slot;
    (void)reason;
}

void frame_remove_since(struct tn_self *self, struct frame *parent, uint64_t birth, int reason) {
    (void)self;
    (void)parent;
    (void)birth;
    (void)reason;
}

bool scope_lift_mark(struct task_stack *left, const struct tn_task *place,
                     struct scope_memory *memory) {
    (void)left;
    (void)place;
    (void)memory;
    return false;
}

void scope_lay_mark(struct task_stack *left, const struct scope_memory *memory) {
    (void)left;
    (void)memory;
}

void blocking_interrupt(struct task_stack *blocking) {
    (void)blocking;
}

int misuse_outside(void) {
    return TN_NOT_RUNNING;
}

// The time that a removal may take is another matter.
void grace_begin(struct frame *removed) {
    (void)removed;
}

// The only task is stolen already.
static void set_up(void) {
    static const struct tn_type type = {.name = "waiter", .level = TN_LEVEL_PFRAME};
    memset(&stack, 0, sizeof stack);
    memset(slots, 0, sizeof slots);
    memset(&frame, 0, sizeof frame);
    frame.type = &type;
    frame.stack = &stack;
    frame.deadline_ns = OS_NEVER;
    stack.frame = &frame;
    stack.scheduler = &scheduler;
    tasks_init(&stack.tasks, slots, sizeof slots, true);
    stack.tasks.self.top++;
    atomic_store_relaxed(&stack.tasks.range, UINT64_C(1) << 32 | 1);
    MODEL_EXPECT(tasks_is_stolen(&stack.tasks, &slots[0]));
    atomic_store_relaxed(&is_ready, 0);
    outcome = -1;
}

static void wait_for_task(void) {
    outcome = wait_for_stolen(&stack.tasks.self, &slots[0], false);
    MODEL_EXPECT(outcome != TN_OK || plain_read(&result) == 1);
}

// As a frame that is removed waits for its children.
static void wait_whatever_happens(void) {
    wait_for_task();
    if (outcome == TN_CANCELLED) {
        MODEL_EXPECT(wait_for_stolen(&stack.tasks.self, &slots[0], true) == TN_OK);
    }
}

static void end_task(void) {
    uint32_t ticket;
    plain_write(&result, 1);
    if (tasks_finish(&slots[0], TN_OK, &ticket) && task_stack_claim(&stack, ticket)) {
        worker_ready(NULL, &stack);
    }
}

// As awaitable_wait, whose commit holds a lock until it has opened the ticket.
static void commit_openly(struct task_stack *waiting, void *argument) {
    (void)argument;
    const uint32_t ticket = task_stack_wait(waiting);
    (void)plain_read(&stays);
    cancel_open(waiting, ticket);
}

static void wait_openly(void) {
    if (cancel_due(&stack.tasks.self) == TN_OK) {
        worker_suspend(&stack, commit_openly, NULL);
        plain_write(&stays, 1);
    }
    outcome = cancel_due(&stack.tasks.self);
}

static void cancel(void) {
    MODEL_EXPECT(cancel_request(&frame, TN_CANCELLED));
}

static void expect_cancelled(void) {
    MODEL_EXPECT(outcome == TN_CANCELLED);
    MODEL_EXPECT(task_state(&slots[0]) == TASK_NEW);
}

static void expect_an_end(void) {
    MODEL_EXPECT(outcome == TN_OK || outcome == TN_CANCELLED);
    MODEL_EXPECT(atomic_load_relaxed(&is_ready) == 0);
    MODEL_EXPECT(atomic_load_relaxed(&stack.ticket) % 2 == 0);
}

MODEL(a_cancellation_is_never_lost, .threads = 2, .setup = set_up,
      .thread = {wait_for_task, cancel}, .finish = expect_cancelled)

MODEL(an_opened_ticket_is_seen_by_who_cancels, .threads = 2, .setup = set_up,
      .thread = {wait_openly, cancel}, .finish = expect_cancelled)

MODEL(a_waiting_stack_is_made_ready_once, .threads = 3, .setup = set_up,
      .thread = {wait_whatever_happens, end_task, cancel}, .finish = expect_an_end)

// They keep a read of the commit before what the stack writes when it goes on; here reads never
// come late. ThreadSanitizer sees the race without them.
MODEL_SITE_UNNEEDED("cancel.h", "atomic_load_acquire(&stack->cancellable)",
                    "here a read never comes later than a write behind it")
MODEL_SITE_UNNEEDED("cancel.h", "atomic_store_release(&stack->cancellable",
                    "here a read never comes later than a write behind it")
