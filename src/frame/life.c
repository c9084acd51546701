// life.c - a frame from its making to its beginning; its end is in end.c, the picture in frame.h.
//
// Invariant: exactly one of frame_begin and frame_discard finds a frame NEW. Start reading at
// frame_begin.
#include <stdio.h>

#include "frame/cancel.h"
#include "frame/elsewhere.h"
#include "frame/fail.h"
#include "frame/failure.h"
#include "frame/frame.h"
#include "frame/local.h"
#include "frame/ready.h"
#include "frame/room.h"
#include "frame/run.h"
#include "frame/scope.h"
#include "scheduler/bound.h"
#include "scheduler/hard.h"

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

void frame_give_room(struct frame *frame) {
    struct worker *worker = worker_current();
    if (frame->lies_by != NULL) {
        worker_stack_release(&frame->run->scheduler, frame->lies_by);
        return;
    }
    const bool is_inside = worker != NULL && worker->scheduler == &frame->run->scheduler;
    struct frame_pool *pool = is_inside ? pool_of(frame->run, worker) : NULL;
    if (frame->block != NULL) {
        lobby_leave(pool == NULL ? NULL : &pool->lobby, frame->block);
        return;
    }
    if (pool == NULL) {
        os_free(frame);
        return;
    }
    if (pool->count >= POOL_MAX || CONTEXT_TSAN_OUTSIDE) { // two lives are not to be compared
        os_free(frame);
        return;
    }
    frame->next_free = pool->free;
    pool->free = frame;
    pool->count++;
}

static void give_memory(struct frame *frame) {
    if (frame->payload != frame->task.payload) {
        os_free(frame->payload);
    }
    if (frame->watch != NULL) {
        os_free(frame->watch);
    }
    ready_free(frame->ready);
    if (UNLIKELY(frame->rooms != NULL)) {
        room_free_all(frame->rooms);
    }
    if (UNLIKELY(atomic_load_relaxed(&frame->locals) != NULL)) { // it came with them, but never ran
        local_end(frame);
    }
    // Nobody else has it any more: relaxed.
    struct failure *failure = atomic_load_relaxed(&frame->failure);
    if (failure != NULL) {
        failure_release(failure);
    }
    frame_give_room(frame);
}

void frame_pool_deinit(struct frame_pool *pool) {
    lobby_deinit(&pool->lobby);
    while (pool->free != NULL) {
        struct frame *frame = pool->free;
        pool->free = frame->next_free;
        os_free(frame);
    }
}

static void retain(struct awaitable *awaitable) {
    struct frame *frame = container_of(awaitable, struct frame, done);
    frame_retain(frame);
}

static void release(struct awaitable *awaitable) {
    frame_release(container_of(awaitable, struct frame, done));
}

static void tell(const struct awaitable *awaitable, char *text, size_t bytes) {
    // Not its path: it may end meanwhile, and its parent with it.
    const struct frame *frame = container_of(awaitable, const struct frame, done);
    (void)snprintf(text, bytes, "waits for the frame %s", frame->type->name);
}

static const struct awaitable_kind frame_kind = {retain, release, tell};

struct frame *frame_of_awaitable(const struct awaitable *awaitable) {
    return awaitable->kind != &frame_kind
               ? NULL
               : container_of((struct awaitable *)(uintptr_t)awaitable, struct frame, done);
}

static struct task_stack *start(struct worker *worker, struct runnable *runnable);

// Where a frame lies: beside a stack, in a lobby, or, with neither, in memory of its own.
struct place {
    struct task_stack *lies_by;
    struct lobby_block *block;
};

// NULL: no memory, and that of the frame is given back.
static struct frame *make(struct frame *frame, struct place place, struct run *run,
                          const struct tn_type *type, unsigned line, const void *arguments) {
    const size_t bytes =
        type->argument_bytes > type->result_bytes ? type->argument_bytes : type->result_bytes;
    void *payload = frame->task.payload;
    if (bytes > TN_PAYLOAD_BYTES) {
        payload = os_allocate_aligned(bits_round_up(bytes, CACHE_LINE), CACHE_LINE);
        if (payload == NULL) {
            *frame = (struct frame){.run = run, .lies_by = place.lies_by, .block = place.block};
            frame->payload = frame->task.payload;
            give_memory(frame);
            return NULL;
        }
    }
    // Written as one assignment, so that no field of an earlier life is left.
    *frame = (struct frame){.run = run,
                            .lies_by = place.lies_by,
                            .block = place.block,
                            .type = type,
                            .name = type->name,
                            .line = line,
                            .payload = payload};
    frame->deadline_ns = OS_NEVER;
    frame->task.type = type;
    TN_STORE_(frame->task.info, (uint64_t)line << 8 | TASK_FRAME);
    if (type->argument_bytes > 0) {
        frame_copy(payload, arguments, type->argument_bytes);
    }
    frame->start.run = start;
    awaitable_init(&frame->done, &frame_kind, !run->scheduler.is_shared);
    os_lock_init(&frame->lock);
    list_init(&frame->children);
    list_node_init(&frame->sibling);
    list_init(&frame->kept);
    list_init(&frame->primitives);
    list_init(&frame->disposed);
    atomic_store_relaxed(&frame->references, 2);
    atomic_store_relaxed(&frame->state, FRAME_NEW);
    return frame;
}

struct frame *frame_create_apart(struct worker *worker, struct run *run, const struct tn_type *type,
                                 unsigned line, const void *arguments) {
    struct frame *frame = take_memory(run, worker);
    const struct place place = {NULL, NULL};
    return frame == NULL ? NULL : make(frame, place, run, type, line, arguments);
}

struct frame *frame_create_to_move(struct worker *worker, struct run *run,
                                   const struct tn_type *type, unsigned line,
                                   const void *arguments) {
    struct place place = {NULL, NULL};
    struct frame *frame = lobby_take(&pool_of(run, worker)->lobby, &place.block);
    return frame == NULL ? NULL : make(frame, place, run, type, line, arguments);
}

struct frame *frame_create_beside(struct task_stack *stack, struct run *run,
                                  const struct tn_type *type, unsigned line,
                                  const void *arguments) {
    return make(task_stack_beside(stack), (struct place){.lies_by = stack}, run, type, line,
                arguments);
}

struct frame *frame_create(struct worker *worker, struct run *run, const struct tn_type *type,
                           unsigned line, const void *arguments) {
    // ThreadSanitizer has to see each life begin and end, when the runtime shows it nothing.
    struct task_stack *stack =
        CONTEXT_TSAN_OUTSIDE ? NULL : worker_stack_acquire(worker, run->stack_bytes);
    if (stack == NULL) { // frame_begin will say why there is none
        return frame_create_apart(worker, run, type, line, arguments);
    }
    return make(task_stack_beside(stack), (struct place){.lies_by = stack}, run, type, line,
                arguments);
}

void frame_release(struct frame *frame) {
    int before;
    if (frame->done.is_local) {
        before = atomic_load_relaxed(&frame->references);
        atomic_store_relaxed(&frame->references, before - 1);
    } else {
        // acq_rel: pairs with frame_release: the last one sees what all others did.
        before = atomic_fetch_sub_acq_rel(&frame->references, 1);
    }
    if (before == 1) {
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

// May it run in another process?
static inline bool may_travel(const struct frame *frame) {
    return UNLIKELY(frame->run->elsewhere != NULL) && frame->type->travel != NULL;
}

void frame_submit(struct frame *frame) {
    if (may_travel(frame)) {
        elsewhere_submit(frame);
        return;
    }
    frame_retain(frame);
    scheduler_submit(&frame->run->scheduler, &frame->start, frame->home);
}

static void enter(struct task_stack *stack) {
    struct frame *frame = stack->frame;
    sanitizer_take_over(frame->origin != NULL ? (void *)&frame->origin->tasks : frame);
    if (UNLIKELY(frame->body != NULL) && frame->body->run != NULL) {
        frame->body->run(&stack->tasks.self, frame);
    } else {
        frame->type->invoke(&stack->tasks.self, frame->payload);
    }
    frame_end(stack);
}

struct task_stack *frame_start(struct frame *frame, struct worker *worker) {
    return may_travel(frame) ? elsewhere_start(frame, worker) : frame_begin(frame, worker, NULL);
}

struct task_stack *frame_begin(struct frame *frame, struct worker *worker,
                               const struct frame_body *body) {
    struct run *run = frame->run;
    if (!frame_claim(frame, FRAME_RUNNING)) {
        return NULL;
    }
    frame->body = body;
    // From here on its parent waits for it.
    if (frame->parent != NULL && atomic_load_relaxed(&frame->parent->is_emptied)) {
        atomic_store_relaxed(&frame->cancelled, TN_CANCELLED);
        frame_settle(frame);
        return NULL;
    }
    if (frame->deadline_ns != OS_NEVER && frame->deadline_ns <= os_now_ns()) {
        frame->has_timed_out = true;
        frame_settle(frame);
        return NULL;
    }
    if (frame->lies_by == NULL) {
        frame = frame_move_in(frame, worker);
    }
    struct task_stack *stack = frame->lies_by;
    if (LIKELY(stack != NULL && frame->stack_bytes == 0)) {
        worker_stack_prepare(worker, stack, frame->home, enter);
    } else {
        const size_t bytes = frame->stack_bytes != 0 ? frame->stack_bytes : run->stack_bytes;
        stack = worker_stack_create(worker, bytes, frame->home, enter);
    }
    if (stack == NULL) {
        char text[RUN_MESSAGE_BYTES];
        stack_set_explain(&run->scheduler.stacks, text, sizeof text);
        fail_frame(frame, TN_NO_MEMORY, text);
        frame_settle(frame);
        return NULL;
    }
    stack->frame = frame;
    stack->departure = frame->starter;
    stack->unready = 1;
    if (frame->type->level == TN_LEVEL_FRAME) {
        bound_init(stack);
    }
    stack->tasks.is_closed |= hard_is(HARD_STEAL);
    stack->tasks.is_sending =
        run->is_serial || (run->elsewhere != NULL && run->elsewhere->is_forced);
    stack->tasks.is_watched = hard_is(HARD_PARK);
    tasks_arm(&stack->tasks);
    frame_lock(frame);
    frame->stack = stack;
    if (atomic_load_relaxed(&frame->cancelled) != TN_OK) {
        frame_count_cancel(frame);
    }
    frame_unlock(frame);
    scope_start(stack);
    return stack;
}

void frame_count_cancel(struct frame *frame) {
    if (frame->stack != NULL) {
        frame->cancels++;
        // release: pairs with cancel_reaches, which then sees the reason.
        atomic_fetch_add_release(&frame->stack->cancels, 1);
    }
}

static struct task_stack *start(struct worker *worker, struct runnable *runnable) {
    struct frame *frame = container_of(runnable, struct frame, start);
    struct departure *const starter = frame->starter;
    struct task_stack *stack = frame_start(frame, worker);
    // The queue's reference; the frame's own keeps it. It may have moved.
    frame_release(stack != NULL ? stack->frame : frame);
    if (stack == NULL && starter != NULL) {
        starter->left(starter);
    }
    return stack;
}
