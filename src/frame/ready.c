// ready.c - see ready.h.
//
// Who asks makes a struct ready; if the frame is in its first wait, that follows the frames which
// are waited for: it makes theirs, and looks again whenever one of them completes. Asking goes on
// from frame to frame in a loop, not by recursion, because chains of waiting frames may be long.
#include "frame/ready.h"

#include <stdio.h>
#include <tenon/event.h>

#include "frame/combine.h"
#include "frame/run.h"

struct follower {
    struct subscriber subscriber;
    struct follow *follow;
    struct ready *followed; // its frame is kept alive
};

// What an asked frame follows during its first wait.
struct follow {
    struct ready *ready;
    struct awaitable *target; // what the frame waits for, kept alive
    size_t count;
    struct follower followers[];
};

struct ready {
    struct awaitable awaitable;
    struct frame *frame;
    struct subscriber end; // of the frame's `done`: it has ended, ready or not
    struct follow *follow; // under the frame's lock
    bool is_asked; // it is on the list of who asks; under the run's ready_lock, as is `next`
    struct ready *next;
};

// ---- is it ready? ----------------------------------------------------------------------------

static bool frame_is_ready(struct frame *frame) {
    // acquire: pairs with set_ready.
    return atomic_load_acquire(&frame->is_ready) || frame_state(frame) == FRAME_ENDED;
}

static void set_ready(struct frame *frame) {
    atomic_store_release(&frame->is_ready, true); // pairs with frame_is_ready
}

static bool is_ready(struct awaitable *awaitable) {
    struct frame *frame = frame_of_awaitable(awaitable);
    if (frame != NULL) {
        return frame_is_ready(frame);
    }
    const struct combination *combination = combine_from_awaitable(awaitable);
    if (combination == NULL) {
        return true;
    }
    const bool is_any = combine_is_any(combination);
    const size_t count = combine_count(combination);
    for (size_t i = 0; i < count; i++) {
        if (is_ready(combine_member(combination, i)) == is_any) {
            return is_any;
        }
    }
    return !is_any;
}

// Puts the frames that `awaitable` consists of into `frames` (NULL: only counts them).
static size_t collect_frames(struct awaitable *awaitable, struct frame **frames) {
    struct frame *frame = frame_of_awaitable(awaitable);
    if (frame != NULL) {
        if (frames != NULL) {
            frames[0] = frame;
        }
        return 1;
    }
    const struct combination *combination = combine_from_awaitable(awaitable);
    size_t count = 0;
    for (size_t i = 0; combination != NULL && i < combine_count(combination); i++) {
        count +=
            collect_frames(combine_member(combination, i), frames == NULL ? NULL : frames + count);
    }
    return count;
}

// ---- following -------------------------------------------------------------------------------

static void retain(struct awaitable *awaitable) {
    struct ready *ready = container_of(awaitable, struct ready, awaitable);
    frame_retain(ready->frame);
}

static void release(struct awaitable *awaitable) {
    frame_release(container_of(awaitable, struct ready, awaitable)->frame);
}

static void tell(const struct awaitable *awaitable, char *text, size_t bytes) {
    const struct frame *frame = container_of(awaitable, const struct ready, awaitable)->frame;
    (void)snprintf(text, bytes, "waits for the frame %s to be ready", frame->type->name);
}

static const struct awaitable_kind ready_kind = {retain, release, tell};

static void complete(struct ready *ready, int outcome) {
    awaitable_complete(&ready->awaitable, outcome, NULL, true, NULL);
}

static void frame_ended(struct subscriber *subscriber, int outcome, void *value,
                        struct delivery *delivery) {
    (void)value;
    (void)delivery;
    complete(container_of(subscriber, struct ready, end), outcome);
}

// For a frame that has none, and under whose lock it is made.
static void init(struct ready *ready, struct frame *frame) {
    *ready = (struct ready){.frame = frame, .end.fire = frame_ended};
    awaitable_init(&ready->awaitable, &ready_kind, frame->done.is_local);
    list_node_init(&ready->end.link);
    frame->ready = ready;
}

// What has happened already. Several may come here at once: the first completes it.
static void catch_up(struct ready *ready, bool is_new) {
    struct frame *frame = ready->frame;
    // acquire: pairs with set_ready. A frame that failed first has ended without being ready.
    if (atomic_load_acquire(&frame->is_ready)) {
        complete(ready, TN_OK);
    } else if (is_new && !awaitable_subscribe(&frame->done, &ready->end)) {
        complete(ready, frame_outcome(frame));
    }
}

// The struct of a frame, made now if there is none; NULL: no memory. *target is what the frame
// waits for, kept alive, when it is in its first wait and follows nothing yet; else NULL.
static struct ready *find_or_make(struct frame *frame, struct awaitable **target) {
    struct ready *made = os_allocate(sizeof *made);
    frame_lock(frame);
    const bool is_new = frame->ready == NULL && made != NULL;
    if (is_new) {
        init(made, frame);
    }
    struct ready *ready = frame->ready;
    *target = ready != NULL && ready->follow == NULL ? frame->first_wait : NULL;
    if (*target != NULL) {
        (*target)->kind->retain(*target);
    }
    frame_unlock(frame);
    if (!is_new) {
        os_free(made);
    }
    if (ready != NULL) {
        catch_up(ready, is_new);
    }
    return ready;
}

// Called under the lock of what is followed.
static void look_again(struct subscriber *subscriber, int outcome, void *value,
                       struct delivery *delivery) {
    (void)outcome;
    (void)value;
    (void)delivery;
    struct follow *follow = container_of(subscriber, struct follower, subscriber)->follow;
    if (is_ready(follow->target)) {
        set_ready(follow->ready->frame);
        complete(follow->ready, TN_OK);
    }
}

static void unfollow(struct follow *follow) {
    if (follow == NULL) {
        return;
    }
    for (size_t i = 0; i < follow->count; i++) {
        struct follower *follower = &follow->followers[i];
        (void)awaitable_unsubscribe(&follower->followed->awaitable, &follower->subscriber);
        release(&follower->followed->awaitable);
    }
    follow->target->kind->release(follow->target);
    os_free(follow);
}

static void ask_later(struct ready *ready, struct ready **asked) {
    if (!ready->is_asked) {
        retain(&ready->awaitable);
        ready->is_asked = true;
        ready->next = *asked;
        *asked = ready;
    }
}

// The frames of `target`, each with its struct, subscribed to; those that have to follow something
// themselves are put on the list *asked. NULL: no memory.
static struct follow *make_follow(struct ready *ready, struct awaitable *target,
                                  struct ready **asked) {
    const size_t count = collect_frames(target, NULL);
    struct follow *follow = os_allocate(sizeof *follow + count * sizeof follow->followers[0]);
    struct frame **frames = os_allocate(count * sizeof(struct frame *));
    if (follow == NULL || frames == NULL) {
        os_free(follow);
        os_free(frames);
        return NULL;
    }
    *follow = (struct follow){.ready = ready, .target = target};
    target->kind->retain(target);
    (void)collect_frames(target, frames);
    bool has_memory = true;
    for (size_t i = 0; i < count && has_memory; i++) {
        struct awaitable *next_target;
        struct ready *followed = find_or_make(frames[i], &next_target);
        has_memory = followed != NULL;
        if (has_memory) {
            struct follower *follower = &follow->followers[follow->count++];
            *follower = (struct follower){
                .subscriber.fire = look_again, .follow = follow, .followed = followed};
            list_node_init(&follower->subscriber.link);
            retain(&followed->awaitable);
            (void)awaitable_subscribe(&followed->awaitable, &follower->subscriber);
        }
        if (next_target != NULL) {
            next_target->kind->release(next_target);
            ask_later(followed, asked);
        }
    }
    os_free(frames);
    if (!has_memory) {
        unfollow(follow);
        return NULL;
    }
    return follow;
}

// Makes the frame follow what it is waiting for, if it still is.
static void follow_first_wait(struct ready *ready, struct awaitable *target, struct ready **asked) {
    struct frame *frame = ready->frame;
    struct follow *follow = make_follow(ready, target, asked);
    if (follow == NULL) {
        complete(ready, TN_NO_MEMORY);
        return;
    }
    frame_lock(frame);
    const bool is_wanted = frame->first_wait == target && ready->follow == NULL;
    if (is_wanted) {
        ready->follow = follow;
    }
    frame_unlock(frame);
    if (!is_wanted) {
        unfollow(follow);
    } else if (is_ready(target)) { // while nobody was subscribed
        set_ready(frame);
        complete(ready, TN_OK);
    }
}

// Makes the frame and, in turn, the frames that it is made to follow, follow their first waits.
static void ask(struct ready *first) {
    struct run *run = first->frame->run;
    struct ready *asked = NULL;
    os_lock_acquire(&run->ready_lock);
    ask_later(first, &asked);
    while (asked != NULL) {
        struct ready *ready = asked;
        asked = ready->next;
        ready->is_asked = false;
        struct awaitable *target;
        (void)find_or_make(ready->frame, &target);
        if (target != NULL) {
            follow_first_wait(ready, target, &asked);
            target->kind->release(target);
        }
        release(&ready->awaitable);
    }
    os_lock_release(&run->ready_lock);
}

struct tn_awaitable *tn_of_ready(struct tn_frame *handle) {
    struct frame *frame = (struct frame *)(void *)handle;
    if (frame == NULL) {
        return NULL;
    }
    struct awaitable *target;
    struct ready *ready = find_or_make(frame, &target);
    if (target != NULL) {
        target->kind->release(target);
        ask(ready);
    }
    return ready == NULL ? NULL : (struct tn_awaitable *)(void *)&ready->awaitable;
}

// ---- the first wait --------------------------------------------------------------------------

// The frames that live on a stack, innermost first: those in place, then its own.
static struct frame *next_frame(struct task_stack *stack, struct tn_task **slot) {
    while (*slot != NULL && (*slot = tasks_in_place(&stack->tasks, *slot)) != NULL) {
        struct frame *frame = task_adopter(*slot);
        if (frame != NULL) {
            return frame;
        }
    }
    return stack->frame;
}

static bool is_ending(struct frame *frame) {
    return atomic_load_relaxed(&frame->cancelled) != TN_OK || frame->failure_code != 0;
}

// The stack has been left, and what its frames wait for knows of it: so who hears that they are
// ready may post what they wait for.
static void say_ready(struct departure *departure) {
    struct frame *frame = container_of(departure, struct frame, waits);
    for (struct frame *next; frame != NULL; frame = next) {
        next = frame->next_waiting;
        set_ready(frame);
        frame_lock(frame);
        struct ready *ready = frame->ready;
        frame_unlock(frame);
        if (ready != NULL) {
            complete(ready, TN_OK);
        }
        frame_release(frame);
    }
}

static void begin_ready(struct frame *frame) {
    struct task_stack *stack = frame->stack;
    frame->has_waited = true;
    stack->unready--;
    frame->waits.left = say_ready;
    frame->next_waiting =
        stack->waits == NULL ? NULL : container_of(stack->waits, struct frame, waits);
    stack->waits = &frame->waits;
    frame_retain(frame);
}

static void begin_unready(struct frame *frame, struct awaitable *awaitable) {
    frame_lock(frame);
    frame->first_wait = awaitable;
    struct ready *ready = frame->ready;
    frame_unlock(frame);
    if (ready != NULL) {
        ask(ready);
    }
}

void ready_begin_slow(struct tn_self *self, struct awaitable *awaitable) {
    struct task_stack *stack = task_stack_of(self);
    struct tn_task *slot = self->top;
    struct frame *frame;
    do {
        frame = next_frame(stack, &slot);
        if (frame->has_waited || is_ending(frame)) {
            continue;
        }
        if (awaitable == NULL || is_ready(awaitable)) {
            begin_ready(frame);
        } else {
            begin_unready(frame, awaitable);
        }
    } while (slot != NULL && stack->unready > 0);
}

static void end_first_wait(struct frame *frame) {
    frame_lock(frame);
    frame->first_wait = NULL;
    struct ready *ready = frame->ready;
    struct follow *follow = ready == NULL ? NULL : ready->follow;
    if (ready != NULL) {
        ready->follow = NULL;
    }
    frame_unlock(frame);
    if (!is_ending(frame)) { // else the wait was cut short
        frame->has_waited = true;
        frame->stack->unready--;
        set_ready(frame);
        if (ready != NULL) {
            complete(ready, TN_OK);
        }
    }
    unfollow(follow);
}

void ready_over_slow(struct tn_self *self) {
    struct task_stack *stack = task_stack_of(self);
    struct tn_task *slot = self->top;
    do {
        struct frame *frame = next_frame(stack, &slot);
        if (frame->first_wait != NULL) {
            end_first_wait(frame);
        }
    } while (slot != NULL && stack->unready > 0);
}

void ready_free(struct ready *ready) {
    if (ready != NULL) {
        unfollow(ready->follow);
        os_free(ready);
    }
}
