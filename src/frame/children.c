// children.c - waiting for the children of a frame, and removing them.
//
// Invariant: when frame_remove_children returns, nothing that the frame has created is alive, and
// the slots above its own are free. Start reading there.
#include "frame/cancel.h"
#include "frame/frame.h"
#include "frame/primitive.h"
#include "frame/wait.h"

// The oldest child that has not ended, kept alive for the caller; NULL: none.
static struct frame *first_alive_child(struct frame *frame) {
    struct frame *found = NULL;
    os_lock_acquire(&frame->lock);
    LIST_EACH(&frame->children, node) {
        struct frame *child = container_of(node, struct frame, sibling);
        if (frame_state(child) != FRAME_ENDED) {
            atomic_fetch_add_relaxed(&child->references, 1);
            found = child;
            break;
        }
    }
    os_lock_release(&frame->lock);
    return found;
}

int frame_wait_for_children(struct tn_self *self, struct frame *frame) {
    int outcome = TN_OK;
    struct frame *child;
    while (outcome != TN_CANCELLED && (child = first_alive_child(frame)) != NULL) {
        outcome = awaitable_wait(self, &child->done, NULL, false);
        frame_release(child);
    }
    return outcome == TN_CANCELLED ? TN_CANCELLED : TN_OK;
}

// A child that was removed before its parent has ended: there may be handles of it still.
static void keep_child(struct frame *child) {
    struct frame *parent = child->parent;
    os_lock_acquire(&parent->lock);
    if (list_is_linked(&child->sibling) && !child->is_kept) {
        list_remove(&child->sibling);
        atomic_fetch_sub_relaxed(&parent->stack->embedded, 1);
        list_push_back(&parent->kept, &child->sibling);
        child->is_kept = true;
    }
    os_lock_release(&parent->lock);
}

void frame_remove_child(struct tn_self *self, struct frame *child) {
    (void)cancel_request(child);
    int outcome;
    if (!awaitable_is_done(&child->done, &outcome)) {
        (void)awaitable_wait(self, &child->done, NULL, true);
    }
    keep_child(child);
}

// The newest child with a frame, kept alive for the caller; NULL: none.
static struct frame *last_child(struct frame *frame) {
    struct frame *child = NULL;
    os_lock_acquire(&frame->lock);
    struct list_node *node = list_last(&frame->children);
    if (node != NULL) {
        child = container_of(node, struct frame, sibling);
        atomic_fetch_add_relaxed(&child->references, 1);
    }
    os_lock_release(&frame->lock);
    return child;
}

// The newest task of the stack is not wanted any more.
static void remove_task(struct tn_self *self, struct tn_task *task) {
    struct tasks *tasks = &task_stack_of(self)->tasks;
    const enum task_state state = task_state(task);
    if (state == TASK_MARK || state == TASK_GONE || tasks_reclaim(tasks, task)) {
        tasks_drop(tasks, task);
        return;
    }
    struct frame *thief = wait_for_adopter(task);
    if (thief != NULL) {
        (void)cancel_request(thief);
    }
    (void)wait_for_stolen(self, task, true);
    if (thief != NULL) {
        frame_let_go(thief);
    }
    tasks_drop(tasks, task);
}

// Before anything is waited for: no thief starts a task meanwhile, and all that have been stolen
// hear of it at once, or each would go on spawning until its turn comes.
static void stop_tasks(struct tn_self *self, struct tn_task *first) {
    struct tasks *tasks = &task_stack_of(self)->tasks;
    for (struct tn_task *task = self->top; task-- > first;) {
        const enum task_state state = task_state(task);
        if (state != TASK_NEW && state != TASK_AWAITED) {
            continue;
        }
        if (state == TASK_NEW && tasks_reclaim(tasks, task)) {
            tasks_drop(tasks, task);
            continue;
        }
        struct frame *thief = task_adopter(task); // the place holds a reference
        if (thief != NULL) {
            (void)cancel_request(thief);
        }
    }
}

void frame_remove_children(struct tn_self *self, struct frame *frame, struct tn_task *slot) {
    struct tasks *tasks = &task_stack_of(self)->tasks;
    struct tn_task *const first = slot != NULL ? slot + 1 : tasks->first;
    stop_tasks(self, first);
    struct frame *child;
    // The stack counts the children with frames of all that live on it: mostly there are none.
    const bool may_have =
        frame != NULL && (atomic_load_relaxed(&task_stack_of(self)->embedded)) > 0;
    if (may_have) {
        atomic_store_relaxed(&frame->is_emptied, true);
    }
    while (may_have && (child = last_child(frame)) != NULL) {
        frame_remove_child(self, child);
        frame_release(child);
    }
    while (self->top > first) {
        remove_task(self, self->top - 1);
    }
}

void frame_strip(struct tn_self *self, struct frame *frame, struct tn_task *slot) {
    frame_remove_children(self, frame, slot);
    if (frame != NULL) {
        primitives_dispose(frame);
    }
}
