// follow.c - see follow.h.
#include "frame/follow.h"

#include "base/check.h"

bool frame_is_bare(struct frame *frame) {
    struct task_stack *stack = frame->stack;
    return frame_ends_plainly(frame) && stack->tasks.self.top == stack->tasks.first &&
           atomic_load_relaxed(&stack->embedded) == 0 && stack->flight == NULL &&
           stack->scopes == NULL &&
           !atomic_load_relaxed(&stack->is_blocking) && list_is_empty(&frame->primitives) &&
           list_is_empty(&frame->kept) && frame->failures == NULL && frame->rooms == NULL &&
           frame->received == NULL && atomic_load_relaxed(&frame->locals) == NULL;
}

bool frame_may_follow(const struct frame *frame) {
    return !frame->has_waited && frame->handler == NULL && frame->deadline_ns == OS_NEVER &&
           frame->payload == frame->task.payload &&
           !atomic_load_relaxed(&((struct frame *)(uintptr_t)frame)->is_shared);
}

// With its parent's lock nobody comes to know it meanwhile: one reference is its own, one of
// the list. What has been asked of it leaves a trace.
static bool is_unknown(struct frame *frame) {
    // acquire: pairs with frame_release: what those did who knew it is seen.
    return atomic_load_acquire(&frame->references) == 2 && frame_may_follow(frame) &&
           frame->is_forgotten && !frame->is_kept && frame->ready == NULL && frame->watch == NULL &&
           atomic_load_relaxed(&frame->cancelled) == TN_OK &&
           atomic_load_relaxed(&frame->stack->cancels) == 0 &&
           atomic_load_relaxed(&frame->failure) == NULL &&
           !atomic_load_relaxed(&frame->is_in_removal) &&
           !atomic_load_relaxed(&frame->parent->is_emptied);
}

bool frame_follow(struct frame *frame, const struct tn_type *type, unsigned line,
                  const void *arguments) {
    struct frame *parent = frame->parent;
    ASSERT(type->argument_bytes <= TN_PAYLOAD_BYTES && type->result_bytes <= TN_PAYLOAD_BYTES);
    frame_lock(parent);
    const bool follows = is_unknown(frame);
    if (follows) {
        frame_copy(frame->payload, arguments, type->argument_bytes);
        frame->birth = frame_next_birth(parent);
        parent->births++;
        if (list_last(&parent->children) != &frame->sibling) {
            list_remove(&frame->sibling);
            list_push_back(&parent->children, &frame->sibling);
        }
        frame->type = frame->task.type = type;
        frame->name = type->name;
        frame->line = line;
        TN_STORE_(frame->task.info, (uint64_t)line << 8 | TASK_FRAME);
        frame->births = 0;
        frame->task_number = 0;
        atomic_store_relaxed(&frame->forgets, false);
    }
    frame_unlock(parent);
    return follows;
}

bool frame_follow_itself(struct frame *frame) {
    if (!is_unknown(frame)) {
        return false;
    }
    frame->births = 0;
    atomic_store_relaxed(&frame->forgets, false);
    return true;
}
