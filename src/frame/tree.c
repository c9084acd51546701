// tree.c - who is whose parent.
//
// Frames that run in place on one stack follow one another outwards like the tasks they lie on; the
// last is the frame the stack was started for, whose task lies elsewhere.
// Invariant: a slot between a stolen task and its parent's stays what it is as long as the task has
// not ended. Start reading at frame_parent.
#include "base/check.h"
#include "frame/frame.h"
#include "frame/misuse.h"
#include "frame/run.h"
#include "frame/scope.h"
#include "frame/tree.h"

struct frame *frame_outwards(struct task_stack *stack, struct tn_task *below) {
    struct tn_task *task = below;
    while ((task = tasks_in_place(&stack->tasks, task)) != NULL) {
        struct frame *frame = task_adopter(task);
        if (frame != NULL) {
            return frame;
        }
    }
    return stack->frame;
}

struct frame *frame_parent(const struct frame *frame) {
    return frame->origin != NULL ? frame_outwards(frame->origin, frame->slot) : frame->parent;
}

struct frame *frame_nearest(struct tn_self *self) {
    return frame_outwards(task_stack_of(self), self->top);
}

struct frame *frame_in_place(struct task_stack *stack, struct tn_task *slot) {
    // The arguments were taken out when it was called: none to copy.
    struct frame *frame = frame_create_apart(stack->worker, stack->frame->run, slot->type,
                                             task_line(slot), slot->payload);
    if (frame == NULL) {
        return NULL;
    }
    frame->origin = stack;
    frame->slot = slot;
    frame->stack = stack;
    // What was spawned before may be watched already.
    frame->is_watched = atomic_load_relaxed(&frame->run->watch_count) > 0;
    stack->unready++;
    atomic_store_relaxed(&frame->state, FRAME_RUNNING);
    task_adopt(slot, frame);
    return frame;
}

struct frame *frame_current(struct tn_self *self) {
    struct task_stack *stack = task_stack_of(self);
    struct tn_task *slot = tasks_current(&stack->tasks);
    if (slot == NULL) {
        if (stack->frame == NULL) {
            (void)misuse_outside();
        }
        return stack->frame;
    }
    struct frame *frame = task_adopter(slot);
    if (frame != NULL) {
        return frame;
    }
    struct tn_task *mark = tasks_push_mark(&stack->tasks);
    if (mark == NULL) {
        return NULL;
    }
    frame = frame_in_place(stack, slot);
    if (frame == NULL) {
        tasks_drop(&stack->tasks, mark);
    }
    return frame;
}

// A frame spawns tasks until it has an embedded child, and from then on embedded ones only: so the
// addresses of tasks come before all serial numbers.
#define BIRTHS_FIRST ((uint64_t)1 << 63)

uint64_t frame_birth(const struct frame *frame) {
    return frame->origin != NULL ? (uint64_t)(uintptr_t)frame->slot : frame->birth;
}

uint64_t frame_next_birth(const struct frame *frame) {
    return BIRTHS_FIRST + (frame == NULL ? 0 : frame->births);
}

void frame_adopt_child(struct frame *parent, struct frame *child, const struct tn_task *task) {
    child->parent = parent;
    // A task was made where no scope was open.
    scope_limit_frame(child, task != NULL ? parent->stack->frame->deadline_ns
                                          : scope_deadline_ns(parent->stack));
    sanitizer_hand_over(child);
    frame_lock(parent);
    child->birth = task != NULL ? (uint64_t)(uintptr_t)task : BIRTHS_FIRST + parent->births++;
    struct list_node *at = parent->children.head.prev;
    while (at != &parent->children.head &&
           container_of(at, struct frame, sibling)->birth > child->birth) {
        at = at->prev;
    }
    list_insert_after(at, &child->sibling);
    parent->alive++;
    frame_count_child(parent, 1);
    frame_unlock(parent);
}

static void take_off(struct frame *child) {
    struct frame *parent = child->parent;
    frame_lock(parent);
    const bool was_linked = list_is_linked(&child->sibling);
    if (was_linked) {
        list_remove(&child->sibling);
    }
    if (was_linked && !child->is_kept) {
        frame_count_child(parent, -1);
    }
    frame_unlock(parent);
    if (was_linked) {
        frame_release(child);
    }
}

void frame_let_go(struct frame *frame) {
    if (!atomic_load_relaxed(&frame->is_shared)) {
        frame_release(frame);
        return;
    }
    struct frame *parent = frame_parent(frame);
    frame_lock(parent);
    list_push_back(&parent->kept, &frame->sibling);
    frame_unlock(parent);
}

void frame_share(struct frame *frame) {
    atomic_store_relaxed(&frame->is_shared, true);
}

void frame_forget(struct frame *child) {
    struct frame *parent = child->parent;
    frame_lock(parent);
    child->is_forgotten = true;
    atomic_store_relaxed(&parent->forgets, frame_state(child) == FRAME_NEW);
    const bool has_ended = frame_state(child) == FRAME_ENDED;
    frame_unlock(parent);
    if (has_ended) {
        frame_consume(child);
    }
}

void frame_consume(struct frame *child) {
    if (!atomic_load_relaxed(&child->is_shared)) {
        take_off(child);
    }
}

size_t frame_check(struct frame *frame) {
    size_t count = 0, alive = 0;
    uint64_t birth = 0;
    frame_lock(frame);
    ASSERT(frame->stack == NULL || frame->origin != frame->stack || frame->slot != NULL);
    LIST_EACH(&frame->children, node) {
        struct frame *child = container_of(node, struct frame, sibling);
        ASSERT(child->parent == frame && child->origin == NULL);
        ASSERT(task_state(&child->task) == TASK_FRAME);
        ASSERT(atomic_load_relaxed(&child->references) >= 1);
        ASSERT(child->birth > birth);
        birth = child->birth;
        alive += frame_state(child) != FRAME_ENDED;
        count++;
    }
    ASSERT(alive <= frame->alive);
    ASSERT(frame->stack == NULL || count <= atomic_load_relaxed(&frame->stack->embedded));
    frame_unlock(frame);
    return count;
}

bool tn_frame_has_ended(const struct tn_frame *handle) {
    return handle == NULL || frame_state((const struct frame *)(const void *)handle) == FRAME_ENDED;
}

struct tree_place tree_place_on(struct task_stack *stack) {
    struct tree_place place = {stack->frame, NULL, NULL};
    struct tn_task *slot = tasks_in_place(&stack->tasks, stack->tasks.self.top);
    if (slot != NULL) {
        place.frame = task_adopter(slot);
        place.stack = stack;
        place.slot = place.frame == NULL ? slot : NULL;
    }
    return place;
}

const struct tn_type *tree_type(const struct tree_place *place) {
    return place->slot != NULL ? place->slot->type : place->frame->type;
}

unsigned tree_line(const struct tree_place *place) {
    return place->slot != NULL ? task_line(place->slot) : place->frame->line;
}

// The name of what the place is at, which moves on to what is around it; NULL above root.
static const char *next_name(struct tree_place *place) {
    const char *name;
    if (place->slot != NULL) {
        name = place->slot->type->name;
    } else if (place->frame == NULL) {
        return NULL;
    } else {
        name = place->frame->name;
        place->stack = place->frame->origin;
        place->slot = place->frame->slot;
        if (place->stack == NULL) {
            place->frame = place->frame->parent;
            return name;
        }
    }
    place->slot = tasks_in_place(&place->stack->tasks, place->slot);
    place->frame = place->slot == NULL ? place->stack->frame : task_adopter(place->slot);
    place->slot = place->frame == NULL ? place->slot : NULL;
    return name;
}

size_t tree_path(struct tree_place place, char *buffer, size_t bytes) {
    if (bytes == 0) {
        return 0;
    }
    // From the end: names are met innermost first.
    size_t at = bytes - 1;
    buffer[at] = '\0';
    for (const char *name; at > 0 && (name = next_name(&place)) != NULL;) {
        const size_t length = __builtin_strlen(name);
        const size_t fits = length < at ? length : at;
        at -= fits;
        __builtin_memcpy(buffer + at, name + length - fits, fits);
        if (at > 0) {
            buffer[--at] = '/';
        }
    }
    const size_t length = bytes - 1 - at;
    __builtin_memmove(buffer, buffer + at, length + 1);
    return length;
}

size_t tn_frame_path(const struct tn_frame *handle, char *buffer, size_t bytes) {
    const struct tree_place place = {(const struct frame *)(const void *)handle, NULL, NULL};
    return tree_path(place, buffer, bytes);
}
