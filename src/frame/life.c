// life.c - a frame from its making to its end. The picture is in frame.h.
//
// Invariant: settle runs once per frame, after its last instruction on any stack, and is the
// last to touch its parent. Start reading at frame_begin.
#include "base/check.h"
#include "frame/cancel.h"
#include "frame/frame.h"
#include "frame/run.h"

// ---- memory ----------------------------------------------------------------------------------

#define POOL_MAX 256

static struct frame_pool *pool_of(struct run *run, struct worker *worker) {
    return &run->pools[worker->index];
}

static struct frame *take_memory(struct run *run, struct worker *worker) {
    struct frame_pool *pool = pool_of(run, worker);
    struct frame *frame = pool->free;
    if (frame == NULL) {
        return os_allocate_aligned(sizeof *frame, _Alignof(struct frame));
    }
    pool->free = frame->next_free;
    pool->count--;
    return frame;
}

static void give_memory(struct frame *frame) {
    struct worker *worker = worker_current();
    if (frame->payload != frame->task.payload) {
        os_free(frame->payload);
    }
    if (worker == NULL || worker->scheduler != &frame->run->scheduler) {
        os_free(frame);
        return;
    }
    struct frame_pool *pool = pool_of(frame->run, worker);
    if (pool->count >= POOL_MAX) {
        os_free(frame);
        return;
    }
    frame->next_free = pool->free;
    pool->free = frame;
    pool->count++;
}

void frame_pool_deinit(struct frame_pool *pool) {
    while (pool->free != NULL) {
        struct frame *frame = pool->free;
        pool->free = frame->next_free;
        os_free(frame);
    }
}

static void retain(struct awaitable *awaitable) {
    struct frame *frame = container_of(awaitable, struct frame, done);
    atomic_fetch_add_relaxed(&frame->references, 1);
}

static void release(struct awaitable *awaitable) {
    frame_release(container_of(awaitable, struct frame, done));
}

static const struct awaitable_kind frame_kind = {retain, release};

static void start(struct worker *worker, struct runnable *runnable);

struct frame *frame_create(struct worker *worker, struct run *run, const struct tn_type *type,
                           unsigned line, const void *arguments) {
    struct frame *frame = take_memory(run, worker);
    if (frame == NULL) {
        return NULL;
    }
    const size_t bytes =
        type->argument_bytes > type->result_bytes ? type->argument_bytes : type->result_bytes;
    void *payload = frame->task.payload;
    if (bytes > TN_PAYLOAD_BYTES) {
        payload = os_allocate_aligned(bits_round_up(bytes, CACHE_LINE), CACHE_LINE);
        if (payload == NULL) {
            frame->payload = frame->task.payload;
            frame->run = run;
            give_memory(frame);
            return NULL;
        }
    }
    // Written as one assignment, so that no field of an earlier life is left.
    *frame = (struct frame){.run = run, .type = type, .line = line, .payload = payload};
    frame->task.type = type;
    TN_STORE_(frame->task.info, (uint64_t)line << 8 | TASK_FRAME);
    if (type->argument_bytes > 0) {
        __builtin_memcpy(payload, arguments, type->argument_bytes);
    }
    frame->start.run = start;
    awaitable_init(&frame->done, &frame_kind);
    os_lock_init(&frame->lock);
    list_init(&frame->children);
    list_node_init(&frame->sibling);
    list_init(&frame->kept);
    list_init(&frame->primitives);
    atomic_store_relaxed(&frame->references, 2);
    atomic_store_relaxed(&frame->state, FRAME_NEW);
    return frame;
}

void frame_release(struct frame *frame) {
    // acq_rel: pairs with frame_release: the last one sees what all others did.
    if (atomic_fetch_sub_acq_rel(&frame->references, 1) == 1) {
        give_memory(frame);
    }
}

// ---- beginning -------------------------------------------------------------------------------

struct worker *frame_home_for(struct task_stack *stack, enum tn_level level) {
    if (level != TN_LEVEL_FRAME) {
        return NULL;
    }
    return stack->home != NULL ? stack->home : stack->worker;
}

void frame_submit(struct frame *frame) {
    atomic_fetch_add_relaxed(&frame->references, 1);
    scheduler_submit(&frame->run->scheduler, &frame->start, frame->home);
}

static void enter(struct task_stack *stack) {
    struct frame *frame = stack->frame;
    frame->type->invoke(&stack->tasks.self, frame->payload);
    frame_end(stack);
}

static void settle(struct frame *frame);

struct task_stack *frame_begin(struct frame *frame, struct worker *worker) {
    struct run *run = frame->run;
    uint32_t expected = FRAME_NEW;
    if (!atomic_cas_relaxed(&frame->state, &expected, FRAME_RUNNING)) {
        return NULL;
    }
    // From here on its parent waits for it.
    if (frame->parent != NULL && atomic_load_relaxed(&frame->parent->is_emptied)) {
        atomic_store_relaxed(&frame->is_cancelled, true);
        settle(frame);
        return NULL;
    }
    const size_t bytes = frame == run->root ? run->root_stack_bytes : run->stack_bytes;
    struct task_stack *stack = worker_stack_create(worker, bytes, frame->home, enter);
    if (stack == NULL) {
        char text[RUN_MESSAGE_BYTES];
        stack_set_explain(&run->scheduler.stacks, text, sizeof text);
        frame->failure_code = TN_NO_MEMORY;
        run_fail(run, TN_NO_MEMORY, text);
        settle(frame);
        return NULL;
    }
    stack->frame = frame;
    stack->tasks.is_closed = frame->type->level == TN_LEVEL_FRAME;
    tasks_arm(&stack->tasks);
    os_lock_acquire(&frame->lock);
    frame->stack = stack;
    if (atomic_load_relaxed(&frame->is_cancelled)) {
        frame_count_cancel(frame);
    }
    os_lock_release(&frame->lock);
    return stack;
}

void frame_count_cancel(struct frame *frame) {
    if (frame->stack != NULL) {
        frame->cancels++;
        atomic_fetch_add_relaxed(&frame->stack->cancels, 1);
    }
}

static void start(struct worker *worker, struct runnable *runnable) {
    struct frame *frame = container_of(runnable, struct frame, start);
    struct task_stack *stack = frame_begin(frame, worker);
    frame_release(frame); // the queue's reference; the frame's own keeps it
    if (stack != NULL) {
        stack->resume.run(worker, &stack->resume);
    }
}

// ---- ending ----------------------------------------------------------------------------------

int frame_outcome(const struct frame *frame) {
    if (frame->failure_code != 0) {
        return frame->failure_code;
    }
    return atomic_load_relaxed(&((struct frame *)(uintptr_t)frame)->is_cancelled) ? TN_REMOVED
                                                                                  : TN_OK;
}

// An ended frame that others have a handle of stays with the nearest frame outwards.
static void keep_if_shared(struct frame *frame) {
    if (!atomic_load_relaxed(&frame->is_shared)) {
        return;
    }
    struct frame *parent = frame_parent(frame);
    atomic_fetch_add_relaxed(&frame->references, 1);
    os_lock_acquire(&parent->lock);
    list_push_back(&parent->kept, &frame->sibling);
    os_lock_release(&parent->lock);
}

// A forgotten child leaves by itself.
static void leave_parent(struct frame *frame) {
    struct frame *parent = frame->parent;
    if (parent == NULL) {
        atomic_store_release(&frame->state, FRAME_ENDED); // pairs with frame_state
        return;
    }
    os_lock_acquire(&parent->lock);
    const bool leaves = frame->is_forgotten && !atomic_load_relaxed(&frame->is_shared);
    if (leaves) {
        list_remove(&frame->sibling);
        atomic_fetch_sub_relaxed(&parent->stack->embedded, 1);
    }
    atomic_store_release(&frame->state, FRAME_ENDED); // pairs with frame_state
    os_lock_release(&parent->lock);
    if (leaves) {
        frame_release(frame);
    }
}

static void settle(struct frame *frame) {
    const int outcome = frame_outcome(frame);
    struct run *run = frame->run;
    struct task_stack *origin = frame->origin;
    const bool is_root = frame == run->root;
    if (origin != NULL) { // the slot keeps it for those who have its handle
        atomic_store_release(&frame->state, FRAME_ENDED); // pairs with frame_state
    } else {
        leave_parent(frame);
    }
    if (is_root) {
        run_end(run);
    }
    awaitable_complete(&frame->done, outcome, NULL, true, NULL);
    uint32_t ticket;
    if (origin != NULL && tasks_finish(frame->slot, outcome, &ticket) &&
        task_stack_claim(origin, ticket)) {
        worker_ready(&run->scheduler, origin);
    }
    frame_release(frame);
}

static void settle_after_stack(struct task_stack *stack, void *argument) {
    (void)stack;
    settle(argument);
}

void frame_end(struct task_stack *stack) {
    struct frame *frame = stack->frame;
    atomic_store_relaxed(&frame->state, FRAME_ENDING);
    frame_remove_children(&stack->tasks.self, frame, NULL);
    frame_drop_belongings(frame);
    os_lock_acquire(&frame->lock);
    frame->stack = NULL;
    os_lock_release(&frame->lock);
    worker_finish(stack, settle_after_stack, frame);
}

bool frame_discard(struct frame *frame, int outcome) {
    uint32_t expected = FRAME_NEW;
    if (!atomic_cas_relaxed(&frame->state, &expected, FRAME_ENDING)) {
        return false;
    }
    frame->failure_code = outcome;
    settle(frame);
    return true;
}

// End of a frame that runs in place: its stack goes on with its parent.
static int end_in_place(struct task_stack *stack, struct frame *frame) {
    atomic_store_relaxed(&frame->state, FRAME_ENDING);
    frame_drop_belongings(frame);
    os_lock_acquire(&frame->lock);
    frame->stack = NULL;
    atomic_fetch_sub_relaxed(&stack->cancels, frame->cancels);
    os_lock_release(&frame->lock);
    const int outcome = frame_outcome(frame);
    keep_if_shared(frame);
    atomic_store_release(&frame->state, FRAME_ENDED); // pairs with frame_state
    awaitable_complete(&frame->done, outcome, NULL, true, NULL);
    frame_release(frame);
    frame_release(frame);
    return outcome;
}

int tn_end_slow(struct tn_self *self, struct tn_task *task) {
    struct task_stack *stack = task_stack_of(self);
    struct frame *frame = task_adopter(task);
    frame_remove_children(self, frame, task);
    ASSERT(self->top == task + 1);
    if (frame != NULL) {
        return end_in_place(stack, frame);
    }
    return cancel_reaches(self) ? TN_CANCELLED : TN_OK;
}
