// children.c - waiting for the children of a frame, and removing them.
//
// Invariant: when frame_remove_children returns, nothing that the frame has created is alive, and
// the slots above its own are free. Start reading there.
#include <stdio.h>

#include "frame/cancel.h"
#include "frame/class.h"
#include "frame/fail.h"
#include "frame/flight.h"
#include "frame/frame.h"
#include "frame/free.h"
#include "frame/note.h"
#include "frame/primitive.h"
#include "frame/ready.h"
#include "frame/wait.h"

// On the loop: the last child alive claims the ticket, unless there is none already.
static void wait_childless(struct task_stack *stack, void *argument) {
    struct frame *frame = argument;
    const uint32_t ticket = task_stack_wait(stack);
    frame_lock(frame);
    const bool is_childless = frame->alive == 0;
    frame->childless_ticket = ticket;
    frame_unlock(frame);
    if (!is_childless) {
        cancel_check_waiting(stack, ticket);
    } else if (task_stack_claim(stack, ticket)) {
        worker_ready(stack->scheduler, stack);
    }
}

static bool has_alive_children(struct frame *frame) {
    frame_lock(frame);
    const bool has = frame->alive > 0;
    frame_unlock(frame);
    return has;
}

static void tell(const struct note *note, char *text, size_t bytes) {
    (void)note;
    (void)snprintf(text, bytes, "waits for its children");
}

struct children_wait {
    struct note note;
    struct frame *frame;
};

// So many of them are met, the oldest first.
enum { CHILDREN_MET = 256 };

// A child that has not ended, behind `count` others, kept alive for the caller; NULL: none.
static struct frame *child_behind(struct frame *frame, int count) {
    struct frame *child = NULL;
    frame_lock(frame);
    LIST_EACH(&frame->children, node) {
        struct frame *next = container_of(node, struct frame, sibling);
        if (child == NULL && frame_state(next) != FRAME_ENDED && count-- == 0) {
            frame_retain(next);
            child = next;
        }
    }
    frame_unlock(frame);
    return child;
}

static bool awaited(const struct note *note, struct meeting *meeting) {
    struct frame *frame = container_of(note, struct children_wait, note)->frame;
    bool is_found = false;
    for (int i = 0; i < CHILDREN_MET && !is_found; i++) {
        struct frame *child = child_behind(frame, i);
        if (child == NULL) {
            break;
        }
        is_found = meeting->meet(meeting, child);
        frame_release(child);
    }
    return is_found;
}

int frame_wait_for_children(struct tn_self *self, struct frame *frame) {
    const struct children_wait wait = {{tell, note_ends_inside, NULL, awaited}, frame};
    while (has_alive_children(frame)) {
        const int due = cancel_due(self);
        if (due != TN_OK) {
            return due;
        }
        task_stack_of(self)->note = &wait.note;
        ready_begin(self, NULL);
        worker_suspend(task_stack_of(self), wait_childless, frame);
    }
    sanitizer_take_over(&frame->children);
    return TN_OK;
}

// A child that was removed before its parent has ended: there may be handles of it still.
static void keep_child(struct frame *child) {
    struct frame *parent = child->parent;
    frame_lock(parent);
    if (list_is_linked(&child->sibling) && !child->is_kept) {
        list_remove(&child->sibling);
        frame_count_child(parent, -1);
        list_push_back(&parent->kept, &child->sibling);
        child->is_kept = true;
    }
    frame_unlock(parent);
}

void frame_remove_child(struct tn_self *self, struct frame *child, int reason) {
    (void)cancel_request(child, reason);
    int outcome;
    if (!awaitable_is_done(&child->done, &outcome)) {
        (void)awaitable_wait(self, &child->done, NULL, true);
    }
    keep_child(child);
}

// The newest child with a frame, kept alive for the caller; NULL: none.
static struct frame *last_child(struct frame *frame) {
    struct frame *child = NULL;
    frame_lock(frame);
    struct list_node *node = list_last(&frame->children);
    if (node != NULL) {
        child = container_of(node, struct frame, sibling);
        frame_retain(child);
    }
    frame_unlock(frame);
    return child;
}

void frame_remove_task(struct tn_self *self, struct tn_task *task, int reason) {
    struct tasks *tasks = &task_stack_of(self)->tasks;
    const enum task_state state = task_state(task);
    if (state == TASK_MARK || state == TASK_GONE || tasks_reclaim(tasks, task)) {
        tasks_drop(tasks, task);
        return;
    }
    struct frame *thief = wait_for_adopter(task);
    if (thief != NULL) {
        (void)cancel_request(thief, reason);
    }
    (void)wait_for_stolen(self, task, true);
    if (thief != NULL) {
        fail_collect(self, thief);
        frame_let_go(thief);
    }
    tasks_drop(tasks, task);
}

// Before anything is waited for: nobody starts a task meanwhile. A bound one may be a frame
// already, and queued to start.
static void drop_new_tasks(struct tn_self *self, struct tn_task *first, int reason) {
    struct tasks *tasks = &task_stack_of(self)->tasks;
    for (struct tn_task *task = self->top; task-- > first;) {
        if (task_state(task) == TASK_NEW && tasks_reclaim(tasks, task)) {
            tasks_drop(tasks, task);
        } else if (tasks->is_bound && task_state(task) == TASK_NEW) {
            struct frame *frame = task_adopter(task);
            if (frame != NULL && frame_state(frame) == FRAME_NEW) {
                (void)cancel_request(frame, reason);
            }
        }
    }
}

// Removes the newest child: one with a frame, or the task on top. False: there is none.
static bool remove_newest(struct tn_self *self, struct frame *frame, struct tn_task *first,
                          int reason) {
    struct tn_task *const task = self->top > first ? self->top - 1 : NULL;
    struct frame *child = frame == NULL ? NULL : last_child(frame);
    if (child != NULL && (task == NULL || child->birth > (uint64_t)(uintptr_t)task)) {
        frame_remove_child(self, child, reason);
    } else if (task != NULL) {
        frame_remove_task(self, task, reason);
    }
    if (child != NULL) {
        frame_release(child);
    }
    return child != NULL || task != NULL;
}

void frame_remove_children(struct tn_self *self, struct frame *frame, struct tn_task *slot,
                           int reason) {
    struct task_stack *stack = task_stack_of(self);
    struct tn_task *const first = slot != NULL ? slot + 1 : stack->tasks.first;
    // The stack counts the children with frames of all that live on it: mostly there are none.
    struct frame *const with_frames =
        frame != NULL && atomic_load_relaxed(&stack->embedded) > 0 ? frame : NULL;
    if (with_frames != NULL) {
        atomic_store_relaxed(&frame->is_emptied, true);
    }
    drop_new_tasks(self, first, reason);
    while (remove_newest(self, with_frames, first, reason)) {
    }
    if (frame != NULL) { // also those that had ended before
        sanitizer_take_over(&frame->children);
    }
    if (with_frames != NULL) { // its cleanup handlers may have children again
        atomic_store_relaxed(&frame->is_emptied, false);
    }
}

void frame_remove_since(struct tn_self *self, struct frame *frame, uint64_t birth, int reason) {
    free_announce_since(self, frame, birth);
    bool is_older = false;
    struct frame *child;
    while (!is_older && (child = last_child(frame)) != NULL) {
        is_older = child->birth < birth;
        if (!is_older) {
            frame_remove_child(self, child, reason);
        }
        frame_release(child);
    }
}

// Removing its children is not what the frame itself is blamed for when it takes long (grace.h).
static void remove_children_in_their_time(struct tn_self *self, struct frame *frame,
                                          struct tn_task *slot, int reason) {
    const uint64_t start_ns = atomic_load_relaxed(&frame->is_told) ? os_now_ns() : 0;
    const uint32_t phase = atomic_load_relaxed(&frame->phase);
    atomic_store_relaxed(&frame->phase, FRAME_REMOVES_CHILDREN);
    frame_remove_children(self, frame, slot, reason);
    atomic_store_relaxed(&frame->phase, phase);
    if (atomic_load_relaxed(&frame->is_told)) {
        grace_excuse(frame, start_ns);
    }
}

void frame_strip(struct tn_self *self, struct frame *frame, struct tn_task *slot, int reason) {
    struct task_stack *stack = task_stack_of(self);
    struct tn_task *const first = slot != NULL ? slot + 1 : stack->tasks.first;
    flight_land(stack);
    if (frame == NULL) {
        free_announce_end(self, NULL, slot);
        frame_remove_children(self, NULL, slot, reason);
        return;
    }
    if (UNLIKELY(atomic_load_relaxed(&frame->is_watched))) {
        free_announce_end(self, frame, slot);
    }
    if (self->top > first || atomic_load_relaxed(&stack->embedded) > 0) {
        remove_children_in_their_time(self, frame, slot, reason);
    }
    class_wait(frame);
    if (!list_is_empty(&frame->primitives)) {
        primitives_dispose(frame);
    }
}
