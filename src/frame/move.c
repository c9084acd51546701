// move.c - forgotten children that wait to begin, in a sixth of a page each.
//
// A parent that lets go of its children as it spawns them may spawn very many before the first one
// begins. Beside a stack each would cost a page meanwhile, though often most of them need one after
// others have ended. So the children of such a parent are made in a lobby, and move when they
// begin: nobody has a handle of them. One that somebody has come to know by then stays where it is,
// and gets a stack all the same.
//
// Invariant: a frame moves only while nobody else can find it: under the lock of its parent's list,
// with no reference but its own, that list's and its queue's. Start reading at frame_move_in.
#include "frame/frame.h"
#include "frame/run.h"
#include "scheduler/hard.h"

// Fewer of them are not worth the move.
enum { CHILDREN_MIN = 64 };

bool frame_is_to_move(struct task_stack *stack, struct frame *parent, const struct tn_type *type) {
    // ThreadSanitizer has to see each life begin and end, when the runtime shows it nothing.
    const uint32_t least = hard_is(HARD_MOVE) ? 0 : CHILDREN_MIN;
    // Only what the parent lets go of before it spawns the next tells of that one.
    const bool is_to_move = !CONTEXT_TSAN_OUTSIDE && atomic_load_relaxed(&parent->forgets) &&
                            atomic_load_relaxed(&stack->embedded) >= least &&
                            (parent->run->elsewhere == NULL || type->travel == NULL);
    atomic_store_relaxed(&parent->forgets, false);
    return is_to_move;
}

// Under the lock of the parent.
static bool is_unknown(struct frame *frame) {
    // acquire: pairs with frame_release: what those have done who have known it before.
    return atomic_load_acquire(&frame->references) == FRAME_REFERENCES_QUEUED &&
           frame->is_forgotten && !atomic_load_relaxed(&frame->is_shared) &&
           !atomic_load_relaxed(&frame->is_told) && frame->watch == NULL && frame->ready == NULL;
}

// Takes the place of `from` in everything, which is its parent's list. A frame that has not begun
// has nothing of its own in its lists.
static void replace(struct frame *frame, const struct frame *from, struct task_stack *stack) {
    *frame = *from;
    frame->lies_by = stack;
    frame->block = NULL;
    if (from->payload == from->task.payload) {
        frame->payload = frame->task.payload;
    }
    list_replace(&from->sibling, &frame->sibling);
    list_init(&frame->done.subscribers);
    list_init(&frame->children);
    list_init(&frame->kept);
    list_init(&frame->primitives);
    list_init(&frame->disposed);
}

struct frame *frame_move_in(struct frame *frame, struct worker *worker) {
    struct frame *parent = frame->parent;
    const bool may_move = frame->block != NULL && frame->stack_bytes == 0 && frame->body == NULL &&
                          frame->starter == NULL;
    struct task_stack *stack =
        may_move ? worker_stack_acquire(worker, frame->run->stack_bytes) : NULL;
    if (stack == NULL) {
        return frame;
    }
    struct frame *moved = task_stack_beside(stack);
    frame_lock(parent);
    const bool moves = is_unknown(frame);
    if (moves) {
        replace(moved, frame, stack);
    }
    frame_unlock(parent);
    if (!moves) {
        worker_stack_release(worker->scheduler, stack);
        return frame;
    }
    frame_give_room(frame);
    return moved;
}
